//! Partial locks of running (RFC 5717): which instances are locked, by whom, and what a change meets.
//!
//! Pure: no mutex, no clock. Questions about a change cost the change, not the locks.

use std::collections::HashMap;

use banyan_data::change::{Change, ChangeKind, ChangeSet, Instance};
use banyan_data::path::{InstancePath, Select};
use banyan_yang::schema::SchemaId;
use jiff::Timestamp;

use crate::backend::LockedNode;
use crate::number::SessionId;
use crate::reserve::Prefix;

/// A partial lock.
#[derive(Clone, PartialEq, Debug)]
pub struct PartialLock {
    /// Its number, unique among all that are held.
    pub id: u32,
    /// Whose it is.
    pub owner: SessionId,
    /// Since when.
    pub since: Timestamp,
    /// The expressions by which the nodes were selected.
    pub select: Vec<String>,
    /// The nodes, each with all beneath it.
    pub nodes: Vec<LockedNode>,
}

/// Which instances are locked, as a tree over their paths.
#[derive(Default)]
struct Locked {
    /// Whose lock names this instance, with the lock's number.
    holders: Vec<(SessionId, u32)>,
    below: HashMap<SchemaId, HashMap<Instance, Locked>>,
}

/// All partial locks that are held.
#[derive(Default)]
pub(super) struct PartialLocks {
    last: u32,
    held: Vec<PartialLock>,
    tree: Locked,
}

/// The steps of a path as changes name them.
pub(crate) fn prefix(path: &InstancePath) -> Prefix {
    path.steps
        .iter()
        .map(|step| {
            let instance = match &step.select {
                Select::None => Instance::Single,
                Select::Keys(keys) => Instance::Entry(keys.clone()),
                Select::Value(value) => Instance::Value(value.clone()),
                // Only lists without keys are selected so, and those change as a whole.
                Select::Position(_) => Instance::Whole,
            };
            (step.node, instance)
        })
        .collect()
}

impl Locked {
    fn add(&mut self, steps: &[(SchemaId, Instance)], holder: (SessionId, u32)) {
        match steps.split_first() {
            None => self.holders.push(holder),
            Some(((node, instance), rest)) => self
                .below
                .entry(*node)
                .or_default()
                .entry(instance.clone())
                .or_default()
                .add(rest, holder),
        }
    }

    /// The first lock of another session at this instance.
    fn here(&self, session: SessionId) -> Option<u32> {
        self.holders
            .iter()
            .find(|(owner, _)| *owner != session)
            .map(|(_, id)| *id)
    }

    /// The first lock of another session here or beneath.
    fn anywhere(&self, session: SessionId) -> Option<u32> {
        self.here(session).or_else(|| {
            self.below
                .values()
                .flat_map(HashMap::values)
                .find_map(|below| below.anywhere(session))
        })
    }

    /// The lock of another session that covers the instance at the end of the steps, or something beneath it.
    fn on_the_way(&self, session: SessionId, steps: &[(SchemaId, Instance)]) -> Option<u32> {
        match steps.split_first() {
            None => self.anywhere(session),
            Some(((node, instance), rest)) => self.here(session).or_else(|| {
                self.below
                    .get(node)?
                    .get(instance)?
                    .on_the_way(session, rest)
            }),
        }
    }

    fn met_by(&self, session: SessionId, changes: &[Change]) -> Option<u32> {
        if let Some(id) = self.here(session).filter(|_| !changes.is_empty()) {
            return Some(id);
        }
        if self.below.is_empty() {
            return None;
        }
        changes.iter().find_map(|change| {
            let below = self.below.get(&change.id)?;
            if change.instance == Instance::Whole {
                return below.values().find_map(|locked| locked.anywhere(session));
            }
            let locked = below.get(&change.instance)?;
            match &change.kind {
                ChangeKind::Inside {
                    old, new, changes, ..
                } => locked
                    .met_by(session, changes)
                    .or_else(|| (old.meta() != new.meta()).then(|| locked.here(session))?),
                ChangeKind::Mount(inside) => locked.met_by(session, &inside.changes),
                ChangeKind::Moved(_) => locked.here(session),
                ChangeKind::Created { .. }
                | ChangeKind::Deleted { .. }
                | ChangeKind::Replaced { .. } => locked.anywhere(session),
            }
        })
    }
}

impl PartialLocks {
    /// All that are held.
    pub fn held(&self) -> &[PartialLock] {
        &self.held
    }

    fn of(&self, id: u32) -> Option<&PartialLock> {
        self.held.iter().find(|lock| lock.id == id)
    }

    /// The lock of another session that one of these nodes would overlap. O(nodes · depth).
    pub fn overlapped(&self, session: SessionId, nodes: &[LockedNode]) -> Option<&PartialLock> {
        let id = nodes
            .iter()
            .find_map(|node| self.tree.on_the_way(session, &node.prefix))?;
        self.of(id)
    }

    /// The lock of another session that a change meets. O(change).
    pub fn met_by(&self, session: SessionId, changes: &ChangeSet) -> Option<&PartialLock> {
        self.of(self.tree.met_by(session, &changes.changes)?)
    }

    /// Adds a lock; who asks has looked for overlaps. `None`: no number is free.
    pub fn add(
        &mut self,
        owner: SessionId,
        select: Vec<String>,
        nodes: Vec<LockedNode>,
        since: Timestamp,
    ) -> Option<u32> {
        let mut id = self.last;
        for _ in 0..=self.held.len() {
            id = id.checked_add(1).unwrap_or(1);
            if self.of(id).is_none() {
                break;
            }
        }
        if self.of(id).is_some() {
            return None;
        }
        self.last = id;
        for node in &nodes {
            self.tree.add(&node.prefix, (owner, id));
        }
        self.held.push(PartialLock {
            id,
            owner,
            since,
            select,
            nodes,
        });
        Some(id)
    }

    /// Gives up the locks that are not to stay. O(nodes that are locked).
    pub fn retain(&mut self, stays: impl FnMut(&PartialLock) -> bool) {
        let before = self.held.len();
        self.held.retain(stays);
        if self.held.len() == before {
            return;
        }
        self.tree = Locked::default();
        for lock in &self.held {
            for node in &lock.nodes {
                self.tree.add(&node.prefix, (lock.owner, lock.id));
            }
        }
    }
}
