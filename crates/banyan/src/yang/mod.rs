//! `banyan yang ...`: commands about YANG modules. They read files and print; no daemon is needed.

pub mod check;
pub mod diff;
mod diff_report;
pub mod dump;
pub mod find;
mod left_out;
mod list;
pub mod modules;
mod report;
pub mod tree;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use banyan_yang::diagnostic::Diagnostic;
use banyan_yang::source::SourceMap;
use clap::Subcommand;

/// The subcommands of `banyan yang`.
#[derive(Debug, Subcommand)]
pub enum YangCommand {
    /// Say what is wrong with modules. Exit status: 0 nothing, 1 errors, 2 wrong usage or unreadable files.
    Check(check::Check),
    /// Print the compiled schema, one line per module, identity and node, for comparisons.
    Dump(dump::Dump),
    /// Say what changed between two revisions, and what of it the rules for updating a module forbid (RFC 7950
    /// section 11). Exit status: 0 nothing forbidden, 1 something forbidden, 2 wrong usage or unreadable files.
    Diff(diff::Diff),
    /// Look for nodes, identities and typedefs by name or description. Exit status: 1 if nothing is found.
    Find(find::Find),
    /// Draw tree diagrams (RFC 8340), as `pyang -f tree` prints them.
    Tree(tree::Tree),
}

/// Why a command gave no result.
#[derive(Debug, thiserror::Error)]
pub enum YangError {
    /// The modules have errors, told already or in the text. Exit status 1.
    #[error("{0}")]
    Broken(String),
    /// The command cannot be meant, or a file cannot be read. Exit status 2.
    #[error("{0}")]
    Usage(String),
}

impl YangError {
    /// The exit status.
    pub fn status(&self) -> ExitCode {
        ExitCode::from(match self {
            YangError::Broken(_) => 1,
            YangError::Usage(_) => 2,
        })
    }
}

impl From<crate::directories::FileError> for YangError {
    fn from(error: crate::directories::FileError) -> Self {
        YangError::Usage(error.to_string())
    }
}

/// Runs a command.
pub fn run(command: YangCommand) -> Result<ExitCode, YangError> {
    match command {
        YangCommand::Check(check) => check::run(check),
        YangCommand::Dump(dump) => dump::run(dump),
        YangCommand::Diff(diff) => diff::run(diff),
        YangCommand::Find(find) => find::run(find),
        YangCommand::Tree(tree) => tree::run(tree),
    }
}

/// A problem, and below it the expression with the place of the problem marked; `offset` in bytes.
pub fn pointed(problem: &dyn std::fmt::Display, text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let blanks = " ".repeat(before.chars().count());
    format!("{problem}\n  {text}\n  {blanks}^")
}

/// Prints text to standard output, and the end of its last line if that is not there.
///
/// # Errors
/// It cannot be written to.
pub fn print(text: &str) -> Result<(), YangError> {
    let newline = match text.is_empty() || text.ends_with('\n') {
        true => "",
        false => "\n",
    };
    to_stdout(|out| write!(out, "{text}{newline}"))
}

/// Writes to standard output; a reader that went away (`| head`) has seen enough, and is no error.
///
/// # Errors
/// It cannot be written to.
pub fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), YangError> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(YangError::Usage(format!(
            "cannot write to standard output: {error}"
        ))),
        _ => Ok(()),
    }
}

/// A diagnostic with its source line, coloured if the place where it goes is a terminal.
pub fn rendered(diagnostic: &Diagnostic, sources: &SourceMap, to: &impl IsTerminal) -> String {
    // https://no-color.org
    let colours = to.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
    if colours {
        diagnostic.render_styled(sources)
    } else {
        diagnostic.render(sources)
    }
}
