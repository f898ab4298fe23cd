//! The part of a tree that a set of instances makes up: the answer of an XPath filter (RFC 6241 8.9).

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_yang::schema::Schema;

use super::kept::{Kept, with_keys};
use crate::list::{LeafList, List};
use crate::node::{Content, Node, Slot, Tree};
use crate::path::{InstancePath, Select};
use crate::value::Value;

/// The instances at `paths` with all below them, the nodes around them, and the keys of the entries
/// around them. Paths to what is not stored are passed over. O(log n) for each step of each path.
pub fn prune_to_paths<'p>(tree: &Tree, paths: impl IntoIterator<Item = &'p InstancePath>) -> Tree {
    let kept = Kept::of(paths);
    let root = prune(tree.schema(), tree.root(), &kept);
    let root = root.unwrap_or_else(|| Node::empty(tree.root().id()));
    Tree::new(tree.schema().clone(), root)
}

fn prune(schema: &Arc<Schema>, node: &Node, kept: &Kept) -> Option<Node> {
    if kept.all {
        return Some(node.clone());
    }
    let mut slots: Vec<Slot> = Vec::new();
    for (id, selected) in &kept.children {
        let content = node
            .get(*id)
            .and_then(|content| child(schema, content, selected));
        slots.extend(content.map(|content| Slot { id: *id, content }));
    }
    if slots.is_empty() {
        return None;
    }
    Some(with_keys(schema, node, slots))
}

fn child(
    schema: &Arc<Schema>,
    content: &Content,
    selected: &BTreeMap<Select, Kept>,
) -> Option<Content> {
    let single = selected.get(&Select::None);
    if single.is_some_and(|kept| kept.all) {
        return Some(content.clone());
    }
    match content {
        // A leaf has nothing below that could be selected without it.
        Content::Leaf(_) | Content::Any(_) => None,
        Content::LeafList(list) => values(list, selected).map(Content::LeafList),
        Content::Container(node) => prune(schema, node, single?).map(Content::Container),
        Content::List(list) => entries(schema, list, selected).map(Content::List),
        Content::Mount(tree) => {
            let root = prune(tree.schema(), tree.root(), single?)?;
            let tree = Tree::new(tree.schema().clone(), root);
            Some(Content::Mount(Arc::new(tree)))
        }
    }
}

/// The place that a position of a path means: they count from 1.
fn index(position: u64) -> Option<usize> {
    usize::try_from(position.checked_sub(1)?).ok()
}

fn values(list: &LeafList, selected: &BTreeMap<Select, Kept>) -> Option<LeafList> {
    let mut found: BTreeMap<usize, Value> = BTreeMap::new();
    for select in selected.keys() {
        let at = match select {
            Select::Value(value) => list.position(value),
            Select::Position(position) => index(*position),
            Select::None | Select::Keys(_) => None,
        };
        if let Some((at, value)) = at.and_then(|at| Some((at, list.nth(at)?))) {
            found.insert(at, value.clone());
        }
    }
    if found.is_empty() {
        return None;
    }
    let values = found.into_values().collect();
    LeafList::from_values(values, list.ordered_by(), list.duplicates_allowed()).ok()
}

fn entries(schema: &Arc<Schema>, list: &List, selected: &BTreeMap<Select, Kept>) -> Option<List> {
    let mut found: BTreeMap<usize, Node> = BTreeMap::new();
    for (select, kept) in selected {
        let at = match select {
            Select::Keys(keys) => list.position(keys),
            Select::Position(position) => index(*position),
            Select::None | Select::Value(_) => None,
        };
        let entry = at.and_then(|at| Some((at, prune(schema, list.nth(at)?, kept)?)));
        found.extend(entry);
    }
    if found.is_empty() {
        return None;
    }
    let entries = found.into_values().collect();
    List::from_entries(entries, list.key_count(), list.ordered_by()).ok()
}
