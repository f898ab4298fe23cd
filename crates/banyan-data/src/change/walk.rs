//! Visiting every change with its path.

use std::sync::Arc;

use banyan_yang::schema::Schema;

use super::{Change, ChangeKind, ChangeSet, Instance};
use crate::path::{InstancePath, PathStep, Select};

/// Whether a walk goes on below a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Descend {
    /// Into what changed below it.
    Into,
    /// On to the next one beside it.
    Over,
}

impl Change {
    /// The path step that leads to the instance.
    pub fn step(&self) -> PathStep {
        PathStep {
            node: self.id,
            select: match &self.instance {
                Instance::Single | Instance::Whole => Select::None,
                Instance::Entry(keys) => Select::Keys(keys.clone()),
                Instance::Value(value) => Select::Value(value.clone()),
            },
        }
    }
}

impl ChangeSet {
    /// Calls `visit` for every change, those around it first, with its path and the schema that its id belongs to
    /// (another one below a mount point). What was created or deleted is one change, however much is below it.
    pub fn walk(&self, mut visit: impl FnMut(&Arc<Schema>, &InstancePath, &Change) -> Descend) {
        let mut path = InstancePath::default();
        walk(&self.schema, &self.changes, &mut path, &mut visit);
    }

    /// Number of changes: instances created, deleted, replaced, moved, or with other metadata. O(changes).
    pub fn count(&self) -> usize {
        let mut count = usize::from(self.meta.is_some());
        self.walk(|_, _, change| {
            count += match &change.kind {
                ChangeKind::Inside {
                    old, new, moved, ..
                } => usize::from(moved.is_some()) + usize::from(old.meta() != new.meta()),
                ChangeKind::Mount(inside) => usize::from(inside.meta.is_some()),
                _ => 1,
            };
            Descend::Into
        });
        count
    }
}

fn walk(
    schema: &Arc<Schema>,
    changes: &[Change],
    path: &mut InstancePath,
    visit: &mut dyn FnMut(&Arc<Schema>, &InstancePath, &Change) -> Descend,
) {
    for change in changes {
        path.steps.push(change.step());
        if visit(schema, path, change) == Descend::Into {
            match &change.kind {
                ChangeKind::Inside { changes, .. } => walk(schema, changes, path, visit),
                ChangeKind::Mount(inside) => walk(&inside.schema, &inside.changes, path, visit),
                _ => {}
            }
        }
        path.steps.pop();
    }
}
