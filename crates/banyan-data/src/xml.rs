//! XML of YANG data (RFC 7950): read straight into a [`Tree`] or an [`Edit`], printed straight into a writer.
//!
//! Must not keep a document tree between the text and ours, and must not know NETCONF messages: what is
//! inside of `<config>` or `<data>` comes here, the message around it (but a bare `<rpc-reply>`) does not.

mod attributes;
pub(crate) mod data;
mod edit;
pub(crate) mod escape;
mod expression;
mod linked;
pub(crate) mod namespaces;
mod operation;
mod original;
mod places;
mod print;
mod print_edit;
pub(crate) mod scanner;
mod tags;
mod twice;
pub(crate) mod verbatim;

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use crate::document::ParseOptions;
use crate::edit::{Edit, Operation};
use crate::error::DataError;
use crate::input;
use crate::node::Tree;
use crate::operation::Invocation;
use data::DataReader;
use edit::{EditReader, NETCONF};
use operation::OperationReader;
use scanner::{Open, Scanner};

pub(crate) use linked::modules_of_store;
pub(crate) use operation::print_invocation;
pub(crate) use places::find_places;
pub use print::print;
pub(crate) use print::{print_children, print_store};
pub use print_edit::{print_edit, print_edit_wrapped};

/// Reads data: top-level nodes, one after the other or inside of one `<config>` or `<data>` element
/// (of whatever namespace, unless the schema has a top-level node of that name in it), around which an
/// `<rpc-reply>` may stand: people keep replies in files.
///
/// # Errors
/// All that is wrong, with line and column, in the order in which it was found; at most
/// [`Limits::errors`](crate::document::Limits::errors). A document that is not well-formed ends with that error.
pub fn parse_data(
    schema: &Arc<Schema>,
    bytes: &[u8],
    options: &ParseOptions<'_>,
) -> Result<Tree, Vec<DataError>> {
    let text = decode(bytes, options)?;
    let mut reader = DataReader::new(schema, text, options);
    let root = reader.document(schema, SchemaId::ROOT, |scanner, open| {
        is_wrapper(schema, scanner, open)
    });
    match root {
        Ok(root) if reader.reading.errors.is_empty() => Ok(Tree::new(schema.clone(), root)),
        _ => Err(reader.reading.errors),
    }
}

/// Reads a datastore's file with its parts, by their names; gives the data, and the element that names the modules.
pub(crate) fn read_store(
    schema: &Arc<Schema>,
    bytes: &[u8],
    parts: &BTreeMap<String, Vec<u8>>,
    options: &ParseOptions<'_>,
) -> Result<(Tree, Option<String>), Vec<DataError>> {
    let text = decode(bytes, options)?;
    let mut texts = BTreeMap::new();
    for (name, part) in parts {
        let part = decode(part, options).map_err(|errors| {
            let of_part = |error: DataError| DataError {
                message: format!("{name}: {}", error.message),
                ..error
            };
            errors.into_iter().map(of_part).collect::<Vec<_>>()
        })?;
        texts.insert(name.as_str(), part);
    }
    let mut reader = DataReader::new(schema, text, options).of_store(texts);
    let root = reader.document(schema, SchemaId::ROOT, |scanner, open| {
        is_wrapper(schema, scanner, open)
    });
    let modules = match root {
        Ok(_) => reader.end_of_store(),
        Err(_) => {
            reader.name_part_in_errors();
            None
        }
    };
    match root {
        Ok(root) if reader.reading.errors.is_empty() => {
            Ok((Tree::new(schema.clone(), root), modules))
        }
        _ => Err(reader.reading.errors),
    }
}

/// Reads the content of an edit-config: as [`parse_data`], with operations and places as attributes. State is
/// an error (`NotConfig`) whatever `options.holds` says.
///
/// # Errors
/// As [`parse_data`].
pub fn parse_edit(
    schema: &Arc<Schema>,
    bytes: &[u8],
    default_operation: Operation,
    options: &ParseOptions<'_>,
) -> Result<Edit, Vec<DataError>> {
    let text = decode(bytes, options)?;
    let mut reader = EditReader::new(schema, text, options);
    let found = reader.document(schema, default_operation, |reader, open| {
        is_wrapper(schema, &reader.scanner, open)
    });
    let errors = reader.reader.reading.errors;
    match found {
        Ok(root) if errors.is_empty() => Ok(Edit {
            schema: schema.clone(),
            root,
        }),
        _ => Err(errors),
    }
}

/// Reads the call of an rpc or action, or a notification.
pub(crate) fn parse_invocation(
    schema: &Arc<Schema>,
    wanted: NodeKind,
    bytes: &[u8],
    options: &ParseOptions<'_>,
) -> Result<Invocation, Vec<DataError>> {
    let text = decode(bytes, options)?;
    let mut reader = OperationReader::new(schema, text, wanted, options);
    let found = reader.document(schema);
    let errors = reader.reader.reading.errors;
    match found {
        Ok(Some(found)) if errors.is_empty() => Ok(found),
        _ => Err(errors),
    }
}

/// Reads the children of an input or output node.
pub(crate) fn parse_parameters(
    schema: &Arc<Schema>,
    part: SchemaId,
    bytes: &[u8],
    options: &ParseOptions<'_>,
) -> Result<Tree, Vec<DataError>> {
    let text = decode(bytes, options)?;
    let mut reader = DataReader::new(schema, text, options);
    match reader.document(schema, part, |_, _| false) {
        Ok(root) if reader.reading.errors.is_empty() => Ok(Tree::new(schema.clone(), root)),
        _ => Err(reader.reading.errors),
    }
}

/// The document as text.
fn decode<'a>(bytes: &'a [u8], options: &ParseOptions<'_>) -> Result<&'a str, Vec<DataError>> {
    input::decode(bytes, &options.limits).map_err(|broken| vec![broken.into_error(bytes)])
}

/// Whether an element outside of the data only wraps them.
fn is_wrapper(schema: &Schema, scanner: &Scanner<'_>, open: &Open<'_>) -> bool {
    match (open.local, scanner.depth()) {
        ("rpc-reply", 1) => scanner.namespaces.uri(open.prefix) == Some(NETCONF),
        ("config" | "data", 1) | ("data", 2) => scanner
            .namespaces
            .module(schema, open.prefix)
            .and_then(|module| schema.data_child(SchemaId::ROOT, module, open.local))
            .is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
