//! What is wrong with a configuration, with its place, for the person who has to correct it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Accepted, without effect.
    Note,
    /// Something will not be as it was asked for.
    Warning,
    /// The configuration cannot be used.
    Error,
}

impl Severity {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Arc<PathBuf>,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The text of the line.
    pub text: Arc<str>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    File(Place),
    /// An environment variable.
    Environment(String),
    /// `-o` and what followed it, or another flag.
    CommandLine(String),
    /// Nobody gave one.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::File(place) => place.fmt(f),
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::CommandLine(flag) => f.write_str(flag),
            Origin::Default => f.write_str("default"),
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    pub origin: Origin,
    /// Which key or option it is about, as it was written; `None` for the file as a whole.
    pub key: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What is allowed, if that can be listed.
    pub allowed: Option<String>,
    /// What to do.
    pub remedy: Option<String>,
}

impl Problem {
    /// An error.
    pub fn error(origin: Origin, message: impl Into<String>) -> Problem {
        Problem::new(Severity::Error, origin, message)
    }

    /// A warning.
    pub fn warning(origin: Origin, message: impl Into<String>) -> Problem {
        Problem::new(Severity::Warning, origin, message)
    }

    /// A note.
    pub fn note(origin: Origin, message: impl Into<String>) -> Problem {
        Problem::new(Severity::Note, origin, message)
    }

    fn new(severity: Severity, origin: Origin, message: impl Into<String>) -> Problem {
        Problem {
            severity,
            origin,
            key: None,
            message: message.into(),
            allowed: None,
            remedy: None,
        }
    }

    /// With the key or option that it is about.
    pub fn about(mut self, key: impl Into<String>) -> Problem {
        self.key = Some(key.into());
        self
    }

    /// With what to do.
    pub fn remedy(mut self, remedy: impl Into<String>) -> Problem {
        self.remedy = Some(remedy.into());
        self
    }

    /// As an object for programs; what it does not have is null.
    pub fn json(&self) -> serde_json::Value {
        let place = match &self.origin {
            Origin::File(place) => Some(place),
            _ => None,
        };
        let elsewhere = match &self.origin {
            Origin::File(_) | Origin::Default => None,
            origin => Some(origin.to_string()),
        };
        serde_json::json!({
            "severity": self.severity.name(),
            "file": place.map(|place| place.file.display().to_string()),
            "line": place.map(|place| place.line),
            "column": place.map(|place| place.column),
            "origin": elsewhere,
            "key": self.key,
            "message": self.message,
            "allowed": self.allowed,
            "suggestion": self.remedy,
        })
    }

    /// In one line, for the log.
    pub fn one_line(&self) -> String {
        let mut line = match &self.origin {
            Origin::Default => self.message.clone(),
            origin => format!("{origin}: {}", self.message),
        };
        if let Some(allowed) = &self.allowed {
            line.push_str(&format!("; allowed: {allowed}"));
        }
        if let Some(remedy) = &self.remedy {
            line.push_str(&format!("; {remedy}"));
        }
        line
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.severity.name(), self.message)?;
        match &self.origin {
            Origin::Default => {}
            Origin::File(place) => {
                write!(f, "\n  at: {place}")?;
                let text = place.text.trim_end();
                if !text.is_empty() && text.chars().count() <= 200 {
                    let before: String = text.chars().take(place.column - 1).collect();
                    // Tabs stay, so that the mark stands below what it marks.
                    let blanks: String = before
                        .chars()
                        .map(|it| if it == '\t' { '\t' } else { ' ' })
                        .collect();
                    write!(f, "\n    | {text}\n    | {blanks}^")?;
                }
            }
            origin => write!(f, "\n  at: {origin}")?,
        }
        if let Some(allowed) = &self.allowed {
            write!(f, "\n  allowed: {allowed}")?;
        }
        if let Some(remedy) = &self.remedy {
            write!(f, "\n  remedy: {remedy}")?;
        }
        Ok(())
    }
}

/// A file's text, to find places in.
#[derive(Debug, Clone)]
pub struct Text {
    /// Its name.
    pub file: Arc<PathBuf>,
    /// What it holds.
    pub text: Arc<str>,
}

impl Text {
    /// The place of a byte. O(length), for error paths and small files.
    pub fn place(&self, offset: usize) -> Place {
        let offset = offset.min(self.text.len());
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = self.text.get(start..).unwrap_or_default();
        let line = line.lines().next().unwrap_or_default();
        Place {
            file: self.file.clone(),
            line: before.matches('\n').count() + 1,
            column: before.get(start..).unwrap_or_default().chars().count() + 1,
            text: line.into(),
        }
    }

    /// The same as an origin.
    pub fn origin(&self, offset: usize) -> Origin {
        Origin::File(self.place(offset))
    }
}
