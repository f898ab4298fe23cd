//! Data and edits as lines, as the command lines of routers have them: `set`, `delete` and `insert`, each with the whole
//! path from the top.
//!
//! ```text
//! set net:net link eth0 mtu 1500
//! set net:net link eth0 tag blue
//! delete net:net link eth1
//! insert net:net rule 7 after 3
//! annotate net:net link eth0 @notes:by me
//! ```
//!
//! Names and values are words as in the curly-brace form; behind the name of a list stand its keys, behind that of a
//! keyless list the number of the entry in the document. Must not know how an edit is applied.

mod changes;
mod print;
mod read;
mod resolve;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use banyan_yang::schema::Schema;

use crate::document::ParseOptions;
use crate::edit::Edit;
use crate::error::DataError;
use crate::input;
use crate::node::Tree;
pub use changes::print_changes;
pub use print::print;
use read::SetReader;

/// Reads lines as an edit, which does what they say from the first to the last: `set` merges, `delete` removes what must
/// be there, `insert` puts an entry or value at a place of a user's order, `annotate` gives a node, leaf or entry of
/// a leaf-list metadata. The lines about the metadata of one node, its leaves and their entries stand together, and
/// replace all that they had.
///
/// # Errors
/// All lines that are wrong, with line and column; at most [`Limits::errors`](crate::document::Limits::errors).
pub fn parse_edit(
    schema: &Arc<Schema>,
    bytes: &[u8],
    options: &ParseOptions<'_>,
) -> Result<Edit, Vec<DataError>> {
    let text =
        input::decode(bytes, &options.limits).map_err(|broken| vec![broken.into_error(bytes)])?;
    SetReader::new(schema, text, options).document()
}

/// Reads lines as data: what the edit that they are makes of nothing.
///
/// # Errors
/// As [`parse_edit`], or what cannot be done.
pub fn parse_data(
    schema: &Arc<Schema>,
    bytes: &[u8],
    options: &ParseOptions<'_>,
) -> Result<Tree, Vec<DataError>> {
    let edit = parse_edit(schema, bytes, options)?;
    edit.apply(&Tree::empty(schema.clone()))
        .map_err(|error| vec![error])
}
