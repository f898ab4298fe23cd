//! The schemas of the daemon and of simulated devices: which modules they are made of.

use std::path::PathBuf;

use banyan_controller::SchemaCache;
use banyan_data::cores::Cores;
use banyan_yang::compile::{Compiled, Compiler, Features};

use crate::config::Yang;
use crate::directories::{Directories, FileError, Search};

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
    /// A directory or file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
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

/// Compiles a configuration's modules together with `own` ones, or takes what an earlier run kept in `cache`.
///
/// # Errors
/// A directory cannot be read, or a module is wrong.
pub fn compile(
    yang: &Yang,
    own: &[&str],
    cache: Option<&SchemaCache>,
) -> Result<Compiled, ModelError> {
    let source = Directories::new(&yang.path, Search::Flat)?;
    let mut compiler = Compiler::new(&source).workers(&Cores);
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
    let compiled = match cache {
        Some(cache) => compiler.compile_through(cache),
        None => compiler.compile(),
    };
    compiled.map_err(|error| ModelError::Compile {
        diagnostics: error.to_string(),
        searched: yang.path.clone(),
    })
}
