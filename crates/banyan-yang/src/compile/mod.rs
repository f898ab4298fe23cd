//! From statements to a [`Schema`]: module sets, names, types, groupings, augments, deviations.
//!
//! The stages, each in its file, in this order:
//! `load` (texts to a closed set of modules) → `definitions` (who is called what) → `feature`, `identity` →
//! `expand` with `uses` and `types` (statements to draft nodes) → `augment` → `deviation` → `finish` with
//! `leafref`, `defaults` and `names` (draft nodes to schema nodes with their final ids).
//!
//! Errors never stop a stage: the smallest part that cannot be compiled is left out and reported. Strict mode
//! refuses the result if there was any error; lenient mode gives it. No I/O here: see [`ModuleSource`].

mod ahead;
mod augment;
mod build;
mod conditional;
mod conditions;
mod consistency;
mod context;
mod cycles;
mod data_tree;
mod defaults;
mod definitions;
mod deviation;
mod digest;
mod draft;
mod expand;
mod extension;
mod feature;
mod finish;
mod groupings;
mod hash;
mod identity;
mod leafref;
mod linkage;
mod load;
mod names;
mod property;
mod range;
mod set;
mod source;
mod status;
mod structure;
mod types;
mod unused;
mod uses;
mod value;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

pub use ahead::Workers;
pub(crate) use set::{ModuleSet, PrefixMeaning, StatementRef, Unit, UnitId, split_name};
pub use source::{Lookup, MemorySource, ModuleSource, ModuleText, SourceError};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::schema::Schema;
use crate::source::SourceMap;

/// What becomes of a module set with errors.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mode {
    /// Any error refuses the whole set; all errors are reported in one run.
    #[default]
    Strict,
    /// What cannot be compiled is left out, and the diagnostics say what that was.
    Lenient,
}

/// Which features of a module are on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Features {
    /// Every feature whose own `if-feature`s hold.
    All,
    /// These, as far as their own `if-feature`s hold.
    Only(BTreeSet<String>),
}

impl Features {
    /// No feature at all.
    pub fn none() -> Self {
        Features::Only(BTreeSet::new())
    }

    /// Whether the configuration asks for a feature.
    fn asks_for(&self, name: &str) -> bool {
        match self {
            Features::All => true,
            Features::Only(names) => names.contains(name),
        }
    }
}

/// Collects what a module set shall be, then compiles it.
///
/// ```
/// use banyan_yang::compile::{Compiler, MemorySource};
///
/// let mut source = MemorySource::new();
/// source.add("module m { namespace urn:m; prefix m; leaf a { type string; } }");
/// let compiled = Compiler::new(&source).implement("m", None).compile()?;
/// assert_eq!(compiled.schema.modules().len(), 1);
/// # Ok::<(), banyan_yang::compile::CompileError>(())
/// ```
pub struct Compiler<'s> {
    pub(crate) source: &'s dyn ModuleSource,
    pub(crate) requests: Vec<Request>,
    pub(crate) features: BTreeMap<String, Features>,
    pub(crate) default_features: Features,
    pub(crate) mode: Mode,
    workers: Option<&'s dyn Workers>,
}

/// A module that was asked for by name.
pub(crate) struct Request {
    pub(crate) name: String,
    pub(crate) revision: Option<String>,
    pub(crate) implemented: bool,
}

/// A compiled module set, and what there is to say about it.
#[derive(Debug)]
pub struct Compiled {
    /// The schema.
    pub schema: Arc<Schema>,
    /// Warnings; in lenient mode also the errors, each for a part that is left out. In the order of the texts.
    pub diagnostics: Vec<Diagnostic>,
}

/// Why a module set could not be compiled. Displays all its diagnostics, with source lines.
#[derive(Debug)]
pub struct CompileError {
    /// The texts that the diagnostics point into.
    pub sources: Arc<SourceMap>,
    /// Everything that was found, errors and warnings.
    pub diagnostics: Vec<Diagnostic>,
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.diagnostics.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            f.write_str(&diagnostic.render(&self.sources))?;
        }
        Ok(())
    }
}

impl std::error::Error for CompileError {}

impl<'s> Compiler<'s> {
    /// A compiler that finds modules through `source`; strict, with all features on.
    pub fn new(source: &'s dyn ModuleSource) -> Self {
        Compiler {
            source,
            requests: Vec::new(),
            features: BTreeMap::new(),
            default_features: Features::All,
            mode: Mode::Strict,
            workers: None,
        }
    }

    /// Asks for a module to be implemented; without a revision, the newest that the source has. What it
    /// imports is found by itself, and is implemented too if it has nodes that implemented modules augment,
    /// deviate or refer to (RFC 7950 5.6.5).
    pub fn implement(mut self, name: &str, revision: Option<&str>) -> Self {
        self.requests.push(Request {
            name: name.to_owned(),
            revision: revision.map(str::to_owned),
            implemented: true,
        });
        self
    }

    /// Asks for a module that is only imported; imports without a revision find this one.
    pub fn import_only(mut self, name: &str, revision: Option<&str>) -> Self {
        self.requests.push(Request {
            name: name.to_owned(),
            revision: revision.map(str::to_owned),
            implemented: false,
        });
        self
    }

    /// Says which features of a module are on.
    pub fn features(mut self, module: &str, features: Features) -> Self {
        self.features.insert(module.to_owned(), features);
        self
    }

    /// Says which features are on in modules that [`Compiler::features`] does not name.
    pub fn default_features(mut self, features: Features) -> Self {
        self.default_features = features;
        self
    }

    /// Chooses strict or lenient.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Lets workers parse texts, several at once. The result is the same.
    pub fn workers(mut self, workers: &'s dyn Workers) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Only reads the modules and what they need, for what is made of statements and not of a schema.
    pub(crate) fn read(&self, found: &mut Diagnostics) -> set::ModuleSet {
        load::load(self, found).0
    }

    /// Compiles the set. Linear in the size of the result and of the texts.
    ///
    /// # Errors
    /// In strict mode if anything is wrong; in lenient mode never for what a module holds, only if no module at
    /// all could be found.
    pub fn compile(self) -> Result<Compiled, CompileError> {
        Ok(self.compile_recorded()?.0)
    }

    /// As [`Compiler::compile`], with what the source was asked, in the order of the texts in the schema.
    ///
    /// # Errors
    /// As [`Compiler::compile`].
    pub fn compile_recorded(self) -> Result<(Compiled, Vec<Lookup>), CompileError> {
        let mut found = Diagnostics::new();
        let (set, lookups) = load::load(&self, &mut found);
        let refused = |sources: Arc<SourceMap>, found: Diagnostics| CompileError {
            sources,
            diagnostics: found.into_sorted(),
        };
        if set.modules.is_empty() {
            if !found.has_errors() {
                found.push(
                    Diagnostic::without_place("no-module", "no module was asked for")
                        .help("name at least one module to implement"),
                );
            }
            return Err(refused(set.sources.clone(), found));
        }
        let sources = set.sources.clone();
        let parts = finish::compile(set, &self, &mut found);
        if self.mode == Mode::Strict && found.has_errors() {
            return Err(refused(sources, found));
        }
        let compiled = Compiled {
            schema: parts.assemble(),
            diagnostics: found.into_sorted(),
        };
        Ok((compiled, lookups))
    }
}
