//! Arguments of the commands that change something: `set`, `delete`, `edit`, `commit`, `update`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Connect, DiffFormat};
use crate::upgrade::ReportFormat;

/// How a command tells what it has committed.
#[derive(Debug, Clone, Copy, Args)]
pub struct Telling {
    /// Print nothing but errors.
    #[arg(short, long)]
    pub quiet: bool,
    /// How to print what was committed.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
}

/// `banyan set`
#[derive(Debug, Args)]
pub struct Set {
    /// The node.
    pub path: String,
    /// Its value; none for a container, a list entry or a leaf of type empty.
    #[arg(allow_hyphen_values = true)]
    pub value: Option<String>,
    #[command(flatten)]
    pub telling: Telling,
    #[command(flatten)]
    pub connect: Connect,
}

/// `banyan delete`
#[derive(Debug, Args)]
pub struct Delete {
    /// The node.
    pub path: String,
    /// It is no error when there is nothing to delete.
    #[arg(long)]
    pub if_exists: bool,
    #[command(flatten)]
    pub telling: Telling,
    #[command(flatten)]
    pub connect: Connect,
}

/// `banyan edit`
#[derive(Debug, Args)]
pub struct Edit {
    /// The file: XML, JSON, or lines of `set PATH VALUE` and `delete PATH`; `-` or nothing is standard input.
    pub file: Option<PathBuf>,
    /// What holds for nodes without an operation of their own.
    #[arg(long, default_value = "merge", value_parser = ["merge", "replace", "none"])]
    pub default_operation: String,
    #[command(flatten)]
    pub telling: Telling,
    #[command(flatten)]
    pub connect: Connect,
}

/// `banyan commit`
#[derive(Debug, Args)]
pub struct Commit {
    /// A comment for the history.
    #[arg(short = 'm', long)]
    pub comment: Option<String>,
    /// A label for the history.
    #[arg(long)]
    pub label: Option<String>,
    /// Take the commit back after so many seconds unless it is confirmed by another commit.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub confirmed: Option<u32>,
    /// With --confirmed: the name by which it is confirmed; made up and printed when not given.
    #[arg(long, value_name = "ID", requires = "confirmed")]
    pub persist: Option<String>,
    /// Confirm the pending commit of that name.
    #[arg(long, value_name = "ID")]
    pub persist_id: Option<String>,
    /// Change the tree only; push nothing to devices.
    #[arg(long)]
    pub no_networking: bool,
    /// Change nothing: check the commit, ask all who take part, and print what would change.
    #[arg(long, conflicts_with_all = ["confirmed", "cancel"])]
    pub dry_run: bool,
    /// Print nothing but errors, and the name by which a --confirmed commit is confirmed if it was made up.
    #[arg(short, long)]
    pub quiet: bool,
    /// How to print what was committed (text, json), or with --dry-run what would change (all of them).
    #[arg(long, default_value = "text")]
    pub format: DiffFormat,
    /// Take the pending confirmed commit back, that of --persist-id if it has a name.
    #[arg(long, conflicts_with_all = ["confirmed", "comment", "label", "no_networking", "debug"])]
    pub cancel: bool,
    /// Say how something was decided.
    #[arg(long, value_parser = ["kicker"])]
    pub debug: Vec<String>,
    /// Show where the time of the commit went, also when it is refused.
    #[arg(long)]
    pub timing: bool,
    #[command(flatten)]
    pub connect: Connect,
}

/// `banyan update`
#[derive(Debug, Args)]
pub struct Update {
    /// Whose change is kept where both sides have changed the same; without it conflicts are listed and nothing is done.
    #[arg(long)]
    pub prefer: Option<Prefer>,
    #[command(flatten)]
    pub telling: Telling,
    #[command(flatten)]
    pub connect: Connect,
}

/// A side of a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Prefer {
    /// The candidate's.
    Candidate,
    /// What is running.
    Running,
}
