//! Documents: configuration and edits in, data out.

use std::io::Write;
use std::sync::Arc;

use banyan_data::document::{Holds, Layout, ParseOptions, PrintOptions, Unstored};
use banyan_data::edit::{Edit, Operation};
use banyan_data::{ErrorKind, Tree, json, text, xml};
use banyan_yang::schema::Schema;

use super::SharedMounts;
use super::report::{data_error, data_errors, print_error, refused};
use crate::backend::{DefaultOperation, Document, Encoding, Result, WithDefaults};

/// How documents are read.
pub(super) fn reading<'a>(holds: Holds, mounts: &'a SharedMounts) -> ParseOptions<'a> {
    ParseOptions {
        holds,
        mounts: Some(&**mounts),
        ..ParseOptions::default()
    }
}

fn not_a_source() -> crate::error::BackendError {
    refused(
        ErrorKind::Malformed,
        "the text format is for people to read; send XML or JSON",
    )
}

/// Reads a whole configuration. Which member of a union takes a value may depend on the rest of it.
pub(crate) fn parse_config(
    schema: &Arc<Schema>,
    document: &Document,
    mounts: &SharedMounts,
) -> Result<Tree> {
    let options = reading(Holds::Config, mounts);
    match document.encoding {
        Encoding::Xml => xml::parse_data(schema, &document.bytes, &options),
        Encoding::Json => json::parse_data(schema, &document.bytes, &options),
        Encoding::Text | Encoding::Set => return Err(not_a_source()),
    }
    .map(|tree| super::resolved(&tree))
    .map_err(|errors| data_errors(schema, errors))
}

/// Reads an edit.
pub(crate) fn parse_edit(
    schema: &Arc<Schema>,
    document: &Document,
    default_operation: DefaultOperation,
    mounts: &SharedMounts,
) -> Result<Edit> {
    let operation = match default_operation {
        DefaultOperation::Merge => Operation::Merge,
        DefaultOperation::Replace => Operation::Replace,
        DefaultOperation::None => Operation::None,
    };
    let options = reading(Holds::Config, mounts);
    match document.encoding {
        Encoding::Xml => xml::parse_edit(schema, &document.bytes, operation, &options),
        Encoding::Json => json::parse_edit(schema, &document.bytes, operation, &options),
        Encoding::Text | Encoding::Set => return Err(not_a_source()),
    }
    .map_err(|errors| data_errors(schema, errors))
}

/// Applies an edit.
pub(crate) fn apply(edit: &Edit, tree: &Tree) -> Result<Tree> {
    edit.apply(tree)
        .map_err(|error| data_error(tree.schema(), error))
}

/// Prints data for a reply: top-level nodes one after the other, or one JSON object. The text form is always
/// indented; for lines of `set` there is [`listing`](super::listing).
pub(crate) fn print(
    tree: &Tree,
    in_use: &dyn Unstored,
    encoding: Encoding,
    with_defaults: WithDefaults,
    state: bool,
    layout: Layout,
    out: &mut dyn Write,
) -> Result<()> {
    use banyan_data::document::WithDefaults as Shown;
    let options = PrintOptions {
        layout: match encoding {
            Encoding::Text => Layout::Indented(3),
            Encoding::Xml | Encoding::Json | Encoding::Set => layout,
        },
        shows: if state { Holds::All } else { Holds::Config },
        defaults: match with_defaults {
            WithDefaults::Explicit => Shown::Explicit,
            WithDefaults::ReportAll => Shown::ReportAll,
            WithDefaults::ReportAllTagged => Shown::ReportAllTagged,
            WithDefaults::Trim => Shown::Trim,
        },
        unstored: Some(in_use),
        exact: false,
    };
    match encoding {
        Encoding::Xml => xml::print(tree, &options, out),
        Encoding::Json => json::print(tree, &options, out),
        Encoding::Text => text::print(tree, &options, out),
        Encoding::Set => {
            return Err(refused(
                ErrorKind::Malformed,
                "lines of set are for data; ask for json, xml or text",
            ));
        }
    }
    .map_err(print_error)
}
