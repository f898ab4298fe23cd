//! Change sets as YANG Patch documents (RFC 8072) in JSON: readable, free of internal ids, exact on replay.
//!
//! This is the form in which the commit log and replicas keep a change. Edits stand in an order in which each
//! can be applied after those before it. Two things go beyond the RFC: the member `banyan:metadata` of an edit,
//! which says what annotations (RFC 7952) the target and its leaves have afterwards, and a target that names all
//! of a keyless list or of a leaf-list with duplicates, whose entries have no path of their own.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::from_yang_patch;
pub use write::to_yang_patch;

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
