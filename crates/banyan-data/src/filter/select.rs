//! What a subtree filter selects from a tree.
//!
//! Elements of a filter that name the same node are alternatives: each is applied to the instance, and the
//! answer is all that any of them selects. Entries named by all their keys are looked up, never searched.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_yang::schema::{Schema, SchemaId, TypeKind};

use super::depth::{Granted, cut, cut_content};
use super::kept::with_keys;
use super::subtree::{FilterNode, Subtree, Wants, bind_mounted};
use crate::lexical::{Style, canonical};
use crate::list::{LeafList, List};
use crate::node::{Content, Node, Slot, Tree};
use crate::value::Value;

/// One sibling set of a filter: the children of one of its elements (RFC 6241 6.2.5).
pub(super) type Siblings<'f> = &'f [FilterNode];

impl Subtree {
    /// The part of `tree` that the filter selects; nothing for an empty filter (RFC 6241 6.4.2). The tree must be
    /// of the schema that the filter was read with.
    ///
    /// Costs what is looked at: entries named by their keys are found in O(log n), all others are visited.
    pub fn select(&self, tree: &Tree) -> Tree {
        self.selected(tree, None).0
    }

    /// As [`Subtree::select`], with the number of containers and entries that were looked at.
    pub fn select_counted(&self, tree: &Tree) -> (Tree, u64) {
        self.selected(tree, None)
    }

    /// As [`Subtree::select`], and of each instance that the filter names only so many levels, itself counted (RFC 8526
    /// 3.1.1 `max-depth`). What is named itself is there however deep it lies below something else that is.
    pub fn select_to_depth(&self, tree: &Tree, levels: usize) -> Tree {
        self.selected(tree, Some(levels.saturating_sub(1))).0
    }

    fn selected(&self, tree: &Tree, below: Option<usize>) -> (Tree, u64) {
        let selection = Selection::of(tree.schema(), below);
        let root = match self.nodes.is_empty() {
            true => None,
            false => selection.node(tree.root(), &[&self.nodes], None),
        };
        let root = root.unwrap_or_else(|| Node::empty(tree.root().id()));
        (tree.with_root(root), selection.visited())
    }
}

pub(super) struct Selection<'s> {
    schema: &'s Arc<Schema>,
    /// How many levels below a selected instance are kept with it; `None` is all.
    below: Option<usize>,
    /// How many containers and entries were looked at.
    visited: Cell<u64>,
}

/// What all sibling sets whose matches hold want of one child.
#[derive(Default)]
pub(super) struct Wanted<'f> {
    pub(super) all: bool,
    /// Values of a leaf-list that were matched.
    values: Vec<&'f Value>,
    pub(super) inside: Vec<Siblings<'f>>,
    pub(super) mounted: Vec<&'f Arc<str>>,
}

impl<'s> Selection<'s> {
    pub(super) fn of(schema: &'s Arc<Schema>, below: Option<usize>) -> Selection<'s> {
        Selection {
            schema,
            below,
            visited: Cell::new(0),
        }
    }

    pub(super) fn schema(&self) -> &'s Arc<Schema> {
        self.schema
    }

    /// How many containers and entries were looked at.
    pub(super) fn visited(&self) -> u64 {
        self.visited.get()
    }

    /// Counts instances that were looked at.
    pub(super) fn visit(&self, count: u64) {
        self.visited.set(self.visited.get() + count);
    }

    /// What the sibling sets select from an instance, beside what selected instances above have `granted` it; `None` is
    /// nothing.
    pub(super) fn node(
        &self,
        node: &Node,
        sets: &[Siblings<'_>],
        mut granted: Granted,
    ) -> Option<Node> {
        self.visit(1);
        let wanted = match (self.wanted(node, sets), self.below) {
            ((false, wanted), _) => wanted,
            ((true, _), None) => return Some(node.clone()),
            ((true, wanted), below) => {
                granted = granted.max(below);
                wanted
            }
        };
        if wanted.is_empty() {
            return granted.map(|levels| cut(self.schema, node, levels));
        }
        let inner = granted.and_then(|levels| levels.checked_sub(1));
        let slots = match inner {
            // Few are wanted of what may be many.
            None => wanted
                .iter()
                .filter_map(|(id, wanted)| self.slot(*id, node.get(*id)?, Some(wanted), None))
                .collect(),
            Some(_) => {
                let slot =
                    |slot: &Slot| self.slot(slot.id, &slot.content, wanted.get(&slot.id), inner);
                node.slots().iter().filter_map(slot).collect::<Vec<Slot>>()
            }
        };
        if slots.is_empty() && granted.is_none() {
            return None;
        }
        Some(with_keys(self.schema, node, slots))
    }

    /// Whether a sibling set selects all of an instance, and what those whose matches hold want of its children.
    pub(super) fn wanted<'f>(
        &self,
        node: &Node,
        sets: &[Siblings<'f>],
    ) -> (bool, BTreeMap<SchemaId, Wanted<'f>>) {
        let mut whole = false;
        let mut wanted: BTreeMap<SchemaId, Wanted<'f>> = BTreeMap::new();
        for set in sets.iter().filter(|set| self.matches(node, set)) {
            // RFC 6241 6.2.5: nothing but matches, and all hold: all of the instance.
            if !set.is_empty() && set.iter().all(|of| matches!(of.wants, Wants::Match(_))) {
                whole = true;
                continue;
            }
            for of in *set {
                let wanted = wanted.entry(of.id).or_default();
                match &of.wants {
                    Wants::All => wanted.all = true,
                    Wants::Match(Some(value)) => wanted.values.push(value),
                    Wants::Match(None) => {}
                    Wants::Inside(inside) => wanted.inside.push(inside),
                    Wants::Mounted(content) => wanted.mounted.push(content),
                }
            }
        }
        (whole, wanted)
    }

    fn slot(
        &self,
        id: SchemaId,
        content: &Content,
        wanted: Option<&Wanted<'_>>,
        granted: Granted,
    ) -> Option<Slot> {
        let content = match (wanted, granted) {
            (Some(wanted), granted) => self.child(id, content, wanted, granted)?,
            (None, Some(levels)) => cut_content(self.schema, content, levels),
            (None, None) => return None,
        };
        Some(Slot { id, content })
    }

    /// Whether all content matches of a sibling set hold.
    pub(super) fn matches(&self, node: &Node, set: Siblings<'_>) -> bool {
        set.iter().all(|of| match &of.wants {
            Wants::Match(value) => value.as_ref().is_some_and(|value| match node.get(of.id) {
                Some(Content::Leaf(stored)) => self.equal(of.id, stored, value),
                Some(Content::LeafList(list)) => {
                    list.iter().any(|stored| self.equal(of.id, stored, value))
                }
                _ => false,
            }),
            _ => true,
        })
    }

    /// Values of a union are equal when their texts are: which member took them may depend on the encoding.
    fn equal(&self, id: SchemaId, a: &Value, b: &Value) -> bool {
        a == b
            || self.is_union(id)
                && self.schema.node(id).ty.as_ref().is_some_and(|ty| {
                    canonical(self.schema, ty, a, Style::Json)
                        == canonical(self.schema, ty, b, Style::Json)
                })
    }

    fn is_union(&self, id: SchemaId) -> bool {
        let ty = self.schema.node(id).ty.as_ref();
        ty.is_some_and(|ty| matches!(ty.resolved().kind, TypeKind::Union(_)))
    }

    pub(super) fn child(
        &self,
        id: SchemaId,
        content: &Content,
        wanted: &Wanted<'_>,
        granted: Granted,
    ) -> Option<Content> {
        let granted = match (wanted.all, self.below) {
            (false, _) => granted,
            (true, None) => return Some(content.clone()),
            (true, below) => granted.max(below),
        };
        match content {
            Content::Leaf(_) | Content::LeafList(_) if granted.is_some() => Some(content.clone()),
            Content::Leaf(_) if !wanted.values.is_empty() => Some(content.clone()),
            Content::Leaf(_) => None,
            Content::LeafList(list) => {
                let matched = list.iter().filter(|stored| {
                    let values = &wanted.values;
                    values.iter().any(|value| self.equal(id, stored, value))
                });
                let values: Vec<Value> = matched.cloned().collect();
                let list =
                    LeafList::from_values(values, list.ordered_by(), list.duplicates_allowed());
                list.ok()
                    .filter(|list| !list.is_empty())
                    .map(Content::LeafList)
            }
            Content::Container(node) => self
                .node(node, &wanted.inside, granted)
                .map(Content::Container),
            Content::List(list) => self
                .list(id, list, &wanted.inside, granted)
                .map(Content::List),
            // What cannot be looked into is given whole rather than withheld.
            Content::Any(_) => Some(content.clone()),
            Content::Mount(tree) => self
                .mounted(tree, &wanted.mounted, granted)
                .map(|tree| Content::Mount(Arc::new(tree))),
        }
    }

    fn list(
        &self,
        id: SchemaId,
        list: &List,
        sets: &[Siblings<'_>],
        granted: Granted,
    ) -> Option<List> {
        let mut searching: Vec<Siblings<'_>> = Vec::new();
        let mut found: BTreeMap<usize, Vec<Siblings<'_>>> = BTreeMap::new();
        for set in sets {
            match self.keys(id, set) {
                Some(keys) => {
                    if let Some(position) = list.position(&keys) {
                        found.entry(position).or_default().push(set);
                    }
                }
                None => searching.push(set),
            }
        }
        let mut entries: Vec<Node> = Vec::new();
        if searching.is_empty() && granted.is_none() {
            for (position, sets) in &found {
                let entry = list.nth(*position);
                entries.extend(entry.and_then(|entry| self.node(entry, sets, None)));
            }
        } else {
            for (position, entry) in list.iter().enumerate() {
                match found.get(&position) {
                    None => entries.extend(self.node(entry, &searching, granted)),
                    Some(more) => {
                        let sets = [&searching[..], more].concat();
                        entries.extend(self.node(entry, &sets, granted));
                    }
                }
            }
        }
        if entries.is_empty() {
            return None;
        }
        List::from_entries(entries, list.key_count(), list.ordered_by()).ok()
    }

    /// The keys of the one entry that a sibling set can select; `None` when it does not match them all by value.
    pub(super) fn keys(&self, list: SchemaId, set: Siblings<'_>) -> Option<Vec<Value>> {
        let keys = self.schema.node(list).keys();
        if keys.is_empty() || keys.iter().any(|key| self.is_union(*key)) {
            return None;
        }
        let value = |key: &SchemaId| {
            set.iter().find_map(|of| match &of.wants {
                Wants::Match(Some(value)) if of.id == *key => Some(value.clone()),
                _ => None,
            })
        };
        keys.iter().map(value).collect()
    }

    /// What the contents of a filter's elements at a mount point select from what is mounted there.
    fn mounted(&self, tree: &Tree, contents: &[&Arc<str>], granted: Granted) -> Option<Tree> {
        let bound: Vec<Vec<FilterNode>> = contents
            .iter()
            .map(|content| bind_mounted(tree.schema(), content))
            .collect();
        let sets: Vec<Siblings<'_>> = bound.iter().map(Vec::as_slice).collect();
        let inside = Selection::of(tree.schema(), self.below);
        let root = inside.node(tree.root(), &sets, granted);
        self.visit(inside.visited());
        let root = root?;
        Some(Tree::new(tree.schema().clone(), root))
    }
}
