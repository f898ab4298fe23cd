//! Where the program finds YANG modules: directories first, then those that it brings along.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use banyan_yang::compile::{Compiled, Compiler, Features, ModuleSource, ModuleText, SourceError};
use banyan_yang::embedded::EmbeddedModules;

use crate::config::Yang;

/// The protocol's own modules, in every datastore.
pub const PROTOCOL: &[&str] = &[
    "ietf-netconf",
    "ietf-netconf-monitoring",
    "ietf-yang-library",
    "ietf-datastores",
];

/// What the server can do of RFC 6241 section 8.
const NETCONF_FEATURES: &[&str] = &[
    "candidate",
    "confirmed-commit",
    "rollback-on-error",
    "validate",
    "startup",
    "xpath",
];

/// What a controller has beside them.
pub const CONTROLLER: &[&str] = &["banyan", "banyan-kicker", "banyan-controller"];

/// Why a schema could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The directory cannot be read.
    #[error("cannot read the YANG directory {}: {source}; correct the path, or create it", directory.display())]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The modules do not compile; the text shows where.
    #[error("{diagnostics}\n\nthe modules were looked for in {}", places(searched))]
    Compile {
        /// All diagnostics, rendered.
        diagnostics: String,
        /// The directories that were searched.
        searched: Vec<PathBuf>,
    },
}

fn places(searched: &[PathBuf]) -> String {
    let mut places: Vec<String> = searched
        .iter()
        .map(|place| place.display().to_string())
        .collect();
    places.push("the modules that banyan brings".to_owned());
    places.join(", then in ")
}

/// Directories with `.yang` files, then the embedded modules. Files are called `name.yang` or `name@revision.yang`.
pub struct Directories {
    directories: Vec<PathBuf>,
}

impl Directories {
    /// Searches these directories, in this order.
    ///
    /// # Errors
    /// One of them is no directory that can be read.
    pub fn new(directories: Vec<PathBuf>) -> Result<Directories, ModelError> {
        for directory in &directories {
            std::fs::read_dir(directory).map_err(|source| ModelError::Directory {
                directory: directory.clone(),
                source,
            })?;
        }
        Ok(Directories { directories })
    }

    /// The file in `directory` that holds the module: of the revision, or of the newest one.
    fn file(directory: &Path, name: &str, revision: Option<&str>) -> Option<PathBuf> {
        if let Some(revision) = revision {
            let exact = directory.join(format!("{name}@{revision}.yang"));
            if exact.is_file() {
                return Some(exact);
            }
        }
        let plain = directory.join(format!("{name}.yang"));
        let dated = || {
            let entries = std::fs::read_dir(directory).ok()?;
            let prefix = format!("{name}@");
            entries
                .flatten()
                .map(|entry| entry.path())
                .filter(|path| {
                    let file = path
                        .file_name()
                        .and_then(|name| name.to_str())
                        .unwrap_or_default();
                    file.starts_with(&prefix) && file.ends_with(".yang")
                })
                // Dates sort as text, so the greatest name is the newest revision.
                .max()
        };
        match revision {
            // A plain file may hold any revision; the compiler checks which.
            Some(_) => plain.is_file().then_some(plain),
            None => plain.is_file().then_some(plain).or_else(dated),
        }
    }
}

impl ModuleSource for Directories {
    fn find(&self, name: &str, revision: Option<&str>) -> Result<ModuleText, SourceError> {
        for directory in &self.directories {
            if let Some(file) = Directories::file(directory, name, revision) {
                let text = std::fs::read_to_string(&file).map_err(|error| {
                    SourceError::Unreadable(format!("{} cannot be read: {error}", file.display()))
                })?;
                if revision.is_none_or(|revision| text.contains(revision)) {
                    return Ok(ModuleText {
                        origin: file.to_string_lossy().into(),
                        text: Arc::from(text),
                    });
                }
            }
        }
        EmbeddedModules.find(name, revision)
    }
}

/// Compiles a configuration's modules together with `own` ones.
///
/// # Errors
/// A directory cannot be read, or a module is wrong.
pub fn compile(yang: &Yang, own: &[&str]) -> Result<Compiled, ModelError> {
    let source = Directories::new(yang.path.clone())?;
    let mut compiler = Compiler::new(&source);
    for name in own {
        compiler = compiler.implement(name, None);
    }
    for name in &yang.load {
        compiler = match name.split_once('@') {
            Some((name, revision)) => compiler.implement(name, Some(revision)),
            None => compiler.implement(name, None),
        };
    }
    if !yang.features.contains_key("ietf-netconf") {
        let features = NETCONF_FEATURES
            .iter()
            .map(|name| (*name).to_owned())
            .collect();
        compiler = compiler.features("ietf-netconf", Features::Only(features));
    }
    for (module, features) in &yang.features {
        compiler = compiler.features(module, Features::Only(features.iter().cloned().collect()));
    }
    compiler.compile().map_err(|error| ModelError::Compile {
        diagnostics: error.to_string(),
        searched: yang.path.clone(),
    })
}

/// The names of all modules in a directory: files that begin with `module`, not `submodule`.
///
/// # Errors
/// The directory or a file in it cannot be read.
pub fn modules_in(directory: &Path) -> Result<Vec<String>, ModelError> {
    let failed = |source| ModelError::Directory {
        directory: directory.to_owned(),
        source,
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else {
            continue;
        };
        if path.extension().is_none_or(|extension| extension != "yang") {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(failed)?;
        let is_submodule = text
            .lines()
            .any(|line| line.trim_start().starts_with("belongs-to"));
        let name = stem.split('@').next().unwrap_or(stem).to_owned();
        if !is_submodule && !names.contains(&name) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}
