//! Finding what changed: both trees are walked together, and what they share by pointer is skipped.
//!
//! Needs no schema: lists know their keys and who orders them.

use std::cell::Cell;
use std::collections::HashSet;
use std::sync::Arc;

use banyan_yang::schema::{OrderedBy, SchemaId};

use super::{Change, ChangeKind, ChangeSet, ChangedContent, Instance, Move};
use crate::list::{LeafList, List};
use crate::node::{Content, Node, Slot, Tree, same_schema};
use crate::value::Value;

/// What turns `old` into `new`, two trees under the same schema. O(d · depth · log n) for d changed instances
/// when one tree was made from the other; trees that share nothing are compared value by value.
///
/// A subtree that differs by pointer but not by value is no change.
pub fn diff(old: &Tree, new: &Tree) -> ChangeSet {
    diff_counted(old, new).0
}

/// As [`diff`], with the number of instances that were looked at on either side.
pub fn diff_counted(old: &Tree, new: &Tree) -> (ChangeSet, u64) {
    let visited = Cell::new(0);
    (compared(old, new, &visited), visited.get())
}

fn compared(old: &Tree, new: &Tree, visited: &Visited) -> ChangeSet {
    debug_assert!(same_schema(old.schema(), new.schema()));
    let meta = (old.root().meta() != new.root().meta()).then(|| {
        let meta = |tree: &Tree| tree.root().meta().cloned().unwrap_or_default();
        (meta(old), meta(new))
    });
    ChangeSet {
        schema: new.schema().clone(),
        changes: changes_below(old.root(), new.root(), visited),
        meta,
    }
}

/// How many instances were looked at.
type Visited = Cell<u64>;

fn visit(visited: &Visited) {
    visited.set(visited.get() + 1);
}

/// The changes of the children of a node.
pub(crate) fn changes_between(old: &Node, new: &Node) -> Vec<Change> {
    changes_below(old, new, &Cell::new(0))
}

fn changes_below(old: &Node, new: &Node, visited: &Visited) -> Vec<Change> {
    let mut changes = Vec::new();
    if old.ptr_eq(new) {
        return changes;
    }
    let (mut left, mut right) = (old.slots(), new.slots());
    loop {
        if !(left.is_empty() && right.is_empty()) {
            visit(visited);
        }
        match (left.split_first(), right.split_first()) {
            (None, None) => return changes,
            (Some((a, rest)), None) => {
                vanished(a, &mut changes);
                left = rest;
            }
            (None, Some((b, rest))) => {
                appeared(b, &mut changes);
                right = rest;
            }
            (Some((a, rest)), Some((b, _))) if a.id < b.id => {
                vanished(a, &mut changes);
                left = rest;
            }
            (Some((a, _)), Some((b, rest))) if b.id < a.id => {
                appeared(b, &mut changes);
                right = rest;
            }
            (Some((a, left_rest)), Some((b, right_rest))) => {
                if !a.content.ptr_eq(&b.content) {
                    compare(a.id, &a.content, &b.content, &mut changes, visited);
                }
                (left, right) = (left_rest, right_rest);
            }
        }
    }
}

fn single(id: SchemaId, kind: ChangeKind) -> Change {
    Change {
        id,
        instance: Instance::Single,
        kind,
    }
}

fn keys_of(list: &List, entry: &Node) -> Vec<Value> {
    entry.keys(list.key_count()).cloned().collect()
}

/// Whether entries have a key and a place of their own.
fn is_placed(list: &List) -> bool {
    list.key_count() > 0 && list.ordered_by() == OrderedBy::User
}

fn are_placed(list: &LeafList) -> bool {
    !list.duplicates_allowed() && list.ordered_by() == OrderedBy::User
}

/// Calls `made` for every instance that a content stands for, with the neighbour before it where places count.
fn instances(
    slot: &Slot,
    mut made: impl FnMut(Instance, ChangedContent, Option<Option<Vec<Value>>>),
) {
    match &slot.content {
        Content::List(list) if list.key_count() > 0 => {
            let placed = is_placed(list);
            let mut before = None;
            for entry in list {
                let keys = keys_of(list, entry);
                let after = placed.then(|| before.replace(keys.clone()));
                made(
                    Instance::Entry(keys),
                    ChangedContent::Node(entry.clone()),
                    after,
                );
            }
        }
        Content::LeafList(list) if !list.duplicates_allowed() => {
            let placed = are_placed(list);
            let mut before = None;
            for value in list {
                let after = placed.then(|| before.replace(vec![value.clone()]));
                made(
                    Instance::Value(value.clone()),
                    ChangedContent::Value(value.clone()),
                    after,
                );
            }
        }
        Content::List(_) | Content::LeafList(_) => made(
            Instance::Whole,
            ChangedContent::Content(slot.content.clone()),
            None,
        ),
        Content::Container(node) => {
            made(Instance::Single, ChangedContent::Node(node.clone()), None);
        }
        content => made(
            Instance::Single,
            ChangedContent::Content(content.clone()),
            None,
        ),
    }
}

fn appeared(slot: &Slot, changes: &mut Vec<Change>) {
    instances(slot, |instance, new, after| {
        changes.push(Change {
            id: slot.id,
            instance,
            kind: ChangeKind::Created { new, after },
        });
    });
}

fn vanished(slot: &Slot, changes: &mut Vec<Change>) {
    instances(slot, |instance, old, after| {
        changes.push(Change {
            id: slot.id,
            instance,
            kind: ChangeKind::Deleted { old, after },
        });
    });
}

fn compare(
    id: SchemaId,
    old: &Content,
    new: &Content,
    changes: &mut Vec<Change>,
    visited: &Visited,
) {
    match (old, new) {
        (Content::Container(a), Content::Container(b)) => {
            let below = changes_below(a, b, visited);
            if !below.is_empty() || a.meta() != b.meta() {
                changes.push(single(id, inside(a, b, below, None)));
            }
        }
        (Content::List(a), Content::List(b))
            if a.key_count() > 0 && a.key_count() == b.key_count() =>
        {
            compare_lists(id, a, b, changes, visited);
        }
        (Content::LeafList(a), Content::LeafList(b))
            if !a.duplicates_allowed() && !b.duplicates_allowed() =>
        {
            compare_leaf_lists(id, a, b, changes, visited);
        }
        (Content::Mount(a), Content::Mount(b)) if same_schema(a.schema(), b.schema()) => {
            let below = compared(a, b, visited);
            if !below.is_empty() {
                changes.push(single(id, ChangeKind::Mount(below)));
            }
        }
        (old, new) if old == new => {}
        (old, new) => {
            let whole = matches!(old, Content::List(_) | Content::LeafList(_));
            changes.push(Change {
                id,
                instance: if whole {
                    Instance::Whole
                } else {
                    Instance::Single
                },
                kind: ChangeKind::Replaced {
                    old: old.clone(),
                    new: new.clone(),
                },
            });
        }
    }
}

fn inside(old: &Node, new: &Node, changes: Vec<Change>, moved: Option<Move>) -> ChangeKind {
    ChangeKind::Inside {
        old: old.clone(),
        new: new.clone(),
        changes,
        moved,
    }
}

/// Changes of the entries of a user-ordered list, to be put in an order that can be replayed.
#[derive(Default)]
struct Placing {
    gone: Vec<Change>,
    changed: Vec<Change>,
    /// What has a new place, and which.
    placed: Vec<(usize, Change)>,
}

impl Placing {
    fn finish(mut self, changes: &mut Vec<Change>) {
        self.placed.sort_by_key(|(place, _)| *place);
        changes.append(&mut self.gone);
        changes.append(&mut self.changed);
        changes.extend(self.placed.into_iter().map(|(_, change)| change));
    }
}

fn compare_lists(
    id: SchemaId,
    old: &List,
    new: &List,
    changes: &mut Vec<Change>,
    visited: &Visited,
) {
    let placed = is_placed(old) && is_placed(new);
    let before = |list: &List, keys: &[Value]| -> Option<Vec<Value>> {
        let place = list.position(keys)?.checked_sub(1)?;
        Some(keys_of(list, list.nth(place)?))
    };
    let mut moved: HashSet<Vec<Value>> = old
        .moved(new)
        .iter()
        .map(|entry| keys_of(new, entry))
        .collect();
    let moved_to = |keys: &[Value]| Move {
        old_after: before(old, keys),
        new_after: before(new, keys),
    };
    let mut order = Placing::default();
    for pair in old.diff(new) {
        visit(visited);
        match pair {
            (Some(a), None) => {
                let keys = keys_of(old, a);
                let after = placed.then(|| before(old, &keys));
                let change = Change {
                    id,
                    instance: Instance::Entry(keys),
                    kind: ChangeKind::Deleted {
                        old: ChangedContent::Node(a.clone()),
                        after,
                    },
                };
                let list = if placed {
                    &mut order.gone
                } else {
                    &mut *changes
                };
                list.push(change);
            }
            (None, Some(b)) => {
                let keys = keys_of(new, b);
                let after = placed.then(|| before(new, &keys));
                let place = if placed { new.position(&keys) } else { None };
                let change = Change {
                    id,
                    instance: Instance::Entry(keys),
                    kind: ChangeKind::Created {
                        new: ChangedContent::Node(b.clone()),
                        after,
                    },
                };
                match place {
                    Some(place) => order.placed.push((place, change)),
                    None => changes.push(change),
                }
            }
            (Some(a), Some(b)) => {
                let below = changes_below(a, b, visited);
                if below.is_empty() && a.meta() == b.meta() {
                    continue;
                }
                let keys = keys_of(new, b);
                let moves = moved.remove(&keys);
                let place = if moves { new.position(&keys) } else { None };
                let kind = inside(a, b, below, moves.then(|| moved_to(&keys)));
                let change = Change {
                    id,
                    instance: Instance::Entry(keys),
                    kind,
                };
                match place {
                    Some(place) => order.placed.push((place, change)),
                    None if placed => order.changed.push(change),
                    None => changes.push(change),
                }
            }
            (None, None) => {}
        }
    }
    for keys in moved {
        if let Some(place) = new.position(&keys) {
            let kind = ChangeKind::Moved(moved_to(&keys));
            let change = Change {
                id,
                instance: Instance::Entry(keys),
                kind,
            };
            order.placed.push((place, change));
        }
    }
    order.finish(changes);
}

fn compare_leaf_lists(
    id: SchemaId,
    old: &LeafList,
    new: &LeafList,
    changes: &mut Vec<Change>,
    visited: &Visited,
) {
    let placed = are_placed(old) && are_placed(new);
    let before = |list: &LeafList, value: &Value| -> Option<Vec<Value>> {
        let place = list.position(value)?.checked_sub(1)?;
        Some(vec![list.nth(place)?.clone()])
    };
    let mut order = Placing::default();
    for pair in old.diff(new) {
        visit(visited);
        match pair {
            (Some(a), None) => order.gone.push(Change {
                id,
                instance: Instance::Value(a.clone()),
                kind: ChangeKind::Deleted {
                    old: ChangedContent::Value(a.clone()),
                    after: placed.then(|| before(old, a)),
                },
            }),
            (None, Some(b)) => {
                let change = Change {
                    id,
                    instance: Instance::Value(b.clone()),
                    kind: ChangeKind::Created {
                        new: ChangedContent::Value(b.clone()),
                        after: placed.then(|| before(new, b)),
                    },
                };
                order
                    .placed
                    .push((new.position(b).unwrap_or(usize::MAX), change));
            }
            _ => {}
        }
    }
    for value in old.moved(new) {
        let kind = ChangeKind::Moved(Move {
            old_after: before(old, &value),
            new_after: before(new, &value),
        });
        let place = new.position(&value).unwrap_or(usize::MAX);
        let instance = Instance::Value(value);
        order.placed.push((place, Change { id, instance, kind }));
    }
    order.finish(changes);
}

impl Tree {
    /// This tree, sharing with `old` all that is equal in both, so that memory and later differences stay those of
    /// the change. For a tree that was parsed or pulled. O(size).
    pub fn reshared(self, old: &Tree) -> Tree {
        if !same_schema(old.schema(), self.schema()) {
            return self;
        }
        // What differs goes in from this tree; what does not is the old one's.
        match diff(old, &self).apply(old) {
            Ok(shared) => Tree::new(Arc::clone(self.schema()), shared.root().clone()),
            Err(_) => self,
        }
    }
}
