//! Change sets as YANG Patch documents (RFC 8072): readable, free of internal ids, exact on replay.
//!
//! They are written in JSON and read in XML too; `resource` does the same for single requests of RESTCONF. This is the
//! form in which the commit log and replicas keep a change. Edits stand in an order in which each can be applied after
//! those before it. Two things go beyond the RFC: the member `banyan:metadata` of an edit,
//! which says what annotations (RFC 7952) the target, its leaves and entries have afterwards, and a target that names all
//! of a keyless list or of a leaf-list with duplicates, whose entries have no path of their own.

mod read;
mod resource;
#[cfg(test)]
mod tests;
mod write;
mod xml;

use std::sync::Arc;

use banyan_yang::schema::Schema;

use crate::document::{Limits, Mounts};
use crate::edit::Edit;
use crate::error::{DataError, ErrorPath};
use crate::input;
pub use read::from_yang_patch;
pub use resource::{Method, ResourceRequest, resource_edit};
pub use write::{OneEdit, edits_of, to_yang_patch};

/// Whether a document is a YANG Patch in XML or JSON, by how it begins.
pub fn is_yang_patch(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let bytes = bytes.trim_ascii_start();
    match bytes.strip_prefix(b"{") {
        Some(members) => members
            .trim_ascii_start()
            .starts_with(b"\"ietf-yang-patch:yang-patch\""),
        None => std::str::from_utf8(bytes).is_ok_and(xml::is_yang_patch),
    }
}

/// Reads a YANG Patch in XML or JSON, as [`from_yang_patch`].
///
/// # Errors
/// As [`from_yang_patch`]; the document is too large, or not UTF-8.
pub fn from_document(
    schema: &Arc<Schema>,
    bytes: &[u8],
    limits: &Limits,
    mounts: &dyn Mounts,
) -> Result<Edit, Vec<DataError>> {
    let text = input::decode(bytes, limits).map_err(|broken| vec![broken.into_error(bytes)])?;
    let edit = match text.trim_start().starts_with('<') {
        true => xml::edits(text, limits)
            .map_err(|broken| broken.into_error(bytes))
            .and_then(|edits| read::joined(schema, &edits, mounts)),
        false => from_yang_patch(schema, text, mounts),
    };
    edit.map_err(|error| vec![error])
}

/// The edit-id of the edit of a patch that an error is about, which applying the patch as a whole has given: the last
/// one whose target is the instance or the nearest around it. `None` if there is none, or the document is no patch.
pub fn edit_at(
    schema: &Arc<Schema>,
    bytes: &[u8],
    limits: &Limits,
    mounts: &dyn Mounts,
    path: &ErrorPath,
) -> Option<String> {
    let text = input::decode(bytes, limits).ok()?;
    let targets = match text.trim_start().starts_with('<') {
        true => read::targets(schema, &xml::edits(text, limits).ok()?, mounts),
        false => read::json_targets(schema, text, mounts)?,
    };
    let is_around = |target: &str| {
        let rest = path.0.strip_prefix(target);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '[']))
    };
    let around = targets.into_iter().filter(|(_, target)| is_around(target));
    around
        .max_by_key(|(_, target)| target.len())
        .map(|(id, _)| id)
}

/// RFC 8072 2.5 `operation`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum PatchOperation {
    Create,
    Delete,
    Insert,
    Merge,
    Move,
    Replace,
    Remove,
}

impl PatchOperation {
    const ALL: [PatchOperation; 7] = [
        PatchOperation::Create,
        PatchOperation::Delete,
        PatchOperation::Insert,
        PatchOperation::Merge,
        PatchOperation::Move,
        PatchOperation::Replace,
        PatchOperation::Remove,
    ];

    fn name(self) -> &'static str {
        match self {
            PatchOperation::Create => "create",
            PatchOperation::Delete => "delete",
            PatchOperation::Insert => "insert",
            PatchOperation::Merge => "merge",
            PatchOperation::Move => "move",
            PatchOperation::Replace => "replace",
            PatchOperation::Remove => "remove",
        }
    }
}
