//! The module sets: all of OpenConfig, all of IETF and IANA, and what a Cisco device says in its hello.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The sets that are measured.
pub const NAMES: [&str; 3] = ["openconfig", "ietf", "cisco-xe"];

/// The hello of the device whose set `cisco-xe` is.
const HELLO: &str = "cisco-xe/capability-c8000v.xml";

/// What neither engine gets: a template with placeholders for dates, and what libyang refuses, because it would take
/// back other modules with it.
const LEFT_OUT: &[&str] = &[
    "ietf-template",
    "ietf-voucher-request",
    // Mount points on what is not a container or list.
    "ietf-connectionless-oam",
    "ietf-connectionless-oam-methods",
    // They import modules of IEEE.
    "ietf-ac-glue",
    "ietf-ac-ntw",
    "ietf-detnet",
    "ietf-igmp-mld-snooping",
    "ietf-l2-topology",
    "ietf-l2-topology-state",
    "ietf-l2vpn-ntw",
    // A second deviation of a node that another one removes.
    "cisco-xe-routing-openconfig-system-deviation",
];

/// A module to implement.
#[derive(Debug)]
pub struct Wanted {
    pub name: String,
    /// `None`: all.
    pub features: Option<BTreeSet<String>>,
}

/// Modules, and where their texts are.
#[derive(Debug)]
pub struct Set {
    pub directories: Vec<PathBuf>,
    pub wanted: Vec<Wanted>,
    /// Files by module name and revision, the newest revision last.
    pub files: BTreeMap<String, BTreeMap<String, PathBuf>>,
}

fn models() -> PathBuf {
    std::env::var_os("BANYAN_SHARED")
        .map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
            PathBuf::from,
        )
        .join("models")
}

/// The set of this name.
pub fn set(name: &str) -> Result<Set, String> {
    let folders: &[&str] = match name {
        "openconfig" => &["openconfig"],
        "ietf" => &["ietf", "iana"],
        "cisco-xe" => &["cisco-xe"],
        _ => return Err(format!("there is no set {name}")),
    };
    let mut directories: Vec<PathBuf> =
        folders.iter().map(|folder| models().join(folder)).collect();
    if name == "cisco-xe" {
        directories = vec![without_status(&directories[0])?];
    }
    let mut files: BTreeMap<String, BTreeMap<String, PathBuf>> = BTreeMap::new();
    for directory in &directories {
        let entries = std::fs::read_dir(directory)
            .map_err(|error| format!("{}: {error}", directory.display()))?;
        for entry in entries.flatten() {
            let path = entry.path();
            let Some(stem) = path
                .file_name()
                .and_then(|name| name.to_str()?.strip_suffix(".yang"))
            else {
                continue;
            };
            let (module, revision) = stem.split_once('@').unwrap_or((stem, ""));
            files
                .entry(module.to_owned())
                .or_default()
                .insert(revision.to_owned(), path);
        }
    }
    let mut wanted = newest(&files);
    if name == "cisco-xe" {
        // The hello names YANG 1 modules only (RFC 7950 5.6.4); the others are in the folder all the same.
        let announced = announced(&models().join(HELLO))?;
        // Deviations of other devices do not count.
        wanted.retain(|wanted| {
            announced.contains_key(&wanted.name) || !wanted.name.ends_with("-deviation")
        });
        for wanted in &mut wanted {
            if let Some(announced) = announced.get(&wanted.name) {
                wanted.features = Some(announced.clone());
            }
        }
    }
    Ok(Set {
        directories,
        wanted,
        files,
    })
}

/// A copy of a folder without `status` statements: libyang refuses a current node under an obsolete one, of which the
/// vendor has many, and with it the whole set.
fn without_status(folder: &Path) -> Result<PathBuf, String> {
    let name = folder.file_name().unwrap_or_default();
    let copy = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("target/models")
        .join(name);
    let failed = |error: std::io::Error| format!("{}: {error}", copy.display());
    std::fs::create_dir_all(&copy).map_err(failed)?;
    for entry in std::fs::read_dir(folder).map_err(failed)?.flatten() {
        let to = copy.join(entry.file_name());
        if to.exists() {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).map_err(failed)?;
        let kept: Vec<&str> = text
            .split_inclusive('\n')
            .filter(|line| !is_status(line))
            .collect();
        std::fs::write(&to, kept.concat()).map_err(failed)?;
    }
    Ok(copy)
}

fn is_status(line: &str) -> bool {
    let words = line.trim().trim_end_matches(';').replace('"', "");
    matches!(
        words.split_whitespace().collect::<Vec<_>>()[..],
        ["status", "deprecated" | "obsolete"]
    )
}

/// The newest revision of every module that is not a submodule.
fn newest(files: &BTreeMap<String, BTreeMap<String, PathBuf>>) -> Vec<Wanted> {
    files
        .iter()
        .filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()))
        .filter(|(_, revisions)| {
            revisions.last_key_value().is_some_and(|(_, path)| {
                let text = std::fs::read_to_string(path).unwrap_or_default();
                !text
                    .lines()
                    .any(|line| line.trim_start().starts_with("submodule "))
            })
        })
        .map(|(name, _)| Wanted {
            name: name.clone(),
            features: None,
        })
        .collect()
}

impl Set {
    /// A set of the same texts with the first modules only.
    pub fn first(mut self, count: usize) -> Set {
        self.wanted.truncate(count);
        self
    }
}

/// The modules of a hello with their features (RFC 6020 5.6.4).
fn announced(hello: &Path) -> Result<BTreeMap<String, BTreeSet<String>>, String> {
    let text =
        std::fs::read_to_string(hello).map_err(|error| format!("{}: {error}", hello.display()))?;
    let mut announced = BTreeMap::new();
    for capability in text.split("<capability>").skip(1) {
        let uri = capability
            .split('<')
            .next()
            .unwrap_or("")
            .replace("&amp;", "&");
        let parameters: BTreeMap<&str, &str> = uri
            .split_once('?')
            .map_or("", |(_, query)| query)
            .split('&')
            .filter_map(|parameter| parameter.split_once('='))
            .collect();
        let Some(name) = parameters.get("module") else {
            continue;
        };
        let features = parameters.get("features").map_or("", |features| features);
        let features = features.split(',').filter(|name| !name.is_empty());
        announced.insert((*name).to_owned(), features.map(str::to_owned).collect());
    }
    Ok(announced)
}
