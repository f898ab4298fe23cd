//! Draft nodes: the schema tree while groupings, augments and deviations still change it.
//!
//! Nodes that are switched off (`if-feature`, `deviate not-supported`) or have an error stay in the draft tree, so
//! that references to them can be told from references to nothing. Only `finish` leaves them out.

use std::sync::Arc;

use super::hash::IdMap;
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
/// makes a copy for one of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub description: Option<Span>,
    pub config: Option<Set<bool>>,
    pub mandatory: Option<Set<bool>>,
    pub presence: bool,
    pub status: Option<Status>,
    pub ty: Option<DraftType>,
    /// The default of the typedef.
    pub type_default: Option<DraftDefault>,
    pub units: Option<Arc<str>>,
    pub defaults: Vec<DraftDefault>,
    pub musts: Vec<Must>,
    pub whens: Vec<When>,
    /// `unique` statements.
    pub uniques: Vec<StatementRef>,
    pub key: Option<StatementRef>,
    pub min_elements: Option<Set<u32>>,
    pub max_elements: Option<Set<Option<u32>>>,
    pub ordered_by: OrderedBy,
    pub extensions: Vec<ExtensionInstance>,
    pub mount_point: Option<Arc<str>>,
}

/// One draft node.
#[derive(Debug)]
pub(super) struct Draft {
    pub kind: NodeKind,
    pub absent: Option<Absent>,
    pub name: Name,
    pub module: ModuleId,
    pub parent: DraftId,
    /// The statement that defines the node.
    pub at: Option<StatementRef>,
    pub span: Span,
    pub facts: Arc<Facts>,
    pub children: Vec<DraftId>,
}

impl Draft {
    pub fn new(
        kind: NodeKind,
        name: Name,
        module: ModuleId,
        parent: DraftId,
        span: Span,
        facts: Arc<Facts>,
    ) -> Self {
        Draft {
            kind,
            absent: None,
            name,
            module,
            parent,
            at: None,
            span,
            facts,
            children: Vec::new(),
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
    children: IdMap<(DraftId, ModuleId, Name), DraftId>,
}

impl Drafts {
    /// A tree with nothing but its root.
    pub fn new() -> Self {
        let root = Draft::new(
            NodeKind::Root,
            Name(u32::MAX),
            ModuleId(0),
            DraftId::ROOT,
            Span::default(),
            Arc::default(),
        );
        Drafts {
            nodes: vec![root],
            children: IdMap::default(),
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

    /// A schema child, by its module and name; choices, cases, `input` and `output` are steps. O(1).
    pub fn child(&self, parent: DraftId, module: ModuleId, name: Name) -> Option<DraftId> {
        self.children.get(&(parent, module, name)).copied()
    }

    /// Adds a node under its parent, or gives the one that has the name already.
    pub fn add(&mut self, draft: Draft) -> Result<DraftId, DraftId> {
        let id = DraftId(self.nodes.len() as u32);
        let key = (draft.parent, draft.module, draft.name);
        if let Some(other) = self.children.get(&key) {
            return Err(*other);
        }
        self.children.insert(key, id);
        self.nodes[draft.parent.index()].children.push(id);
        self.nodes.push(draft);
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
