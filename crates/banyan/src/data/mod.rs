//! `banyan data ...`: commands about instance data in files. They read files and print; no daemon is needed.

mod convert;
mod diff;
mod documents;
mod edit;
mod merge;
pub mod output;
mod query;
mod report;
mod validate;

use std::process::ExitCode;

use clap::Subcommand;

use crate::yang::YangError;

/// The subcommands of `banyan data`.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// Check data against their modules: every rule of RFC 7950 about instance data. Exit status: 0 valid, 1 errors,
    /// 2 wrong usage or unreadable files.
    Validate(validate::Validate),
    /// Print data in another form: XML, JSON, curly braces or `set` lines; with defaults or without.
    Convert(convert::Convert),
    /// Say what changed between two files of data. Exit status: 0 nothing, 1 something, 2 wrong usage, or files that
    /// cannot be read or hold errors.
    Diff(diff::Diff),
    /// Print the data of several files as one datastore.
    Merge(merge::Merge),
    /// Print data as they are after an edit: a NETCONF edit-config, a YANG Patch, or `set` lines.
    Edit(edit::Edit),
    /// Join the changes that two sides have made to the same data. Exit status: 1 if they changed the same thing, each
    /// in its own way; all such conflicts are told.
    Rebase(merge::Rebase),
    /// Evaluate XPath expressions on data, and print the nodes or the values. Exit status: 0, 1 a wrong expression or
    /// wrong data, 2 wrong usage or unreadable files.
    Query(query::Query),
}

/// Runs a command.
pub fn run(command: DataCommand) -> Result<ExitCode, YangError> {
    match command {
        DataCommand::Validate(validate) => validate::run(validate),
        DataCommand::Convert(convert) => convert::run(convert),
        DataCommand::Diff(diff) => diff::run(diff),
        DataCommand::Merge(merge) => merge::run(merge),
        DataCommand::Edit(edit) => edit::run(edit),
        DataCommand::Rebase(rebase) => merge::run_rebase(rebase),
        DataCommand::Query(query) => query::run(query),
    }
}
