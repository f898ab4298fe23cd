//! Edits: what an `edit-config` asks for, bound to the schema (RFC 6241 7.2, RFC 7950 7.5.8 to 7.8.6).
//!
//! An edit says nothing about a tree until it is applied to one: see [`Edit::apply`].

mod apply;
mod at_path;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use banyan_yang::schema::{Schema, SchemaId};

use crate::any::AnyData;
use crate::error::Position;
pub use crate::list::At as Insert;
use crate::meta::Meta;
use crate::value::Value;

/// RFC 6241 7.2 `operation`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Operation {
    /// Add, or change what is there.
    Merge,
    /// Put this in the place of what is there.
    Replace,
    /// As merge, but what is there already is an error.
    Create,
    /// Remove; absence is an error.
    Delete,
    /// Remove if present.
    Remove,
    /// Only walk through (`default-operation none`); absence is an error.
    None,
}

/// A whole edit: a tree of nodes with operations.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The schema that the ids belong to.
    pub schema: Arc<Schema>,
    /// What is edited at the top level; the operation of the root is the default-operation.
    pub root: EditNode,
}

/// One node of an edit.
#[derive(Clone, Debug)]
pub struct EditNode {
    /// The data node; the root's id for the root.
    pub id: SchemaId,
    /// Its operation, inherited ones filled in.
    pub operation: Operation,
    /// What it carries.
    pub content: EditContent,
    /// Where it goes, for user-ordered lists and leaf-lists.
    pub insert: Option<Insert>,
    /// The metadata that the node (a container, an entry or the root) has afterwards, those of its leaves and their
    /// entries included; `None` leaves them as they are.
    pub meta: Option<Meta>,
    /// Where it stood in the request.
    pub position: Option<Position>,
}

/// What a node of an edit carries.
#[derive(Clone, Debug)]
pub enum EditContent {
    /// A container, or the root.
    Container(Vec<EditNode>),
    /// A list entry: its keys in order, and its other children.
    Entry(Vec<Value>, Vec<EditNode>),
    /// A leaf; `None` where the operation needs no value (`delete`, `remove`).
    Leaf(Option<Value>),
    /// One leaf-list entry.
    LeafListEntry(Value),
    /// All of a list or leaf-list: `delete` or `remove` without keys, as Banyan's own patches use it.
    Whole,
    /// anydata or anyxml.
    Any(Option<Arc<AnyData>>),
    /// A mount point: an edit of the tree that is mounted there, in that tree's schema.
    Mount(Arc<Schema>, Vec<EditNode>),
}

impl EditNode {
    /// An edit of one node, without place, metadata and position.
    pub fn new(id: SchemaId, operation: Operation, content: EditContent) -> Self {
        EditNode {
            id,
            operation,
            content,
            insert: None,
            meta: None,
            position: None,
        }
    }

    /// The same, at a place of a user-ordered list or leaf-list.
    pub fn at(mut self, insert: Option<Insert>) -> Self {
        self.insert = insert;
        self
    }
}
