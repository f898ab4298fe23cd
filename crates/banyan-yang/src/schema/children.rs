//! Who is under whom: the children of all nodes in two arrays, one in schema order and one by name.

use super::{ModuleId, SchemaId, SchemaNode};

/// The children of every node, by its id. Twelve bytes a node.
#[derive(Debug, Default)]
pub(super) struct Children {
    /// By parent: where its children begin; one more at the end.
    starts: Vec<u32>,
    /// The children of the first node in ascending order, then those of the second, ...
    ordered: Vec<SchemaId>,
    /// The same, each node's sorted by name, then module.
    named: Vec<SchemaId>,
}

impl Children {
    /// Of all nodes with a parent as `parent_of` tells it. O(n log n) in the widest node.
    pub(super) fn new(
        nodes: &[SchemaNode],
        parent_of: impl Fn(&SchemaNode) -> Option<SchemaId>,
    ) -> Self {
        let mut starts = vec![0u32; nodes.len() + 1];
        for parent in nodes.iter().filter_map(&parent_of) {
            starts[parent.index() + 1] += 1;
        }
        for index in 0..nodes.len() {
            starts[index + 1] += starts[index];
        }
        let mut next = starts.clone();
        let count = starts.last().map_or(0, |end| *end as usize);
        let mut ordered = vec![SchemaId::ROOT; count];
        for (index, node) in nodes.iter().enumerate() {
            if let Some(parent) = parent_of(node) {
                let slot = &mut next[parent.index()];
                ordered[*slot as usize] = SchemaId(index as u32);
                *slot += 1;
            }
        }
        let mut named = ordered.clone();
        for range in starts.windows(2) {
            named[range[0] as usize..range[1] as usize].sort_by(|a, b| {
                let (a, b) = (&nodes[a.index()], &nodes[b.index()]);
                (&a.name, a.module).cmp(&(&b.name, b.module))
            });
        }
        Children {
            starts,
            ordered,
            named,
        }
    }

    fn range(&self, parent: SchemaId) -> std::ops::Range<usize> {
        self.starts[parent.index()] as usize..self.starts[parent.index() + 1] as usize
    }

    /// In ascending order.
    pub(super) fn of(&self, parent: SchemaId) -> &[SchemaId] {
        &self.ordered[self.range(parent)]
    }

    /// By name. O(log of the number of children).
    pub(super) fn find(
        &self,
        nodes: &[SchemaNode],
        parent: SchemaId,
        module: ModuleId,
        name: &str,
    ) -> Option<SchemaId> {
        let named = &self.named[self.range(parent)];
        let found = named.binary_search_by(|child| {
            let child = &nodes[child.index()];
            (&*child.name, child.module).cmp(&(name, module))
        });
        Some(named[found.ok()?])
    }

    /// The first of a name, of whatever module. O(log of the number of children).
    pub(super) fn find_any(
        &self,
        nodes: &[SchemaNode],
        parent: SchemaId,
        name: &str,
    ) -> Option<SchemaId> {
        let named = &self.named[self.range(parent)];
        let is_called = |child: &&SchemaId| *nodes[child.index()].name == *name;
        let first = named.partition_point(|child| *nodes[child.index()].name < *name);
        named[first..].iter().take_while(is_called).min().copied()
    }
}
