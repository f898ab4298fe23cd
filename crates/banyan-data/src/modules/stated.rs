//! The modules that a datastore was written with, as its file names them (Clixon's module state): the brief form of RFC
//! 8525, or of RFC 7895 in older files.

use std::sync::Arc;

use banyan_yang::schema::{Module, Schema};

use super::element::Element;
use crate::error::DataError;

/// The namespace of both forms.
pub(crate) const LIBRARY: &str = "urn:ietf:params:xml:ns:yang:ietf-yang-library";

/// A module, as a file names it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct StatedModule {
    /// Its name.
    pub name: Arc<str>,
    /// Its revision, if it has one.
    pub revision: Option<Arc<str>>,
    /// Its namespace; empty when the file does not say it.
    pub namespace: Arc<str>,
    /// Names and revisions of its submodules.
    pub submodules: Vec<(Arc<str>, Option<Arc<str>>)>,
}

/// The modules of a datastore's file, in the order of their names.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ModuleState {
    /// What whoever wrote the file calls this set of modules.
    pub content_id: String,
    /// The modules.
    pub modules: Vec<StatedModule>,
}

impl ModuleState {
    /// The modules of a schema, each name once: the implemented revision, or else the newest that is imported.
    pub fn of(schema: &Schema, content_id: &str) -> ModuleState {
        let mut all: Vec<&Module> = schema.modules().map(|(_, module)| module).collect();
        let last = |module: &&Module| (module.name.clone(), !module.implemented);
        all.sort_by(|a, b| last(a).cmp(&last(b)).then(b.revision.cmp(&a.revision)));
        all.dedup_by(|a, b| a.name == b.name);
        let modules = all.into_iter().map(|module| {
            let parts = module.submodules.iter();
            let mut submodules: Vec<_> = parts
                .map(|part| (part.name.clone(), part.revision.clone()))
                .collect();
            submodules.sort();
            StatedModule {
                name: module.name.clone(),
                revision: module.revision.clone(),
                namespace: module.namespace.clone(),
                submodules,
            }
        });
        ModuleState {
            content_id: content_id.to_owned(),
            modules: modules.collect(),
        }
    }

    /// Reads a document whose element is `yang-library` or `modules-state`, XML or JSON.
    ///
    /// # Errors
    /// It is not well-formed.
    pub(crate) fn read(document: &[u8]) -> Result<ModuleState, Box<DataError>> {
        let root = Element::read(document)?;
        let mut state = ModuleState::default();
        for element in &root.children {
            let (id, sets): (_, Vec<&Element>) = match &*element.name {
                "yang-library" => ("content-id", element.named("module-set").collect()),
                _ => ("module-set-id", vec![element]),
            };
            state.content_id = element.value(id).unwrap_or_default().to_string();
            for set in sets {
                let lists = ["module", "import-only-module"];
                for module in lists.iter().flat_map(|list| set.named(list)) {
                    state.modules.extend(stated(module));
                }
            }
        }
        state.modules.sort();
        state.modules.dedup_by(|a, b| a.name == b.name);
        Ok(state)
    }
}

fn stated(element: &Element) -> Option<StatedModule> {
    let submodules = element.named("submodule");
    Some(StatedModule {
        name: element.value("name")?,
        revision: element.value("revision"),
        namespace: element.value("namespace").unwrap_or_else(|| "".into()),
        submodules: submodules
            .filter_map(|part| Some((part.value("name")?, part.value("revision"))))
            .collect(),
    })
}
