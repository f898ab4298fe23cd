//! Tree diagrams (RFC 8340), byte for byte as `pyang -f tree` draws them.
//!
//! Drawn from the statements and not from a schema: a diagram shows what was written (names of types, `if-feature`s,
//! paths of leafrefs) in the order of the texts, which a schema no longer has. Uses, refinements, augments and
//! deviations are applied, all features are on where nothing else is said. Only as much is checked as drawing needs: a diagram of a module with
//! errors shows what there is.
//!
//! The stages: `order` with `expand`, `augment` and `deviation` (statements to nodes) → `sections` with `print` (nodes to lines).

mod augment;
mod children;
mod deviation;
mod expand;
mod node;
mod order;
mod print;
mod sections;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::compile::{Compiler, ModuleSet, ModuleSource};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::schema::ModuleId;
use crate::source::SourceMap;
use expand::Outline;

/// What is drawn, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TreeOptions {
    /// At most so many levels; deeper ones are `...`.
    pub depth: Option<u32>,
    /// Fold lines that are longer, in characters.
    pub line_length: Option<usize>,
    /// Names of nodes from the top: only the subtree that they lead to. Empty for everything.
    pub subtree: Vec<String>,
    /// Draw groupings too.
    pub groupings: bool,
    /// Draw `uses` instead of what they stand for.
    pub keep_uses: bool,
    /// Put names of modules instead of their prefixes before names and types.
    pub module_names: bool,
    /// Draw `rc:yang-data` too (RFC 8040 8).
    pub yang_data: bool,
    /// Draw `sx:structure` and `sx:augment-structure` too (RFC 8791).
    pub structures: bool,
    /// By module: only these features are on; all are where nothing is said. What needs others is not drawn.
    pub features: BTreeMap<String, BTreeSet<String>>,
}

/// Modules that were read with all that they import, ready to be drawn.
#[derive(Debug)]
pub struct TreeModules {
    set: ModuleSet,
    asked: Vec<ModuleId>,
    found: Vec<Diagnostic>,
}

/// A diagram, and what was wrong with the modules.
#[derive(Debug)]
pub struct TreeDiagram {
    /// The lines; empty if the modules have no nodes.
    pub text: String,
    /// Whether there is anything at the end of [`TreeOptions::subtree`].
    pub reached: bool,
    /// What was found while reading and expanding; not all that a compiler would find.
    pub diagnostics: Vec<Diagnostic>,
}

impl TreeModules {
    /// Reads modules of a source, each a name and perhaps a revision. Linear in the texts and those that they import.
    pub fn read(source: &dyn ModuleSource, modules: &[(&str, Option<&str>)]) -> Self {
        let mut compiler = Compiler::new(source);
        for (name, revision) in modules {
            compiler = compiler.implement(name, *revision);
        }
        let mut found = Diagnostics::new();
        let set = compiler.read(&mut found);
        let asked = modules.iter().filter_map(|(name, revision)| {
            set.module_ids().find(|id| {
                let module = set.module(*id);
                module.requested
                    && *module.name == **name
                    && (revision.is_none() || module.revision.as_deref() == *revision)
            })
        });
        TreeModules {
            asked: asked.collect(),
            set,
            found: found.into_sorted(),
        }
    }

    /// Draws them, one below the other. Linear in the expanded nodes.
    pub fn draw(&self, options: &TreeOptions) -> TreeDiagram {
        let mut found = Diagnostics::new();
        for diagnostic in &self.found {
            found.push(diagnostic.clone());
        }
        let mut outline = Outline::new(&self.set, &mut found, &options.features);
        outline.expand_modules(&self.asked);
        let (text, reached) = sections::print(&mut outline, &self.asked, options);
        TreeDiagram {
            text,
            reached,
            diagnostics: found.into_sorted(),
        }
    }

    /// The texts that the diagnostics point into.
    pub fn sources(&self) -> &SourceMap {
        &self.set.sources
    }
}
