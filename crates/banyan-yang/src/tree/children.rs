//! Finds children by name. A parent of few is looked through; one of many gets an index when it is first asked for a
//! name, which takes in what is added later at the next question: thousands of augments of one node cost no more than
//! its children.

use std::collections::HashMap;

use super::node::{NodeId, Nodes};
use crate::compile::ModuleSet;
use crate::schema::ModuleId;

/// Fewer children are not worth an index.
const FEW: usize = 16;

/// The places of one parent's children, by module and name; of equal ones the first.
#[derive(Debug, Default)]
struct Index<'s> {
    places: HashMap<(ModuleId, &'s str), usize>,
    /// How many children are in it.
    known: usize,
}

/// The indexes of the parents that were asked.
#[derive(Debug, Default)]
pub(super) struct Children<'s> {
    indexes: HashMap<NodeId, Index<'s>>,
    /// How many children were looked at.
    #[cfg(test)]
    pub steps: usize,
}

impl<'s> Children<'s> {
    /// Where the child of that name is among the children; a name belongs to the module of its text. O(1), beside one
    /// visit of each child.
    pub fn place(
        &mut self,
        set: &ModuleSet,
        nodes: &Nodes<'s>,
        parent: NodeId,
        module: ModuleId,
        name: &str,
    ) -> Option<usize> {
        let children = &nodes.get(parent).children;
        let key = |child: NodeId| {
            let node = nodes.get(child);
            (set.owner(node.unit), node.name)
        };
        if children.len() <= FEW {
            self.count(children.len());
            return children
                .iter()
                .position(|child| key(*child) == (module, name));
        }
        let index = self.indexes.entry(parent).or_default();
        let known = std::mem::replace(&mut index.known, children.len());
        for (place, child) in children.iter().enumerate().skip(known) {
            index.places.entry(key(*child)).or_insert(place);
        }
        let found = index.places.get(&(module, name)).copied();
        self.count(children.len() - known + 1);
        found
    }

    /// To be called when children of a node were taken out; others may take their places unsaid, if they have their
    /// names and modules.
    pub fn forget(&mut self, parent: NodeId) {
        self.indexes.remove(&parent);
    }

    #[cfg(test)]
    fn count(&mut self, steps: usize) {
        self.steps += steps;
    }

    #[cfg(not(test))]
    fn count(&self, _: usize) {}
}
