//! What an upgrade did, or would do: path by path, for people and as JSON.

use std::fmt;

use banyan_data::error::Position;
use serde::{Serialize, Serializer};

use super::changes::ModuleChange;

/// How the configuration stands at the end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It can be used.
    #[default]
    Ok,
    /// It can be read, and nobody has looked whether it breaks the schema.
    NotValidated,
    /// It can be read, but breaks the schema.
    Invalid,
    /// It cannot be read.
    Error,
}

impl Status {
    /// Its name: `ok`, `not-validated`, `invalid`, `error`.
    pub fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::NotValidated => "not-validated",
            Status::Invalid => "invalid",
            Status::Error => "error",
        }
    }
}

/// Where in a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The file.
    pub file: String,
    /// Line and column.
    pub position: Position,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.position;
        write!(f, "{}:{line}:{column}", self.file)
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Something at a path: a step that was done, data that were left out, an error.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    /// The instance, as RFC 7951 6.11 writes it; `/` for the whole.
    pub path: String,
    /// Where the data stand in the file, if they come from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What is said about it.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if let Some(place) = &self.place {
            write!(f, " ({place})")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// What an upgrade did, or would do.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// The datastore.
    pub store: String,
    /// How its configuration stands at the end.
    pub status: Status,
    /// Whether anything had to be done.
    pub upgraded: bool,
    /// Modules that changed since the data were written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modules: Vec<ModuleChange>,
    /// Migration steps, in the order in which they ran.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Finding>,
    /// Steps that did not run, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<String>,
    /// Data that do not fit the loaded modules.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<Finding>,
    /// Changes of modules that RFC 7950 section 11 does not allow, and whatever else should be known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Finding>,
    /// Whether some of the errors are about data that do not fit, so that leaving them out would help.
    #[serde(skip)]
    pub unfit: bool,
    /// The changes, line by line.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub changes: String,
}

impl Report {
    /// A report about a store of which nothing is known yet.
    pub fn of(store: &str) -> Report {
        Report {
            store: store.to_owned(),
            ..Report::default()
        }
    }

    /// Adds an error; the status follows.
    pub(crate) fn fail(&mut self, status: Status, errors: impl IntoIterator<Item = Finding>) {
        self.status = self.status.max(status);
        self.errors.extend(errors);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.store, self.status.name())?;
        for change in &self.modules {
            write!(f, "\n  module {} {}", change.module, change.change.name())?;
            match (&change.from, &change.to) {
                (Some(from), Some(to)) if from != to => write!(f, ": {from} -> {to}")?,
                (Some(one), _) | (None, Some(one)) => write!(f, ": {one}")?,
                (None, None) => {}
            }
        }
        for warning in &self.warnings {
            write!(f, "\n  warning: {warning}")?;
        }
        for step in &self.steps {
            write!(f, "\n  done: {step}")?;
        }
        for skipped in &self.skipped {
            write!(f, "\n  not done: {skipped}")?;
        }
        for left in &self.left_out {
            write!(f, "\n  left out: {left}")?;
        }
        for error in &self.errors {
            write!(f, "\n  error: {error}")?;
        }
        if !self.changes.is_empty() {
            f.write_str("\n  changes:")?;
            for line in self.changes.lines() {
                write!(f, "\n    {line}")?;
            }
        }
        Ok(())
    }
}
