//! What binding an expression to a schema can find wrong.

use super::super::Offset;

/// An expression that has no meaning in the schema. Shows as one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// A prefix without a module.
    #[error(
        "the prefix of '{name}' is not known here{}{at}",
        suggestion(.nearest.as_deref(), "import or load its module, or use a prefix that is known")
    )]
    UnknownPrefix {
        /// The name as written.
        name: String,
        /// A prefix that is known and nearly the same.
        nearest: Option<String>,
        /// Where.
        at: Offset,
    },
    /// A number, string or boolean where only a node-set has a meaning.
    #[error("{place} needs a node-set, and '{operand}' is none{at}")]
    NotNodes {
        /// What needs it: `count()`, `a path step`, `'|'`.
        place: String,
        /// The operand as written.
        operand: String,
        /// Where.
        at: Offset,
    },
}

/// Something that an expression asks for and that can never be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindWarning {
    /// A name that no node bears at the place where it stands.
    #[error("{under} has no node '{name}' here{}{at}", suggestion(.nearest.as_deref(), ""))]
    UnknownNode {
        /// The name as written.
        name: String,
        /// The path of the schema node from which the step was taken.
        under: String,
        /// The name of a node there that is nearly the same.
        nearest: Option<String>,
        /// Where.
        at: Offset,
    },
    /// A name of a module that is only imported: it has no data.
    #[error("'{name}' can never exist: module {module} is imported, but not implemented{at}")]
    NotImplemented {
        /// The name as written.
        name: String,
        /// The module.
        module: String,
        /// Where.
        at: Offset,
    },
    /// `derived-from()` with a name that is no identity.
    #[error("there is no identity '{name}'{}{at}", suggestion(.nearest.as_deref(), ""))]
    UnknownIdentity {
        /// The name as written.
        name: String,
        /// An identity with nearly that name.
        nearest: Option<String>,
        /// Where the function begins that asks for it.
        at: Offset,
    },
    /// `attribute::` or `namespace::`.
    #[error(
        "'{step}' is always empty: YANG data have no attributes or namespace nodes (RFC 7950 6.4.1){at}"
    )]
    EmptyAxis {
        /// The step as written.
        step: String,
        /// Where.
        at: Offset,
    },
}

fn suggestion(nearest: Option<&str>, otherwise: &str) -> String {
    match nearest {
        Some(name) => format!("; did you mean '{name}'?"),
        None if otherwise.is_empty() => String::new(),
        None => format!("; {otherwise}"),
    }
}
