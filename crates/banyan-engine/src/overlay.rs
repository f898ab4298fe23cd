//! Lays one tree over another of the same schema: state over configuration. And takes a part of one away.

use banyan_data::list::List;
use banyan_data::path::{InstancePath, PathStep, Select};
use banyan_data::{Content, Node, Slot, Tree};
use banyan_yang::schema::Schema;

/// The union of both; where both have a leaf, the upper one's counts. Cost: the size of `upper`.
pub(crate) fn overlay(lower: &Tree, upper: &Tree) -> Tree {
    Tree::new(lower.schema().clone(), over(lower.root(), upper.root()))
}

// As deep as the schema of the upper tree, which is bounded when it is compiled.
fn over(lower: &Node, upper: &Node) -> Node {
    let mut slots: Vec<Slot> = lower.slots().to_vec();
    for slot in upper.slots() {
        match slots.binary_search_by_key(&slot.id, |slot| slot.id) {
            Ok(index) => {
                let content = both(&slots[index].content, &slot.content);
                slots[index].content = content;
            }
            Err(index) => slots.insert(index, slot.clone()),
        }
    }
    lower.with_slots(slots)
}

fn both(lower: &Content, upper: &Content) -> Content {
    match (lower, upper) {
        (Content::Container(lower), Content::Container(upper)) => {
            Content::Container(over(lower, upper))
        }
        (Content::List(lower), Content::List(upper)) if lower.key_count() > 0 => {
            Content::List(entries(lower, upper))
        }
        (Content::Mount(lower), Content::Mount(upper))
            if std::sync::Arc::ptr_eq(lower.schema(), upper.schema()) =>
        {
            Content::Mount(std::sync::Arc::new(overlay(lower, upper)))
        }
        _ => upper.clone(),
    }
}

fn entries(lower: &List, upper: &List) -> List {
    let mut list = lower.clone();
    for entry in upper.iter() {
        let keys: Vec<_> = entry.keys(lower.key_count()).cloned().collect();
        let merged = match list.get(&keys) {
            Some(below) => over(below, entry),
            None => entry.clone(),
        };
        list = list.with_entry(merged);
    }
    list
}

/// The tree without what is at or below a path; without keys, all entries of a list. Containers without presence that
/// are left empty go, too. O(path, times log of the lists).
pub(crate) fn without(tree: &Tree, path: &InstancePath) -> Tree {
    let root = rest(tree.schema(), tree.root(), &path.steps);
    tree.with_root(root.unwrap_or_else(|| Node::empty(tree.root().id())))
}

/// What is left of a node; `None` is nothing. Recurses as deep as the path.
fn rest(schema: &Schema, node: &Node, steps: &[PathStep]) -> Option<Node> {
    let (step, below) = steps.split_first()?;
    let Some(content) = node.get(step.node) else {
        return Some(node.clone());
    };
    let left = match (content, &step.select) {
        (Content::Container(inner), _) => rest(schema, inner, below).map(Content::Container),
        (Content::List(list), Select::Keys(keys)) => match list.get(keys) {
            None => Some(content.clone()),
            Some(entry) => match rest(schema, entry, below) {
                Some(entry) => Some(Content::List(list.with_entry(entry))),
                None => list.without(keys).map(Content::List),
            },
        },
        (Content::LeafList(list), Select::Value(value)) => {
            list.without(value).map(Content::LeafList)
        }
        _ => None,
    };
    let node = node.with_child(step.node, left);
    let emptied = node.slots().is_empty() && schema.node(node.id()).is_np_container();
    (!emptied).then_some(node)
}
