//! `banyan data ...`: commands about instance data in files. They read files and print; no daemon is needed.

mod documents;
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
    /// Evaluate XPath expressions on data, and print the nodes or the values. Exit status: 0, 1 a wrong expression or
    /// wrong data, 2 wrong usage or unreadable files.
    Query(query::Query),
}

/// Runs a command.
pub fn run(command: DataCommand) -> Result<ExitCode, YangError> {
    match command {
        DataCommand::Validate(validate) => validate::run(validate),
        DataCommand::Query(query) => query::run(query),
    }
}
