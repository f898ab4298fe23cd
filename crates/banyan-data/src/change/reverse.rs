//! The way back: created and deleted, old and new change places.

use std::collections::HashMap;

use super::{Change, ChangeKind, ChangeSet, Instance, Move};
use crate::value::Value;

impl ChangeSet {
    /// What undoes this change set: applied to the tree after, it gives the tree before.
    pub fn reverse(&self) -> ChangeSet {
        ChangeSet {
            schema: self.schema.clone(),
            changes: reversed(&self.changes),
            meta: self.meta.clone().map(|(old, new)| (new, old)),
        }
    }
}

fn reversed(changes: &[Change]) -> Vec<Change> {
    let mut back: Vec<Change> = changes.iter().map(Change::reversed).collect();
    let mut start = 0;
    while start < back.len() {
        let id = back[start].id;
        let length = back[start..]
            .iter()
            .take_while(|next| next.id == id)
            .count();
        let run = &mut back[start..start + length];
        if run.iter().any(|change| change.neighbour().is_some()) {
            order_for_replay(run);
        }
        start += length;
    }
    back
}

impl Change {
    fn reversed(&self) -> Change {
        let kind = match &self.kind {
            ChangeKind::Created { new, after } => ChangeKind::Deleted {
                old: new.clone(),
                after: after.clone(),
            },
            ChangeKind::Deleted { old, after } => ChangeKind::Created {
                new: old.clone(),
                after: after.clone(),
            },
            ChangeKind::Replaced { old, new } => ChangeKind::Replaced {
                old: new.clone(),
                new: old.clone(),
            },
            ChangeKind::Inside {
                old,
                new,
                changes,
                moved,
            } => ChangeKind::Inside {
                old: new.clone(),
                new: old.clone(),
                changes: reversed(changes),
                moved: moved.as_ref().map(Move::reversed),
            },
            ChangeKind::Moved(moved) => ChangeKind::Moved(moved.reversed()),
            ChangeKind::Mount(inside) => ChangeKind::Mount(inside.reverse()),
        };
        Change {
            id: self.id,
            instance: self.instance.clone(),
            kind,
        }
    }

    /// The neighbour before the new place of an entry that came or moved in a user-ordered list.
    pub(crate) fn neighbour(&self) -> Option<&Option<Vec<Value>>> {
        match &self.kind {
            ChangeKind::Created { after, .. } => after.as_ref(),
            ChangeKind::Inside {
                moved: Some(moved), ..
            }
            | ChangeKind::Moved(moved) => Some(&moved.new_after),
            _ => None,
        }
    }
}

impl Move {
    fn reversed(&self) -> Move {
        Move {
            old_after: self.new_after.clone(),
            new_after: self.old_after.clone(),
        }
    }
}

fn key(instance: &Instance) -> Option<Vec<Value>> {
    match instance {
        Instance::Entry(keys) => Some(keys.clone()),
        Instance::Value(value) => Some(vec![value.clone()]),
        Instance::Single | Instance::Whole => None,
    }
}

/// Puts what goes first, then what stays in its place, then what comes or moves, each after its neighbour if that
/// one comes or moves too. Neighbours form chains, because every place has one entry before it. O(n).
fn order_for_replay(run: &mut [Change]) {
    let placed: HashMap<Vec<Value>, usize> = run
        .iter()
        .enumerate()
        .filter(|(_, change)| change.neighbour().is_some())
        .filter_map(|(index, change)| Some((key(&change.instance)?, index)))
        .collect();
    let mut order: Vec<usize> = (0..run.len())
        .filter(|index| matches!(run[*index].kind, ChangeKind::Deleted { .. }))
        .collect();
    order.extend((0..run.len()).filter(|index| {
        let change = &run[*index];
        change.neighbour().is_none() && !matches!(change.kind, ChangeKind::Deleted { .. })
    }));
    let mut done = vec![false; run.len()];
    for index in 0..run.len() {
        if run[index].neighbour().is_none() {
            continue;
        }
        let mut chain = Vec::new();
        let mut at = Some(index);
        while let Some(next) = at.filter(|next| !done[*next]) {
            done[next] = true;
            chain.push(next);
            let neighbour = run[next].neighbour().and_then(Option::as_ref);
            at = neighbour.and_then(|key| placed.get(key)).copied();
        }
        order.extend(chain.into_iter().rev());
    }
    let sorted: Vec<Change> = order.into_iter().map(|index| run[index].clone()).collect();
    run.clone_from_slice(&sorted);
}
