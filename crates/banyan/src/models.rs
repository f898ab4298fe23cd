//! The schemas of the daemon and of simulated devices: which modules they are made of.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use banyan_controller::SchemaCache;
use banyan_data::cores::Cores;
use banyan_yang::compile::{CompileError, Compiler, Features, Mode};
use banyan_yang::diagnostic::Diagnostic;
use banyan_yang::head::Head;
use banyan_yang::schema::Schema;

use crate::config::{FeatureChoice, Missing, Yang};
use crate::directories::{Directories, FileError, Search, modules_in, read_text};

/// The protocol's own modules, in every datastore.
pub const PROTOCOL: &[&str] = &[
    NETCONF,
    "ietf-netconf-monitoring",
    "ietf-netconf-partial-lock",
    "ietf-netconf-private-candidate",
    "ietf-yang-library",
    "ietf-datastores",
    "ietf-origin",
    "ietf-netconf-nmda",
    "clixon-lib",
    "ietf-nmda-compare",
    SUBSCRIBED,
    PUSH,
    "notifications",
    "nc-notifications",
    "ietf-netconf-notifications",
];

/// The protocol's module.
const NETCONF: &str = "ietf-netconf";

/// What the server can do of RFC 6241 section 8.
const NETCONF_FEATURES: &[&str] = &[
    "candidate",
    "confirmed-commit",
    "rollback-on-error",
    "validate",
    "startup",
    "xpath",
];

/// Subscriptions (RFC 8639).
const SUBSCRIBED: &str = "ietf-subscribed-notifications";
/// Subscriptions to datastores (RFC 8641).
const PUSH: &str = "ietf-yang-push";

/// Modules of ours of which the server can do only this: not what it is configured to, what it does.
const ABILITIES: &[(&str, &[&str])] = &[
    (NETCONF, NETCONF_FEATURES),
    (SUBSCRIBED, &["encode-xml", "replay", "subtree", "xpath"]),
    (PUSH, &["on-change"]),
];

/// What access control needs.
pub const ACCESS: &[&str] = &["ietf-netconf-acm"];

/// What a controller has beside them.
pub const CONTROLLER: &[&str] = &["banyan", "banyan-kicker", "banyan-controller"];

/// Why a schema could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A directory or file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The modules do not compile; the text shows where.
    #[error("{error}\n\nthe modules were looked for in {}", places(searched))]
    Compile {
        /// All that is wrong.
        error: CompileError,
        /// The directories that were searched.
        searched: Vec<PathBuf>,
    },
}

/// Compiled models, and what is to be said of them.
#[derive(Debug)]
pub struct Models {
    /// What they make.
    pub schema: Arc<Schema>,
    /// What the compiler says: warnings, and in lenient mode what was left out.
    pub diagnostics: Vec<Diagnostic>,
    /// What the configuration asks for in vain.
    pub remarks: Vec<Remark>,
}

/// A value of the configuration that has no effect.
#[derive(Debug)]
pub struct Remark {
    /// Its key.
    pub key: &'static str,
    /// The value, or the part of it that is meant.
    pub value: String,
    /// What is the matter with it, and what to do.
    pub message: String,
}

impl Models {
    /// All that is to be said, in lines for the log.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let remarks = self.remarks.iter().map(|remark| remark.message.clone());
        let sources = self.schema.sources();
        let diagnostics = self.diagnostics.iter().map(|it| it.one_line(sources));
        remarks
            .chain(diagnostics)
            .chain(without_effect(&self.schema))
    }
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
) -> Result<Models, ModelError> {
    let mut remarks = Vec::new();
    let (source, main) = modules(yang, &mut remarks)?;
    let mut compiler = Compiler::new(&source)
        .workers(&Cores)
        .default_features(features(&yang.other_features))
        .mode(match yang.lenient {
            true => Mode::Lenient,
            false => Mode::Strict,
        });
    for name in own {
        // What Banyan needs does not depend on which features others have.
        compiler = compiler.implement(name, None).features(name, Features::All);
    }
    for name in yang.load.iter().chain(&main) {
        compiler = match name.split_once('@') {
            Some((name, revision)) => compiler.implement(name, Some(revision)),
            None => compiler.implement(name, None),
        };
    }
    for (module, choice) in &yang.features {
        compiler = compiler.features(module, features(choice));
    }
    if let Some(FeatureChoice::Only(asked)) = yang.features.get(NETCONF) {
        for feature in asked {
            if !NETCONF_FEATURES.contains(&feature.as_str()) {
                remarks.push(Remark {
                    key: "yang.features",
                    value: feature.clone(),
                    message: format!(
                        "{NETCONF}:{feature} is not a feature that this server has; it stays off"
                    ),
                });
            }
        }
    }
    for (module, abilities) in ABILITIES {
        if own.contains(module) {
            let on = abilities.iter().map(|name| (*name).to_owned()).collect();
            compiler = compiler.features(module, Features::Only(on));
        }
    }
    let compiled = match cache {
        Some(cache) => compiler.compile_through(cache),
        None => compiler.compile(),
    };
    let compiled = compiled.map_err(|error| ModelError::Compile {
        error,
        searched: yang.path.clone(),
    })?;
    let schema = compiled.schema;
    let loaded = |name: &str| schema.modules().any(|(_, module)| *module.name == *name);
    for module in yang.features.keys().filter(|module| !loaded(module)) {
        remarks.push(Remark {
            key: "yang.features",
            value: module.clone(),
            message: format!(
                "features of {module} are chosen, and no module of that name is loaded; correct the name, or load it"
            ),
        });
    }
    // What is odd in a standard is in the text that Banyan brings of it, too: nobody can mend it there.
    let brought = |it: &Diagnostic| {
        it.primary
            .is_some_and(|span| schema.sources().name(span.source).starts_with("embedded "))
    };
    let mut diagnostics = compiled.diagnostics;
    diagnostics.retain(|it| it.is_error() || !brought(it));
    Ok(Models {
        schema,
        diagnostics,
        remarks,
    })
}

/// Statements of Clixon's library that the modules use, and that are only known by name: a line for each, with its place.
pub fn without_effect(schema: &Schema) -> Vec<String> {
    const NAMES: &[&str] = &["ignore-compare", "system-only-config", "error-message"];
    let nodes = schema.nodes().flat_map(|(id, node)| {
        let uses = node.extensions().iter();
        uses.filter(|it| &*it.module == "clixon-lib" && NAMES.contains(&&*it.name))
            .map(move |it| (id, it))
    });
    // One in a grouping stands in many places of the tree.
    let mut lines = BTreeMap::new();
    for (id, it) in nodes {
        let place = schema.sources().location(it.span);
        lines.entry(place).or_insert_with_key(|place| {
            format!(
                "{place}: cl:{} has no effect on {}; banyan knows the statement only by its name",
                it.name,
                schema.path(id)
            )
        });
    }
    lines.into_values().collect()
}

fn features(choice: &FeatureChoice) -> Features {
    match choice {
        FeatureChoice::All => Features::All,
        FeatureChoice::Only(names) => Features::Only(names.iter().cloned().collect()),
    }
}

/// Where modules are found, and the names of those of the main file and the main directory.
fn modules(
    yang: &Yang,
    remarks: &mut Vec<Remark>,
) -> Result<(Directories, Vec<String>), ModelError> {
    let mut source = Directories::default();
    let mut main = Vec::new();
    if let Some(file) = &yang.main_file {
        let text = read_text(file)?;
        let head = Head::of(&text.text).ok_or_else(|| FileError::File {
            file: file.clone(),
            reason: "it does not begin with a YANG module".to_owned(),
        })?;
        main.push(match source.give(&head, text) {
            Some(revision) => format!("{}@{revision}", head.name),
            None => head.name,
        });
    }
    if let Some(directory) = &yang.main_directory {
        for module in modules_in(directory, Search::Flat)? {
            let misnamed = module
                .misnamed
                .and_then(|text| Some((Head::of(&text.text)?, text)));
            main.push(match misnamed {
                Some((head, text)) => {
                    source.give(&head, text);
                    head.name
                }
                None => module.file_name,
            });
        }
        source.add(directory, Search::Flat)?;
    }
    for directory in &yang.path {
        if yang.missing == Missing::PassedOver && !directory.exists() {
            remarks.push(Remark {
                key: "yang.path",
                value: directory.display().to_string(),
                message: format!(
                    "{}: this directory of modules does not exist; the modules that Banyan brings may be all that is needed of it",
                    directory.display()
                ),
            });
            continue;
        }
        source.add(directory, yang.search)?;
    }
    Ok((source, main))
}
