//! Notifications: filters of them, bound to the schema, and their documents.

use std::sync::Arc;

use banyan_data::any::AnyData;
use banyan_data::document::{Encoding as Form, Holds, PrintOptions};
use banyan_data::filter::Subtree;
use banyan_data::operation::{self, Invocation};
use banyan_data::validate::{self, Options};
use banyan_data::view::Scope;
use banyan_data::{ErrorKind, Tree, message, xpath};
use banyan_yang::schema::{Schema, SchemaId};

use super::report::{data_errors, print_error, refused};
use super::select::{require_xml, with_names};
use super::{SharedMounts, document};
use crate::backend::{Document, Encoding, Result};

/// A subtree filter that selects from notifications in their places.
pub(crate) fn subtree_for_messages(
    schema: &Arc<Schema>,
    filter: &Document,
    mounts: &SharedMounts,
) -> Result<Subtree> {
    require_xml(filter)?;
    let options = document::reading(Holds::All, mounts);
    Subtree::parse_for_messages(schema, &filter.bytes, &options)
        .map_err(|errors| data_errors(schema, errors))
}

/// An expression about notifications of one kind; for the root, about none of the schema's own.
pub(crate) fn expression_for_message(
    schema: &Arc<Schema>,
    select: &str,
    namespaces: &[(String, String)],
    message: SchemaId,
) -> Result<xpath::Expression> {
    with_names(schema, select, namespaces, |names| {
        xpath::compile_for_message(schema, select, names, message)
    })
}

/// Reads a notification: its element, or the way down to it; in JSON an object.
pub(crate) fn parse_message(
    schema: &Arc<Schema>,
    document: &Document,
    mounts: &SharedMounts,
) -> Result<Invocation> {
    let options = document::reading(Holds::All, mounts);
    let bytes = &document.bytes;
    let parse = |form, bytes: &[u8]| operation::parse_notification(schema, form, bytes, &options);
    let message = match document.encoding {
        Encoding::Xml => parse(Form::Xml, bytes),
        Encoding::Json => match tied_in_json(schema, bytes) {
            // JSON has the way down to a notification like data; it is read in the other form.
            Some(xml) => parse(Form::Xml, xml.as_bytes()),
            None => parse(Form::Json, bytes),
        },
        Encoding::Text | Encoding::Set => {
            return Err(refused(
                ErrorKind::Malformed,
                "a notification must be XML or JSON",
            ));
        }
    };
    message.map_err(|errors| data_errors(schema, errors))
}

/// A JSON document whose only member is a data node, as XML.
fn tied_in_json(schema: &Schema, bytes: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    let (name, _) = value.as_object()?.iter().next()?;
    let (module, local) = name.split_once(':')?;
    let module = schema.module_by_name(module)?;
    schema.data_child(SchemaId::ROOT, module, local)?;
    let text = std::str::from_utf8(bytes).ok()?;
    Some(AnyData::Json(text.into()).to_xml(schema).into_owned())
}

/// What anydata holds, as a document.
pub(crate) fn document_of_any(schema: &Schema, content: &AnyData) -> Document {
    match content {
        AnyData::Xml(_) => Document::xml(content.to_xml(schema).into_owned().into_bytes()),
        AnyData::Json(_) => Document::json(content.to_json(schema).into_owned().into_bytes()),
    }
}

/// Checks a notification against its model (RFC 7950 7.16, 8.1), beside the data that it belongs to.
pub(crate) fn check_message(message: &Invocation, data: &Tree) -> Result<()> {
    // What it is tied to may be known to its sender alone.
    let around = crate::overlay::overlay(data, &message::way(data.schema(), message));
    let options = Options {
        scope: Scope::All,
        datastore: Some((&around, &message.path)),
        ..Options::default()
    };
    let report = validate::full(&message.content, &options);
    match report.is_valid() {
        true => Ok(()),
        false => Err(data_errors(message.content.schema(), report.errors)),
    }
}

/// A notification of the top level, from the RFC 7951 object of its content.
pub(crate) fn message_from_json(
    schema: &Arc<Schema>,
    id: SchemaId,
    content: &serde_json::Value,
) -> Result<Invocation> {
    let definition = schema.node(id);
    let module = &schema.module(definition.module).name;
    let document = serde_json::json!({ format!("{module}:{}", definition.name): content });
    let options = banyan_data::document::ParseOptions::default();
    let bytes = document.to_string();
    operation::parse_notification(schema, Form::Json, bytes.as_bytes(), &options)
        .map_err(|errors| data_errors(schema, errors))
}

/// The document of a notification, with the way down to it where it is tied to data. `schema` is that of the datastores.
pub(crate) fn print_message(
    schema: &Arc<Schema>,
    message: &Invocation,
    encoding: Encoding,
) -> Result<Document> {
    let form = match encoding {
        Encoding::Xml => Form::Xml,
        Encoding::Json => Form::Json,
        Encoding::Text | Encoding::Set => {
            return Err(refused(
                ErrorKind::Malformed,
                "notifications are XML or JSON",
            ));
        }
    };
    let mut bytes = Vec::new();
    operation::print_invocation(schema, message, form, &PrintOptions::default(), &mut bytes)
        .map_err(print_error)?;
    Ok(Document {
        encoding,
        bytes: bytes.into(),
    })
}
