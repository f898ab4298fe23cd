//! What a user may see of a tree, as a tree that shares what he may see whole (RFC 8341 3.2.3).
//!
//! A node that is denied is left out with all below it, without a word. One thing is shown beyond that: the bare way
//! (containers, entries with their keys) to what a rule permits that is tried before whatever denies the way.
//!
//! Cost: subtrees that are treated alike are shared or left out unseen, entries that rules name by their keys are
//! looked up; all else is visited once. The next tree costs what differs from the last one.

use std::sync::{Arc, PoisonError};

use banyan_data::filter::with_keys;
use banyan_data::list::{LeafList, List};
use banyan_data::path::{Found, InstancePath, Select};
use banyan_data::{Content, Node, Slot, Tree, Value};
use banyan_yang::schema::OrderedBy;

use super::place::{Place, Uniform};
use super::policy::Operation;
use super::subject::Subject;
use super::trie::Rank;

/// For how many trees the answer is kept: running, candidate, and one with state.
const KEPT: usize = 3;

/// The rank that a permission must come before, because of what denies the way to it; `None` when nothing does.
pub(super) type Floor = Option<Rank>;

impl Subject {
    /// What the user may see of a tree.
    pub fn readable(&self, tree: &Tree) -> Tree {
        self.readable_counted(tree).0
    }

    /// The same, and how many instances were looked at.
    pub(super) fn readable_counted(&self, tree: &Tree) -> (Tree, u64) {
        let last = {
            let mut kept = self.kept();
            if let Some(at) = kept.iter().position(|(raw, _)| raw.ptr_eq(tree)) {
                kept[..=at].rotate_right(1);
                return (kept[0].1.clone(), 0);
            }
            kept.first().cloned()
        };
        let last = last.as_ref().map(|(raw, pruned)| (raw, pruned));
        let (pruned, visited) = self.readable_after(last, tree);
        let mut kept = self.kept();
        kept.insert(0, (tree.clone(), pruned.clone()));
        kept.truncate(KEPT);
        (pruned, visited)
    }

    /// What the user may see of a tree, and how many instances were looked at; `before` is an earlier tree, and what he may
    /// see of that. Costs what differs from it.
    pub(crate) fn readable_after(
        &self,
        before: Option<(&Tree, &Tree)>,
        tree: &Tree,
    ) -> (Tree, u64) {
        let before = before.filter(|(raw, _)| Arc::ptr_eq(raw.schema(), tree.schema()));
        let old = before.map(|(raw, pruned)| (raw.root(), Some(pruned.root())));
        let mut pruning = Pruning { visited: 0 };
        let place = self.root(tree.schema());
        let root = match place.uniform(Operation::Read) {
            Uniform::Permit(_) => tree.root().clone(),
            _ => pruning
                .inside(&place, tree.root(), None, old)
                .unwrap_or_else(|| Node::empty(tree.root().id())),
        };
        (tree.with_root(root), pruning.visited)
    }

    /// Whether the user sees nothing at all of a subtree, whatever there may be; a step without keys means all entries.
    /// What rules say of single entries on the way counts as something.
    pub fn hides(&self, tree: &Tree, path: &InstancePath) -> bool {
        let mut place = self.root(tree.schema());
        let mut floor = None;
        for step in &path.steps {
            if place.schema().node(place.id()).mount_point().is_some() {
                return false;
            }
            if step.select == Select::None
                && place.named(step.node).is_none_or(|keys| !keys.is_empty())
            {
                return false;
            }
            let keys = match &step.select {
                Select::Keys(keys) => keys.as_slice(),
                Select::Value(value) => std::slice::from_ref(value),
                Select::None | Select::Position(_) => &[],
            };
            place = place.child(step.node, keys);
            if whole(&place, floor) == Some(false) {
                return true;
            }
            floor = seen(&place, floor).1;
        }
        false
    }

    /// Whether an instance is in what the user reads of a tree: seen itself, or for the sake of what is seen below it. O(1),
    /// unless it is denied and rules below it may permit something: then what is below it.
    pub fn shows(&self, tree: &Tree, path: &InstancePath) -> bool {
        let (place, floor) = self.along(tree, path);
        if path.steps.is_empty() || seen(&place, floor).0 {
            return true;
        }
        if whole(&place, floor) == Some(false) {
            return false;
        }
        match tree.get(path) {
            Some(Found::Node(node)) => {
                let mut pruning = Pruning { visited: 0 };
                pruning.node(&place, node, floor, None).is_some()
            }
            // What is mounted is asked for node by node.
            _ => false,
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Vec<(Tree, Tree)>> {
        // A cache: every change leaves it whole.
        self.readable.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An instance as it was in the last tree, and what was seen of it.
type Old<'t, T> = Option<(&'t T, Option<&'t T>)>;

struct Pruning {
    visited: u64,
}

/// Whether something is seen itself, and what the floor is below it.
pub(super) fn seen(place: &Place<'_>, floor: Floor) -> (bool, Floor) {
    let decision = place.decide(Operation::Read);
    let rank = decision.rank();
    let seen = decision.permit && floor.is_none_or(|floor| rank < floor);
    let below = if decision.permit {
        floor
    } else {
        Some(floor.map_or(rank, |floor| floor.min(rank)))
    };
    (seen, below)
}

/// What a whole subtree is, if that is clear without a look.
fn whole(place: &Place<'_>, floor: Floor) -> Option<bool> {
    match place.uniform(Operation::Read) {
        Uniform::Permit(rank) if floor.is_none_or(|floor| rank < floor) => Some(true),
        Uniform::Deny => Some(false),
        _ => None,
    }
}

// All of these recurse as deep as the tree, which is bounded (`MAX_DEPTH`).
impl Pruning {
    /// What is seen of a container or entry; `None` is nothing.
    fn node(
        &mut self,
        place: &Place<'_>,
        node: &Node,
        floor: Floor,
        old: Old<'_, Node>,
    ) -> Option<Node> {
        if let Some((raw, pruned)) = old
            && raw.ptr_eq(node)
        {
            return pruned.cloned();
        }
        self.visited += 1;
        if let Some(shown) = whole(place, floor) {
            return shown.then(|| node.clone());
        }
        let (seen, below) = seen(place, floor);
        let pruned = self.inside(place, node, below, old);
        if pruned.is_some() {
            return pruned;
        }
        let definition = place.schema().node(place.id());
        if !seen || definition.is_np_container() {
            return None;
        }
        Some(with_keys(place.schema(), node, Vec::new()))
    }

    /// The node with those of its children that are seen; `None` when there are none.
    fn inside(
        &mut self,
        place: &Place<'_>,
        node: &Node,
        floor: Floor,
        old: Old<'_, Node>,
    ) -> Option<Node> {
        let mut slots = Vec::with_capacity(node.slots().len());
        for slot in node.slots() {
            let before = old.and_then(|(raw, pruned)| {
                let raw = raw.get(slot.id)?;
                Some((raw, pruned.and_then(|pruned| pruned.get(slot.id))))
            });
            if let Some(content) = self.content(place, slot, floor, before) {
                slots.push(Slot {
                    id: slot.id,
                    content,
                });
            }
        }
        (!slots.is_empty()).then(|| with_keys(place.schema(), node, slots))
    }

    fn content(
        &mut self,
        parent: &Place<'_>,
        slot: &Slot,
        floor: Floor,
        old: Old<'_, Content>,
    ) -> Option<Content> {
        // A leaf's value may be that of a key, which is seen whenever its entry is.
        if let Some((raw, pruned)) = old
            && raw.ptr_eq(&slot.content)
            && !matches!(raw, Content::Leaf(_))
        {
            return pruned.cloned();
        }
        match &slot.content {
            Content::Leaf(_) | Content::Any(_) => {
                self.visited += 1;
                let place = parent.unnamed(slot.id);
                seen(&place, floor).0.then(|| slot.content.clone())
            }
            Content::LeafList(list) => self
                .values(parent, slot, list, floor)
                .map(Content::LeafList),
            Content::Container(node) => {
                let old = old.and_then(|(raw, pruned)| match (raw, pruned) {
                    (Content::Container(raw), Some(Content::Container(pruned))) => {
                        Some((raw, Some(pruned)))
                    }
                    (Content::Container(raw), None) => Some((raw, None)),
                    _ => None,
                });
                let place = parent.unnamed(slot.id);
                self.node(&place, node, floor, old).map(Content::Container)
            }
            Content::List(list) => {
                let old = old.and_then(|(raw, pruned)| match (raw, pruned) {
                    (Content::List(raw), Some(Content::List(pruned))) => Some((raw, Some(pruned))),
                    (Content::List(raw), None) => Some((raw, None)),
                    _ => None,
                });
                self.list(parent, slot, list, floor, old).map(Content::List)
            }
            Content::Mount(tree) => self.mount(parent, slot, tree, floor, old),
        }
    }

    fn mount(
        &mut self,
        parent: &Place<'_>,
        slot: &Slot,
        tree: &Arc<Tree>,
        floor: Floor,
        old: Old<'_, Content>,
    ) -> Option<Content> {
        self.visited += 1;
        let point = parent.unnamed(slot.id);
        if let Some(shown) = whole(&point, floor) {
            return shown.then(|| slot.content.clone());
        }
        let (seen, below) = seen(&point, floor);
        let place = point.mounted(tree.schema());
        match whole(&place, below) {
            Some(true) => return Some(slot.content.clone()),
            Some(false) if !seen => return None,
            _ => {}
        }
        let old = old.and_then(|(raw, pruned)| match (raw, pruned) {
            (Content::Mount(raw), pruned) if Arc::ptr_eq(raw.schema(), tree.schema()) => {
                let pruned = pruned.and_then(|pruned| match pruned {
                    Content::Mount(pruned) => Some(pruned.root()),
                    _ => None,
                });
                Some((raw.root(), pruned))
            }
            _ => None,
        });
        let root = match self.inside(&place, tree.root(), below, old) {
            Some(root) => root,
            None if seen => Node::empty(tree.root().id()),
            None => return None,
        };
        Some(Content::Mount(Arc::new(tree.with_root(root))))
    }

    fn values(
        &mut self,
        parent: &Place<'_>,
        slot: &Slot,
        list: &LeafList,
        floor: Floor,
    ) -> Option<LeafList> {
        self.visited += 1;
        let others = seen(&parent.unnamed(slot.id), floor).0;
        let named = parent.named(slot.id).unwrap_or_default();
        let mut exceptions = named
            .into_iter()
            .filter(|value| seen(&parent.child(slot.id, value), floor).0 != others)
            .filter_map(|value| value.first())
            .filter(|value| list.contains(value))
            .peekable();
        if exceptions.peek().is_none() {
            return others.then(|| list.clone());
        }
        let exceptions: Vec<&Value> = exceptions.collect();
        self.visited += list.len() as u64;
        let shown = list
            .iter()
            .filter(|value| exceptions.contains(value) != others);
        let shown: Vec<Value> = shown.cloned().collect();
        let list = LeafList::from_values(shown, list.ordered_by(), list.duplicates_allowed());
        list.ok().filter(|list| !list.is_empty())
    }

    fn list(
        &mut self,
        parent: &Place<'_>,
        slot: &Slot,
        list: &List,
        floor: Floor,
        old: Old<'_, List>,
    ) -> Option<List> {
        if list.key_count() > 0
            && let Some(named) = parent.named(slot.id)
            && let Some(shown) = whole(&parent.unnamed(slot.id), floor)
        {
            return self.named_entries(parent, slot, list, floor, shown, &named);
        }
        if let Some((raw, pruned)) = old
            && list.key_count() > 0
            && list.ordered_by() == OrderedBy::System
            && raw.key_count() == list.key_count()
        {
            return self.changed_entries(parent, slot, list, floor, (raw, pruned));
        }
        let mut entries = Vec::new();
        for entry in list {
            let keys: Vec<Value> = entry.keys(list.key_count()).cloned().collect();
            let before = old.and_then(|(raw, pruned)| {
                let raw = raw.get(&keys)?;
                Some((raw, pruned.and_then(|pruned| pruned.get(&keys))))
            });
            let place = parent.child(slot.id, &keys);
            entries.extend(self.node(&place, entry, floor, before));
        }
        of_entries(entries, list)
    }

    /// A list in which all entries are treated alike but those that rules name. O(named · log n).
    fn named_entries(
        &mut self,
        parent: &Place<'_>,
        slot: &Slot,
        list: &List,
        floor: Floor,
        shown: bool,
        named: &[&Vec<Value>],
    ) -> Option<List> {
        self.visited += 1;
        let mut found: Vec<(usize, Option<Node>)> = Vec::new();
        for keys in named {
            let Some(at) = list.position(keys) else {
                continue;
            };
            if let Some(entry) = list.nth(at) {
                let place = parent.child(slot.id, keys);
                found.push((at, self.node(&place, entry, floor, None)));
            }
        }
        if !shown {
            found.sort_by_key(|(at, _)| *at);
            let entries = found.into_iter().filter_map(|(_, entry)| entry);
            return of_entries(entries.collect(), list);
        }
        let mut pruned = Some(list.clone());
        for (at, entry) in found {
            let now = pruned?;
            pruned = match (entry, list.nth(at)) {
                (Some(entry), _) => Some(now.with_entry(entry)),
                (None, Some(gone)) => {
                    let keys: Vec<Value> = gone.keys(list.key_count()).cloned().collect();
                    now.without(&keys)
                }
                (None, None) => Some(now),
            };
        }
        pruned
    }

    /// A list of which an earlier state was seen: only what differs is looked at. O(d · log n).
    fn changed_entries(
        &mut self,
        parent: &Place<'_>,
        slot: &Slot,
        list: &List,
        floor: Floor,
        (raw, pruned): (&List, Option<&List>),
    ) -> Option<List> {
        let mut now: Option<List> = pruned.cloned();
        for pair in raw.diff(list) {
            let Some(entry) = pair.1.or(pair.0) else {
                continue;
            };
            let keys: Vec<Value> = entry.keys(list.key_count()).cloned().collect();
            let seen = pair.1.and_then(|entry| {
                let place = parent.child(slot.id, &keys);
                let before = pair
                    .0
                    .map(|old| (old, pruned.and_then(|pruned| pruned.get(&keys))));
                self.node(&place, entry, floor, before)
            });
            now = match (now, seen) {
                (Some(list), Some(entry)) => Some(list.with_entry(entry)),
                (None, Some(entry)) => Some(List::of(entry, list.key_count(), list.ordered_by())),
                (Some(list), None) => list.without(&keys),
                (None, None) => None,
            };
        }
        now
    }
}

fn of_entries(entries: Vec<Node>, list: &List) -> Option<List> {
    if entries.is_empty() {
        return None;
    }
    List::from_entries(entries, list.key_count(), list.ordered_by()).ok()
}
