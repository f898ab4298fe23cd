//! Constraints: `must`, `when`, `unique`, and the XPath expressions that they hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{ModuleId, SchemaId};
use crate::source::Span;
use crate::xpath::Expr;

/// What prefixes mean where an expression or value was written (RFC 7950 6.4.1, 7.1.4).
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PrefixMap {
    /// The module of unprefixed names; `None` when they have no module of their own.
    pub default: Option<ModuleId>,
    /// Prefix to module, the defining module's own prefix included.
    pub prefixes: BTreeMap<Arc<str>, ModuleId>,
}

impl PrefixMap {
    /// The module that `prefix` (or its absence) stands for.
    pub fn module(&self, prefix: Option<&str>) -> Option<ModuleId> {
        match prefix {
            None => self.default,
            Some(prefix) => self.prefixes.get(prefix).copied(),
        }
    }
}

/// An XPath expression of the schema, parsed, with the prefixes of the module where it was written.
#[derive(Clone, Debug)]
pub struct Expression {
    /// As written.
    pub text: Arc<str>,
    /// The syntax tree.
    pub expr: Arc<Expr>,
    /// The prefix map of the defining module. For a grouping's nodes the default is the module that uses
    /// it (RFC 7950 6.4.1), while prefixes are those of the module that defines the grouping.
    pub prefixes: Arc<PrefixMap>,
    /// Where it stands.
    pub span: Span,
}

/// RFC 7950 7.5.3.
#[derive(Clone, Debug)]
pub struct Must {
    /// The condition.
    pub expression: Expression,
    /// Its `error-message`.
    pub error_message: Option<Arc<str>>,
    /// Its `error-app-tag`; `must-violation` when absent.
    pub error_app_tag: Option<Arc<str>>,
}

/// Which node is the context of a `when` (RFC 7950 7.21.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhenContext {
    /// The node that bears the `when` itself (a dummy when it is absent).
    Node,
    /// The closest ancestor that is a data node: for choice and case, and for what `uses` and `augment` add.
    Parent,
}

/// RFC 7950 7.21.5.
#[derive(Clone, Debug)]
pub struct When {
    /// The condition.
    pub expression: Expression,
    /// What the expression is evaluated on.
    pub context: WhenContext,
}

/// RFC 7950 7.8.3: the leaves whose values, taken together, must differ between entries.
#[derive(Clone, Debug)]
pub struct Unique {
    /// Descendant leaves, in the order of the argument.
    pub leaves: Vec<SchemaId>,
    /// Where it stands.
    pub span: Span,
}
