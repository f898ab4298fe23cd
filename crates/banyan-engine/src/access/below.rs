//! What of a schema decides whether a whole subtree is treated alike: its modules, its `nacm:default-deny-*`, and mount
//! points, below which another schema begins. Computed once for each schema.

use std::collections::HashMap;

use banyan_data::view::case_chain;
use banyan_yang::schema::{DefaultDeny, ModuleId, Schema, SchemaId};

/// For each data node, what is at and below it.
pub(super) struct Below {
    /// Sets of modules in ascending order, each once.
    sets: Vec<Vec<ModuleId>>,
    nodes: Vec<NodeBelow>,
}

/// What is at and below one node.
#[derive(Clone, Copy, Default)]
struct NodeBelow {
    /// Which of the sets.
    modules: u32,
    denies: Option<DefaultDeny>,
    mount: bool,
}

impl Below {
    /// Linear in the nodes of the schema.
    pub fn of(schema: &Schema) -> Below {
        let mut sets = Sets::default();
        let count = schema.nodes().len();
        let mut nodes = vec![NodeBelow::default(); count];
        // Parents come before their children, so children are complete when their parent's turn comes.
        for index in (0..count).rev() {
            let id = SchemaId(index as u32);
            let node = schema.node(id);
            if !node.kind.is_data() && id != SchemaId::ROOT {
                continue;
            }
            let mut below = nodes[index];
            if id != SchemaId::ROOT {
                below.modules = sets.with(below.modules, node.module);
            }
            below.denies = below.denies.max(own_deny(schema, id));
            below.mount |= node.mount_point().is_some();
            nodes[index] = below;
            if let Some(parent) = node.data_parent() {
                let above = &mut nodes[parent.index()];
                above.modules = sets.union(above.modules, below.modules);
                above.denies = above.denies.max(below.denies);
                above.mount |= below.mount;
            }
        }
        Below {
            sets: sets.sets,
            nodes,
        }
    }

    fn node(&self, id: SchemaId) -> NodeBelow {
        self.nodes.get(id.index()).copied().unwrap_or_default()
    }

    /// The modules of the node and of what is below it.
    pub fn modules(&self, id: SchemaId) -> &[ModuleId] {
        &self.sets[self.node(id).modules as usize]
    }

    /// The strictest `nacm:default-deny-*` at or below the node.
    pub fn denies(&self, id: SchemaId) -> Option<DefaultDeny> {
        self.node(id).denies
    }

    /// Whether something may be mounted at or below the node.
    pub fn mount(&self, id: SchemaId) -> bool {
        self.node(id).mount
    }
}

/// What the node's own statement, and those of the choices and cases around it, deny by default.
pub(super) fn own_deny(schema: &Schema, id: SchemaId) -> Option<DefaultDeny> {
    let around = case_chain(schema, id).filter_map(|above| schema.node(above).default_deny());
    schema
        .node(id)
        .default_deny()
        .into_iter()
        .chain(around)
        .max()
}

/// Sets that occur often are kept once; the first is the empty one.
struct Sets {
    sets: Vec<Vec<ModuleId>>,
    known: HashMap<Vec<ModuleId>, u32>,
    unions: HashMap<(u32, u32), u32>,
}

impl Default for Sets {
    fn default() -> Self {
        Sets {
            sets: vec![Vec::new()],
            known: HashMap::from([(Vec::new(), 0)]),
            unions: HashMap::new(),
        }
    }
}

impl Sets {
    fn number(&mut self, set: Vec<ModuleId>) -> u32 {
        if let Some(number) = self.known.get(&set) {
            return *number;
        }
        let number = self.sets.len() as u32;
        self.sets.push(set.clone());
        self.known.insert(set, number);
        number
    }

    fn with(&mut self, set: u32, module: ModuleId) -> u32 {
        let single = self.number(vec![module]);
        self.union(set, single)
    }

    fn union(&mut self, one: u32, other: u32) -> u32 {
        if one == other || other == 0 {
            return one;
        }
        if one == 0 {
            return other;
        }
        let pair = (one.min(other), one.max(other));
        if let Some(known) = self.unions.get(&pair) {
            return *known;
        }
        let mut set = self.sets[one as usize].clone();
        set.extend(&self.sets[other as usize]);
        set.sort_unstable();
        set.dedup();
        let number = self.number(set);
        self.unions.insert(pair, number);
        number
    }
}
