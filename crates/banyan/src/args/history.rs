//! Arguments of the commands about the past: `history`, `diff`, `rollback`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::{Connect, Format, Telling};

/// How differences are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// Lines with + and -.
    Text,
    /// An edit-config.
    Xml,
    /// A YANG Patch.
    Json,
    /// Lines of `set PATH VALUE` and `delete PATH`.
    Set,
}

impl DiffFormat {
    /// Its name in the daemon's RPCs.
    pub fn name(self) -> &'static str {
        match self {
            DiffFormat::Text => "text",
            DiffFormat::Xml => "xml",
            DiffFormat::Json => "json",
            DiffFormat::Set => "set",
        }
    }
}

/// `banyan diff`
#[derive(Debug, Args)]
pub struct Diff {
    /// How to print.
    #[arg(long, default_value = "text")]
    pub format: DiffFormat,
    #[command(flatten)]
    pub connect: Connect,
}

/// `banyan history`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct History {
    #[command(subcommand)]
    pub command: Option<HistoryCommand>,
    #[command(flatten)]
    pub list: HistoryList,
}

/// What is wanted of the history.
#[derive(Debug, Subcommand)]
pub enum HistoryCommand {
    /// List commits, the newest first; what `banyan history` alone does.
    List(HistoryList),
    /// Show one commit and what it changed.
    Show(HistoryShow),
    /// Compare running as it was after two commits.
    Diff(HistoryDiff),
    /// Say which commit changed something last.
    Blame(Blame),
    /// Write commits to a file, as lines of JSON.
    Export(HistoryExport),
    /// Append commits from a file: into a store that has only what its first start made, or one whose history they continue.
    Import(HistoryImport),
    /// Forget now what the limits of [history] do not keep.
    Trim(HistoryTrim),
}

/// `banyan history list`
#[derive(Debug, Args)]
pub struct HistoryList {
    /// At most so many commits, the newest first.
    #[arg(long, default_value_t = 20)]
    pub limit: u32,
    /// Only the commit of this transaction.
    #[arg(long)]
    pub tid: Option<u32>,
    /// Only commits by this user.
    #[arg(long)]
    pub user: Option<String>,
    /// Only commits since then: a time, a date, or how long ago (90s, 15m, 2h, 7d).
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only commits with this label.
    #[arg(long)]
    pub label: Option<String>,
    /// Only commits that changed something at or below this path.
    #[arg(long)]
    pub path: Option<String>,
    /// Show what changed.
    #[arg(long)]
    pub changes: bool,
    /// How to print.
    #[arg(long, default_value = "text")]
    pub format: Format,
    #[command(flatten)]
    pub connect: Connect,
}

/// `banyan history show`
#[derive(Debug, Args)]
pub struct HistoryShow {
    /// Which commit: its place in the history as 17 or seq:17, or its transaction as tid:17.
    #[arg(value_name = "SEQ|tid:TID")]
    pub commit: String,
    /// How to print what changed: text and json say which commit it was, xml and set are the change alone.
    #[arg(long, default_value = "text")]
    pub format: DiffFormat,
    /// Show what would undo it instead.
    #[arg(long)]
    pub reverse: bool,
    /// Show where its time went instead; as tid:17 also of a commit that was refused. The last ones are remembered.
    #[arg(long, conflicts_with_all = ["reverse", "format"])]
    pub timing: bool,
    #[command(flatten)]
    pub connect: Connect,
}

/// `banyan history diff`
#[derive(Debug, Args)]
pub struct HistoryDiff {
    /// From running after this commit (17, tid:17; 0 is before the first), or running, candidate, startup.
    pub from: String,
    /// To running after this commit, or one of these datastores.
    #[arg(default_value = "running")]
    pub to: String,
    /// Only what differs at or below this path.
    #[arg(long)]
    pub path: Option<String>,
    /// How to print.
    #[arg(long, default_value = "text")]
    pub format: DiffFormat,
    #[command(flatten)]
    pub connect: Connect,
}

/// `banyan history blame`
#[derive(Debug, Args)]
pub struct Blame {
    /// The instance, in any spelling of paths; a step without keys means all entries.
    pub path: String,
    #[command(flatten)]
    pub connect: Connect,
}

/// `banyan history export`
#[derive(Debug, Args)]
pub struct HistoryExport {
    /// Where to; `-` is standard output.
    pub file: PathBuf,
    /// The first commit; the oldest one when not given.
    #[arg(long, value_name = "SEQ")]
    pub from: Option<u64>,
    /// The last commit; the newest one when not given.
    #[arg(long, value_name = "SEQ")]
    pub to: Option<u64>,
    #[command(flatten)]
    pub connect: Connect,
}

/// `banyan history import`
#[derive(Debug, Args)]
pub struct HistoryImport {
    /// Where from; `-` is standard input.
    pub file: PathBuf,
    #[command(flatten)]
    pub connect: Connect,
}

/// `banyan history trim`
#[derive(Debug, Args)]
pub struct HistoryTrim {
    /// Only say what would go.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub connect: Connect,
}

/// `banyan rollback`
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("past").required(true).args(["commits", "to", "only"])))]
pub struct Rollback {
    /// As it was so many commits ago.
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub commits: Option<u32>,
    /// As it was after this transaction; or after the commit at a place in the history, as seq:17.
    #[arg(long, value_name = "TID|seq:SEQ")]
    pub to: Option<String>,
    /// As it is, without what this one transaction has changed.
    #[arg(long, value_name = "TID|seq:SEQ")]
    pub only: Option<String>,
    /// Only this subtree becomes what it was.
    #[arg(long, value_name = "PATH", conflicts_with = "only")]
    pub subtree: Option<String>,
    /// Commit at once.
    #[arg(long)]
    pub commit: bool,
    /// With --commit: a comment for the history; says what was rolled back when not given.
    #[arg(short = 'm', long, requires = "commit")]
    pub comment: Option<String>,
    /// With --commit: a label for the history.
    #[arg(long, requires = "commit")]
    pub label: Option<String>,
    #[command(flatten)]
    pub telling: Telling,
    #[command(flatten)]
    pub connect: Connect,
}
