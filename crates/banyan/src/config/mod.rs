//! The configuration of the program: `banyan.toml`, or a Clixon configuration as it is, into one typed [`Config`].
//!
//! One [table] of keys is behind all of it: both readers, `-o KEY=VALUE`, environment variables, the `banyan config`
//! commands and `docs/configuration.md`. Every value remembers where it came from. Relative paths are relative to
//! the directory of the file that names them. Must not open, create or connect to anything that it names, but for
//! the directory of more configuration.

mod build;
mod clixon_file;
pub mod commands;
mod convert;
mod explain;
mod key;
mod options;
#[cfg(test)]
mod outside_tests;
mod participant;
mod problem;
#[cfg(test)]
mod random_tests;
mod settings;
mod show;
mod sources;
mod table;
#[cfg(test)]
mod tests;
mod toml_file;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use banyan_engine::access::AccessOptions;
use banyan_engine::backend::Candidates;
use banyan_engine::engine::StartMode;
use banyan_engine::files::StoreOptions;
use banyan_engine::history::Retention;
use banyan_engine::observe::ObserveOptions;
use banyan_engine::stream::StreamOptions;
use banyan_engine::upgrade::Policy;
use tracing::Level;

use crate::directories::Search;

pub use participant::Participant;
pub use problem::{Origin, Place, Problem, Severity};
#[cfg(test)]
use settings::Dialect;
pub use settings::{Settings, debug_level};
pub use sources::{Loaded, Sources};

/// Everything that `banyan serve` needs to know.
#[derive(Debug)]
pub struct Config {
    /// Where data are kept.
    pub store: Store,
    /// How candidates are worked on.
    pub candidate: Candidate,
    /// Who may do what.
    pub access: AccessOptions,
    /// Which models make the tree.
    pub yang: Yang,
    /// How data are brought to other modules.
    pub upgrade: Upgrade,
    /// The NETCONF server.
    pub netconf: Netconf,
    /// Who may come in through SSH.
    pub user: Vec<User>,
    /// What to put up with.
    pub compat: Compat,
    /// RPCs and actions that programs carry out.
    pub operation: Vec<Operation>,
    /// Programs that take part in commits.
    pub participant: Vec<Participant>,
    /// How much of the past is kept.
    pub history: Retention,
    /// How much notification streams keep.
    pub streams: StreamOptions,
    /// Whether operational data must keep the constraints of the schema.
    pub validate_state: bool,
    /// How many subscriptions a session may have.
    pub subscriptions: usize,
    /// Programs that provide operational data.
    pub provider: Vec<Provider>,
    /// As whom the daemon runs.
    pub process: Process,
    /// Where log lines go, and which.
    pub log: Log,
    /// Figures for Prometheus.
    pub metrics: Metrics,
}

/// `store`
#[derive(Debug)]
pub struct Store {
    /// The directory of the datastores; made when absent, readable by its owner only.
    pub directory: PathBuf,
    /// What running is at the start.
    pub startup_mode: StartMode,
    /// How datastores are kept in files.
    pub files: StoreOptions,
}

/// `candidate`
#[derive(Debug)]
pub struct Candidate {
    /// Whose candidate a session works on.
    pub sessions: Candidates,
    /// Whether the first edit locks the shared one.
    pub autolock: bool,
    /// Whether each edit is committed at once.
    pub autocommit: bool,
}

/// `upgrade`, and `[[migration]]`
#[derive(Debug)]
pub struct Upgrade {
    /// What becomes of data that the modules do not accept.
    pub policy: Policy,
    /// Files of migration rules.
    pub rules: Vec<PathBuf>,
    /// Migration steps that programs do.
    pub migration: Vec<Migration>,
}

/// A `[[migration]]`
#[derive(Debug)]
pub struct Migration {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The module whose change it is for; without one it runs at every start.
    pub module: Option<String>,
    /// The revision of the data that it is for.
    pub from: Option<String>,
    /// The revision that it leads to.
    pub to: Option<String>,
    /// Seconds that it may take.
    pub timeout: u64,
}

/// `yang`
#[derive(Debug)]
pub struct Yang {
    /// Directories with `.yang` files, searched in this order, before the modules that Banyan brings.
    pub path: Vec<PathBuf>,
    /// How much of them is searched.
    pub search: Search,
    /// What becomes of a directory that is not there.
    pub missing: Missing,
    /// The modules to implement: `name` or `name@revision`.
    pub load: Vec<String>,
    /// A file with a module to implement.
    pub main_file: Option<PathBuf>,
    /// A directory of which all modules are implemented.
    pub main_directory: Option<PathBuf>,
    /// Features that are on, by module.
    pub features: BTreeMap<String, FeatureChoice>,
    /// Those of modules that are not named.
    pub other_features: FeatureChoice,
    /// Whether what does not compile is left out.
    pub lenient: bool,
}

impl Default for Yang {
    fn default() -> Self {
        Yang {
            path: Vec::new(),
            search: Search::Flat,
            missing: Missing::Refused,
            load: Vec::new(),
            main_file: None,
            main_directory: None,
            features: BTreeMap::new(),
            other_features: FeatureChoice::All,
            lenient: false,
        }
    }
}

/// What becomes of a directory of modules that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The daemon does not start.
    Refused,
    /// It is passed over with a warning: Clixon's own modules need not be installed.
    PassedOver,
}

/// Which features of a module are on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeatureChoice {
    /// All of them.
    All,
    /// These.
    Only(Vec<String>),
}

/// `netconf`
#[derive(Debug)]
pub struct Netconf {
    /// The Unix socket.
    pub socket: PathBuf,
    /// The group that may connect to it.
    pub socket_group: Option<String>,
    /// Where SSH listens; nowhere when not given.
    pub ssh: Option<SocketAddr>,
    /// The SSH host key; made on the first start.
    pub host_key: PathBuf,
}

/// `[[user]]`
#[derive(Debug, Clone)]
pub struct User {
    /// The user's name.
    pub name: String,
    /// A crypt(3) hash (`$5$` or `$6$`), as `openssl passwd -6` prints it.
    pub password_hash: Option<String>,
    /// Public keys, as lines of `authorized_keys`.
    pub keys: Vec<String>,
    /// Groups for access control, beside those of the rules.
    pub groups: Vec<String>,
}

/// `compat`
#[derive(Debug)]
pub struct Compat {
    /// Accept messages without base namespace, hello or message-id.
    pub lenient: bool,
}

/// `[[operation]]`
#[derive(Debug, Clone)]
pub struct Operation {
    /// The schema path of the rpc or action: `/module:name` or `/module:container/list/action`.
    pub path: String,
    /// The program; one with a slash is absolute.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Seconds that it may take.
    pub timeout: u64,
}

/// `[[provider]]`
#[derive(Debug, Clone)]
pub struct Provider {
    /// The schema path of the subtree that it provides.
    pub path: String,
    /// The program; one with a slash is absolute.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Seconds that a read waits for it.
    pub timeout: u64,
    /// Milliseconds for which an answer is kept.
    pub cache: u64,
    /// The origin of configuration nodes that it provides.
    pub origin: banyan_engine::nmda::Origin,
}

/// `process`
#[derive(Debug)]
pub struct Process {
    /// As whom the daemon runs when it was started as root.
    pub user: Option<String>,
    /// Whether it becomes that user.
    pub privileges: Privileges,
    /// Where its process id is.
    pub pid_file: Option<PathBuf>,
    /// How long commits in progress may take when it stops.
    pub stop_timeout: Duration,
}

/// What becomes of root's privileges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privileges {
    /// They are kept.
    Kept,
    /// They are given up for good.
    Dropped,
    /// They are asked to be given up for a time: given up for good, with a warning.
    DroppedForATime,
}

/// `log`
#[derive(Debug)]
pub struct Log {
    /// The least urgent level that is logged.
    pub level: Level,
    /// Where lines go.
    pub destination: Vec<Destination>,
    /// What is remembered and logged of commits.
    pub commits: ObserveOptions,
}

/// `metrics`
#[derive(Debug)]
pub struct Metrics {
    /// Where they are served; nowhere when not given.
    pub listen: Option<SocketAddr>,
}

impl Default for Log {
    fn default() -> Self {
        Log {
            level: Level::INFO,
            destination: vec![Destination::Stderr],
            commits: ObserveOptions::default(),
        }
    }
}

/// Where log lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Standard error.
    Stderr,
    /// Standard output.
    Stdout,
    /// This file, appended to.
    File(PathBuf),
    /// The system's log.
    Syslog,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not, and what to do.
        reason: String,
    },
    /// Something in it is wrong.
    #[error("{}", rendered(.0))]
    Refused(
        /// What; with at least one error.
        Vec<Problem>,
    ),
}

/// All problems, and how many of them stop the start.
fn rendered(problems: &[Problem]) -> String {
    let told = problems
        .iter()
        .filter(|problem| problem.severity > Severity::Note);
    let mut text = String::from("the configuration cannot be used");
    for problem in told {
        text.push('\n');
        text.push_str(&problem.to_string());
    }
    text
}

impl Config {
    /// Reads the file at `path`, and the environment.
    ///
    /// # Errors
    /// It cannot be read, or has errors: all of them are told.
    pub fn load(path: &std::path::Path) -> Result<Config, ConfigError> {
        Sources::new(path)
            .with_environment()
            .load()
            .map(|loaded| loaded.config)
    }
}
