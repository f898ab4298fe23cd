//! The nodes that a diagram shows: one for each place in the expanded tree, in the order of the texts.
//!
//! Unlike the schema's nodes they keep what was written: the type's name, the `if-feature`s, the `uses` that a node
//! came by. Must not know how nodes are made or printed.

use std::borrow::Cow;

use crate::compile::{StatementRef, UnitId};
use crate::schema::Status;
use crate::statement::Keyword;

/// How deep nodes may nest.
const MAX_DEPTH: u16 = 250;
/// How many nodes there may be: groupings that use each other twice double at every step.
const MAX_NODES: usize = if cfg!(test) { 100_000 } else { 4_000_000 };

/// Names a node of one [`Nodes`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct NodeId(u32);

/// The type of a leaf or leaf-list, as written.
#[derive(Clone, Debug)]
pub(super) enum TypeText<'s> {
    /// The argument of `type`.
    Named(Cow<'s, str>),
    /// The argument of `path`.
    Leafref(&'s str),
}

/// One node. Modules, groupings and augments are nodes too: those that hold what stands in them.
#[derive(Clone, Debug)]
pub(super) struct Node<'s> {
    /// What it is; [`Keyword::Unknown`] is a place that a later augment of the module fills.
    pub kind: Keyword,
    pub name: &'s str,
    /// Its statement; implied nodes have none.
    pub at: Option<StatementRef>,
    /// The text where it became part of the tree: that of the outermost `uses`, else its own. Gives its prefix.
    pub unit: UnitId,
    /// Of a place that was filled, and of a node that was taken out, there is none.
    pub parent: Option<NodeId>,
    pub children: Vec<NodeId>,
    /// Of what is below it.
    height: u16,
    /// `None` inside operations and notifications, and where a grouping leaves it open.
    pub config: Option<bool>,
    /// What its `config` statement says.
    pub stated_config: Option<bool>,
    pub mandatory: bool,
    pub presence: bool,
    pub key: Option<&'s str>,
    pub is_key: bool,
    pub ty: Option<TypeText<'s>>,
    pub status: Status,
    /// The arguments of its `if-feature`s, then of those of the `uses` and refinements.
    pub features: Vec<&'s str>,
    /// The outermost `uses` that it came by.
    pub uses: Option<StatementRef>,
    /// The `augment` that added it.
    pub augment: Option<StatementRef>,
    /// An `if-feature` is false even with all features on.
    pub absent: bool,
}

impl<'s> Node<'s> {
    pub fn new(kind: Keyword, name: &'s str, unit: UnitId) -> Self {
        Node {
            kind,
            name,
            at: None,
            unit,
            parent: None,
            children: Vec::new(),
            height: 0,
            config: None,
            stated_config: None,
            mandatory: false,
            presence: false,
            key: None,
            is_key: false,
            ty: None,
            status: Status::Current,
            features: Vec::new(),
            uses: None,
            augment: None,
            absent: false,
        }
    }

    /// Whether `config` is not inherited: operations and notifications, and what extensions hold (RFC 7950 7.21.1).
    pub fn ends_config(&self) -> bool {
        use Keyword::{Action, Extension, Notification, Rpc};
        matches!(self.kind, Action | Rpc | Notification | Extension)
    }
}

/// All nodes of a diagram's modules.
#[derive(Debug, Default)]
pub(super) struct Nodes<'s> {
    nodes: Vec<Node<'s>>,
}

impl<'s> Nodes<'s> {
    pub fn get(&self, id: NodeId) -> &Node<'s> {
        &self.nodes[id.0 as usize]
    }

    pub fn get_mut(&mut self, id: NodeId) -> &mut Node<'s> {
        &mut self.nodes[id.0 as usize]
    }

    /// Whether there are as many nodes as there may be.
    pub fn is_full(&self) -> bool {
        self.nodes.len() >= MAX_NODES
    }

    /// Whether `child` can be put below `parent` without nesting too deep. O(depth).
    pub fn has_room(&self, parent: NodeId, child: NodeId) -> bool {
        let depth = std::iter::successors(Some(parent), |id| self.get(*id).parent).count();
        depth + usize::from(self.get(child).height) <= usize::from(MAX_DEPTH)
    }

    /// Whether a node can be put below `parent`. O(depth).
    pub fn has_room_below(&self, parent: NodeId) -> bool {
        std::iter::successors(Some(parent), |id| self.get(*id).parent).count()
            < usize::from(MAX_DEPTH)
    }

    /// Adds a node that has no place yet.
    pub fn add(&mut self, node: Node<'s>) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(node);
        id
    }

    /// Makes a node the last child of another. O(depth).
    pub fn append(&mut self, parent: NodeId, child: NodeId) {
        self.get_mut(child).parent = Some(parent);
        self.get_mut(parent).children.push(child);
        let mut below = child;
        while let Some(above) = self.get(below).parent {
            let height = self.get(below).height.saturating_add(1);
            if self.get(above).height >= height {
                break;
            }
            self.get_mut(above).height = height;
            below = above;
        }
    }

    /// Copies a node of a grouping with all below it, for the place where a `uses` stands. Linear in what it copies,
    /// which is cut short when there are too many nodes.
    pub fn copy(&mut self, from: NodeId, uses: StatementRef) -> NodeId {
        let children = std::mem::take(&mut self.get_mut(from).children);
        let copy = Node {
            unit: uses.unit,
            uses: Some(uses),
            parent: None,
            ..self.get(from).clone()
        };
        let id = self.add(copy);
        for child in &children {
            if self.is_full() {
                break;
            }
            let child = self.copy(*child, uses);
            self.get_mut(child).parent = Some(id);
            self.get_mut(id).children.push(child);
        }
        self.get_mut(from).children = children;
        id
    }

    /// Sets `config` for a node and all below it (RFC 7950 7.21.1). `explicit`: whether a `config` statement counts
    /// where nothing is inherited, as in a grouping; inside an rpc it does not.
    pub fn inherit_config(&mut self, id: NodeId, inherited: Option<bool>, explicit: bool) {
        let node = self.get_mut(id);
        let config = match (node.stated_config, inherited) {
            (Some(stated), None) if explicit => Some(stated),
            (Some(stated), Some(inherited)) => Some(stated && inherited),
            _ => inherited,
        };
        node.config = config;
        for at in 0..self.get(id).children.len() {
            let child = self.get(id).children[at];
            let node = self.get(child);
            if node.ends_config() {
                self.inherit_config(child, None, false);
            } else {
                let explicit = explicit || node.uses.is_some();
                self.inherit_config(child, config, explicit);
            }
        }
    }
}
