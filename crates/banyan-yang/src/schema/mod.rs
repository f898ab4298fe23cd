//! The compiled schema: immutable, shared, every node named by a `u32` id in one arena.
//!
//! Lives here: the result of a compilation and its constant-time look-ups. May rely on nothing but
//! the XPath syntax tree. Must never parse YANG, do I/O, or change after [`SchemaParts::assemble`].

mod children;
mod constraint;
mod derived;
mod module;
mod node;
mod types;

use std::collections::HashMap;
use std::sync::Arc;

use children::Children;

use crate::parse::{argument_at, description_at};
use crate::source::SourceMap;
pub use constraint::{Expression, Must, PrefixMap, Unique, When, WhenContext};
pub use module::{Annotation, Identity, Module, ModuleName, Submodule};
pub use node::{
    DefaultDeny, DefaultText, ExtensionInstance, NodeFacts, NodeKind, NodeLinks, OrderedBy,
    SchemaNode, Status,
};
pub use types::{
    Bit, EnumItem, IntWidth, PatternRestriction, Patterns, Range, Restriction, Type, TypeKind,
};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in the arena that the id names.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id! {
    /// Names a node of one [`Schema`]. Among data siblings, ascending ids are the canonical order of
    /// instances: list keys first, in the order of the `key` statement (RFC 7950 7.8.5), then schema order.
    SchemaId
}
id! {
    /// Names a module of one [`Schema`] (a submodule belongs to its module and has no id).
    ModuleId
}
id! {
    /// Names an identity of one [`Schema`].
    IdentityId
}
impl SchemaId {
    /// The root of the data tree: it has no name, and the top-level nodes are its children.
    pub const ROOT: SchemaId = SchemaId(0);
}

/// What a compiler hands over to become a [`Schema`]. All ids index into these vectors;
/// `nodes[0]` is the root.
#[derive(Debug, Default)]
pub struct SchemaParts {
    /// All modules, implemented and imported.
    pub modules: Vec<Module>,
    /// All schema nodes of implemented modules: those under the root first, then structures, each with what is
    /// under it.
    pub nodes: Vec<SchemaNode>,
    /// All identities.
    pub identities: Vec<Identity>,
    /// The annotations of implemented modules.
    pub annotations: Vec<Annotation>,
    /// SHA-256 of the module set; see [`Schema::digest`].
    pub digest: [u8; 32],
    /// The texts that the spans point into.
    pub sources: Arc<SourceMap>,
}

/// A compiled module set: immutable, shared through [`Arc`], free of I/O.
#[derive(Debug)]
pub struct Schema {
    modules: Vec<Module>,
    nodes: Vec<SchemaNode>,
    /// How many of the nodes are in the tree under the root; those of structures follow.
    in_tree: usize,
    identities: Vec<Identity>,
    annotations: Vec<Annotation>,
    digest: [u8; 32],
    sources: Arc<SourceMap>,
    data_children: Children,
    schema_children: Children,
    by_namespace: HashMap<Arc<str>, ModuleId>,
    by_name: HashMap<Arc<str>, Vec<ModuleId>>,
    /// Sorted by module and name.
    identities_by_name: Vec<IdentityId>,
    xml_prefixes: Vec<Arc<str>>,
    derived: derived::Derived,
}

/// One prefix per module, unique in the set (revisions of one module share theirs): the module's own,
/// or its name where an earlier module has that prefix already. Names that begin with `xml` are reserved.
fn xml_prefixes(modules: &[Module]) -> Vec<Arc<str>> {
    let mut taken: HashMap<Arc<str>, Arc<str>> = HashMap::new();
    let reserved = |name: &str| {
        name.get(..3)
            .is_some_and(|start| start.eq_ignore_ascii_case("xml"))
    };
    let mut choose = |module: &Module| {
        let counted = (1u32..).map(|number| Arc::from(format!("ns-{number}-{}", module.name)));
        let mut candidates = [module.prefix.clone(), module.name.clone()]
            .into_iter()
            .chain(counted);
        loop {
            // The chain never ends, so there is always a next candidate.
            let candidate = candidates.next().unwrap_or_else(|| module.name.clone());
            if candidate.is_empty() || reserved(&candidate) {
                continue;
            }
            let owner = taken
                .entry(candidate.clone())
                .or_insert_with(|| module.namespace.clone());
            if *owner == module.namespace {
                return candidate;
            }
        }
    };
    modules.iter().map(&mut choose).collect()
}

impl SchemaParts {
    /// Builds the look-up tables; linear in the number of nodes, but for the sorting of siblings.
    pub fn assemble(mut self) -> Arc<Schema> {
        for index in 1..self.nodes.len() {
            // Parents come before their children, so the way up is known.
            let mut above = self.nodes[index].parent().unwrap_or(SchemaId::ROOT);
            if matches!(
                self.nodes[above.index()].kind,
                NodeKind::Choice | NodeKind::Case
            ) {
                above = self.nodes[above.index()].data_parent;
            }
            self.nodes[index].data_parent = above;
        }
        self.nodes.shrink_to_fit();
        let schema_children = Children::new(&self.nodes, SchemaNode::parent);
        let data_children = Children::new(&self.nodes, |node| {
            node.data_parent().filter(|_| node.kind.is_data())
        });
        let mut identities_by_name: Vec<IdentityId> =
            (0..self.identities.len() as u32).map(IdentityId).collect();
        identities_by_name.sort_by_key(|id| self.identities[id.index()].key());
        let mut by_namespace = HashMap::new();
        let mut by_name: HashMap<Arc<str>, Vec<ModuleId>> = HashMap::new();
        for (index, module) in self.modules.iter().enumerate() {
            let id = ModuleId(index as u32);
            // Several revisions share one namespace; only the implemented one has data.
            if module.implemented || !by_namespace.contains_key(&module.namespace) {
                by_namespace.insert(module.namespace.clone(), id);
            }
            let ids = by_name.entry(module.name.clone()).or_default();
            if module.implemented {
                ids.insert(0, id);
            } else {
                ids.push(id);
            }
        }
        let structure = |node: &SchemaNode| node.kind.is_structure();
        let in_tree = self.nodes.iter().position(structure);
        Arc::new(Schema {
            in_tree: in_tree.unwrap_or(self.nodes.len()),
            xml_prefixes: xml_prefixes(&self.modules),
            modules: self.modules,
            nodes: self.nodes,
            identities: self.identities,
            annotations: self.annotations,
            digest: self.digest,
            sources: self.sources,
            data_children,
            schema_children,
            by_namespace,
            by_name,
            identities_by_name,
            derived: derived::Derived::default(),
        })
    }
}

impl Schema {
    /// The node named by `id`.
    ///
    /// # Panics
    /// If `id` comes from another schema and is out of range here: a programming error, never reachable from input.
    pub fn node(&self, id: SchemaId) -> &SchemaNode {
        &self.nodes[id.index()]
    }

    /// All nodes by id, those of structures included.
    pub(crate) fn arena(&self) -> &[SchemaNode] {
        &self.nodes
    }

    /// All nodes of the data tree, operations and notifications, in id order; the first is the root. What is in
    /// structures has greater ids and is not among them: see [`Schema::structures`].
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (SchemaId, &SchemaNode)> {
        self.nodes[..self.in_tree]
            .iter()
            .enumerate()
            .map(|(index, node)| (SchemaId(index as u32), node))
    }

    /// The trees outside of the data tree, in the order of their modules: `structure` (RFC 8791) and `yang-data`
    /// (RFC 8040 section 8), by module and name. The id is that of the root of the tree: its kind is
    /// [`NodeKind::Structure`] or [`NodeKind::YangData`], it has no parent, and an absolute path in an expression
    /// inside of it begins there. Linear in the nodes of structures.
    pub fn structures(&self) -> impl Iterator<Item = (ModuleId, &str, SchemaId)> {
        let rest = (self.in_tree..).zip(&self.nodes[self.in_tree..]);
        rest.filter(|(_, node)| node.kind.is_structure())
            .map(|(index, node)| (node.module, &*node.name, SchemaId(index as u32)))
    }

    /// The `structure` or `yang-data` of that name in a module.
    pub fn structure(&self, module: ModuleId, name: &str) -> Option<SchemaId> {
        self.structures()
            .find_map(|(owner, own, id)| (owner == module && own == name).then_some(id))
    }

    /// The annotations that implemented modules define (RFC 7952), in the order of the modules.
    pub fn annotations(&self) -> &[Annotation] {
        &self.annotations
    }

    /// The annotation of that name that a module defines.
    pub fn annotation(&self, module: ModuleId, name: &str) -> Option<&Annotation> {
        self.annotations
            .iter()
            .find(|annotation| annotation.module == module && &*annotation.name == name)
    }

    /// The module named by `id`.
    pub fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.index()]
    }

    /// All modules, implemented and imported.
    pub fn modules(&self) -> impl ExactSizeIterator<Item = (ModuleId, &Module)> {
        self.modules
            .iter()
            .enumerate()
            .map(|(index, module)| (ModuleId(index as u32), module))
    }

    /// The prefix that printers declare for a module: its own, made unique within the set.
    pub fn xml_prefix(&self, id: ModuleId) -> &str {
        &self.xml_prefixes[id.index()]
    }

    /// The module with this XML namespace; the implemented revision if there are several.
    pub fn module_by_namespace(&self, namespace: &str) -> Option<ModuleId> {
        self.by_namespace.get(namespace).copied()
    }

    /// The module of this name; the implemented revision if there are several.
    pub fn module_by_name(&self, name: &str) -> Option<ModuleId> {
        self.by_name.get(name)?.first().copied()
    }

    /// All revisions of the module of this name, the implemented one first.
    pub fn module_revisions(&self, name: &str) -> &[ModuleId] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// Schema children, in schema order.
    pub fn children(&self, id: SchemaId) -> &[SchemaId] {
        self.schema_children.of(id)
    }

    /// Data nodes that can stand directly under an instance, through choices and cases, in canonical
    /// order (ascending ids, keys first). Excludes rpcs, actions and notifications.
    pub fn data_children(&self, id: SchemaId) -> &[SchemaId] {
        self.data_children.of(id)
    }

    /// The data node `name` of `module` that may stand directly under an instance of `parent`:
    /// choices and cases are looked through (RFC 7950 7.9). O(log of the number of children).
    pub fn data_child(&self, parent: SchemaId, module: ModuleId, name: &str) -> Option<SchemaId> {
        self.data_children.find(&self.nodes, parent, module, name)
    }

    /// The schema child `name` of `module`, of any kind: data node, choice, case, rpc, action,
    /// notification, `input`, `output`. O(log of the number of children). This is a step of a schema node identifier (RFC 7950 6.5).
    pub fn schema_child(&self, parent: SchemaId, module: ModuleId, name: &str) -> Option<SchemaId> {
        self.schema_children.find(&self.nodes, parent, module, name)
    }

    /// The data node called `name` under `parent` in whatever module; the first in canonical order
    /// if several modules use the name. For lenient input only.
    pub fn data_child_any_module(&self, parent: SchemaId, name: &str) -> Option<SchemaId> {
        self.data_children.find_any(&self.nodes, parent, name)
    }

    /// The top-level `rpc` called `name` in `module`.
    pub fn rpc(&self, module: ModuleId, name: &str) -> Option<SchemaId> {
        let id = self.schema_child(SchemaId::ROOT, module, name)?;
        (self.node(id).kind == NodeKind::Rpc).then_some(id)
    }

    /// The identity named by `id`.
    pub fn identity(&self, id: IdentityId) -> &Identity {
        &self.identities[id.index()]
    }

    /// The identity called `name` in `module`.
    pub fn identity_by_name(&self, module: ModuleId, name: &str) -> Option<IdentityId> {
        let found = self
            .identities_by_name
            .binary_search_by_key(&(module, name), |id| self.identities[id.index()].key());
        Some(self.identities_by_name[found.ok()?])
    }

    /// All identities.
    pub fn identities(&self) -> impl ExactSizeIterator<Item = (IdentityId, &Identity)> {
        self.identities
            .iter()
            .enumerate()
            .map(|(index, identity)| (IdentityId(index as u32), identity))
    }

    /// Whether `id` is derived, directly or not, from `base`; an identity is not derived from itself
    /// (RFC 7950 9.10.2, 10.4.1).
    pub fn is_derived_from(&self, id: IdentityId, base: IdentityId) -> bool {
        self.identity(id).ancestors.binary_search(&base).is_ok()
    }

    /// The table of type `T` that another layer computes from this schema: made when it is asked for the first
    /// time, and kept as long as the schema. `compute` may ask for other tables, not for its own.
    pub fn derived<T: std::any::Any + Send + Sync>(
        &self,
        compute: impl FnOnce(&Schema) -> T,
    ) -> Arc<T> {
        self.derived.get(|| compute(self))
    }

    /// SHA-256 over the module set (names, revisions, texts, features, deviations, conformance):
    /// equal digests mean interchangeable schemas.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The texts that the spans of nodes and expressions point into: for `file:line:column` in messages.
    pub fn sources(&self) -> &Arc<SourceMap> {
        &self.sources
    }

    /// The description of a node, trimmed as RFC 7950 6.1.3 says; read from the source when asked for. Costs what
    /// stands before it in the node's statement; all of the statement if it has none.
    pub fn description(&self, id: SchemaId) -> Option<String> {
        let node = self.node(id);
        if let Some(refined) = node.refined_description() {
            return Some(argument_at(&self.sources, refined));
        }
        // Where these are not written, their place is that of another statement.
        let keyword = matches!(
            node.kind,
            NodeKind::Case | NodeKind::Input | NodeKind::Output
        )
        .then(|| node.kind.keyword());
        description_at(&self.sources, node.span, keyword)
    }

    /// The path of a node for messages: `/mod:a/b/c`, with the module name at the top and where it changes,
    /// through choices and cases as RFC 7950 6.5 wants them.
    pub fn path(&self, id: SchemaId) -> String {
        let mut steps = Vec::new();
        let mut at = Some(id);
        while let Some(current) = at.filter(|current| *current != SchemaId::ROOT) {
            steps.push(current);
            at = self.node(current).parent();
        }
        if steps.is_empty() {
            return "/".to_owned();
        }
        let mut path = String::new();
        let mut module = None;
        for step in steps.into_iter().rev() {
            let node = self.node(step);
            path.push('/');
            if module != Some(node.module) {
                path.push_str(&self.module(node.module).name);
                path.push(':');
                module = Some(node.module);
            }
            path.push_str(&node.name);
        }
        path
    }
}
