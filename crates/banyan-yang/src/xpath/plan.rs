//! An expression bound to one schema: what an evaluator walks, and what a validator asks about.
//!
//! Pure data, made by [`super::bind`]. All ids are of the schema that the plan was bound to; a plan never
//! outlives its use with that schema.
//!
//! # How an evaluator reads a plan
//! - A node that a step reaches passes a [`NameTest`] if its schema id is in [`NameTest::nodes`]: no text is
//!   compared. In a mounted tree, whose ids are of another schema, it passes if module name and local name
//!   are those of the test.
//! - A step with a [`KeyLookup`] takes at most one list entry per combination of key values, by key, and
//!   then applies the remaining predicates: what the lookup covers has been taken out of them.
//! - `input` and `output` are no nodes in XPath: the parent of an input parameter is the operation's node
//!   (RFC 7950 6.4.1). See [`super::bind::parent`].

use std::sync::Arc;

use super::{ArithOp, Axis, CompareOp, Function};
use crate::schema::{IdentityId, ModuleId, PrefixMap, SchemaId};

/// An expression with its names resolved, and what is known of it without data.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What to evaluate.
    pub expr: PlanExpr,
    /// The type of the result.
    pub result: ResultType,
    /// Everything in the data tree that the result can depend on.
    pub reads: Reads,
    /// The prefixes of the expression, for strings that are resolved when evaluated (identity names).
    pub prefixes: Arc<PrefixMap>,
}

/// The type of an expression's value (XPath 1.0 section 1), as far as it is known without data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResultType {
    /// A node-set.
    Nodes,
    /// A boolean.
    Boolean,
    /// A number.
    Number,
    /// A string.
    String,
    /// Whatever a variable holds.
    Unknown,
}

/// A bound expression. Same shape as [`super::Expr`].
#[derive(Debug, Clone, PartialEq)]
pub enum PlanExpr {
    /// True if one operand is; the rest is not evaluated then.
    Or(Box<[PlanExpr]>),
    /// False if one operand is; the rest is not evaluated then.
    And(Box<[PlanExpr]>),
    /// A comparison. A string literal that is compared with identityref leaves has been resolved to
    /// `module-name:identity`, which is what the string-value of an identityref has to be.
    Compare(CompareOp, Box<PlanExpr>, Box<PlanExpr>),
    /// Arithmetic.
    Arith(ArithOp, Box<PlanExpr>, Box<PlanExpr>),
    /// The negative.
    Negate(Box<PlanExpr>),
    /// The union of node-sets, in document order.
    Union(Box<[PlanExpr]>),
    /// A location path from the context node, or from the root if `absolute`.
    Path {
        /// Where it begins.
        absolute: bool,
        /// Its steps.
        steps: Box<[PlanStep]>,
    },
    /// A node-set, filtered and walked from.
    Filter {
        /// What gives the node-set.
        primary: Box<PlanExpr>,
        /// Filters of it, in document order.
        predicates: Box<[Predicate]>,
        /// Steps from what remains.
        steps: Box<[PlanStep]>,
    },
    /// A number.
    Number(f64),
    /// A string.
    Literal(Arc<str>),
    /// A variable, by name without the dollar sign.
    Variable(Arc<str>),
    /// `derived-from()` and `derived-from-or-self()` with an identity that is known.
    DerivedFrom {
        /// The nodes whose values are asked about.
        nodes: Box<PlanExpr>,
        /// The identity.
        base: IdentityId,
        /// True for `derived-from-or-self()`.
        or_self: bool,
    },
    /// A part whose value does not depend on the context node: computed once, and kept. Stands only where the
    /// value would be computed repeatedly otherwise.
    Once {
        /// For how long the value holds.
        per: Per,
        /// The part.
        expr: Arc<PlanExpr>,
    },
    /// Any other function. `derived-from()` with a computed name, or one that no module defines, stays
    /// here, too: it is false for a name that does not resolve with [`Plan::prefixes`].
    Call {
        /// Which.
        function: Function,
        /// With what.
        args: Box<[PlanExpr]>,
    },
}

/// For how long the value of a part of an expression holds, the longest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Per {
    /// As long as the tree: it is the same in all evaluations of the expression over one view.
    Tree,
    /// For one evaluation: it depends on `current()` or on a variable.
    Evaluation,
}

/// A bound step.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanStep {
    /// The direction.
    pub axis: Axis,
    /// Which nodes pass.
    pub test: PlanTest,
    /// Take the list entries by key instead of scanning the list. Only with the `child` axis and a test
    /// that one list passes.
    pub lookup: Option<KeyLookup>,
    /// What is still to be filtered after the lookup, in order.
    pub predicates: Box<[Predicate]>,
}

/// A bound node test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanTest {
    /// A name.
    Name(NameTest),
    /// `prefix:*`: every data node of a module.
    Module {
        /// The module; `None` if this schema lacks it.
        module: Option<ModuleId>,
        /// Its name, for mounted trees.
        module_name: Arc<str>,
    },
    /// `*`: every data node.
    AnyName,
    /// `node()`: every node, the root and texts included.
    Node,
    /// `text()`: the text of a leaf or leaf-list entry.
    Text,
    /// `comment()`, `processing-instruction()`: nothing.
    Nothing,
}

impl PlanTest {
    /// True if only nodes of a module that this schema lacks can pass.
    pub fn is_foreign(&self) -> bool {
        match self {
            Self::Name(name) => name.module.is_none() && name.module_name.is_some(),
            Self::Module { module, .. } => module.is_none(),
            _ => false,
        }
    }
}

/// A bound name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameTest {
    /// The module. `None` if this schema lacks it (only mounted trees can have such nodes), and if the name stands
    /// for nodes of any module (no prefix, and no default).
    pub module: Option<ModuleId>,
    /// The module's name, for mounted trees. `None` if any module will do.
    pub module_name: Option<Arc<str>>,
    /// The local name.
    pub local: Arc<str>,
    /// The schema nodes that can be meant here, ascending. Empty if there is none, and then nothing in this
    /// schema's data passes.
    pub nodes: Box<[SchemaId]>,
}

/// Where `[key = value]` predicates fix all keys of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyLookup {
    /// The list.
    pub list: SchemaId,
    /// One expression per key, in the order of the `key` statement. None of them depends on the list entry, so
    /// they may be evaluated once per evaluation of the step, with any context node.
    ///
    /// Each is a string, a node-set, (for a key of integer type only) a number, or a variable: with a value of another
    /// kind it has to be compared with the key of each entry. Entries match whose key has
    /// the string-value of the string or of *some* node in the set: text that is no canonical value of the key's
    /// type matches nothing. Several matches are taken in document order.
    pub keys: Box<[PlanExpr]>,
}

/// A bound predicate.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicate {
    /// The condition, or the wanted position if it is a number.
    pub expr: PlanExpr,
    /// Number: compared with the position. Unknown: decided by the value. All else: turned into a boolean.
    pub result: ResultType,
    /// True if the outcome can depend on `position()` or `last()`: a number, or a use of these functions.
    pub positional: bool,
    /// True if the outcome can depend on `last()`: it takes all nodes of the step to know.
    pub needs_size: bool,
}

/// What an expression can read: over-approximated, never too little.
///
/// The validator's question is "which changes can alter the result?". A change here is an instance that comes or
/// goes (each node of a subtree that comes or goes counts), and the value of a leaf that differs. Steps that
/// only pass through a node (`a` in `a/b`) are not listed: `b` goes when `a` does.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reads {
    /// What is read, sorted by node, without repetitions.
    pub nodes: Vec<Read>,
    /// True if more can be read than the list says: `deref()` of an instance-identifier, a variable, a mounted
    /// tree, or too many nodes to list.
    pub any: bool,
}

/// One schema node whose instances an expression can read.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// Which node.
    pub node: SchemaId,
    /// What of it.
    pub extent: Extent,
    /// An ancestor-or-self of the context node and an ancestor-or-self of `node`: a changed instance of `node` can
    /// only affect contexts under the same instance of it. [`SchemaId::ROOT`] if there is no nearer one.
    pub ancestor: SchemaId,
    /// Lists between `ancestor` and `node` whose entry the expression picks by key, outermost first: only contexts
    /// with these key values read the changed instance.
    pub joins: Vec<Join>,
}

/// What of a node is read. A greater one includes the lesser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Extent {
    /// Whether, how often and in what order instances exist.
    Existence,
    /// The value of a leaf, too.
    Value,
    /// Everything beneath, too.
    Subtree,
}

/// How a list that is picked by key is tied to the context.
#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    /// The list.
    pub list: SchemaId,
    /// One source per key, in the order of the `key` statement.
    pub keys: Vec<JoinKey>,
}

/// Where the wanted value of a key comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum JoinKey {
    /// A leaf that is found from the context node by climbing to `ancestor` and descending without a choice of
    /// list entries: the contexts are those under an instance of `ancestor` whose `leaf` has the key's value.
    Leaf {
        /// The leaf. A key of a list around the context node makes the join a plain look-up.
        leaf: SchemaId,
        /// The common ancestor of leaf and context.
        ancestor: SchemaId,
    },
    /// A constant.
    Literal(Arc<str>),
    /// Anything else: this key does not narrow down the contexts.
    Opaque,
}

/// How to get from a change to the contexts whose expression it can affect (DESIGN.md section 4), cheapest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReadClass {
    /// Climb from the changed node to the common ancestor: the contexts are beneath.
    Local,
    /// Join the keys of the changed list entry with the contexts' leaves.
    Keyed,
    /// All contexts.
    Broadcast,
    /// Any change can affect any context.
    Any,
}
