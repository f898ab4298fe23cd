//! Draft nodes: the schema tree while groupings, augments and deviations still change it.
//!
//! Nodes that are switched off (`if-feature`, `deviate not-supported`) or have an error stay in the draft tree, so
//! that references to them can be told from references to nothing. Only `finish` leaves them out.

use std::sync::Arc;

use super::hash::{IdTable, hash};
use super::set::{Name, StatementRef};
use super::types::DraftType;
use crate::schema::{ExtensionInstance, ModuleId, Must, NodeKind, OrderedBy, Status, When};
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
    pub key: Option<StatementRef>,
    pub status: Option<Status>,
    pub presence: bool,
    pub ordered_by: OrderedBy,
    /// `None`: nothing is said there.
    pub details: Option<Box<Details>>,
}

/// The part of [`Facts`] that most nodes do not have.
#[derive(Clone, Debug, Default)]
pub(super) struct Details {
    /// That of a `refine` or of an annotation; others are found in the statements when asked for.
    pub description: Option<Span>,
    pub config: Option<Set<bool>>,
    pub mandatory: Option<Set<bool>>,
    /// The default of the typedef.
    pub type_default: Option<DraftDefault>,
    pub units: Option<Arc<str>>,
    pub defaults: Vec<DraftDefault>,
    pub musts: Vec<Must>,
    pub whens: Vec<When>,
    /// `unique` statements.
    pub uniques: Vec<StatementRef>,
    pub min_elements: Option<Set<u32>>,
    pub max_elements: Option<Set<Option<u32>>>,
    pub extensions: Vec<ExtensionInstance>,
    pub mount_point: Option<Arc<str>>,
}

impl Details {
    /// Those of a node that has none.
    const NONE: &Details = &Details {
        description: None,
        config: None,
        mandatory: None,
        type_default: None,
        units: None,
        defaults: Vec::new(),
        musts: Vec::new(),
        whens: Vec::new(),
        uniques: Vec::new(),
        min_elements: None,
        max_elements: None,
        extensions: Vec::new(),
        mount_point: None,
    };

    /// Whether there is something, beside defaults, that nodes keep among their facts.
    pub fn stays(&self) -> bool {
        self.description.is_some()
            || self.units.is_some()
            || !self.musts.is_empty()
            || !self.whens.is_empty()
            || self.min_elements.is_some()
            || self.max_elements.is_some()
            || !self.extensions.is_empty()
            || self.mount_point.is_some()
    }
}

impl Facts {
    pub fn details(&self) -> &Details {
        self.details.as_deref().unwrap_or(Details::NONE)
    }

    pub fn details_mut(&mut self) -> &mut Details {
        self.details.get_or_insert_default()
    }

    pub fn into_details(self) -> Details {
        self.details.map(|details| *details).unwrap_or_default()
    }

    /// The same facts, to be kept: they take no more memory than they need.
    pub fn shared(mut self) -> Arc<Self> {
        if let Some(details) = &mut self.details {
            details.defaults.shrink_to_fit();
            details.musts.shrink_to_fit();
            details.whens.shrink_to_fit();
            details.uniques.shrink_to_fit();
            details.extensions.shrink_to_fit();
        }
        Arc::new(self)
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
