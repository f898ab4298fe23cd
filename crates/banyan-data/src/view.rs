//! The effective view of a tree: what is in use beside what is stored.
//!
//! Defaults (RFC 7950 7.6.1, 7.7.2), containers without presence (7.5.1) and default cases (7.9.3) are
//! not stored, yet XPath, readers and printers see them. Lives here: which of them are in use, and which
//! part of a tree is accessible at all. Must not walk: that is the cursor's business.

use std::rc::Rc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use crate::frame::Frame;
use crate::node::{Node, Tree};
use crate::path::InstancePath;

/// How a tree is looked at. Cheap to make.
#[derive(Clone, Copy)]
pub struct View<'t> {
    tree: &'t Tree,
    content: Content,
    scope: Scope,
    conditions: Conditions<'t>,
    operation: Option<Operation<'t>>,
    configuration: Option<&'t View<'t>>,
}

/// What tells the views of one tree apart that one filter serves: whether a node is seen, and so what expressions give.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Aspect {
    content: Content,
    scope: Scope,
    honoured: Honoured,
    /// Where the operation's root is in memory.
    operation: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Content {
    Stored,
    InUse,
}

/// Which nodes are accessible (RFC 7950 6.4.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Scope {
    /// Configuration only: what constraints on configuration see.
    Config,
    /// Everything.
    #[default]
    All,
}

/// Where `when` is honoured.
#[derive(Clone, Copy)]
enum Conditions<'t> {
    Ignored,
    OnDefaults(&'t dyn WhenFilter),
    OnAll(&'t dyn WhenFilter),
}

/// Where `when` is honoured, without the filter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Honoured {
    Nowhere,
    OnDefaults,
    OnAll,
}

impl Conditions<'_> {
    fn kind(&self) -> Honoured {
        match self {
            Conditions::Ignored => Honoured::Nowhere,
            Conditions::OnDefaults(_) => Honoured::OnDefaults,
            Conditions::OnAll(_) => Honoured::OnAll,
        }
    }
}

/// The tree of an rpc, action or notification that is accessible beside the datastore.
#[derive(Clone, Copy)]
struct Operation<'t> {
    tree: &'t Tree,
    parent: &'t InstancePath,
}

/// Decides whether the `when` conditions of a node hold; implemented by the XPath evaluator.
pub trait WhenFilter {
    /// Whether all `when` conditions of `node` hold, those of enclosing choices and cases included.
    fn holds<'a>(&self, view: &'a View<'a>, node: &Rc<Frame<'a>>) -> bool;
}

impl<'t> View<'t> {
    /// What is in use, configuration and state, without a look at `when`.
    pub fn of(tree: &'t Tree) -> Self {
        View {
            tree,
            content: Content::InUse,
            scope: Scope::All,
            conditions: Conditions::Ignored,
            operation: None,
            configuration: None,
        }
    }

    /// Only what is stored.
    pub fn raw(tree: &'t Tree) -> Self {
        View {
            content: Content::Stored,
            ..View::of(tree)
        }
    }

    /// The same view with another scope.
    pub fn with_scope(self, scope: Scope) -> Self {
        View { scope, ..self }
    }

    /// Defaults and containers whose `when` is false are not in use; stored data are shown nevertheless.
    pub fn with_whens(self, filter: &'t dyn WhenFilter) -> Self {
        View {
            conditions: Conditions::OnDefaults(filter),
            ..self
        }
    }

    /// Nothing whose `when` is false is shown, stored or not.
    pub fn with_whens_on_all(self, filter: &'t dyn WhenFilter) -> Self {
        View {
            conditions: Conditions::OnAll(filter),
            ..self
        }
    }

    /// Constraints on configuration see that view of the same tree, which shows configuration alone (RFC 7950 6.4.1).
    pub fn with_configuration(self, configuration: &'t View<'t>) -> Self {
        View {
            configuration: Some(configuration),
            ..self
        }
    }

    /// Adds the tree of an rpc, action or notification that belongs below the instance `parent`
    /// (the root's empty path for an rpc or top-level notification).
    pub fn with_operation(self, tree: &'t Tree, parent: &'t InstancePath) -> Self {
        View {
            operation: Some(Operation { tree, parent }),
            ..self
        }
    }

    /// The datastore's tree.
    pub fn tree(&self) -> &'t Tree {
        self.tree
    }

    /// The operation's tree with the path of the instance that it belongs to.
    pub fn operation(&self) -> Option<(&'t Tree, &'t InstancePath)> {
        self.operation
            .map(|operation| (operation.tree, operation.parent))
    }

    /// What constraints on configuration see, if that was told.
    pub fn configuration(&self) -> Option<&'t View<'t>> {
        self.configuration
    }

    /// What tells it apart from other views of its tree.
    pub(crate) fn aspect(&self) -> Aspect {
        let operation = self.operation.map(|it| it.tree.root());
        Aspect {
            content: self.content,
            scope: self.scope,
            honoured: self.conditions.kind(),
            operation: operation.map(|root| std::ptr::from_ref(root) as usize),
        }
    }

    /// Whether defaults and the like are part of the view.
    pub fn shows_defaults(&self) -> bool {
        self.content == Content::InUse
    }

    /// Whether instances of a data node are accessible.
    pub fn admits(&self, schema: &Schema, id: SchemaId) -> bool {
        self.scope == Scope::All || schema.node(id).config
    }

    /// Whether the conditions on a stored node, or (not `stored`) on a default, let it be seen.
    pub fn passes<'a>(&'a self, node: &Rc<Frame<'a>>, stored: bool) -> bool {
        let filter = match self.conditions {
            Conditions::Ignored => return true,
            Conditions::OnDefaults(_) if stored => return true,
            Conditions::OnDefaults(filter) | Conditions::OnAll(filter) => filter,
        };
        !has_when(node.schema(), node.id()) || filter.holds(self, node)
    }
}

/// Whether a data node depends on a `when` of its own or of a choice or case around it.
pub fn has_when(schema: &Schema, id: SchemaId) -> bool {
    let node = schema.node(id);
    !node.whens().is_empty()
        || case_chain(schema, id).any(|above| !schema.node(above).whens().is_empty())
}

/// The cases and choices between a data node and its data parent, inside out.
pub fn case_chain(schema: &Schema, id: SchemaId) -> impl Iterator<Item = SchemaId> + '_ {
    let above = move |id: SchemaId| {
        schema
            .node(id)
            .parent()
            .filter(|parent| matches!(schema.node(*parent).kind, NodeKind::Choice | NodeKind::Case))
    };
    std::iter::successors(above(id), move |id| above(*id))
}

/// The case of `choice` that has data in `node`, if any (RFC 7950 7.9). O(children of `node`).
pub fn active_case(schema: &Schema, node: Option<&Node>, choice: SchemaId) -> Option<SchemaId> {
    node?.slots().iter().find_map(|slot| {
        let mut case = None;
        for above in case_chain(schema, slot.id) {
            if above == choice {
                return case;
            }
            case = Some(above);
        }
        None
    })
}

/// Whether an absent data node `id` below `node` could be in use as far as choices go: each case around it
/// has data, or is the default case of a choice without any (RFC 7950 7.6.1, 7.9.3).
pub fn case_in_use(schema: &Schema, node: Option<&Node>, id: SchemaId) -> bool {
    let mut case = None;
    for above in case_chain(schema, id) {
        match schema.node(above).kind {
            NodeKind::Case => case = Some(above),
            _ => {
                let active = active_case(schema, node, above);
                if active.or(schema.node(above).default_case()) != case {
                    return false;
                }
            }
        }
    }
    true
}
