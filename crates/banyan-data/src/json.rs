//! JSON of YANG data (RFC 7951, RFC 7952): read straight into a [`Tree`], printed straight into a writer.
//!
//! Must not keep a document tree between the text and ours. Reading stops at the first error, because the
//! JSON parser below cannot go on after one; `tokens` then says what to do about a fault in the JSON itself.

mod annotations;
mod document;
mod members;
mod original;
mod places;
mod print;
mod raw;
mod reader;
mod scalar;
pub(crate) mod tokens;

use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use crate::document::{Holds, ParseOptions};
use crate::edit::{Edit, Operation};
use crate::error::DataError;
use crate::input;
use crate::node::Tree;
use crate::operation::Invocation;
use crate::path::InstancePath;
use reader::{JsonReader, Start};

pub(crate) use places::find_places;
pub use print::print;
pub(crate) use print::{print_named, print_store};
pub(crate) use raw::RawText;
pub(crate) use tokens::fault;

/// Reads data: an object of top-level nodes, which may be in one member `config` or `data` (of whatever module,
/// unless the schema has a top-level node of that name).
///
/// # Errors
/// The first thing that is wrong, with line and column.
pub fn parse_data(
    schema: &Arc<Schema>,
    bytes: &[u8],
    options: &ParseOptions<'_>,
) -> Result<Tree, Vec<DataError>> {
    read(schema, bytes, Start::Data, options).map(|found| found.content)
}

/// Reads a datastore's file; gives the data, and a document with the modules that it names.
pub(crate) fn read_store(
    schema: &Arc<Schema>,
    bytes: &[u8],
    options: &ParseOptions<'_>,
) -> Result<(Tree, Option<String>), Vec<DataError>> {
    let text =
        input::decode(bytes, &options.limits).map_err(|broken| vec![broken.into_error(bytes)])?;
    let mut reader = JsonReader::new(schema, text, options);
    reader.store = true;
    let found = reader
        .document(schema, Start::Data)
        .map_err(|error| vec![error])?;
    Ok((found.content, reader.modules))
}

/// The member of a datastore's file that names modules, as a document; `None` too when the file is no JSON.
pub(crate) fn modules_of_store(text: &str) -> Option<String> {
    use serde_json::value::RawValue;
    type Members<'a> = std::collections::BTreeMap<String, &'a RawValue>;
    let document: Members<'_> = serde_json::from_str(text).ok()?;
    let config: Members<'_> = serde_json::from_str(document.get("config")?.get()).ok()?;
    let (name, value) = config
        .iter()
        .find(|(name, _)| reader::MODULES.contains(&name.as_str()))?;
    Some(format!("{{\"{name}\":{}}}", value.get()))
}

/// Reads data as an edit: each top-level node gets the default operation. JSON has no form for other operations.
///
/// # Errors
/// As [`parse_data`]; state is an error (`NotConfig`) whatever `options.holds` says.
pub fn parse_edit(
    schema: &Arc<Schema>,
    bytes: &[u8],
    default_operation: Operation,
    options: &ParseOptions<'_>,
) -> Result<Edit, Vec<DataError>> {
    let options = ParseOptions {
        holds: Holds::Config,
        ..*options
    };
    let tree = parse_data(schema, bytes, &options)?;
    Ok(Edit::of_tree(&tree, default_operation))
}

/// Reads children of the instance at `parent`, an object whose members are its children. The answer is a tree of the
/// schema of the innermost mount on the path (else of `schema`) whose root has the parent's id and holds what was
/// read, and nothing else.
///
/// # Errors
/// As [`parse_data`]; or `UnknownElement` when the schema of a mount on the path is not known.
pub fn parse_at(
    schema: &Arc<Schema>,
    parent: &InstancePath,
    bytes: &[u8],
    options: &ParseOptions<'_>,
) -> Result<Tree, Vec<DataError>> {
    let text =
        input::decode(bytes, &options.limits).map_err(|broken| vec![broken.into_error(bytes)])?;
    JsonReader::new(schema, text, options)
        .children_of(schema, parent)
        .map_err(|error| vec![error])
}

/// Reads the call of an rpc or a notification: an object with one member.
pub(crate) fn parse_invocation(
    schema: &Arc<Schema>,
    wanted: NodeKind,
    bytes: &[u8],
    options: &ParseOptions<'_>,
) -> Result<Invocation, Vec<DataError>> {
    read(schema, bytes, Start::Operation(wanted), options)
}

/// Reads the children of an input or output node.
pub(crate) fn parse_parameters(
    schema: &Arc<Schema>,
    part: SchemaId,
    bytes: &[u8],
    options: &ParseOptions<'_>,
) -> Result<Tree, Vec<DataError>> {
    read(schema, bytes, Start::Parameters(part), options).map(|found| found.content)
}

fn read(
    schema: &Arc<Schema>,
    bytes: &[u8],
    start: Start,
    options: &ParseOptions<'_>,
) -> Result<Invocation, Vec<DataError>> {
    let text =
        input::decode(bytes, &options.limits).map_err(|broken| vec![broken.into_error(bytes)])?;
    JsonReader::new(schema, text, options)
        .document(schema, start)
        .map_err(|error| vec![error])
}

#[cfg(test)]
mod tests;
