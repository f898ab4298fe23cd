//! Change sets: what differs between two trees, found by skipping what they share.
//!
//! Within one user-ordered list, changes come in an order in which they can be replayed: what goes first, then
//! what comes or moves, each after its neighbour. Everything else is in canonical order.

mod apply;
mod diff;
mod reverse;
#[cfg(test)]
mod tests;
mod text;
mod to_edit;
mod walk;

use std::sync::Arc;

use banyan_yang::schema::{Schema, SchemaId};

use crate::meta::Meta;
use crate::node::{Content, Node};
use crate::value::Value;
pub(crate) use apply::applied;
pub(crate) use diff::changes_between;
pub use diff::{diff, diff_counted};
pub use to_edit::EditForm;
pub(crate) use to_edit::content_edits;
pub use walk::Descend;

/// The difference between a tree and its successor.
#[derive(Clone, Debug)]
pub struct ChangeSet {
    /// The schema that the ids belong to.
    pub schema: Arc<Schema>,
    /// Changes at the top level, in canonical order.
    pub changes: Vec<Change>,
    /// The metadata of the root, of the leaves at the top level and of their entries, when they changed: before and
    /// after.
    pub meta: Option<(Meta, Meta)>,
}

impl ChangeSet {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.meta.is_none()
    }
}

/// A change of one instance.
#[derive(Clone, Debug)]
pub struct Change {
    /// The data node.
    pub id: SchemaId,
    /// Which instance.
    pub instance: Instance,
    /// What happened to it.
    pub kind: ChangeKind,
}

/// Which instance of a data node changed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Instance {
    /// The only one: leaf, container, anydata.
    Single,
    /// The list entry with these keys.
    Entry(Vec<Value>),
    /// The leaf-list entry with this value.
    Value(Value),
    /// All of a keyless list, or of a leaf-list with duplicates.
    Whole,
}

/// What happened to an instance.
#[derive(Clone, Debug)]
pub enum ChangeKind {
    /// It came into being, with all below it.
    Created {
        /// What it is now.
        new: ChangedContent,
        /// In a user-ordered list: the keys (or value) of the entry before it, `None` at the front.
        after: Option<Option<Vec<Value>>>,
    },
    /// It went away, with all below it.
    Deleted {
        /// What it was.
        old: ChangedContent,
        /// In a user-ordered list: the entry that was before it.
        after: Option<Option<Vec<Value>>>,
    },
    /// A leaf or anydata has another value; or a keyless list, a leaf-list with duplicates or a mount under
    /// another schema differs, which is changed as a whole.
    Replaced {
        /// What it was.
        old: Content,
        /// What it is now.
        new: Content,
    },
    /// Something below it changed, and in a user-ordered list it may have moved.
    Inside {
        /// The instance before (a container's or entry's node).
        old: Node,
        /// The instance after.
        new: Node,
        /// Changes of its children.
        changes: Vec<Change>,
        /// It moved: the entries that were and are before it.
        moved: Option<Move>,
    },
    /// A user-ordered entry moved and did not change.
    Moved(Move),
    /// Something in a mounted tree changed; the ids inside belong to that tree's schema.
    Mount(ChangeSet),
}

/// A move within a user-ordered list: the keys (or value) of the neighbour before, `None` at the front.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Move {
    /// The neighbour before the change.
    pub old_after: Option<Vec<Value>>,
    /// The neighbour after the change.
    pub new_after: Option<Vec<Value>>,
}

/// An instance that was created or deleted, as a whole.
#[derive(Clone, PartialEq, Debug)]
pub enum ChangedContent {
    /// A container or list entry.
    Node(Node),
    /// A leaf, anydata, mount, or all of a list or leaf-list.
    Content(Content),
    /// A leaf-list entry.
    Value(Value),
}
