//! A tree at a place in the log.

use banyan_data::Tree;

use crate::number::Seq;

/// Running as it was after a commit. Taking one costs a reference count, and it never changes.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The data.
    pub tree: Tree,
    /// The commit that made it; 0 before the first.
    pub seq: Seq,
}
