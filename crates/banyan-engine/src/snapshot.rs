//! A tree at a place in the log.

use std::sync::{Arc, OnceLock};

use banyan_data::Tree;
use banyan_data::validate::Indexes;

use crate::bind;
use crate::number::Seq;

/// Running as it was after a commit. Taking one costs a reference count, and it never changes.
#[derive(Clone)]
pub struct Snapshot {
    /// The data.
    pub tree: Tree,
    /// The commit that made it; 0 before the first.
    pub seq: Seq,
    /// Made when somebody asks for them first, for all clones at once.
    indexes: Arc<OnceLock<Indexes>>,
}

impl Snapshot {
    /// A tree whose indexes nobody has yet.
    pub fn new(tree: Tree, seq: Seq) -> Snapshot {
        Snapshot {
            tree,
            seq,
            indexes: Arc::default(),
        }
    }

    /// A tree with its indexes.
    pub(crate) fn indexed(tree: Tree, seq: Seq, indexes: Indexes) -> Snapshot {
        Snapshot {
            indexes: Arc::new(OnceLock::from(indexes)),
            ..Snapshot::new(tree, seq)
        }
    }

    /// The indexes of the tree, which validation needs. Made by the first call, O(what is indexed), unless the tree came
    /// with them, as that of a commit does.
    pub(crate) fn indexes(&self) -> &Indexes {
        self.indexes.get_or_init(|| bind::indexes(&self.tree))
    }
}

impl std::fmt::Debug for Snapshot {
    /// Without the indexes, which follow from the tree.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot")
            .field("seq", &self.seq)
            .field("tree", &self.tree)
            .finish_non_exhaustive()
    }
}
