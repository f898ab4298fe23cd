//! Following an instance path in a tree, across mount points.

use std::sync::Arc;

use banyan_yang::schema::Schema;

use super::{InstancePath, PathStep, Select};
use crate::document::Mounts;
use crate::list::{LeafList, List};
use crate::node::{Content, Node, Tree};
use crate::value::Value;

/// What stands at a path.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Found<'t> {
    /// A container, a list entry or the root.
    Node(&'t Node),
    /// A leaf or a leaf-list entry.
    Value(&'t Value),
    /// All of a list.
    List(&'t List),
    /// All of a leaf-list.
    LeafList(&'t LeafList),
    /// Content without nodes of its own: anydata and anyxml.
    Any(&'t crate::any::AnyData),
    /// What is mounted at a mount point.
    Mount(&'t Arc<Tree>),
}

impl Tree {
    /// What is stored at `path`; the root for the empty path. `None` when there is nothing: defaults and empty
    /// containers without presence are a matter of the view. O(steps · log n).
    pub fn get(&self, path: &InstancePath) -> Option<Found<'_>> {
        let mut found = Found::Node(self.root());
        for step in &path.steps {
            let node = match found {
                Found::Node(node) => node,
                Found::Mount(tree) => tree.root(),
                _ => return None,
            };
            found = select(node.get(step.node)?, step)?;
        }
        Some(found)
    }

    /// The container, list entry or root at `path`; for a mount point the root of what is mounted.
    pub fn node_at(&self, path: &InstancePath) -> Option<&Node> {
        match self.get(path)? {
            Found::Node(node) => Some(node),
            Found::Mount(tree) => Some(tree.root()),
            _ => None,
        }
    }

    /// The value of the leaf, or of the leaf-list entry, at `path`.
    pub fn value_at(&self, path: &InstancePath) -> Option<&Value> {
        match self.get(path)? {
            Found::Value(value) => Some(value),
            _ => None,
        }
    }
}

fn select<'t>(content: &'t Content, step: &PathStep) -> Option<Found<'t>> {
    Some(match (content, &step.select) {
        (Content::Leaf(value), Select::None) => Found::Value(value),
        (Content::Container(node), Select::None) => Found::Node(node),
        (Content::List(list), Select::None) => Found::List(list),
        (Content::List(list), Select::Keys(keys)) => Found::Node(list.get(keys)?),
        (Content::List(list), Select::Position(position)) => {
            Found::Node(list.nth(usize::try_from(*position).ok()?.checked_sub(1)?)?)
        }
        (Content::LeafList(list), Select::None) => Found::LeafList(list),
        (Content::LeafList(list), Select::Value(value)) => {
            Found::Value(list.nth(list.position(value)?)?)
        }
        (Content::LeafList(list), Select::Position(position)) => {
            Found::Value(list.nth(usize::try_from(*position).ok()?.checked_sub(1)?)?)
        }
        (Content::Any(data), Select::None) => Found::Any(data),
        (Content::Mount(tree), Select::None) => Found::Mount(tree),
        _ => return None,
    })
}

impl Mounts for Tree {
    fn schema_at(&self, at: &InstancePath) -> Option<Arc<Schema>> {
        match self.get(at)? {
            Found::Mount(tree) => Some(tree.schema().clone()),
            _ => None,
        }
    }
}
