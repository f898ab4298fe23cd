//! A tree as an edit: every node with the operation of the root.

use crate::edit::{Edit, EditContent, EditNode, Operation};
use crate::node::{Content, Node, Slot, Tree};
use banyan_yang::schema::Schema;

/// The edit that brings all of `tree` with one operation.
pub(super) fn of_tree(tree: &Tree, operation: Operation) -> Edit {
    let nodes = children(tree.schema(), tree.root(), 0, operation);
    Edit {
        schema: tree.schema().clone(),
        root: of_node(tree.root(), operation, EditContent::Container(nodes)),
    }
}

/// An edit of a container or entry, with its metadata.
fn of_node(node: &Node, operation: Operation, content: EditContent) -> EditNode {
    let mut edit = EditNode::new(node.id(), operation, content);
    edit.meta = node.meta().cloned();
    edit
}

/// The children of `parent` behind its first `keys`.
fn children(schema: &Schema, parent: &Node, keys: usize, operation: Operation) -> Vec<EditNode> {
    let mut nodes = Vec::new();
    for slot in parent.slots().iter().skip(keys) {
        add(schema, slot, operation, &mut nodes);
    }
    nodes
}

fn add(schema: &Schema, slot: &Slot, operation: Operation, nodes: &mut Vec<EditNode>) {
    let id = slot.id;
    match &slot.content {
        Content::Leaf(value) => {
            nodes.push(EditNode::new(
                id,
                operation,
                EditContent::Leaf(Some(value.clone())),
            ));
        }
        Content::LeafList(list) => nodes.extend(list.iter().map(|value| {
            let content = EditContent::LeafListEntry(value.clone());
            EditNode::new(id, operation, content)
        })),
        Content::Container(inner) => {
            let content = EditContent::Container(children(schema, inner, 0, operation));
            nodes.push(of_node(inner, operation, content));
        }
        Content::List(list) => nodes.extend(list.iter().map(|entry| {
            let count = schema.node(id).keys.len();
            let keys = entry.keys(count).cloned().collect();
            let inner = children(schema, entry, count, operation);
            of_node(entry, operation, EditContent::Entry(keys, inner))
        })),
        Content::Any(any) => {
            nodes.push(EditNode::new(
                id,
                operation,
                EditContent::Any(Some(any.clone())),
            ));
        }
        Content::Mount(tree) => {
            let inner = children(tree.schema(), tree.root(), 0, operation);
            let content = EditContent::Mount(tree.schema().clone(), inner);
            nodes.push(EditNode::new(id, operation, content));
        }
    }
}
