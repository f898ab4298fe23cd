//! The command line of `banyan`.

mod change;
mod examples;
mod history;
mod lock;
mod watch;

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

pub use self::change::{Commit, Delete, Edit, Prefer, Set, Telling, Update};
pub use self::history::{
    Blame, Diff, DiffFormat, History, HistoryCommand, HistoryDiff, HistoryExport, HistoryImport,
    HistoryList, HistoryShow, HistoryTrim, Rollback,
};
pub use self::lock::Lock;
pub use self::watch::{Notify, Watch};
use crate::client::StoreCommand;
use crate::config::commands::ConfigCommand;
use crate::data::DataCommand;
use crate::data::output::DataForm;
use crate::restore::Restore;
use crate::upgrade::Upgrade;
use crate::xpath::XpathCommand;
use crate::yang::YangCommand;

/// Keeps the configuration of networks: a YANG-modelled tree with transactions that reach into devices.
#[derive(Debug, Parser)]
#[command(name = "banyan", version, max_term_width = 100)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Arguments {
    /// The arguments of this process. Ends it where they are wrong, or help is asked for.
    pub fn given() -> Arguments {
        let matches = examples::with_examples(Arguments::command()).get_matches();
        Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the daemon.
    Serve(Serve),
    /// Bring the stores to the modules of the configuration, or say what that would do; no daemon may run.
    Upgrade(Upgrade),
    /// Speak NETCONF on standard input and output (for `Subsystem netconf` in sshd_config).
    Netconf(Connect),
    /// Run simulated devices: independent NETCONF servers over SSH.
    Sim(Sim),
    /// Print configuration (with --state, state data too).
    Get(Get),
    /// Set a node in the candidate: `set /interfaces/interface[name='eth0']/mtu 1500`.
    Set(Set),
    /// Delete a node from the candidate.
    Delete(Delete),
    /// Apply an edit document (XML, JSON or `set` lines, from a file or standard input) to the candidate.
    Edit(Edit),
    /// Show how the candidate differs from running.
    Diff(Diff),
    /// Commit the candidate.
    Commit(Commit),
    /// Make the candidate equal to running.
    Discard(Connect),
    /// Bring the candidate onto what is running now; changes of both sides are joined.
    Update(Update),
    /// Lock datastores, or parts of running, while a command runs. Exit status: the command's; 1 if the lock is not to be
    /// had.
    Lock(Lock),
    /// End a session; its locks and its private candidate go with it.
    KillSession(KillSession),
    /// Call an rpc or an action: `rpc banyan-controller:config-pull '{"device": "www*"}'`.
    Rpc(Rpc),
    /// Print events, or what changes in a datastore, as they happen; ends with ^C.
    Watch(Watch),
    /// Send a notification to those who subscribe to it.
    Notify(Notify),
    /// List, show, compare, export and import commits.
    History(History),
    /// Make the candidate what running was, in whole or in part.
    Rollback(Rollback),
    /// Show the rules of access control, or what decides about an access.
    #[command(subcommand)]
    Nacm(NacmCommand),
    /// Show devices, transactions, kickers, sessions or locks.
    Show(Show),
    /// Check, show, explain and convert configurations of the daemon; needs none.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// List, print, copy, delete, load and save datastores by name.
    #[command(subcommand)]
    Store(StoreCommand),
    /// Write all that the daemon keeps, as it is after one commit, to a file; commits go on meanwhile.
    Backup(Backup),
    /// Make the datastores what a backup holds; no daemon may run on them.
    Restore(Restore),
    /// Check, print and compare YANG modules; needs no daemon.
    #[command(subcommand)]
    Yang(YangCommand),
    /// Commands about XPath expressions: no daemon is needed.
    #[command(subcommand)]
    Xpath(XpathCommand),
    /// Check, convert, compare and edit instance data in files; needs no daemon.
    #[command(subcommand)]
    Data(DataCommand),
}

/// How client commands reach the daemon.
#[derive(Debug, Args)]
pub struct Connect {
    /// The daemon's Unix socket; without it BANYAN_SOCKET, --config, ./banyan.toml and the usual places are tried.
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Act for this user, with his rights: root may, and those whom `access.proxies` names.
    #[arg(long = "as", value_name = "USER")]
    pub acting_for: Option<String>,
    /// The daemon's configuration, which names its socket.
    #[arg(short = 'f', long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// The format of what is printed or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Default)]
pub enum Format {
    /// XML.
    #[default]
    Xml,
    /// JSON (RFC 7951).
    Json,
    /// Curly braces.
    Text,
}

/// The datastores that can be read (RFC 8342).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Readable {
    /// The configuration in force.
    Running,
    /// The work copy.
    Candidate,
    /// What the next start begins with.
    Startup,
    /// What the system tries to apply.
    Intended,
    /// What is in use.
    Operational,
}

impl Readable {
    /// Its name in NETCONF.
    pub fn name(self) -> &'static str {
        match self {
            Readable::Running => "running",
            Readable::Candidate => "candidate",
            Readable::Startup => "startup",
            Readable::Intended => "intended",
            Readable::Operational => "operational",
        }
    }
}

/// The datastores that commands can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Store {
    /// The configuration in force.
    Running,
    /// The shared work copy.
    Candidate,
    /// What the next start begins with.
    Startup,
}

/// `banyan serve`
#[derive(Debug, Args, Default)]
pub struct Serve {
    /// The configuration: banyan.toml, or a Clixon configuration. `banyan.toml` when not given.
    #[arg(short = 'f', long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A directory of more configuration files, read after it.
    #[arg(short = 'E', value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// A value that goes before the files', by either spelling (`banyan config explain --all`); may be repeated.
    #[arg(short = 'o', value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
    /// What running is at the start (store.startup-mode).
    #[arg(short = 's', value_name = "MODE")]
    pub startup_mode: Option<String>,
    /// Run as this user, and drop root's privileges (process.user).
    #[arg(short = 'U', value_name = "USER")]
    pub user: Option<String>,
    /// Where log lines go: s (syslog), e (standard error), o (standard output), fFILE.
    #[arg(short = 'l', value_name = "WHERE")]
    pub log: Option<String>,
    /// How much is logged: error, warn, info, debug, trace, or debug bits as in CLICON_DEBUG.
    #[arg(short = 'D', value_name = "LEVEL")]
    pub debug: Option<String>,
    /// Merge this configuration (XML or JSON) into running after a good start; may be repeated.
    #[arg(short = 'c', value_name = "FILE")]
    pub extra: Vec<PathBuf>,
    /// Do all that a start does, but change nothing: print what running would be, and end.
    #[arg(short = 'q')]
    pub rehearse: bool,
    /// How -q prints it.
    #[arg(long, value_enum, default_value_t = Format::Xml)]
    pub format: Format,
    /// Start, then end at once: does the start succeed?
    #[arg(short = '1')]
    pub once: bool,
    /// Stop the daemon that the pid file (process.pid-file) names, and start none.
    #[arg(short = 'z')]
    pub stop: bool,
}

/// `banyan sim`
#[derive(Debug, Args)]
pub struct Sim {
    /// A directory with the devices' YANG modules; all of them are implemented.
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,
    /// How many devices.
    #[arg(long, default_value_t = 1)]
    pub count: u16,
    /// The first device's SSH port; the others follow.
    #[arg(long, value_name = "PORT", default_value_t = 12022)]
    pub base_port: u16,
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    pub address: IpAddr,
    /// Name of the devices: this and a number from 0.
    #[arg(long, default_value = "device")]
    pub name: String,
    /// Where the devices keep their data; in memory only when not given.
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// The user who may log in.
    #[arg(long, default_value = "admin")]
    pub user: String,
    /// That user's password.
    #[arg(long, default_value = "admin")]
    pub password: String,
    /// Make the devices fail: refuse validate or commit, or drop the connection at commit.
    #[arg(long)]
    pub fail: Option<Fail>,
    /// Milliseconds that a device waits before it answers an edit, a validate or a commit.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub delay: u64,
}

/// How a simulated device fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Fail {
    /// `validate` is refused.
    Validate,
    /// `commit` is refused.
    Commit,
    /// The connection is dropped when `commit` arrives.
    Drop,
}

/// `banyan get`
#[derive(Debug, Args)]
pub struct Get {
    /// What to print: a path in any spelling, or nothing for everything.
    pub path: Option<String>,
    /// From which datastore; operational is what is in use: configuration, state and defaults.
    #[arg(long, default_value = "running")]
    pub store: Readable,
    /// State data too (of running).
    #[arg(long)]
    pub state: bool,
    /// Defaults in use too.
    #[arg(long)]
    pub defaults: bool,
    /// Say where nodes come from (of operational).
    #[arg(long)]
    pub origin: bool,
    /// Fail when a provider of state is late or fails; else what is missing is told on standard error.
    #[arg(long)]
    pub strict: bool,
    /// How to print.
    #[arg(long, default_value = "text")]
    pub format: DataForm,
    #[command(flatten)]
    pub connect: Connect,
}

/// `banyan backup`
#[derive(Debug, Args)]
pub struct Backup {
    /// The file, a tar archive; or a directory, in which it is named after time and commit.
    #[arg(value_name = "FILE|DIR")]
    pub target: PathBuf,
    #[command(flatten)]
    pub connect: Connect,
}

/// `banyan rpc`
#[derive(Debug, Args)]
pub struct Rpc {
    /// `module:rpc`, or the path of an action.
    pub operation: String,
    /// The input: a JSON object, or nothing.
    pub input: Option<String>,
    /// How to print the output.
    #[arg(long, default_value = "json", value_parser = clap::builder::EnumValueParser::<Format>::new())]
    pub format: Format,
    #[command(flatten)]
    pub connect: Connect,
}

/// `banyan show`
#[derive(Debug, Args)]
pub struct Show {
    /// What to show.
    pub what: Shown,
    /// How to print.
    #[arg(long, default_value = "text")]
    pub format: Format,
    #[command(flatten)]
    pub connect: Connect,
}

/// What `banyan show` can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shown {
    /// Devices and their connections.
    Devices,
    /// Transactions of the controller.
    Transactions,
    /// Kickers.
    Kickers,
    /// What the daemon counts and measures, as Prometheus gets it.
    Metrics,
    /// Who is connected, how, and on which candidate.
    Sessions,
    /// What is locked, by whom, and since when.
    Locks,
    /// The confirmed commit that waits for its confirmation, and how long it still waits.
    Confirmed,
}

/// `banyan kill-session`
#[derive(Debug, Args)]
pub struct KillSession {
    /// Its number, as `show sessions` has it.
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub id: u32,
    #[command(flatten)]
    pub connect: Connect,
}

/// `banyan nacm`
#[derive(Debug, Subcommand)]
pub enum NacmCommand {
    /// Say which rule or default decides, and what would change it: `nacm explain alice update /interfaces`.
    Explain(NacmExplain),
    /// Show the rules, and how often they refused.
    Show(NacmShow),
}

/// `banyan nacm explain`
#[derive(Debug, Args)]
pub struct NacmExplain {
    /// Whose access.
    pub user: String,
    /// The kind of access.
    pub operation: Access,
    /// The instance; `module:name` of an rpc or notification; or an instance, and the name of its action or
    /// notification behind it.
    pub path: String,
    /// A group that the transport would vouch for; may be repeated. Those of the tables [[user]] are known.
    #[arg(long)]
    pub group: Vec<String>,
    /// How to print.
    #[arg(long, default_value = "text")]
    pub format: Explained,
    #[command(flatten)]
    pub connect: Connect,
}

/// How an explanation is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Explained {
    /// A few lines.
    Text,
    /// A JSON object.
    Json,
}

/// `banyan nacm show`
#[derive(Debug, Args)]
pub struct NacmShow {
    /// How to print.
    #[arg(long, default_value = "text")]
    pub format: Format,
    #[command(flatten)]
    pub connect: Connect,
}

/// The kinds of access of RFC 8341.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Access {
    /// To see a node.
    Read,
    /// To add a node.
    Create,
    /// To change a node.
    Update,
    /// To remove a node.
    Delete,
    /// To call an rpc or action.
    Exec,
    /// To get a notification.
    Subscribe,
}

impl Access {
    /// Its name in the daemon's RPC.
    pub fn name(self) -> &'static str {
        match self {
            Access::Read => "read",
            Access::Create => "create",
            Access::Update => "update",
            Access::Delete => "delete",
            Access::Exec => "exec",
            Access::Subscribe => "subscribe",
        }
    }
}
