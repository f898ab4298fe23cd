//! Draft nodes: the schema tree while groupings, augments and deviations still change it.
//!
//! Nodes that are switched off (`if-feature`, `deviate not-supported`) or have an error stay in the draft tree, so
//! that references to them can be told from references to nothing. Only `finish` leaves them out.

use std::sync::Arc;

use super::hash::{IdTable, hash};
use super::set::{Name, StatementRef};
use super::types::DraftType;
use crate::schema::{
    ExtensionInstance, ModuleId, Must, NodeFacts, NodeKind, OrderedBy, Status, When,
};
use crate::source::Span;

/// Names a draft node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct DraftId(pub u32);

impl DraftId {
    pub const ROOT: DraftId = DraftId(0);

    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A property with the statement that sets it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Set<T> {
    pub value: T,
    pub span: Span,
}

/// Why a node will not be in the schema.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Absent {
    /// An `if-feature` does not hold.
    Feature,
    /// A deviation says `not-supported`.
    NotSupported,
    /// It has an error, which is reported.
    Error,
}

/// A `default`, with the text that its prefixes are to be looked up in.
#[derive(Clone, Debug)]
pub(super) struct DraftDefault {
    pub text: Arc<str>,
    pub at: StatementRef,
}

/// What statements say about a node. Nodes of one grouping share it, until a `refine`, a condition or a deviation
/// makes a copy for one of them. Small, because there are as many as definitions.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub ty: Option<DraftType>,
    pub status: Option<Status>,
    pub presence: bool,
    pub ordered_by: OrderedBy,
    /// In the order in which they were said. Most nodes have none, and few have more than two.
    properties: Box<[Property]>,
}

/// What most nodes do not say.
#[derive(Clone, Debug)]
pub(super) enum Property {
    Key(StatementRef),
    /// That of a `refine` or of an annotation; others are found in the statements when asked for.
    Description(Span),
    Config(Set<bool>),
    Mandatory(Set<bool>),
    /// The default of the typedef.
    TypeDefault(DraftDefault),
    Units(Arc<str>),
    Default(DraftDefault),
    Must(Box<Must>),
    When(Box<When>),
    /// A `unique` statement.
    Unique(StatementRef),
    MinElements(Set<u32>),
    MaxElements(Set<Option<u32>>),
    Extension(Box<ExtensionInstance>),
    MountPoint(Arc<str>),
}

/// Functions that give the properties of a kind: the one that a node can have, or all.
macro_rules! readers {
    ($(one $one:ident: $one_kind:ident($one_value:ty);)* $(all $all:ident: $all_kind:ident($all_value:ty);)*) => {
        $(pub fn $one(&self) -> Option<&$one_value> {
            self.properties.iter().find_map(|property| match property {
                Property::$one_kind(value) => Some(value),
                _ => None,
            })
        })*
        $(pub fn $all(&self) -> impl Iterator<Item = &$all_value> {
            self.properties.iter().filter_map(|property| match property {
                Property::$all_kind(value) => Some(value),
                _ => None,
            })
        })*
    };
}

impl Facts {
    readers! {
        one key: Key(StatementRef);
        one config: Config(Set<bool>);
        one mandatory: Mandatory(Set<bool>);
        one type_default: TypeDefault(DraftDefault);
        one units: Units(Arc<str>);
        one min_elements: MinElements(Set<u32>);
        one max_elements: MaxElements(Set<Option<u32>>);
        one mount_point: MountPoint(Arc<str>);
        all defaults: Default(DraftDefault);
        all musts: Must(Box<Must>);
        all whens: When(Box<When>);
        all uniques: Unique(StatementRef);
    }

    /// Of a definition that says nothing else yet.
    pub fn of(status: Option<Status>) -> Self {
        Facts {
            status,
            ..Facts::default()
        }
    }

    pub fn properties(&self) -> &[Property] {
        &self.properties
    }

    pub fn is_mandatory(&self) -> bool {
        self.mandatory().is_some_and(|mandatory| mandatory.value)
    }

    /// Whether the node must have entries.
    pub fn needs_entries(&self) -> bool {
        self.min_elements().is_some_and(|min| min.value > 0)
    }

    /// Adds a property of which a node can have several.
    pub fn add(&mut self, property: Property) {
        let mut properties = std::mem::take(&mut self.properties).into_vec();
        properties.push(property);
        self.properties = properties.into_boxed_slice();
    }

    /// Sets a property that a node has once.
    pub fn set(&mut self, property: Property) {
        let kind = std::mem::discriminant(&property);
        self.remove(|other| std::mem::discriminant(other) == kind);
        self.add(property);
    }

    /// Takes properties away; `true` if there was one.
    pub fn remove(&mut self, is_meant: impl Fn(&Property) -> bool) -> bool {
        if !self.properties.iter().any(&is_meant) {
            return false;
        }
        let mut properties = std::mem::take(&mut self.properties).into_vec();
        properties.retain(|property| !is_meant(property));
        self.properties = properties.into_boxed_slice();
        true
    }

    pub fn remove_units(&mut self) {
        self.remove(|property| matches!(property, Property::Units(_)));
    }

    pub fn remove_defaults(&mut self) {
        self.remove(|property| matches!(property, Property::Default(_)));
    }

    /// What of it nodes keep among their facts, but for the defaults; the properties are taken out.
    pub fn take_node_facts(&mut self) -> NodeFacts {
        let mut facts = NodeFacts::default();
        for property in std::mem::take(&mut self.properties) {
            match property {
                Property::Description(span) => facts.refined_description = Some(span),
                Property::Units(units) => facts.units = Some(units),
                Property::Must(must) => facts.musts.push(*must),
                Property::When(when) => facts.whens.push(*when),
                Property::MinElements(min) => facts.min_elements = min.value,
                Property::MaxElements(max) => facts.max_elements = max.value,
                Property::Extension(extension) => facts.extensions.push(*extension),
                Property::MountPoint(label) => facts.mount_point = Some(label),
                Property::Key(_)
                | Property::Config(_)
                | Property::Mandatory(_)
                | Property::TypeDefault(_)
                | Property::Default(_)
                | Property::Unique(_) => {}
            }
        }
        facts.musts.shrink_to_fit();
        facts.whens.shrink_to_fit();
        facts.extensions.shrink_to_fit();
        facts
    }

    /// Whether nodes keep something of it among their facts, beside defaults.
    pub fn has_node_facts(&self) -> bool {
        self.properties.iter().any(|property| match property {
            Property::Description(_)
            | Property::Units(_)
            | Property::Must(_)
            | Property::When(_)
            | Property::MinElements(_)
            | Property::MaxElements(_)
            | Property::Extension(_)
            | Property::MountPoint(_) => true,
            Property::Key(_)
            | Property::Config(_)
            | Property::Mandatory(_)
            | Property::TypeDefault(_)
            | Property::Default(_)
            | Property::Unique(_) => false,
        })
    }
}

/// One draft node. Small, because large sets have half a million. Its siblings are linked: see [`Drafts::children`].
#[derive(Debug)]
pub(super) struct Draft {
    pub kind: NodeKind,
    pub absent: Option<Absent>,
    pub name: Name,
    pub module: ModuleId,
    pub parent: DraftId,
    /// The statement that defines the node; of the root, none that means anything.
    pub at: StatementRef,
    /// The root if it has no children.
    last_child: DraftId,
    /// Of the last child, the first.
    next_sibling: DraftId,
    pub facts: Arc<Facts>,
}

impl Draft {
    pub fn new(
        kind: NodeKind,
        name: Name,
        module: ModuleId,
        parent: DraftId,
        at: StatementRef,
        facts: Arc<Facts>,
    ) -> Self {
        Draft {
            kind,
            absent: None,
            name,
            module,
            parent,
            at,
            last_child: DraftId::ROOT,
            next_sibling: DraftId::ROOT,
            facts,
        }
    }

    /// Switches the node off, unless it is already.
    pub fn leave_out(&mut self, why: Absent) {
        self.absent.get_or_insert(why);
    }
}

/// The draft tree.
#[derive(Debug)]
pub(super) struct Drafts {
    nodes: Vec<Draft>,
    /// By parent, module and name.
    by_name: IdTable,
}

impl Drafts {
    /// A tree with nothing but its root.
    pub fn new() -> Self {
        let root = Draft::new(
            NodeKind::Root,
            Name(u32::MAX),
            ModuleId(0),
            DraftId::ROOT,
            StatementRef::default(),
            Arc::default(),
        );
        Drafts {
            nodes: vec![root],
            by_name: IdTable::default(),
        }
    }

    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn get(&self, id: DraftId) -> &Draft {
        &self.nodes[id.index()]
    }

    pub fn get_mut(&mut self, id: DraftId) -> &mut Draft {
        &mut self.nodes[id.index()]
    }

    /// What statements say about a node, to change it: others that share it keep theirs.
    pub fn facts_mut(&mut self, id: DraftId) -> &mut Facts {
        Arc::make_mut(&mut self.get_mut(id).facts)
    }

    /// Its children in the order in which they were added, absent ones too.
    pub fn children(&self, id: DraftId) -> impl Iterator<Item = DraftId> + Clone + '_ {
        self.children_after(id, None)
    }

    /// The child that was added last.
    pub fn last_child(&self, id: DraftId) -> Option<DraftId> {
        let last = self.get(id).last_child;
        (last != DraftId::ROOT).then_some(last)
    }

    /// The children that were added after one of them.
    pub fn children_after(
        &self,
        id: DraftId,
        before: Option<DraftId>,
    ) -> impl Iterator<Item = DraftId> + Clone + '_ {
        let last = self.last_child(id);
        let first = last.filter(|_| before != last).map(|last| {
            let before = before.unwrap_or(last);
            self.get(before).next_sibling
        });
        std::iter::successors(first, move |child| {
            (Some(*child) != last).then(|| self.get(*child).next_sibling)
        })
    }

    /// A schema child, by its module and name; choices, cases, `input` and `output` are steps. O(1).
    pub fn child(&self, parent: DraftId, module: ModuleId, name: Name) -> Option<DraftId> {
        let found = self.by_name.find(hash(&(parent, module, name)), |id| {
            let draft = &self.nodes[id as usize];
            draft.parent == parent && draft.module == module && draft.name == name
        });
        found.map(DraftId)
    }

    /// Adds a node under its parent, or gives the one that has the name already.
    pub fn add(&mut self, draft: Draft) -> Result<DraftId, DraftId> {
        if let Some(other) = self.child(draft.parent, draft.module, draft.name) {
            return Err(other);
        }
        let id = DraftId(self.nodes.len() as u32);
        let parent = draft.parent.index();
        self.nodes.push(draft);
        let last = std::mem::replace(&mut self.nodes[parent].last_child, id);
        let first = match last {
            DraftId::ROOT => id,
            last => std::mem::replace(&mut self.nodes[last.index()].next_sibling, id),
        };
        self.nodes[id.index()].next_sibling = first;
        let nodes = &self.nodes;
        self.by_name.insert(id.0, |id| {
            let draft = &nodes[id as usize];
            hash(&(draft.parent, draft.module, draft.name))
        });
        Ok(id)
    }

    /// Adds a node that is no child of the root, though it has no other parent.
    pub fn add_structure(&mut self, draft: Draft) -> DraftId {
        let id = DraftId(self.nodes.len() as u32);
        self.nodes.push(draft);
        id
    }

    /// The `structure` or `yang-data` around a node. O(depth).
    pub fn structure(&self, id: DraftId) -> Option<DraftId> {
        let mut at = id;
        while at != DraftId::ROOT {
            if self.get(at).kind.is_structure() {
                return Some(at);
            }
            at = self.get(at).parent;
        }
        None
    }

    /// The nearest ancestor that is not a choice or case.
    pub fn data_parent(&self, id: DraftId) -> DraftId {
        let mut parent = self.get(id).parent;
        while matches!(self.get(parent).kind, NodeKind::Choice | NodeKind::Case) {
            parent = self.get(parent).parent;
        }
        parent
    }

    /// Why a node or one of its ancestors will not be in the schema. O(depth).
    pub fn absence(&self, id: DraftId) -> Option<Absent> {
        let mut at = id;
        loop {
            if let Some(absent) = self.get(at).absent {
                return Some(absent);
            }
            if at == DraftId::ROOT {
                return None;
            }
            at = self.get(at).parent;
        }
    }
}
