//! Whether a change can alter what an expression reads: if not, the expression need not be evaluated.
//!
//! Errs on the side of yes.

use std::collections::{HashMap, HashSet};

use banyan_data::Content;
use banyan_data::change::{Change, ChangeKind};
use banyan_yang::schema::{Schema, SchemaId};
use banyan_yang::xpath::{Extent, Read};

/// Reads of an expression, arranged for questions about changes.
#[derive(Debug, Default)]
pub struct Touch {
    /// What of each node is read.
    extents: HashMap<SchemaId, Extent>,
    /// The nodes read and all of their ancestors: when one of these comes or goes, so does what is read.
    above: HashSet<SchemaId>,
}

impl Touch {
    /// Arranges reads; costs their number times their depth.
    pub fn new<'r>(schema: &Schema, reads: impl IntoIterator<Item = &'r Read>) -> Touch {
        let mut touch = Touch::default();
        for read in reads {
            let extent = touch.extents.entry(read.node).or_insert(read.extent);
            *extent = (*extent).max(read.extent);
            let mut at = Some(read.node);
            while let Some(id) = at {
                touch.above.insert(id);
                at = schema.node(id).data_parent();
            }
        }
        touch
    }

    /// Whether nothing is read at all.
    pub fn is_empty(&self) -> bool {
        self.extents.is_empty()
    }

    /// Whether one of the changes alters what is read.
    pub fn any(&self, changes: &[Change]) -> bool {
        changes.iter().any(|change| self.one(change))
    }

    /// Whether the change alters what is read.
    pub fn one(&self, change: &Change) -> bool {
        let extent = self.extents.get(&change.id).copied();
        if extent == Some(Extent::Subtree) {
            return true;
        }
        match &change.kind {
            ChangeKind::Created { .. } | ChangeKind::Deleted { .. } => {
                self.above.contains(&change.id)
            }
            // A leaf that changes its value keeps existing; anydata counts as a value.
            ChangeKind::Replaced {
                new: Content::Mount(_),
                ..
            } => self.above.contains(&change.id),
            ChangeKind::Replaced { .. } => extent >= Some(Extent::Value),
            ChangeKind::Moved(_) => extent.is_some(),
            ChangeKind::Inside { changes, moved, .. } => {
                (moved.is_some() && extent.is_some()) || self.any(changes)
            }
            // What is read in a mount is not known by the outer schema's ids.
            ChangeKind::Mount(_) => self.above.contains(&change.id),
        }
    }
}
