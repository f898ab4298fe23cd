//! What can be wrong with instance data: kind, place, reason and remedy.
//!
//! One enum for the whole crate, so that a single table (in the engine) can map kinds to NETCONF
//! error-tags and HTTP statuses. Must not know any protocol.

use std::fmt;
use std::sync::Arc;

use banyan_yang::source::Span;

/// The kinds of error about data; each names the rule that was broken. Serialized in lower case with dashes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text is not well-formed XML or JSON.
    Malformed,
    /// A limit on depth or size was passed.
    TooBig,
    /// A name that the schema does not have here.
    UnknownElement,
    /// A namespace or module that the schema does not have.
    UnknownNamespace,
    /// A metadata attribute that is not known here.
    UnknownAttribute,
    /// An attribute whose value is wrong (`operation`, `insert`, ...).
    BadAttribute,
    /// An attribute that must be there is not (`key` with `insert='before'`).
    MissingAttribute,
    /// A value outside its type (RFC 7950 8.3.1).
    InvalidValue,
    /// A list entry without one of its keys, or a mandatory node that is missing (RFC 7950 8.3.1, 7.6.5).
    MissingElement,
    /// The same leaf, container or list entry given twice.
    Duplicate,
    /// `create` of what exists (RFC 6241 7.2).
    DataExists,
    /// `delete` of what does not exist, or a position that names an absent entry (RFC 6241 7.2).
    DataMissing,
    /// A `must` that does not hold (RFC 7950 15.4 `must-violation`).
    MustViolation,
    /// A `when` that does not hold for data that are there (RFC 7950 8.3.1).
    WhenViolation,
    /// A leafref or instance-identifier without its instance (RFC 7950 15.5 `instance-required`).
    InstanceRequired,
    /// A `unique` that does not hold (RFC 7950 15.1 `data-not-unique`).
    NotUnique,
    /// More entries than `max-elements` (RFC 7950 15.2 `too-many-elements`).
    TooManyElements,
    /// Fewer entries than `min-elements` (RFC 7950 15.3 `too-few-elements`).
    TooFewElements,
    /// A mandatory choice without any case (RFC 7950 15.6 `missing-choice`).
    MissingChoice,
    /// Nodes of two cases of one choice (RFC 7950 7.9).
    SeveralCases,
    /// State data where only configuration may stand.
    NotConfig,
    /// Two sides changed the same thing.
    Conflict,
    /// An expression that cannot be evaluated, or took more steps than its budget.
    Expression,
}

/// An instance path, printed for people and protocols: as RFC 7951 6.11 writes instance-identifiers,
/// with the module name at the top and wherever it changes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ErrorPath(pub Arc<str>);

impl fmt::Display for ErrorPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            f.write_str("/")
        } else {
            f.write_str(&self.0)
        }
    }
}

impl fmt::Debug for ErrorPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A place in an input document.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Position {
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
}

/// One error about data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DataError {
    /// Which rule.
    pub kind: ErrorKind,
    /// The instance that is wrong.
    pub path: ErrorPath,
    /// What is wrong and why, with the values, in one sentence without the path.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Where in the input, when the error comes from a document.
    pub position: Option<Position>,
    /// Where in the YANG source the rule stands; a span of the schema's source map.
    pub yang: Option<Span>,
    /// The error-app-tag that the model or RFC 7950 15 assigns.
    pub app_tag: Option<Arc<str>>,
    /// Name of the offending element or attribute, for `bad-element` and `bad-attribute`.
    pub culprit: Option<Arc<str>>,
    /// The namespace of the offending element, for `bad-namespace`; empty when it has none.
    pub namespace: Option<Arc<str>>,
    /// The expression that does not hold, with what it read.
    pub constraint: Option<Box<Constraint>>,
}

/// An expression of the model that data do not meet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Constraint {
    /// The statement: `must` or `when`.
    pub keyword: &'static str,
    /// The expression as the model writes it.
    pub text: Arc<str>,
    /// Leaves whose values the expression read: path from the context node, and value.
    pub values: Vec<(String, String)>,
}

impl fmt::Display for Constraint {
    /// The values that were read: `. = 9000, ../max-frame = 1518`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (path, value)) in self.values.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{path} = {value}")?;
        }
        Ok(())
    }
}

impl DataError {
    /// An error with kind, path and message; the rest is added with the `with_` methods.
    pub fn new(kind: ErrorKind, path: ErrorPath, message: impl Into<String>) -> Self {
        DataError {
            kind,
            path,
            message: message.into(),
            help: None,
            position: None,
            yang: None,
            app_tag: None,
            culprit: None,
            namespace: None,
            constraint: None,
        }
    }

    /// Adds the namespace that the offending element is in.
    pub fn with_namespace(mut self, uri: impl Into<Arc<str>>) -> Self {
        self.namespace = Some(uri.into());
        self
    }

    /// Adds what to do.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the place in the input.
    pub fn with_position(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }

    /// Adds the place in the YANG source.
    pub fn with_yang(mut self, span: Span) -> Self {
        self.yang = Some(span);
        self
    }

    /// Adds the error-app-tag.
    pub fn with_app_tag(mut self, tag: impl Into<Arc<str>>) -> Self {
        self.app_tag = Some(tag.into());
        self
    }

    /// Adds the name of the offending element or attribute.
    pub fn with_culprit(mut self, name: impl Into<Arc<str>>) -> Self {
        self.culprit = Some(name.into());
        self
    }
}

impl DataError {
    /// Adds the expression that does not hold.
    pub fn with_constraint(mut self, constraint: Constraint) -> Self {
        self.constraint = Some(Box::new(constraint));
        self
    }

    /// The error on several lines, for people: what, where, the rule with its place in the YANG source as
    /// `locate` writes it (`file:line:column`), the values, the place in the input, whose name is `file`, the remedy.
    pub fn report(&self, file: Option<&str>, locate: impl FnOnce(Span) -> String) -> String {
        let mut text = format!("error: {}\n  path: {}", self.message, self.path);
        let mut place = self.yang.map(|span| format!("  ({})", locate(span)));
        if let Some(constraint) = &self.constraint {
            let place = place.take().unwrap_or_default();
            let line = format!("\n  {}: \"{}\"{place}", constraint.keyword, constraint.text);
            text.push_str(&line);
            if !constraint.values.is_empty() {
                text.push_str(&format!("\n  with: {constraint}"));
            }
        } else if let Some(place) = place {
            text.push_str(&format!("\n  rule: {}", place.trim_start()));
        }
        match (file, self.position) {
            (Some(file), Some(Position { line, column })) => {
                text.push_str(&format!("\n  input: {file}:{line}:{column}"));
            }
            (None, Some(Position { line, column })) => {
                text.push_str(&format!("\n  input: line {line}, column {column}"));
            }
            (Some(file), None) => text.push_str(&format!("\n  input: {file}")),
            (None, None) => {}
        }
        if let Some(help) = &self.help {
            text.push_str(&format!("\n  help: {help}"));
        }
        text
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)?;
        if let Some(position) = self.position {
            write!(f, " (line {}, column {})", position.line, position.column)?;
        }
        if let Some(help) = &self.help {
            write!(f, "; {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for DataError {}
