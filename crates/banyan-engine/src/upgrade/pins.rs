//! Module sets that data or history were written under, kept so that they can be compiled again.
//!
//! `schemas/<digest>.set` under the directory of the datastores is a JSON file with all texts, revisions and features of
//! a set. It is written before the first record that names the digest, and removed when neither a file nor the history
//! needs it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use banyan_yang::compile::{Compiler, Features, MemorySource, Mode, ModuleText};
use banyan_yang::schema::{Module, Schema};
use serde::{Deserialize, Serialize};

use crate::bind::hex;
use crate::files::{Files, Sync};
use crate::log::{CommitLog, LogError};

/// The prefix of the facts that name kept sets: then the digest; the value is `kept`.
const FACTS: &str = "schema/set/";
/// The fact that names the set that the store is under.
const CURRENT: &str = "schema/current";

/// The layout of the files.
const FORMAT: u32 = 1;

/// Why a kept set cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// It is not there.
    #[error("the modules of the set {digest} are not kept: {} is missing; start with the modules that the data were written under", .file.display())]
    Missing {
        /// The digest.
        digest: String,
        /// The file.
        file: PathBuf,
    },
    /// It is there, and of no use.
    #[error("the kept module set {} cannot be used: {reason}; restore it from a copy", .file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// The disk refuses.
    #[error("the module set {} cannot be kept: {reason}", .file.display())]
    Disk {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
    /// The log refuses.
    #[error(transparent)]
    Log(#[from] LogError),
}

#[derive(Serialize, Deserialize)]
struct KeptSet {
    format: u32,
    digest: String,
    modules: Vec<KeptModule>,
}

#[derive(Serialize, Deserialize)]
struct KeptModule {
    name: Arc<str>,
    revision: Option<Arc<str>>,
    implemented: bool,
    features: BTreeSet<Arc<str>>,
    text: Arc<str>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    submodules: Vec<KeptText>,
}

#[derive(Serialize, Deserialize)]
struct KeptText {
    name: Arc<str>,
    revision: Option<Arc<str>>,
    text: Arc<str>,
}

impl KeptModule {
    fn of(module: &Module) -> KeptModule {
        let submodules = module.submodules.iter().map(|part| KeptText {
            name: part.name.clone(),
            revision: part.revision.clone(),
            text: part.text.clone(),
        });
        KeptModule {
            name: module.name.clone(),
            revision: module.revision.clone(),
            implemented: module.implemented,
            features: module.features.clone(),
            text: module.text.clone(),
            submodules: submodules.collect(),
        }
    }
}

impl KeptSet {
    fn of(schema: &Schema) -> KeptSet {
        KeptSet {
            format: FORMAT,
            digest: hex(schema.digest()),
            modules: schema
                .modules()
                .map(|(_, module)| KeptModule::of(module))
                .collect(),
        }
    }

    /// Compiles the set as it was. What was good enough then is not judged again.
    fn compile(&self) -> Result<Arc<Schema>, String> {
        let mut source = MemorySource::new();
        let mut add = |name: &str, revision: Option<&Arc<str>>, text: &Arc<str>| {
            let revision = revision.map_or("", |it| it);
            let origin = match revision {
                "" => format!("{name}.yang"),
                revision => format!("{name}@{revision}.yang"),
            };
            let text = ModuleText {
                origin: origin.into(),
                text: text.clone(),
            };
            source.insert(name, revision, text);
        };
        for module in &self.modules {
            add(&module.name, module.revision.as_ref(), &module.text);
            for part in &module.submodules {
                add(&part.name, part.revision.as_ref(), &part.text);
            }
        }
        let mut compiler = Compiler::new(&source).mode(Mode::Lenient);
        for module in &self.modules {
            let revision = module.revision.as_deref();
            compiler = match module.implemented {
                true => compiler.implement(&module.name, revision),
                false => compiler.import_only(&module.name, revision),
            };
            let features = module.features.iter().map(ToString::to_string).collect();
            compiler = compiler.features(&module.name, Features::Only(features));
        }
        let compiled = compiler.compile().map_err(|error| error.to_string())?;
        let digest = hex(compiled.schema.digest());
        match digest == self.digest {
            true => Ok(compiled.schema),
            false => Err(format!("its modules make the set {digest}")),
        }
    }
}

/// The files of the sets that facts name, relative to the directory of the datastores.
pub(crate) fn kept_sets(facts: &BTreeMap<String, String>) -> impl Iterator<Item = String> {
    let digests = facts.keys().filter_map(|fact| fact.strip_prefix(FACTS));
    digests.map(|digest| format!("schemas/{digest}.set"))
}

/// The kept module sets of a directory.
pub(crate) struct Pins {
    files: Arc<dyn Files>,
    log: Arc<dyn CommitLog>,
    /// `None`: nothing outlives the process, and only sets of this process are known.
    directory: Option<PathBuf>,
    compiled: Mutex<HashMap<String, Arc<Schema>>>,
}

impl Pins {
    /// The sets kept under a directory of datastores, and the one that is loaded.
    pub fn new(
        files: Arc<dyn Files>,
        log: Arc<dyn CommitLog>,
        directory: Option<&Path>,
        loaded: &Arc<Schema>,
    ) -> Pins {
        let compiled = HashMap::from([(hex(loaded.digest()), loaded.clone())]);
        Pins {
            files,
            log,
            directory: directory.map(|directory| directory.join("schemas")),
            compiled: Mutex::new(compiled),
        }
    }

    fn file(&self, digest: &str) -> Option<PathBuf> {
        let directory = self.directory.as_ref()?;
        Some(directory.join(format!("{digest}.set")))
    }

    /// The schema of a digest: the loaded one, or one that is compiled again.
    ///
    /// # Errors
    /// The set is not kept, or cannot be used.
    pub fn schema(&self, digest: &str) -> Result<Arc<Schema>, PinError> {
        let compiled = || self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(schema) = compiled().get(digest) {
            return Ok(schema.clone());
        }
        let missing = |file: &Path| PinError::Missing {
            digest: digest.to_owned(),
            file: file.to_owned(),
        };
        let file = match self.file(digest) {
            // A digest is a name of a file, whoever wrote the record.
            Some(file) if digest.bytes().all(|digit| digit.is_ascii_hexdigit()) => file,
            _ => return Err(missing(Path::new(digest))),
        };
        let read = self.files.read(&file);
        let bytes = read.map_err(|reason| PinError::Damaged {
            file: file.clone(),
            reason: reason.to_string(),
        })?;
        let bytes = bytes.ok_or_else(|| missing(&file))?;
        let damaged = |reason: String| PinError::Damaged {
            file: file.clone(),
            reason,
        };
        let set: KeptSet =
            serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if set.format != FORMAT || set.digest != digest {
            return Err(damaged(format!(
                "it holds the set {} in format {}",
                set.digest, set.format
            )));
        }
        let schema = set.compile().map_err(damaged)?;
        compiled().insert(digest.to_owned(), schema.clone());
        Ok(schema)
    }

    /// A set in a form that another store can keep; `None` when it is not kept.
    ///
    /// # Errors
    /// It is kept, and cannot be used.
    pub fn to_json(&self, digest: &str) -> Result<Option<serde_json::Value>, PinError> {
        let schema = match self.schema(digest) {
            Ok(schema) => schema,
            Err(PinError::Missing { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(serde_json::to_value(KeptSet::of(&schema)).ok())
    }

    /// Keeps a set that another store has given, after it was compiled. Blocking.
    ///
    /// # Errors
    /// It is not what it says it is: why. Or the disk or the log refuses.
    pub fn keep_json(&self, set: serde_json::Value) -> Result<Result<(), String>, PinError> {
        let set: KeptSet = match serde_json::from_value(set) {
            Ok(set) => set,
            Err(error) => return Ok(Err(error.to_string())),
        };
        if set.format != FORMAT {
            return Ok(Err(format!("its format is {}, not {FORMAT}", set.format)));
        }
        if self.schema(&set.digest).is_ok() {
            return Ok(Ok(()));
        }
        let schema = match set.compile() {
            Ok(schema) => schema,
            Err(reason) => return Ok(Err(reason)),
        };
        self.keep(&schema)?;
        self.compiled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(set.digest, schema);
        Ok(Ok(()))
    }

    /// The digest of the set that the store is under, if that is known.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn current(&self) -> Result<Option<String>, LogError> {
        Ok(self.log.facts(CURRENT)?.remove(CURRENT))
    }

    /// The fact that makes a set the one that the store is under, to be set with the record that begins it.
    pub fn current_fact(schema: &Schema) -> (&'static str, String) {
        (CURRENT, hex(schema.digest()))
    }

    /// Keeps a set, durably. Does nothing if it is kept already.
    ///
    /// # Errors
    /// The disk or the log refuses.
    pub fn keep(&self, schema: &Schema) -> Result<(), PinError> {
        let digest = hex(schema.digest());
        let (Some(directory), Some(file)) = (&self.directory, self.file(&digest)) else {
            return Ok(());
        };
        let fact = format!("{FACTS}{digest}");
        let disk = |reason| PinError::Disk {
            file: file.clone(),
            reason,
        };
        let known = self.log.facts(&fact)?.contains_key(&fact);
        if known && self.files.read(&file).is_ok_and(|found| found.is_some()) {
            return Ok(());
        }
        let temporary = directory.join(format!("{digest}.new"));
        let set = KeptSet::of(schema);
        self.files.create_directory(directory).map_err(disk)?;
        self.files
            .write(&temporary, Sync::Now, &mut |out| {
                serde_json::to_writer(out, &set).map_err(io::Error::from)
            })
            .and_then(|()| self.files.rename(&temporary, &file))
            .and_then(|()| self.files.sync_directory(directory))
            .map_err(disk)?;
        self.log.set(&[(&fact, Some("kept"))])?;
        Ok(())
    }

    /// Removes the sets that neither `needed` nor a record of the history names. Looks at the history only if there is
    /// a set to remove.
    ///
    /// # Errors
    /// The disk or the log refuses; the next start tries again.
    pub fn prune(&self, needed: &BTreeSet<String>) -> Result<Vec<String>, PinError> {
        let facts: BTreeMap<String, String> = self.log.facts(FACTS)?;
        let kept = facts.keys().filter_map(|name| name.strip_prefix(FACTS));
        let mut idle: BTreeSet<String> = kept
            .filter(|digest| !needed.contains(*digest))
            .map(str::to_owned)
            .collect();
        let mut newest = crate::number::Seq(u64::MAX);
        while !idle.is_empty() {
            let heads = self.log.history(newest, 256)?;
            for head in &heads {
                idle.remove(&head.schema);
                // Going back behind an upgrade needs the set before it.
                if let Some(from) = super::upgraded_from(head) {
                    idle.remove(from);
                }
            }
            match heads.last() {
                Some(last) if last.seq.0 > 1 => newest = crate::number::Seq(last.seq.0 - 1),
                _ => break,
            }
        }
        for digest in &idle {
            if let (Some(file), Some(directory)) = (self.file(digest), &self.directory) {
                self.files
                    .remove(&file)
                    .and_then(|()| self.files.sync_directory(directory))
                    .map_err(|reason| PinError::Disk { file, reason })?;
            }
            let fact = format!("{FACTS}{digest}");
            self.log.set(&[(&fact, None)])?;
        }
        Ok(idle.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::MemoryFiles;
    use crate::log::MemoryLog;

    fn compiled(text: &str, other: &str, features: &[&str]) -> Arc<Schema> {
        let mut source = MemorySource::new();
        source.add(text).add(other);
        let features = features.iter().map(|it| (*it).to_owned()).collect();
        let compiler = Compiler::new(&source).implement("m", None);
        let compiler = compiler.features("m", Features::Only(features));
        compiler.compile().unwrap().schema
    }

    const OTHER: &str = "module o { namespace urn:o; prefix o; revision 2020-01-01; \
                         typedef t { type string { length 1..4; } } leaf unseen { type string; } }";
    const MODEL: &str = "module m { yang-version 1.1; namespace urn:m; prefix m; \
                         import o { prefix o; revision-date 2020-01-01; } \
                         feature f; feature g; leaf a { if-feature f; type o:t; } leaf b { if-feature g; type string; } }";

    #[test]
    fn a_kept_set_compiles_to_the_same_schema_and_goes_when_nobody_needs_it() {
        let schema = compiled(MODEL, OTHER, &["f"]);
        let later = compiled(MODEL, OTHER, &["f", "g"]);
        let files = MemoryFiles::default();
        let log = MemoryLog::default();
        let pins = |loaded: &Arc<Schema>| {
            let files = Arc::new(files.clone());
            Pins::new(files, Arc::new(log.clone()), Some(Path::new("/s")), loaded)
        };
        pins(&schema).keep(&schema).unwrap();
        let steps = files.steps();
        pins(&schema).keep(&schema).unwrap();
        assert_eq!(files.steps(), steps, "it was kept already");
        let again = pins(&later).schema(&hex(schema.digest())).unwrap();
        assert_eq!(again.digest(), schema.digest());
        assert!(again.nodes().any(|(_, node)| &*node.name == "a"));
        assert!(
            !again
                .nodes()
                .any(|(_, node)| matches!(&*node.name, "b" | "unseen"))
        );
        let needed = BTreeSet::from([hex(later.digest())]);
        assert_eq!(pins(&later).prune(&needed).unwrap(), [hex(schema.digest())]);
        let gone = pins(&later).schema(&hex(schema.digest()));
        assert!(matches!(gone, Err(PinError::Missing { .. })));
    }

    #[test]
    fn a_damaged_set_is_not_used() {
        let schema = compiled(MODEL, OTHER, &[]);
        let later = compiled(MODEL, OTHER, &["g"]);
        let files = MemoryFiles::default();
        let pins = Pins::new(
            Arc::new(files.clone()),
            Arc::new(MemoryLog::default()),
            Some(Path::new("/s")),
            &later,
        );
        pins.keep(&schema).unwrap();
        let digest = hex(schema.digest());
        let file = PathBuf::from(format!("/s/schemas/{digest}.set"));
        let text = String::from_utf8(files.read(&file).unwrap().unwrap()).unwrap();
        files.put(&file, text.replace("length 1..4", "length 1..5").as_bytes());
        let error = pins.schema(&digest).unwrap_err().to_string();
        assert!(error.contains("its modules make the set"), "{error}");
        files.put(&file, b"{");
        assert!(pins.schema(&digest).is_err());
        assert!(pins.schema("../../etc/passwd").is_err());
    }
}
