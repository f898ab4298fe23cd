//! Notifications: filters of them, bound to the schema, and their documents.

use std::sync::Arc;

use banyan_data::document::{Encoding as Form, Holds, PrintOptions};
use banyan_data::filter::Subtree;
use banyan_data::operation::{self, Invocation};
use banyan_data::{ErrorKind, xpath};
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
