//! `banyan xpath ...`: commands about XPath expressions. They read YANG files and print; no daemon is needed.

mod explain;

use std::process::ExitCode;

use banyan_yang::xpath::XPathError;
use clap::Subcommand;

use crate::yang::YangError;

/// The subcommands of `banyan xpath`.
#[derive(Debug, Subcommand)]
pub enum XpathCommand {
    /// Say what an expression means: its steps, how it is evaluated, what it reads, and what is checked again when that
    /// changes. Exit status: 1 if the expression is wrong, 2 wrong usage or unreadable files.
    Explain(explain::Explain),
}

/// Runs a command.
pub fn run(command: XpathCommand) -> Result<ExitCode, YangError> {
    match command {
        XpathCommand::Explain(explain) => explain::run(explain),
    }
}

/// The expression with the place of the error marked below.
pub fn pointed(text: &str, error: &XPathError) -> String {
    crate::yang::pointed(&error.problem, text, error.offset)
}
