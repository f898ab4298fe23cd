//! The part of a tree that a set of instances makes up: the answer of an XPath filter (RFC 6241 8.9).

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_yang::schema::Schema;

use super::depth::{Granted, cut, cut_content};
use super::kept::{Kept, with_keys};
use crate::list::{LeafList, List};
use crate::node::{Content, Node, Slot, Tree};
use crate::path::{InstancePath, Select};
use crate::value::Value;

/// The instances at `paths` with all below them, the nodes around them, and the keys of the entries
/// around them. Paths to what is not stored are passed over. O(log n) for each step of each path.
pub fn prune_to_paths<'p>(tree: &Tree, paths: impl IntoIterator<Item = &'p InstancePath>) -> Tree {
    pruned(tree, paths, None)
}

/// As [`prune_to_paths`], and of each instance at `paths` only so many levels, itself counted (RFC 8526 3.1.1
/// `max-depth`). An instance that is selected itself is there however deep it lies below another. O(what stays).
pub fn prune_to_depth<'p>(
    tree: &Tree,
    paths: impl IntoIterator<Item = &'p InstancePath>,
    levels: usize,
) -> Tree {
    pruned(tree, paths, Some(levels.saturating_sub(1)))
}

fn pruned<'p>(
    tree: &Tree,
    paths: impl IntoIterator<Item = &'p InstancePath>,
    below: Option<usize>,
) -> Tree {
    let kept = Kept::of(paths);
    let pruning = Pruning {
        schema: tree.schema(),
        below,
    };
    let root = pruning.node(tree.root(), &kept, None);
    let root = root.unwrap_or_else(|| Node::empty(tree.root().id()));
    Tree::new(tree.schema().clone(), root)
}

/// What of a node's children is selected.
type Selected = BTreeMap<Select, Kept>;

struct Pruning<'s> {
    schema: &'s Arc<Schema>,
    /// How many levels below a selected instance are kept with it; `None` is all.
    below: Option<usize>,
}

// Recurses as deep as the paths.
impl Pruning<'_> {
    /// `granted` is what selected instances above give to this one.
    fn node(&self, node: &Node, kept: &Kept, granted: Granted) -> Option<Node> {
        let granted = match (kept.all, self.below) {
            (false, _) => granted,
            (true, None) => return Some(node.clone()),
            (true, below) => granted.max(below),
        };
        if kept.children.is_empty() {
            return granted.map(|levels| cut(self.schema, node, levels));
        }
        let inner = granted.and_then(|levels| levels.checked_sub(1));
        let kept_of = |slot: &Slot| {
            let content = match (kept.children.get(&slot.id), inner) {
                (Some(selected), inner) => self.child(&slot.content, selected, inner)?,
                (None, Some(levels)) => cut_content(self.schema, &slot.content, levels),
                (None, None) => return None,
            };
            Some(Slot {
                id: slot.id,
                content,
            })
        };
        let slots: Vec<Slot> = node.slots().iter().filter_map(kept_of).collect();
        if slots.is_empty() && granted.is_none() {
            return None;
        }
        Some(with_keys(self.schema, node, slots))
    }

    fn child(&self, content: &Content, selected: &Selected, granted: Granted) -> Option<Content> {
        let single = selected.get(&Select::None);
        let all = single.is_some_and(|kept| kept.all);
        if all && self.below.is_none() {
            return Some(content.clone());
        }
        let whole = all || granted.is_some();
        match content {
            // A leaf has nothing below that could be selected without it.
            Content::Leaf(_) | Content::Any(_) => whole.then(|| content.clone()),
            Content::LeafList(_) if whole => Some(content.clone()),
            Content::LeafList(list) => values(list, selected).map(Content::LeafList),
            Content::Container(node) => self.node(node, single?, granted).map(Content::Container),
            Content::List(list) => self.entries(list, selected, granted).map(Content::List),
            Content::Mount(tree) => {
                let inside = Pruning {
                    schema: tree.schema(),
                    below: self.below,
                };
                let root = inside.node(tree.root(), single?, granted)?;
                let tree = Tree::new(tree.schema().clone(), root);
                Some(Content::Mount(Arc::new(tree)))
            }
        }
    }

    fn entries(&self, list: &List, selected: &Selected, granted: Granted) -> Option<List> {
        let mut found: BTreeMap<usize, &Kept> = BTreeMap::new();
        for (select, kept) in selected {
            let at = match select {
                Select::Keys(keys) => list.position(keys),
                Select::Position(position) => index(*position),
                Select::None | Select::Value(_) => None,
            };
            found.extend(at.map(|at| (at, kept)));
        }
        let entries: Vec<Node> = match granted {
            None => found
                .iter()
                .filter_map(|(at, kept)| self.node(list.nth(*at)?, kept, None))
                .collect(),
            Some(levels) => {
                let entry = |(at, entry): (usize, &Node)| match found.get(&at) {
                    Some(kept) => self.node(entry, kept, granted),
                    None => Some(cut(self.schema, entry, levels)),
                };
                list.iter().enumerate().filter_map(entry).collect()
            }
        };
        if entries.is_empty() {
            return None;
        }
        List::from_entries(entries, list.key_count(), list.ordered_by()).ok()
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
