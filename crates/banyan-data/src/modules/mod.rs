//! Module sets as documents describe them: which modules a device or server has, in which revision, with which features
//! and deviations. Read from an `ietf-yang-library` document (RFC 8525 `yang-library`, RFC 7895 `modules-state`), from
//! the schema list of `ietf-netconf-monitoring` (RFC 6022), and from a NETCONF `<hello>` (RFC 6020 5.6.4), in XML or
//! JSON, brought to one form.
//!
//! It lives here because three of the four are YANG-modelled data, the codecs' scanners are here, and both the
//! controller (documents from devices) and `banyan yang` (documents in files) stand above this crate. A hello is read
//! as one more document that names modules; what it means for a session is the protocol crate's matter. The documents
//! are read by name and not against a schema, because devices send what no schema allows, and a list of modules is
//! needed before there is a schema. What is beside the point is passed over: mounted schemas, locations, checksums.

mod capability;
mod element;
mod library;
mod stated;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use banyan_yang::compile::{Compiler, Features};
use serde::{Deserialize, Serialize};

pub use capability::ModuleCapability;
pub(crate) use stated::LIBRARY;
pub use stated::{ModuleState, StatedModule};

use crate::error::DataError;
use element::Element;

/// A module or submodule of a set.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct ListedModule {
    /// Its name.
    pub name: Arc<str>,
    /// Its revision, if it has one.
    pub revision: Option<Arc<str>>,
    /// Whether it contributes data, or is there for others to import or include.
    pub implemented: bool,
    /// The features that are on; `None` when the documents do not say.
    pub features: Option<BTreeSet<Arc<str>>>,
    /// The module that a submodule belongs to, where the documents say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submodule_of: Option<Arc<str>>,
    /// The modules with deviations of this one.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub deviations: BTreeSet<Arc<str>>,
}

impl ListedModule {
    /// The file that holds its text: `name@revision.yang`.
    pub fn file_name(&self) -> String {
        match &self.revision {
            Some(revision) => format!("{}@{revision}.yang", self.name),
            None => format!("{}.yang", self.name),
        }
    }
}

impl ListedModule {
    /// Adds what a later mention says; documents of the same kind count alike, those that tell less fill gaps.
    fn join(&mut self, mut other: ListedModule, kind: Kind) {
        if kind == Kind::Library {
            // Module sets of one library: implemented in one of them is implemented.
            self.implemented |= other.implemented;
            if let (Some(features), Some(others)) = (&mut self.features, &mut other.features) {
                features.append(others);
            }
        }
        if self.features.is_none() && self.submodule_of.is_none() {
            self.features = other.features;
        }
        self.deviations.append(&mut other.deviations);
    }
}

/// All modules of a set, sorted, without duplicates.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ModuleSet {
    /// The modules.
    pub modules: Vec<ListedModule>,
}

impl ModuleSet {
    /// Asks a compiler for the set: what is implemented, what is only imported, and the features of each module. A
    /// module that `passed_over` chooses (a submodule that no document calls one, a text that is missing) is not asked
    /// for.
    pub fn ask<'s>(
        &self,
        mut compiler: Compiler<'s>,
        passed_over: impl Fn(&ListedModule) -> bool,
    ) -> Compiler<'s> {
        for module in &self.modules {
            if module.submodule_of.is_some() || passed_over(module) {
                continue;
            }
            let revision = module.revision.as_deref();
            if !module.implemented {
                compiler = compiler.import_only(&module.name, revision);
                continue;
            }
            compiler = compiler.implement(&module.name, revision);
            let features = match &module.features {
                None => Features::All,
                Some(names) => Features::Only(names.iter().map(ToString::to_string).collect()),
            };
            compiler = compiler.features(&module.name, features);
        }
        compiler
    }
}

/// Something in a document that names no module, though it stands where one is named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flaw {
    /// The line.
    pub line: u32,
    /// What is wrong, and what to do.
    pub message: String,
}

/// How much a document says about conformance; a more telling one comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
    /// Says of each module whether it is implemented.
    Library,
    /// Names implemented modules; those of YANG 1.1 need not be there (RFC 7950 5.6.4).
    Hello,
    /// Names texts that the server has.
    SchemaList,
}

/// A module as one document names it.
#[derive(Debug)]
struct Mention {
    kind: Kind,
    module: ListedModule,
    line: u32,
}

/// Joins documents to one module set.
#[derive(Debug, Default)]
pub struct ModuleSetReader {
    mentions: Vec<Mention>,
    flaws: Vec<Flaw>,
    capabilities: Vec<String>,
}

/// What the documents say.
#[derive(Debug)]
pub struct ReadModuleSet {
    /// The modules.
    pub set: ModuleSet,
    /// The line of the document where each module is named first.
    pub lines: BTreeMap<Arc<str>, u32>,
    /// What could not be understood, by line.
    pub flaws: Vec<Flaw>,
    /// All capabilities of a hello.
    pub capabilities: Vec<String>,
}

impl ModuleSetReader {
    /// A reader that has read nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the capabilities of a hello.
    pub fn hello<'a>(&mut self, capabilities: impl IntoIterator<Item = &'a str>) {
        for capability in capabilities {
            self.capability(capability, 0);
        }
    }

    fn capability(&mut self, text: &str, line: u32) {
        self.capabilities.push(text.to_owned());
        let Some(capability) = ModuleCapability::of(text) else {
            return;
        };
        if capability.name.is_empty() {
            self.flaws.push(Flaw {
                line,
                message: format!("the capability {text} names no module after `module=`"),
            });
            return;
        }
        self.mentions.push(Mention {
            kind: Kind::Hello,
            module: ListedModule {
                name: capability.name,
                revision: capability.revision,
                implemented: true,
                // RFC 6020 5.6.4: what is not named is not supported.
                features: Some(capability.features),
                submodule_of: None,
                deviations: capability.deviations,
            },
            line,
        });
    }

    /// Reads a document, XML or JSON, in whatever envelope (`data`, `rpc-reply`). Gives whether it lists modules.
    ///
    /// # Errors
    /// It is not well-formed.
    pub fn document(&mut self, document: &[u8]) -> Result<bool, Box<DataError>> {
        let root = Element::read(document)?;
        Ok(self.element(&root))
    }

    /// Looks for lists of modules in an element and what is below it.
    fn element(&mut self, root: &Element) -> bool {
        let mut found = false;
        let mut open = vec![root];
        while let Some(element) = open.pop() {
            match &*element.name {
                "hello" => {
                    for list in element.named("capabilities") {
                        for capability in list.named("capability") {
                            self.capability(capability.text.trim(), capability.line);
                        }
                    }
                }
                "yang-library" if element.is_library() => {
                    library::read_yang_library(element, self);
                }
                "modules-state" if element.is_library() => {
                    library::read_modules_state(element, self);
                }
                "netconf-state" if element.is_monitoring() => {
                    library::read_schemas(element, self);
                }
                _ => {
                    open.extend(element.children.iter().rev());
                    continue;
                }
            }
            found = true;
        }
        found
    }

    /// The set that the documents describe together.
    pub fn finish(mut self) -> ReadModuleSet {
        self.mentions.sort_by_key(|mention| mention.kind);
        let from_library = self.mentions.first().map(|first| first.kind) == Some(Kind::Library);
        let mut lines = BTreeMap::new();
        let mut modules: BTreeMap<(Arc<str>, Option<Arc<str>>), ListedModule> = BTreeMap::new();
        for mention in self.mentions {
            let mut module = mention.module;
            lines.entry(module.name.clone()).or_insert(mention.line);
            // What is only in the schema list: a YANG 1.1 module without a library, or an import. Taking it as
            // implemented loses nothing when the compiler is lenient.
            if mention.kind == Kind::SchemaList {
                module.implemented = !from_library;
            }
            let key = (module.name.clone(), module.revision.clone());
            match modules.get_mut(&key) {
                None => {
                    modules.insert(key, module);
                }
                Some(known) => known.join(module, mention.kind),
            }
        }
        let mut set = ModuleSet {
            modules: modules.into_values().collect(),
        };
        set.add_deviating_modules(&mut lines);
        set.only_newest_implemented();
        self.flaws.sort_by_key(|flaw| flaw.line);
        ReadModuleSet {
            set,
            lines,
            flaws: self.flaws,
            capabilities: self.capabilities,
        }
    }
}

impl ModuleSet {
    /// A module that is named as deviating another belongs to the set, even if nothing lists it by itself.
    fn add_deviating_modules(&mut self, lines: &mut BTreeMap<Arc<str>, u32>) {
        let listed: BTreeSet<&Arc<str>> = self.modules.iter().map(|module| &module.name).collect();
        let mut missing: BTreeMap<Arc<str>, Arc<str>> = BTreeMap::new();
        for module in &self.modules {
            for deviation in &module.deviations {
                if !listed.contains(deviation) {
                    missing.insert(deviation.clone(), module.name.clone());
                }
            }
        }
        for (name, deviated) in missing {
            if let Some(line) = lines.get(&deviated).copied() {
                lines.insert(name.clone(), line);
            }
            self.modules.push(ListedModule {
                name,
                revision: None,
                implemented: true,
                features: None,
                submodule_of: None,
                deviations: BTreeSet::new(),
            });
        }
        self.modules.sort();
    }

    /// RFC 7950 5.6.5: one revision of a module is implemented; where the documents do not say which, the newest.
    fn only_newest_implemented(&mut self) {
        for index in 1..self.modules.len() {
            let (before, rest) = self.modules.split_at_mut(index);
            if let (Some(older), Some(newer)) = (before.last_mut(), rest.first())
                && older.name == newer.name
                && older.implemented
                && newer.implemented
            {
                older.implemented = false;
            }
        }
    }
}

#[cfg(test)]
mod tests;
