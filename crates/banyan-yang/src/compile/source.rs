//! Where module texts come from: a trait, so that this crate does no I/O.

use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;

use crate::diagnostic::Diagnostics;
use crate::parse::parse;
use crate::source::SourceMap;
use crate::statement::Keyword;

/// A YANG text with the name that messages show for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModuleText {
    /// A file name, or whatever tells where the text came from.
    pub origin: Arc<str>,
    /// The text.
    pub text: Arc<str>,
}

/// Why a text could not be had.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum SourceError {
    /// The source does not have it.
    #[error("it was not found")]
    NotFound,
    /// It is there, but cannot be read.
    #[error("{0}")]
    Unreadable(String),
}

/// One look-up of a compilation, and its answer.
#[derive(Clone, Debug)]
pub struct Lookup {
    pub(crate) name: String,
    pub(crate) revision: Option<String>,
    pub(crate) answer: Result<ModuleText, SourceError>,
}

/// Finds modules and submodules by name. A directory, a device (`get-schema`), or [`MemorySource`].
pub trait ModuleSource {
    /// The text of module or submodule `name`: of this revision, or of the newest if none is given.
    ///
    /// # Errors
    /// [`SourceError`], whose text ends a sentence about the module.
    fn find(&self, name: &str, revision: Option<&str>) -> Result<ModuleText, SourceError>;
}

/// Texts in memory: for tests, and for modules that are part of the program.
#[derive(Clone, Debug, Default)]
pub struct MemorySource {
    /// By name, then by revision (empty when a text states none).
    texts: BTreeMap<String, BTreeMap<String, ModuleText>>,
}

impl MemorySource {
    /// A source without texts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text under the name and revision that it states; one that states no name cannot be found.
    pub fn add(&mut self, text: impl Into<Arc<str>>) -> &mut Self {
        let text = text.into();
        let mut sources = SourceMap::new();
        let Ok(source) = sources.add("", text.clone()) else {
            return self;
        };
        let tree = parse(&sources, source, &mut Diagnostics::new());
        let Some(root) = tree.root() else {
            return self;
        };
        let name = tree.name(root).to_owned();
        let revision = tree
            .children_of(root, Keyword::Revision)
            .filter_map(|revision| tree.argument(revision))
            .max()
            .unwrap_or("")
            .to_owned();
        let origin = Arc::from(format!("{name}.yang"));
        self.insert(&name, &revision, ModuleText { origin, text });
        self
    }

    /// Adds a text under a name and a revision (empty for none) that the caller knows.
    pub fn insert(&mut self, name: &str, revision: &str, text: ModuleText) {
        self.texts
            .entry(name.to_owned())
            .or_default()
            .insert(revision.to_owned(), text);
    }
}

impl ModuleSource for MemorySource {
    fn find(&self, name: &str, revision: Option<&str>) -> Result<ModuleText, SourceError> {
        let revisions = self.texts.get(name).ok_or(SourceError::NotFound)?;
        let found = match revision {
            Some(revision) => revisions.get(revision),
            None => revisions.last_key_value().map(|(_, text)| text),
        };
        found.cloned().ok_or(SourceError::NotFound)
    }
}
