//! Module texts of devices on disk, and the schemas compiled from them, shared by devices with equal module sets.
//!
//! Blocking: callers use a blocking pool. A cached text is never fetched again; `name@revision` names it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use banyan_data::cores::Cores;
use banyan_yang::compile::{Compiler, Mode, ModuleSource, ModuleText, SourceError};
use banyan_yang::head::Head;
use banyan_yang::schema::Schema;
use banyan_yang::statement::Keyword;

use crate::modules::{DeviceModule, ModuleSet, digest};
use crate::schema_cache::SchemaCache;
use crate::store::{Store, StoreError};

/// Why there is no schema for a device.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// The directory does not work.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// None of the modules can be used.
    #[error("none of the device's {count} modules can be compiled: {reason}")]
    Unusable {
        /// How many there are.
        count: usize,
        /// What the compiler says first.
        reason: String,
    },
    /// The device names no modules.
    #[error(
        "the device does not say which modules it has: neither in its hello, nor with ietf-netconf-monitoring, nor with ietf-yang-library"
    )]
    NoModules,
}

/// A compiled schema, and what had to be left out of it.
#[derive(Clone, Debug)]
pub struct CompiledSet {
    /// The schema.
    pub schema: Arc<Schema>,
    /// One line per thing that was left out, for the log; empty when the schema was found compiled.
    pub left_out: Vec<String>,
}

/// The module texts and schemas of all devices.
pub struct Library {
    store: Store,
    /// Of earlier runs.
    compiled: SchemaCache,
    /// By [`digest`]; a schema lives as long as a device uses it.
    schemas: Mutex<HashMap<[u8; 32], Weak<Schema>>>,
    /// One compilation at a time: devices that open together wait for the first to be shared.
    compiling: Mutex<()>,
}

/// The texts of one module set.
struct Texts<'a> {
    store: &'a Store,
    set: &'a ModuleSet,
}

impl ModuleSource for Texts<'_> {
    fn find(&self, name: &str, revision: Option<&str>) -> Result<ModuleText, SourceError> {
        let mut candidates = self.set.modules.iter().rev().filter(|module| {
            &*module.name == name && revision.is_none_or(|r| module.revision.as_deref() == Some(r))
        });
        // Without a revision, the implemented one counts before the newest.
        let all: Vec<&DeviceModule> = candidates.by_ref().collect();
        let module = all
            .iter()
            .find(|module| module.implemented)
            .or(all.first())
            .ok_or(SourceError::NotFound)?;
        let path = self.store.module(&module.file_name());
        match self.store.read(&path) {
            Ok(Some(bytes)) => Ok(ModuleText {
                origin: Arc::from(module.file_name()),
                // A device may send what is not UTF-8 in descriptions.
                text: Arc::from(String::from_utf8_lossy(&bytes)),
            }),
            Ok(None) => Err(SourceError::NotFound),
            Err(error) => Err(SourceError::Unreadable(error.to_string())),
        }
    }
}

impl Library {
    /// The library in a store.
    pub fn new(store: Store) -> Library {
        let compiled = SchemaCache::new(store.schemas());
        Library {
            compiled: match store.looks_only() {
                true => compiled.looking(),
                false => compiled,
            },
            store,
            schemas: Mutex::default(),
            compiling: Mutex::default(),
        }
    }

    /// The modules of the set whose texts are not cached.
    ///
    /// # Errors
    /// The cache cannot be read.
    pub fn missing(&self, set: &ModuleSet) -> Result<Vec<DeviceModule>, StoreError> {
        let mut missing = Vec::new();
        for module in &set.modules {
            let path = self.store.module(&module.file_name());
            // Looking is enough: the file was written in one step.
            if !path.exists() {
                missing.push(module.clone());
            }
        }
        Ok(missing)
    }

    /// Keeps a module's text.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep(&self, module: &DeviceModule, text: &str) -> Result<(), StoreError> {
        let path = self.store.module(&module.file_name());
        self.store.write(&path, text.as_bytes())
    }

    /// The schema of a module set: found, or compiled leniently.
    ///
    /// # Errors
    /// There is not one usable module.
    pub fn schema(&self, set: &ModuleSet) -> Result<CompiledSet, LibraryError> {
        if set.modules.is_empty() {
            return Err(LibraryError::NoModules);
        }
        let digest = digest(set);
        // The lock protects no data, so a panic under it leaves nothing broken.
        let _one = self
            .compiling
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(schema) = self.find(&digest) {
            return Ok(CompiledSet {
                schema,
                left_out: Vec::new(),
            });
        }
        let source = Texts {
            store: &self.store,
            set,
        };
        let compiler = set.ask(
            Compiler::new(&source).workers(&Cores).mode(Mode::Lenient),
            |module| match source.find(&module.name, module.revision.as_deref()) {
                // The schema list of a device does not tell submodules from modules.
                Ok(text) => {
                    Head::of(&text.text).is_some_and(|head| head.keyword == Keyword::Submodule)
                }
                Err(_) => true,
            },
        );
        let compiled =
            compiler
                .compile_through(&self.compiled)
                .map_err(|error| LibraryError::Unusable {
                    count: set.modules.len(),
                    reason: error.to_string(),
                })?;
        let left_out = compiled
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.is_error())
            .map(|diagnostic| diagnostic.message.clone())
            .collect();
        let mut schemas = self.schemas.lock().unwrap_or_else(PoisonError::into_inner);
        schemas.retain(|_, schema| schema.strong_count() > 0);
        schemas.insert(digest, Arc::downgrade(&compiled.schema));
        Ok(CompiledSet {
            schema: compiled.schema,
            left_out,
        })
    }

    fn find(&self, digest: &[u8; 32]) -> Option<Arc<Schema>> {
        let schemas = self.schemas.lock().unwrap_or_else(PoisonError::into_inner);
        schemas.get(digest)?.upgrade()
    }

    /// Remembers the modules of a device, so that its configuration can be read before it is connected.
    ///
    /// # Errors
    /// The list cannot be written.
    pub fn pin(&self, device: &str, set: &ModuleSet) -> Result<(), StoreError> {
        // A list of strings always becomes JSON.
        let text = serde_json::to_vec_pretty(set).unwrap_or_default();
        let path = self.store.device_modules(device);
        if self.store.read(&path)?.as_deref() == Some(&text[..]) {
            return Ok(());
        }
        self.store.write(&path, &text)
    }

    /// The modules that a device was last seen to have.
    ///
    /// # Errors
    /// The list cannot be read.
    pub fn pinned(&self, device: &str) -> Result<Option<ModuleSet>, StoreError> {
        let path = self.store.device_modules(device);
        let Some(text) = self.store.read(&path)? else {
            return Ok(None);
        };
        match serde_json::from_slice(&text) {
            Ok(set) => Ok(Some(set)),
            Err(error) => {
                tracing::warn!(device, "{}: {error}; ignored", path.display());
                Ok(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::os::unix::fs::MetadataExt;

    use super::*;

    fn module(name: &str) -> DeviceModule {
        DeviceModule {
            name: name.into(),
            revision: None,
            implemented: true,
            features: None,
            submodule_of: None,
            deviations: BTreeSet::new(),
        }
    }

    fn library() -> (tempfile::TempDir, Library) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        (directory, Library::new(store))
    }

    const A: &str = "module a { namespace urn:a; prefix a; leaf x { type string; } }";

    #[test]
    fn devices_with_equal_module_sets_share_one_schema() {
        let (_directory, library) = library();
        let set = ModuleSet {
            modules: vec![module("a")],
        };
        assert_eq!(library.missing(&set).unwrap().len(), 1);
        library.keep(&set.modules[0], A).unwrap();
        assert!(library.missing(&set).unwrap().is_empty());
        let first = library.schema(&set).unwrap().schema;
        let second = library.schema(&set.clone()).unwrap().schema;
        assert!(Arc::ptr_eq(&first, &second));
    }

    #[test]
    fn a_schema_is_kept_for_the_next_start_with_what_was_left_out() {
        let (_directory, library) = library();
        let set = ModuleSet {
            modules: vec![module("a"), module("b")],
        };
        library.keep(&set.modules[0], A).unwrap();
        let broken = "module b { namespace urn:b; prefix b; leaf y { type nonsense; } }";
        library.keep(&set.modules[1], broken).unwrap();
        let first = library.schema(&set).unwrap();
        assert!(!first.left_out.is_empty());
        let files = || std::fs::read_dir(library.store.schemas()).unwrap();
        // Writing makes another file, using one changes its time.
        let written = || -> Vec<u64> {
            files()
                .map(|file| file.unwrap().metadata().unwrap().ino())
                .collect()
        };
        let once = written();
        assert_eq!(once.len(), 1);
        let next = Library::new(library.store.clone());
        let second = next.schema(&set).unwrap();
        assert_eq!(written(), once, "it was not compiled again");
        assert_eq!(second.schema.digest(), first.schema.digest());
        assert_eq!(second.left_out, first.left_out);
        library
            .keep(&set.modules[0], &A.replace("leaf x", "leaf y"))
            .unwrap();
        let changed = Library::new(library.store.clone()).schema(&set).unwrap();
        assert_ne!(changed.schema.digest(), first.schema.digest());
    }

    #[test]
    fn a_broken_module_is_left_out_and_reported() {
        let (_directory, library) = library();
        let set = ModuleSet {
            modules: vec![module("a"), module("b"), module("c")],
        };
        library.keep(&set.modules[0], A).unwrap();
        library
            .keep(
                &set.modules[1],
                "module b { namespace urn:b; prefix b; leaf y { type nonsense; } }",
            )
            .unwrap();
        let compiled = library.schema(&set).unwrap();
        assert!(compiled.schema.module_by_name("a").is_some());
        assert!(!compiled.left_out.is_empty());
    }

    #[test]
    fn a_set_without_modules_says_what_is_missing() {
        let (_directory, library) = library();
        let error = library.schema(&ModuleSet::default()).unwrap_err();
        assert!(error.to_string().contains("does not say which modules"));
    }

    #[test]
    fn the_modules_of_a_device_are_remembered() {
        let (_directory, library) = library();
        let set = ModuleSet {
            modules: vec![module("a")],
        };
        assert_eq!(library.pinned("r1").unwrap(), None);
        library.pin("r1", &set).unwrap();
        assert_eq!(library.pinned("r1").unwrap(), Some(set));
    }
}
