//! Schema nodes: what each YANG definition means once groupings, augments and deviations are applied.

use std::sync::Arc;

use super::{Expression, ModuleId, Must, SchemaId, Type, Unique, When};
use crate::source::Span;

/// The kind of a schema node.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NodeKind {
    /// The nameless root of the data tree.
    Root,
    /// RFC 7950 7.5.
    Container,
    /// RFC 7950 7.8.
    List,
    /// RFC 7950 7.6.
    Leaf,
    /// RFC 7950 7.7.
    LeafList,
    /// RFC 7950 7.9.
    Choice,
    /// RFC 7950 7.9.2; a shorthand gets an implicit one.
    Case,
    /// RFC 7950 7.10.
    AnyData,
    /// RFC 7950 7.11.
    AnyXml,
    /// RFC 7950 7.14.
    Rpc,
    /// RFC 7950 7.15.
    Action,
    /// The `input` of an rpc or action; always present.
    Input,
    /// The `output` of an rpc or action; always present.
    Output,
    /// RFC 7950 7.16.
    Notification,
    /// RFC 8791: the root of a tree of its own, outside of the data tree.
    Structure,
    /// RFC 8040 section 8: as a structure; the name is that of a template and not part of the data.
    YangData,
}

impl NodeKind {
    /// Whether instances of the kind are nodes of a data tree (RFC 7950 3, "data node").
    pub fn is_data(self) -> bool {
        use NodeKind::*;
        matches!(self, Container | List | Leaf | LeafList | AnyData | AnyXml)
    }

    /// Whether the kind is the root of a tree outside of the data tree: see [`super::Schema::structures`].
    pub fn is_structure(self) -> bool {
        matches!(self, NodeKind::Structure | NodeKind::YangData)
    }

    /// The YANG keyword.
    pub fn keyword(self) -> &'static str {
        match self {
            NodeKind::Root => "root",
            NodeKind::Container => "container",
            NodeKind::List => "list",
            NodeKind::Leaf => "leaf",
            NodeKind::LeafList => "leaf-list",
            NodeKind::Choice => "choice",
            NodeKind::Case => "case",
            NodeKind::AnyData => "anydata",
            NodeKind::AnyXml => "anyxml",
            NodeKind::Rpc => "rpc",
            NodeKind::Action => "action",
            NodeKind::Input => "input",
            NodeKind::Output => "output",
            NodeKind::Notification => "notification",
            NodeKind::Structure => "structure",
            NodeKind::YangData => "yang-data",
        }
    }
}

/// RFC 7950 7.21.2.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Status {
    /// In use.
    #[default]
    Current,
    /// Still allowed.
    Deprecated,
    /// Should not be implemented.
    Obsolete,
}

/// RFC 7950 7.7.7.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum OrderedBy {
    /// The system decides: Banyan keeps entries in key order.
    #[default]
    System,
    /// The user decides, and the order is data.
    User,
}

/// A default value as written, with what its prefixes mean: the value is bound by the data layer.
#[derive(Clone, Debug)]
pub struct DefaultText {
    /// The lexical value.
    pub text: Arc<str>,
    /// The prefixes in scope where the default was written (identityref, instance-identifier).
    pub prefixes: Arc<super::PrefixMap>,
}

/// A use of an extension (RFC 7950 7.19), kept for whoever understands it.
#[derive(Clone, Debug)]
pub struct ExtensionInstance {
    /// The module that defines the extension.
    pub module: Arc<str>,
    /// The extension's name.
    pub name: Arc<str>,
    /// Its argument.
    pub argument: Option<Arc<str>>,
    /// Where it stands.
    pub span: Span,
}

/// What only an explicit access control rule allows (RFC 8341 section 9).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum DefaultDeny {
    /// `nacm:default-deny-write`: writing.
    Write,
    /// `nacm:default-deny-all`: reading, writing and calling.
    All,
}

/// What its statements say about a node that most nodes do not say. Nodes that come from one statement, as those of a
/// grouping, share it.
#[derive(Clone, Debug, Default)]
pub struct NodeFacts {
    /// The argument of the `description` that a `refine` gave it; its own is in its statement: see
    /// [`super::Schema::description`].
    pub refined_description: Option<Span>,
    /// Effective defaults of a leaf (at most one) or leaf-list: its own, else its type's (RFC 7950 7.6.1).
    pub defaults: Vec<DefaultText>,
    /// `units`, own or of the typedef.
    pub units: Option<Arc<str>>,
    /// All `must` statements, refined ones included.
    pub musts: Vec<Must>,
    /// All `when` statements: own, of the `uses` and of the `augment` that brought the node.
    pub whens: Vec<When>,
    /// `min-elements`; 0 when absent.
    pub min_elements: u32,
    /// `max-elements`; `None` is unbounded.
    pub max_elements: Option<u32>,
    /// Uses of extensions on this node.
    pub extensions: Vec<ExtensionInstance>,
    /// Whether RFC 8528 `mount-point` stands here, and its label.
    pub mount_point: Option<Arc<str>>,
}

impl NodeFacts {
    /// Those of a node that has none.
    const NONE: &NodeFacts = &NodeFacts {
        refined_description: None,
        defaults: Vec::new(),
        units: None,
        musts: Vec::new(),
        whens: Vec::new(),
        min_elements: 0,
        max_elements: None,
        extensions: Vec::new(),
        mount_point: None,
    };

    /// To be shared; `None` if there is nothing in them.
    pub(crate) fn shared(self) -> Option<Arc<Self>> {
        let is_empty = self.refined_description.is_none()
            && self.defaults.is_empty()
            && self.units.is_none()
            && self.musts.is_empty()
            && self.whens.is_empty()
            && self.min_elements == 0
            && self.max_elements.is_none()
            && self.extensions.is_empty()
            && self.mount_point.is_none();
        (!is_empty).then(|| Arc::new(self))
    }
}

/// What names other nodes: only lists and choices have it.
#[derive(Clone, Debug, Default)]
pub struct NodeLinks {
    /// The keys of a list, in the order of the `key` statement.
    pub keys: Vec<SchemaId>,
    /// `unique` statements of a list.
    pub uniques: Vec<Unique>,
    /// The default case of a choice.
    pub default_case: Option<SchemaId>,
}

/// One schema node. Small, because real sets have half a million: children are in the [`super::Schema`], facts are shared.
#[derive(Debug)]
pub struct SchemaNode {
    /// Its local name; empty for the root.
    pub name: Arc<str>,
    /// The type of a leaf or leaf-list.
    pub ty: Option<Arc<Type>>,
    facts: Option<Arc<NodeFacts>>,
    links: Option<Box<NodeLinks>>,
    /// The statement that defined the node.
    pub span: Span,
    /// The module whose namespace it is in (an augmenting module's for what it adds).
    pub module: ModuleId,
    /// Of the root: itself.
    parent: SchemaId,
    /// Set when the schema is assembled.
    pub(super) data_parent: SchemaId,
    /// What it is.
    pub kind: NodeKind,
    /// Effective status: the worst of its own and its ancestors'.
    pub status: Status,
    /// `ordered-by` (always system for state data, output and notifications, RFC 7950 7.7.7).
    pub ordered_by: OrderedBy,
    /// Effective `config`; `true` in operations and notifications, where it has no meaning.
    pub config: bool,
    /// `mandatory true`.
    pub mandatory: bool,
    /// A container with `presence`.
    pub presence: bool,
    /// Whether the node is a key of its list.
    pub is_key: bool,
}

impl SchemaNode {
    /// A node with nothing but kind, name and place; the compiler fills in the rest.
    pub fn new(
        kind: NodeKind,
        name: Arc<str>,
        module: ModuleId,
        parent: Option<SchemaId>,
        span: Span,
    ) -> Self {
        Self::sharing(None, kind, name, module, parent, span)
    }

    /// As [`SchemaNode::new`], with facts that other nodes have too.
    pub(crate) fn sharing(
        facts: Option<Arc<NodeFacts>>,
        kind: NodeKind,
        name: Arc<str>,
        module: ModuleId,
        parent: Option<SchemaId>,
        span: Span,
    ) -> Self {
        SchemaNode {
            name,
            ty: None,
            facts,
            links: None,
            span,
            module,
            parent: parent.unwrap_or(SchemaId::ROOT),
            data_parent: SchemaId::ROOT,
            kind,
            status: Status::Current,
            ordered_by: OrderedBy::System,
            config: true,
            mandatory: false,
            presence: false,
            is_key: false,
        }
    }

    /// The same node with facts that other nodes may have too, and with links to others.
    pub(crate) fn with(self, facts: Option<Arc<NodeFacts>>, links: Option<Box<NodeLinks>>) -> Self {
        SchemaNode {
            facts,
            links,
            ..self
        }
    }

    /// The facts, to change them while a schema is made; nodes that share them keep theirs.
    pub fn facts_mut(&mut self) -> &mut NodeFacts {
        Arc::make_mut(self.facts.get_or_insert_default())
    }

    /// The links to other nodes, to change them while a schema is made.
    pub fn links_mut(&mut self) -> &mut NodeLinks {
        self.links.get_or_insert_default()
    }

    /// The facts, as nodes share them; `None` if there are none.
    pub(crate) fn shared_facts(&self) -> Option<&Arc<NodeFacts>> {
        self.facts.as_ref()
    }

    fn facts(&self) -> &NodeFacts {
        self.facts.as_deref().unwrap_or(NodeFacts::NONE)
    }

    /// Whether the node is the root of a tree.
    fn is_top(&self) -> bool {
        self.kind == NodeKind::Root || self.kind.is_structure()
    }

    /// The schema parent, choice and case included; `None` for the root and for structures.
    pub fn parent(&self) -> Option<SchemaId> {
        (!self.is_top()).then_some(self.parent)
    }

    /// The nearest ancestor that is not a choice or case; `None` for the root and for structures.
    pub fn data_parent(&self) -> Option<SchemaId> {
        (!self.is_top()).then_some(self.data_parent)
    }

    /// The keys of a list, in the order of the `key` statement; empty for keyless lists and other nodes.
    pub fn keys(&self) -> &[SchemaId] {
        self.links.as_ref().map_or(&[], |links| &links.keys)
    }

    /// `unique` statements of a list.
    pub fn uniques(&self) -> &[Unique] {
        self.links.as_ref().map_or(&[], |links| &links.uniques)
    }

    /// The default case of a choice.
    pub fn default_case(&self) -> Option<SchemaId> {
        self.links.as_ref()?.default_case
    }

    /// Effective defaults of a leaf (at most one) or leaf-list: its own, else its type's (RFC 7950 7.6.1).
    pub fn defaults(&self) -> &[DefaultText] {
        &self.facts().defaults
    }

    /// `units`, own or of the typedef.
    pub fn units(&self) -> Option<&Arc<str>> {
        self.facts().units.as_ref()
    }

    /// All `must` statements, refined ones included.
    pub fn musts(&self) -> &[Must] {
        &self.facts().musts
    }

    /// All `when` statements: own, of the `uses` and of the `augment` that brought the node.
    pub fn whens(&self) -> &[When] {
        &self.facts().whens
    }

    /// `min-elements`; 0 when absent.
    pub fn min_elements(&self) -> u32 {
        self.facts().min_elements
    }

    /// `max-elements`; `None` is unbounded.
    pub fn max_elements(&self) -> Option<u32> {
        self.facts().max_elements
    }

    /// Uses of extensions on this node.
    pub fn extensions(&self) -> &[ExtensionInstance] {
        &self.facts().extensions
    }

    /// Whether RFC 8528 `mount-point` stands here, and its label.
    pub fn mount_point(&self) -> Option<&Arc<str>> {
        self.facts().mount_point.as_ref()
    }

    /// The argument of the `description` that a `refine` gave it.
    pub(crate) fn refined_description(&self) -> Option<Span> {
        self.facts().refined_description
    }

    /// A container without `presence`: it exists whenever its parent does (RFC 7950 7.5.1).
    pub fn is_np_container(&self) -> bool {
        self.kind == NodeKind::Container && !self.presence
    }

    /// What access control denies unless a rule permits it, as the node itself says; it holds for what is
    /// below it too. A grouping, `refine` or deviation may have said it. On operations and notifications
    /// `default-deny-write` means nothing (RFC 8341 section 9).
    pub fn default_deny(&self) -> Option<DefaultDeny> {
        let operation = matches!(
            self.kind,
            NodeKind::Rpc | NodeKind::Action | NodeKind::Notification
        );
        let nacm = self
            .extensions()
            .iter()
            .filter(|extension| &*extension.module == "ietf-netconf-acm");
        nacm.filter_map(|extension| match &*extension.name {
            "default-deny-all" => Some(DefaultDeny::All),
            "default-deny-write" if !operation => Some(DefaultDeny::Write),
            _ => None,
        })
        .max()
    }

    /// All expressions on the node, `must` and `when`.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.musts()
            .iter()
            .map(|must| &must.expression)
            .chain(self.whens().iter().map(|when| &when.expression))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_small() {
        assert!(size_of::<SchemaNode>() <= 72, "{}", size_of::<SchemaNode>());
    }
}
