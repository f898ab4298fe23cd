//! Why a text is not an XPath expression.

use super::Function;

/// An XPath text that does not parse. Shows as one line for the person who wrote the expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} (at byte {offset} of the expression)")]
pub struct XPathError {
    /// Where, in bytes from the beginning of the expression.
    pub offset: usize,
    /// What is wrong there.
    pub problem: XPathProblem,
}

/// What is wrong with an XPath text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XPathProblem {
    /// Another token was needed.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What was found, quoted, or `the end`.
        found: String,
        /// What would have been right.
        expected: &'static str,
    },
    /// A character that begins no token.
    #[error("{0:?} has no meaning in XPath here")]
    Character(char),
    /// A string literal without its closing quote.
    #[error("the string that begins here has no closing {0}")]
    OpenLiteral(char),
    /// A function that neither XPath 1.0 nor YANG 1.1 has.
    #[error("there is no function '{name}'{}", suggestion(*.nearest))]
    UnknownFunction {
        /// The name as written.
        name: String,
        /// A function with nearly that name.
        nearest: Option<&'static str>,
    },
    /// An axis that XPath 1.0 does not have.
    #[error("there is no axis '{name}'{}", suggestion(*.nearest))]
    UnknownAxis {
        /// The name as written.
        name: String,
        /// An axis with nearly that name.
        nearest: Option<&'static str>,
    },
    /// A function with too few or too many arguments.
    #[error("{}() takes {}, not {given}", function.name(), function.arity_text())]
    Arity {
        /// Which function.
        function: Function,
        /// How many arguments were given.
        given: usize,
    },
    /// `.[...]` or `..[...]`, which XPath 1.0 section 2.5 does not have.
    #[error("'.' and '..' take no predicate; write self::node()[...] or parent::node()[...]")]
    PredicateAfterDot,
    /// More nesting, or a longer chain of operators, than is accepted.
    #[error("the expression nests deeper than {limit} levels; simplify it")]
    TooDeep {
        /// The limit that was reached.
        limit: usize,
    },
}

fn suggestion(nearest: Option<&'static str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean '{name}'?"))
}
