//! The syntax tree of an XPath 1.0 expression. Pure data: names are as written, prefixes unresolved.

use super::Function;

/// An XPath expression (XPath 1.0 section 3).
///
/// Abbreviations are expanded: `..` is `parent::node()`, `//` is `/descendant-or-self::node()/`, `@x` is
/// `attribute::x`. Parentheses leave no trace beyond the shape of the tree. [`std::fmt::Display`] prints
/// an expression that parses to the same tree.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// `a or b or ...`: at least two operands, evaluated left to right until one is true.
    Or(Vec<Expr>),
    /// `a and b and ...`: at least two operands, evaluated left to right until one is false.
    And(Vec<Expr>),
    /// `a = b`, `a < b`, ...
    Compare(CompareOp, Box<Expr>, Box<Expr>),
    /// `a + b`, `a div b`, ...
    Arith(ArithOp, Box<Expr>, Box<Expr>),
    /// `-a`
    Negate(Box<Expr>),
    /// `a | b | ...`: at least two operands.
    Union(Vec<Expr>),
    /// A location path from the context node or from the root.
    Path(LocationPath),
    /// A primary expression that is filtered, walked from, or both: `(a | b)[1]/c`, `current()/../d`,
    /// `$v/e`. At least one of `predicates` and `path` is not empty.
    Filter {
        /// The expression that gives the node-set.
        primary: Box<Expr>,
        /// Filters of that node-set, in document order; `position()` counts in it.
        predicates: Vec<Expr>,
        /// The steps from each remaining node.
        path: Vec<Step>,
    },
    /// A number: not negative, never NaN.
    Number(f64),
    /// A string literal, without its quotes.
    Literal(String),
    /// `$name`; the name may have a prefix.
    Variable(String),
    /// A call of a known function, with a number of arguments that it takes.
    Call {
        /// Which function.
        function: Function,
        /// Its arguments.
        args: Vec<Expr>,
        /// Where the name of the function begins.
        at: Offset,
    },
}

/// A place in the text of an expression, in bytes from its beginning, if it was read from one.
///
/// It is no part of what an expression says: all offsets are equal.
#[derive(Debug, Clone, Copy, Default)]
pub struct Offset(pub Option<usize>);

impl PartialEq for Offset {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Offset {}

impl std::fmt::Display for Offset {
    /// What a message ends with.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(offset) => write!(f, " (at byte {offset} of the expression)"),
            None => Ok(()),
        }
    }
}

/// `=`, `!=`, `<`, `<=`, `>`, `>=` (XPath 1.0 section 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl CompareOp {
    /// The operator as written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// The operator with its sides exchanged: `a < b` is `b > a`.
    pub fn mirrored(self) -> Self {
        match self {
            Self::Equal | Self::NotEqual => self,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }
}

/// `+`, `-`, `*`, `div`, `mod` (XPath 1.0 section 3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArithOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `div`: IEEE 754 division.
    Divide,
    /// `mod`: the remainder with the sign of the dividend.
    Modulo,
}

impl ArithOp {
    /// The operator as written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "div",
            Self::Modulo => "mod",
        }
    }
}

/// Steps from the context node, or from the root if `absolute`.
#[derive(Debug, Clone, PartialEq)]
pub struct LocationPath {
    /// True if the path begins with `/`. Only such a path may have no steps: it is the root itself.
    pub absolute: bool,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// One step of a location path: `axis::test[predicate]...`.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// In which direction.
    pub axis: Axis,
    /// Which nodes on the axis.
    pub test: NodeTest,
    /// Filters; `position()` counts along the axis.
    pub predicates: Vec<Expr>,
    /// Where it begins.
    pub at: Offset,
}

impl Step {
    /// The step `..`.
    pub fn parent() -> Self {
        Self {
            axis: Axis::Parent,
            test: NodeTest::Node,
            predicates: Vec::new(),
            at: Offset::default(),
        }
    }

    /// True for a `parent` step that every node passes (`..`).
    pub fn is_parent(&self) -> bool {
        self.axis == Axis::Parent && self.test == NodeTest::Node && self.predicates.is_empty()
    }
}

/// The thirteen axes (XPath 1.0 section 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Axis {
    /// `ancestor`
    Ancestor,
    /// `ancestor-or-self`
    AncestorOrSelf,
    /// `attribute`: always empty, the data model of RFC 7950 6.4.1 has no attributes.
    Attribute,
    /// `child`
    Child,
    /// `descendant`
    Descendant,
    /// `descendant-or-self`
    DescendantOrSelf,
    /// `following`
    Following,
    /// `following-sibling`
    FollowingSibling,
    /// `namespace`: always empty, as `attribute`.
    Namespace,
    /// `parent`
    Parent,
    /// `preceding`
    Preceding,
    /// `preceding-sibling`
    PrecedingSibling,
    /// `self`
    SelfNode,
}

impl Axis {
    /// All axes, sorted by name.
    pub const ALL: [Self; 13] = [
        Self::Ancestor,
        Self::AncestorOrSelf,
        Self::Attribute,
        Self::Child,
        Self::Descendant,
        Self::DescendantOrSelf,
        Self::Following,
        Self::FollowingSibling,
        Self::Namespace,
        Self::Parent,
        Self::Preceding,
        Self::PrecedingSibling,
        Self::SelfNode,
    ];

    /// The axis as written before `::`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ancestor => "ancestor",
            Self::AncestorOrSelf => "ancestor-or-self",
            Self::Attribute => "attribute",
            Self::Child => "child",
            Self::Descendant => "descendant",
            Self::DescendantOrSelf => "descendant-or-self",
            Self::Following => "following",
            Self::FollowingSibling => "following-sibling",
            Self::Namespace => "namespace",
            Self::Parent => "parent",
            Self::Preceding => "preceding",
            Self::PrecedingSibling => "preceding-sibling",
            Self::SelfNode => "self",
        }
    }

    /// The axis with that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|axis| axis.name() == name)
    }

    /// True for the axes whose proximity positions count against document order (XPath 1.0 section 2.4).
    pub fn is_reverse(self) -> bool {
        matches!(
            self,
            Self::Ancestor
                | Self::AncestorOrSelf
                | Self::Preceding
                | Self::PrecedingSibling
                | Self::Parent
        )
    }

    /// True for the axes that are empty in YANG's data model, whatever the node.
    pub fn is_empty_in_yang(self) -> bool {
        matches!(self, Self::Attribute | Self::Namespace)
    }
}

/// What a step keeps of the nodes on its axis (XPath 1.0 section 2.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NodeTest {
    /// A name. Without a prefix it stands in the default namespace that RFC 7950 6.4.1 gives to the
    /// expression.
    Name {
        /// The prefix, if written.
        prefix: Option<String>,
        /// The local name.
        local: String,
    },
    /// `*`
    Any,
    /// `prefix:*`
    AnyInPrefix(String),
    /// `node()`
    Node,
    /// `text()`
    Text,
    /// `comment()`: matches nothing in YANG's data model.
    Comment,
    /// `processing-instruction()`, with its target if given: matches nothing in YANG's data model.
    ProcessingInstruction(Option<String>),
}
