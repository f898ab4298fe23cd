//! Change sets: what differs between two trees, found by skipping what they share.

use std::sync::Arc;

use banyan_yang::schema::{Schema, SchemaId};

use crate::node::{Content, Node};
use crate::value::Value;

/// The difference between a tree and its successor.
#[derive(Clone, Debug)]
pub struct ChangeSet {
    /// The schema that the ids belong to.
    pub schema: Arc<Schema>,
    /// Changes at the top level, in canonical order.
    pub changes: Vec<Change>,
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
#[derive(Clone, PartialEq, Eq, Debug)]
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
    /// A leaf or anydata has another value.
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
#[derive(Clone, Debug)]
pub enum ChangedContent {
    /// A container or list entry.
    Node(Node),
    /// A leaf, anydata, mount, or all of a list or leaf-list.
    Content(Content),
    /// A leaf-list entry.
    Value(Value),
}
