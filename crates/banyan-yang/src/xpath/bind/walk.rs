//! Walks paths over schema nodes: which schema nodes a step can reach from which, and how the instances
//! reached are tied to the context node.

use std::rc::Rc;

use super::super::{Axis, Extent, Join, PlanTest, Read};
use super::{children, parent};
use crate::schema::{ModuleId, NodeKind, Schema, SchemaId};

/// More schema nodes than this are not listed: the set is then "all of them".
const MAX_LISTED: usize = 2000;

/// A schema node that a path has reached.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reached {
    pub(super) node: SchemaId,
    /// See [`Read::ancestor`].
    pub(super) ancestor: SchemaId,
    /// See [`Read::joins`].
    pub(super) joins: Rc<[Join]>,
}

impl Reached {
    fn to(&self, node: SchemaId) -> Self {
        Self {
            node,
            ancestor: self.ancestor,
            joins: self.joins.clone(),
        }
    }

    /// One step up, to `parent`.
    fn climb(&self, parent: SchemaId) -> Self {
        let ancestor = if self.ancestor == self.node {
            parent
        } else {
            self.ancestor
        };
        let joins = match self.joins.last() {
            // The entry that was picked is left again.
            Some(join) if join.list == self.node => self.joins[..self.joins.len() - 1].into(),
            _ => self.joins.clone(),
        };
        Self {
            node: parent,
            ancestor,
            joins,
        }
    }

    pub(super) fn read(&self, extent: Extent) -> Read {
        Read {
            node: self.node,
            extent,
            ancestor: self.ancestor,
            joins: self.joins.to_vec(),
        }
    }
}

/// What a node-set can hold beside the nodes that are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Beyond {
    /// Nothing.
    Nothing,
    /// Any node of this schema.
    Schema,
    /// Any node of this schema and of mounted ones.
    Foreign,
}

/// The schema nodes whose instances can be in a node-set.
#[derive(Debug, Clone)]
pub(super) struct NodeSet {
    pub(super) reached: Vec<Reached>,
    pub(super) beyond: Beyond,
    /// The texts of the leaves that are listed can be in the set, too.
    pub(super) texts: bool,
}

impl NodeSet {
    pub(super) fn empty() -> Self {
        Self {
            reached: Vec::new(),
            beyond: Beyond::Nothing,
            texts: false,
        }
    }

    pub(super) fn of(node: SchemaId) -> Self {
        Self::listed(vec![Reached {
            node,
            ancestor: node,
            joins: Rc::new([]),
        }])
    }

    pub(super) fn listed(reached: Vec<Reached>) -> Self {
        Self {
            reached,
            ..Self::empty()
        }
    }

    /// What can be anything.
    pub(super) fn everything(schema: &Schema) -> Self {
        let mounts = schema.nodes().any(|(_, node)| node.mount_point().is_some());
        let beyond = if mounts {
            Beyond::Foreign
        } else {
            Beyond::Schema
        };
        Self {
            beyond,
            ..Self::empty()
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.reached.is_empty() && self.beyond == Beyond::Nothing
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.reached.extend(other.reached);
        self.beyond = self.beyond.max(other.beyond);
        self.texts |= other.texts;
    }

    /// The schema ids listed, ascending.
    pub(super) fn ids(&self) -> Box<[SchemaId]> {
        let mut ids: Vec<SchemaId> = self.reached.iter().map(|reached| reached.node).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into()
    }

    /// The one schema node that all instances have, if it is known.
    pub(super) fn sole_node(&self) -> Option<SchemaId> {
        match (&*self.ids(), self.beyond) {
            ([node], Beyond::Nothing) => Some(*node),
            _ => None,
        }
    }

    /// Notes that the entries of the list reached are picked by key.
    pub(super) fn pick(&mut self, join: &Join) {
        for reached in &mut self.reached {
            reached.joins = reached.joins.iter().chain([join]).cloned().collect();
        }
    }
}

/// The schema, seen from one context.
pub(super) struct Walker<'a> {
    schema: &'a Schema,
    /// The rpc, action or notification around the context: a child of its parent, for this expression only
    /// (RFC 7950 6.4.1); or the structure, as the top element of its document (RFC 8791 4).
    operation: Option<SchemaId>,
    /// Where absolute paths begin: the root of the data tree, or the `yang-data` around the context (RFC 8040 8).
    pub(super) root: SchemaId,
}

impl<'a> Walker<'a> {
    pub(super) fn new(schema: &'a Schema, context: SchemaId) -> Self {
        let mut operation = Some(context);
        while let Some(id) = operation {
            if matches!(
                schema.node(id).kind,
                NodeKind::Rpc | NodeKind::Action | NodeKind::Notification | NodeKind::Structure
            ) {
                break;
            }
            operation = parent(schema, id);
        }
        let ancestors = std::iter::successors(Some(context), |id| document_parent(schema, *id));
        Self {
            schema,
            operation,
            root: ancestors.last().unwrap_or(SchemaId::ROOT),
        }
    }

    /// An instance of that message is a child of its parent.
    pub(super) fn with_message(&mut self, message: SchemaId) {
        self.operation = Some(message);
    }

    fn parent(&self, id: SchemaId) -> Option<SchemaId> {
        document_parent(self.schema, id)
    }

    /// The nodes on `axis` from `from` that can pass `test`.
    pub(super) fn step(&self, from: &NodeSet, axis: Axis, test: &PlanTest) -> NodeSet {
        if axis.is_empty_in_yang() || *test == PlanTest::Nothing {
            return NodeSet::empty();
        }
        let mut to = NodeSet::empty();
        if test.is_foreign() {
            to.beyond = Beyond::Foreign;
            return to;
        }
        for reached in &from.reached {
            if to.reached.len() > MAX_LISTED {
                break;
            }
            self.step_from(reached, from.texts, axis, test, &mut to);
        }
        let unlisted = to.reached.len() > MAX_LISTED;
        if unlisted {
            to = NodeSet::everything(self.schema);
        }
        if unlisted || from.beyond != Beyond::Nothing {
            self.widen(from.beyond.max(to.beyond), test, &mut to);
        }
        to.texts = matches!(test, PlanTest::Node | PlanTest::Text)
            && match axis {
                Axis::Parent | Axis::Ancestor => false,
                Axis::SelfNode | Axis::AncestorOrSelf => from.texts,
                _ => true,
            };
        to.reached.dedup();
        to
    }

    fn step_from(
        &self,
        from: &Reached,
        texts: bool,
        axis: Axis,
        test: &PlanTest,
        to: &mut NodeSet,
    ) {
        match axis {
            Axis::SelfNode => self.keep(from.clone(), test, to),
            Axis::Child => self.children(from, test, to),
            Axis::Descendant => self.descendants(from, test, to),
            Axis::DescendantOrSelf => {
                self.keep(from.clone(), test, to);
                self.descendants(from, test, to);
            }
            Axis::Parent | Axis::Ancestor | Axis::AncestorOrSelf => {
                if texts || axis == Axis::AncestorOrSelf {
                    self.keep(from.clone(), test, to);
                }
                let mut at = from.clone();
                while let Some(parent) = self.parent(at.node) {
                    at = at.climb(parent);
                    self.keep(at.clone(), test, to);
                    if axis == Axis::Parent {
                        break;
                    }
                }
            }
            Axis::FollowingSibling | Axis::PrecedingSibling => {
                if let Some(parent) = self.parent(from.node) {
                    self.children(&from.climb(parent), test, to);
                }
            }
            Axis::Following | Axis::Preceding => {
                let root = Reached {
                    node: self.root,
                    ancestor: self.root,
                    joins: Rc::new([]),
                };
                self.descendants(&root, test, to);
            }
            Axis::Attribute | Axis::Namespace => {}
        }
    }

    fn keep(&self, reached: Reached, test: &PlanTest, to: &mut NodeSet) {
        if self.passes(reached.node, test) {
            to.reached.push(reached);
        }
    }

    fn children(&self, from: &Reached, test: &PlanTest, to: &mut NodeSet) {
        let node = self.schema.node(from.node);
        if node.mount_point().is_some() {
            to.beyond = Beyond::Foreign;
        }
        if matches!(node.kind, NodeKind::Leaf | NodeKind::LeafList) {
            return text_of(from, test, to);
        }
        if let PlanTest::Name(name) = test
            && let Some(module) = name.module
            && let Some(child) = self.schema.data_child(from.node, module, &name.local)
        {
            // The common case, without a look at the other children.
            to.reached.push(from.to(child));
            return;
        }
        for child in self.children_of(from.node) {
            self.keep(from.to(child), test, to);
        }
    }

    fn children_of(&self, id: SchemaId) -> Vec<SchemaId> {
        let mut found = children(self.schema, id);
        found.extend(
            self.operation
                .filter(|operation| self.parent(*operation) == Some(id)),
        );
        found
    }

    fn descendants(&self, from: &Reached, test: &PlanTest, to: &mut NodeSet) {
        let kind = self.schema.node(from.node).kind;
        if matches!(kind, NodeKind::Leaf | NodeKind::LeafList) {
            return text_of(from, test, to);
        }
        let mut open = vec![from.node];
        while let Some(id) = open.pop() {
            let node = self.schema.node(id);
            if node.mount_point().is_some() {
                to.beyond = Beyond::Foreign;
            }
            for child in self.children_of(id) {
                self.keep(from.to(child), test, to);
                open.push(child);
            }
            if to.reached.len() > MAX_LISTED {
                return;
            }
        }
    }

    /// Adds what can pass `test` from a set that is not fully listed.
    fn widen(&self, beyond: Beyond, test: &PlanTest, to: &mut NodeSet) {
        to.beyond = beyond;
        if !matches!(test, PlanTest::Name(_)) {
            return;
        }
        to.reached.clear();
        for (node, _) in self.schema.nodes() {
            let reached = Reached {
                node,
                ancestor: SchemaId::ROOT,
                joins: Rc::new([]),
            };
            self.keep(reached, test, to);
        }
        if beyond == Beyond::Schema {
            // Now every node of this name in the schema is listed.
            to.beyond = Beyond::Nothing;
        }
    }

    fn passes(&self, id: SchemaId, test: &PlanTest) -> bool {
        let node = self.schema.node(id);
        let is_element = node.kind.is_data() || Some(id) == self.operation;
        match test {
            PlanTest::Name(name) => {
                let in_module = match name.module {
                    Some(module) => node.module == module,
                    None => name.module_name.is_none(),
                };
                is_element && in_module && node.name == name.local
            }
            PlanTest::Module { module, .. } => is_element && Some(node.module) == *module,
            PlanTest::AnyName => is_element,
            PlanTest::Node => is_element || id == self.root,
            PlanTest::Text => matches!(node.kind, NodeKind::Leaf | NodeKind::LeafList),
            PlanTest::Nothing => false,
        }
    }

    /// The nodes that a step along `axis` from `from` could have asked for, for suggestions.
    pub(super) fn beside(&self, from: &NodeSet, axis: Axis) -> Vec<SchemaId> {
        let nodes = from.reached.iter().map(|reached| reached.node);
        match axis {
            Axis::Child | Axis::Descendant | Axis::DescendantOrSelf => {
                nodes.flat_map(|id| self.children_of(id)).collect()
            }
            _ => nodes.filter_map(|id| self.parent(id)).collect(),
        }
    }
}

/// The only child of a leaf is its text, which counts as the leaf itself.
fn text_of(leaf: &Reached, test: &PlanTest, to: &mut NodeSet) {
    if matches!(test, PlanTest::Node | PlanTest::Text) {
        to.reached.push(leaf.clone());
    }
}

/// The parent of a node in its document: that of a structure is the root.
fn document_parent(schema: &Schema, id: SchemaId) -> Option<SchemaId> {
    let top = schema.node(id).kind == NodeKind::Structure;
    parent(schema, id).or(top.then_some(SchemaId::ROOT))
}

/// The module that has the data of `module`: itself, or the implemented one of its revisions.
pub(super) fn implemented(schema: &Schema, module: ModuleId) -> ModuleId {
    let named = schema.module(module);
    if named.implemented {
        return module;
    }
    schema.module_by_name(&named.name).unwrap_or(module)
}
