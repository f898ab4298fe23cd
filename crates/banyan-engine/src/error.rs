//! Errors as front ends report them, and the one table from data errors to error-tags.

use std::fmt;
use std::sync::Arc;

use banyan_data::error::Position;
use banyan_data::{DataError, ErrorKind};

/// RFC 6241 appendix A and RFC 8040 7: what is wrong, in the vocabulary that all front ends share.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ErrorTag {
    /// `in-use`
    InUse,
    /// `invalid-value`
    InvalidValue,
    /// `too-big`
    TooBig,
    /// `missing-attribute`
    MissingAttribute,
    /// `bad-attribute`
    BadAttribute,
    /// `unknown-attribute`
    UnknownAttribute,
    /// `missing-element`
    MissingElement,
    /// `bad-element`
    BadElement,
    /// `unknown-element`
    UnknownElement,
    /// `unknown-namespace`
    UnknownNamespace,
    /// `access-denied`
    AccessDenied,
    /// `lock-denied`
    LockDenied,
    /// `resource-denied`
    ResourceDenied,
    /// `rollback-failed`
    RollbackFailed,
    /// `data-exists`
    DataExists,
    /// `data-missing`
    DataMissing,
    /// `operation-not-supported`
    OperationNotSupported,
    /// `operation-failed`
    OperationFailed,
    /// `malformed-message`
    MalformedMessage,
}

impl ErrorTag {
    /// Its name in protocols, and the HTTP status that RFC 8040 7 gives it.
    pub fn names(self) -> (&'static str, u16) {
        match self {
            ErrorTag::InUse => ("in-use", 409),
            ErrorTag::InvalidValue => ("invalid-value", 400),
            ErrorTag::TooBig => ("too-big", 413),
            ErrorTag::MissingAttribute => ("missing-attribute", 400),
            ErrorTag::BadAttribute => ("bad-attribute", 400),
            ErrorTag::UnknownAttribute => ("unknown-attribute", 400),
            ErrorTag::MissingElement => ("missing-element", 400),
            ErrorTag::BadElement => ("bad-element", 400),
            ErrorTag::UnknownElement => ("unknown-element", 400),
            ErrorTag::UnknownNamespace => ("unknown-namespace", 400),
            ErrorTag::AccessDenied => ("access-denied", 403),
            ErrorTag::LockDenied => ("lock-denied", 409),
            ErrorTag::ResourceDenied => ("resource-denied", 409),
            ErrorTag::RollbackFailed => ("rollback-failed", 500),
            ErrorTag::DataExists => ("data-exists", 409),
            ErrorTag::DataMissing => ("data-missing", 409),
            ErrorTag::OperationNotSupported => ("operation-not-supported", 501),
            ErrorTag::OperationFailed => ("operation-failed", 412),
            ErrorTag::MalformedMessage => ("malformed-message", 400),
        }
    }
}

/// RFC 6241 4.3 `error-type`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ErrorLayer {
    /// `transport`
    Transport,
    /// `rpc`
    Rpc,
    /// `protocol`
    Protocol,
    /// `application`
    Application,
}

/// One error of a reply.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// Which layer found it.
    pub layer: ErrorLayer,
    /// What kind it is.
    pub tag: ErrorTag,
    /// The model's or RFC 7950 15's error-app-tag.
    pub app_tag: Option<Arc<str>>,
    /// The instance, as RFC 7951 6.11 writes it (module names for prefixes).
    pub path: Option<Arc<str>>,
    /// Module name and namespace of every prefix in `path`.
    pub path_namespaces: Vec<(Arc<str>, Arc<str>)>,
    /// What is wrong, why, and what to do.
    pub message: String,
    /// Where it is in the document that was read.
    pub position: Option<Position>,
    /// Further facts by their RFC 6241 names: `bad-element`, `bad-attribute`, `bad-namespace`, `session-id`.
    pub info: Vec<(Arc<str>, String)>,
    /// A fact with parts that a module defines (RFC 8639 `establish-subscription-stream-error-info`).
    pub structure: Option<Box<Structure>>,
}

/// A fact with parts: an element of a module, with leaves inside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Structure {
    /// The namespace of the element and of the leaves in it.
    pub namespace: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The leaves in their order: names and values. A value may use the prefixes of `prefixes`.
    pub leaves: Vec<(&'static str, String)>,
    /// Prefixes in values, and the namespaces that they stand for.
    pub prefixes: Vec<(&'static str, &'static str)>,
}

impl Report {
    /// A report with tag and message.
    pub fn new(layer: ErrorLayer, tag: ErrorTag, message: impl Into<String>) -> Self {
        Report {
            layer,
            tag,
            app_tag: None,
            path: None,
            path_namespaces: Vec::new(),
            message: message.into(),
            position: None,
            info: Vec::new(),
            structure: None,
        }
    }

    /// Adds a fact.
    pub fn with_info(mut self, name: &str, value: impl Into<String>) -> Self {
        self.info.push((name.into(), value.into()));
        self
    }
}

/// Why a call failed: one report or more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BackendError {
    /// In the order in which they were found; never empty.
    pub reports: Vec<Report>,
}

impl BackendError {
    /// One application error.
    pub fn new(tag: ErrorTag, message: impl Into<String>) -> Self {
        Report::new(ErrorLayer::Application, tag, message).into()
    }
}

impl From<Report> for BackendError {
    fn from(report: Report) -> Self {
        BackendError {
            reports: vec![report],
        }
    }
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, report) in self.reports.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            if let Some(path) = &report.path {
                write!(f, "{path}: ")?;
            }
            f.write_str(&report.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for BackendError {}

/// The error-tag and error-app-tag of a data error (RFC 6241 appendix A, RFC 7950 15).
pub fn tag_of(kind: ErrorKind) -> (ErrorTag, Option<&'static str>) {
    match kind {
        ErrorKind::Malformed => (ErrorTag::MalformedMessage, None),
        ErrorKind::TooBig => (ErrorTag::TooBig, None),
        ErrorKind::UnknownElement | ErrorKind::WhenViolation => (ErrorTag::UnknownElement, None),
        ErrorKind::UnknownNamespace => (ErrorTag::UnknownNamespace, None),
        ErrorKind::UnknownAttribute => (ErrorTag::UnknownAttribute, None),
        ErrorKind::BadAttribute => (ErrorTag::BadAttribute, None),
        ErrorKind::MissingAttribute => (ErrorTag::MissingAttribute, None),
        ErrorKind::InvalidValue => (ErrorTag::InvalidValue, None),
        ErrorKind::MissingElement => (ErrorTag::MissingElement, None),
        ErrorKind::Duplicate | ErrorKind::SeveralCases | ErrorKind::NotConfig => {
            (ErrorTag::BadElement, None)
        }
        ErrorKind::DataExists => (ErrorTag::DataExists, None),
        ErrorKind::DataMissing => (ErrorTag::DataMissing, None),
        ErrorKind::MustViolation => (ErrorTag::OperationFailed, Some("must-violation")),
        ErrorKind::InstanceRequired => (ErrorTag::DataMissing, Some("instance-required")),
        ErrorKind::NotUnique => (ErrorTag::OperationFailed, Some("data-not-unique")),
        ErrorKind::TooManyElements => (ErrorTag::OperationFailed, Some("too-many-elements")),
        ErrorKind::TooFewElements => (ErrorTag::OperationFailed, Some("too-few-elements")),
        ErrorKind::MissingChoice => (ErrorTag::DataMissing, Some("missing-choice")),
        ErrorKind::Conflict => (ErrorTag::OperationFailed, None),
        // New kinds must be added here before they are used.
        _ => (ErrorTag::OperationFailed, None),
    }
}

impl Report {
    /// The report of a data error; `namespaces` are those of the prefixes in its path.
    pub fn of_data(error: &DataError, namespaces: Vec<(Arc<str>, Arc<str>)>) -> Report {
        let (tag, app_tag) = tag_of(error.kind);
        let mut message = error.message.clone();
        if let Some(position) = error.position {
            message.push_str(&format!(
                " (line {}, column {})",
                position.line, position.column
            ));
        }
        if let Some(help) = &error.help {
            message.push_str("; ");
            message.push_str(help);
        }
        let layer = match error.kind {
            ErrorKind::Malformed => ErrorLayer::Rpc,
            _ => ErrorLayer::Application,
        };
        let mut report = Report::new(layer, tag, message);
        report.position = error.position;
        report.app_tag = error.app_tag.clone().or_else(|| app_tag.map(Arc::from));
        if !error.path.0.is_empty() {
            report.path = Some(error.path.0.clone());
            report.path_namespaces = namespaces;
        }
        if let Some(culprit) = &error.culprit {
            let name = match tag {
                ErrorTag::MissingAttribute
                | ErrorTag::BadAttribute
                | ErrorTag::UnknownAttribute => "bad-attribute",
                _ => "bad-element",
            };
            report = report.with_info(name, &**culprit);
        }
        if let (ErrorTag::UnknownNamespace, Some(namespace)) = (tag, &error.namespace) {
            report = report.with_info("bad-namespace", &**namespace);
        }
        report
    }
}
