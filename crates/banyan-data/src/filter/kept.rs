//! What readers of parts of a tree share: which instances are meant, and nodes that keep their keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_yang::schema::{Schema, SchemaId};

use crate::node::{Node, Slot};
use crate::path::{InstancePath, PathStep, Select};

/// What is kept at an instance and below.
#[derive(Default)]
pub(super) struct Kept {
    /// The instance itself is meant, with all below.
    pub(super) all: bool,
    pub(super) children: BTreeMap<SchemaId, BTreeMap<Select, Kept>>,
}

impl Kept {
    pub(super) fn of<'p>(paths: impl IntoIterator<Item = &'p InstancePath>) -> Kept {
        let mut kept = Kept::default();
        for path in paths {
            kept.add(&path.steps);
        }
        kept
    }

    fn add(&mut self, steps: &[PathStep]) {
        match steps.split_first() {
            None => self.all = true,
            Some((step, rest)) => {
                let child = self.children.entry(step.node).or_default();
                child.entry(step.select.clone()).or_default().add(rest);
            }
        }
    }
}

/// A version of `node` with these of its children, and with its keys if it is an entry: the node itself when these are
/// all that it has.
pub fn with_keys(schema: &Arc<Schema>, node: &Node, mut slots: Vec<Slot>) -> Node {
    let keys = schema.node(node.id()).keys().len();
    for key in &node.slots()[..keys.min(node.slots().len())] {
        if let Err(at) = slots.binary_search_by_key(&key.id, |slot| slot.id) {
            slots.insert(at, key.clone());
        }
    }
    let same = |(new, old): (&Slot, &Slot)| new.content.ptr_eq(&old.content);
    if slots.len() == node.slots().len() && slots.iter().zip(node.slots()).all(same) {
        return node.clone();
    }
    node.with_slots(slots)
}
