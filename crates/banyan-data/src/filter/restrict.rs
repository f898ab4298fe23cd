//! The part of a tree at paths that may leave keys open.

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_yang::schema::Schema;

use super::kept::{Kept, with_keys};
use crate::list::{LeafList, List};
use crate::node::{Content, Node, Slot, Tree};
use crate::path::{InstancePath, Select};

/// The instances at `paths` with all below them, the nodes around them and their keys. [`Select::None`] at a list means
/// all of its entries. Costs what stays, and the entries of lists whose entries are all meant.
pub fn restrict(tree: &Tree, paths: &[InstancePath]) -> Tree {
    let kept = Kept::of(paths);
    let restriction = Restriction {
        schema: tree.schema(),
    };
    let root = restriction.node(tree.root(), &[&kept]);
    tree.with_root(root.unwrap_or_else(|| Node::empty(tree.root().id())))
}

struct Restriction<'s> {
    schema: &'s Arc<Schema>,
}

// Recurses as deep as the paths.
impl Restriction<'_> {
    fn node(&self, node: &Node, sets: &[&Kept]) -> Option<Node> {
        if sets.iter().any(|kept| kept.all) {
            return Some(node.clone());
        }
        let mut slots: Vec<Slot> = Vec::new();
        for slot in node.slots() {
            let selected: Vec<(&Select, &Kept)> = sets
                .iter()
                .filter_map(|kept| kept.children.get(&slot.id))
                .flatten()
                .collect();
            if selected.is_empty() {
                continue;
            }
            if let Some(content) = self.content(&slot.content, &selected) {
                slots.push(Slot {
                    id: slot.id,
                    content,
                });
            }
        }
        if slots.is_empty() {
            return None;
        }
        Some(with_keys(self.schema, node, slots))
    }

    fn content(&self, content: &Content, selected: &[(&Select, &Kept)]) -> Option<Content> {
        let open: Vec<&Kept> = selected
            .iter()
            .filter(|(select, _)| matches!(select, Select::None | Select::Position(_)))
            .map(|(_, kept)| *kept)
            .collect();
        match content {
            Content::Container(node) => self.node(node, &open).map(Content::Container),
            Content::List(list) => self.list(list, &open, selected).map(Content::List),
            Content::LeafList(list) if open.is_empty() => {
                let named = selected.iter().filter_map(|(select, _)| match select {
                    Select::Value(value) if list.contains(value) => Some(value.clone()),
                    _ => None,
                });
                let (order, repeats) = (list.ordered_by(), list.duplicates_allowed());
                let list = LeafList::from_values(named.collect(), order, repeats).ok()?;
                (!list.is_empty()).then_some(Content::LeafList(list))
            }
            Content::Mount(tree) => {
                let restriction = Restriction {
                    schema: tree.schema(),
                };
                let root = restriction.node(tree.root(), &open)?;
                Some(Content::Mount(Arc::new(tree.with_root(root))))
            }
            Content::Leaf(_) | Content::LeafList(_) | Content::Any(_) => Some(content.clone()),
        }
    }

    fn list(&self, list: &List, open: &[&Kept], selected: &[(&Select, &Kept)]) -> Option<List> {
        if open.iter().any(|kept| kept.all) {
            return Some(list.clone());
        }
        let mut named: BTreeMap<usize, &Kept> = BTreeMap::new();
        for (select, kept) in selected {
            if let Select::Keys(keys) = select
                && let Some(at) = list.position(keys)
            {
                named.insert(at, kept);
            }
        }
        let entries: Vec<Node> = if open.is_empty() {
            named
                .iter()
                .filter_map(|(at, kept)| self.node(list.nth(*at)?, &[kept]))
                .collect()
        } else {
            let pruned = list.iter().enumerate().filter_map(|(at, entry)| {
                let mut sets = open.to_vec();
                sets.extend(named.get(&at));
                self.node(entry, &sets)
            });
            pruned.collect()
        };
        if entries.is_empty() {
            return None;
        }
        List::from_entries(entries, list.key_count(), list.ordered_by()).ok()
    }
}
