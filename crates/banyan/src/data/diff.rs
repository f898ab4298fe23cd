//! `banyan data diff`: what changed between two datastores, for people and as an edit.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use banyan_data::change::{ChangeSet, EditForm, diff};
use banyan_data::document::{Holds, Layout};
use banyan_data::edit::Operation;
use banyan_data::patch::to_yang_patch;
use banyan_data::{set, xml};
use clap::{Args, ValueEnum};

use super::documents::{DataOptions, Document, stdin_once};

use crate::yang::{YangError, to_stdout};

/// `banyan data diff`
#[derive(Debug, Args)]
pub struct Diff {
    /// The data before, in any form.
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The data after, in any form.
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    #[command(flatten)]
    pub data: DataOptions,
    /// How the changes are printed. All but `text` can be applied with `banyan data edit`.
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub to: ChangeForm,
}

/// The forms of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ChangeForm {
    /// Lines with `+`, `-` and `~` in front.
    Text,
    /// A YANG Patch (RFC 8072) in JSON.
    Patch,
    /// The `config` element of a NETCONF edit-config (RFC 6241 7.2): configuration alone, without annotations.
    EditConfig,
    /// Lines that set, delete and insert.
    Set,
}

/// Runs it.
pub fn run(command: Diff) -> Result<ExitCode, YangError> {
    stdin_once([&command.old, &command.new])?;
    let models = command.data.models()?;
    let holds = match command.to {
        ChangeForm::EditConfig => Holds::Config,
        _ => Holds::All,
    };
    let read = |file| models.tree(&Document::read(file)?, holds);
    let (old, new) = (read(&command.old), read(&command.new));
    // 1 says that they differ: what cannot be read at all is another matter.
    let unreadable = |error| match error {
        YangError::Broken(message) => YangError::Usage(message),
        other => other,
    };
    let changes = diff(&old.map_err(unreadable)?, &new.map_err(unreadable)?);
    to_stdout(|out| print_changes(&changes, command.to, out))?;
    Ok(match changes.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Prints changes.
///
/// # Errors
/// Those of the writer, or content that the form cannot hold.
pub fn print_changes(changes: &ChangeSet, form: ChangeForm, out: &mut dyn Write) -> io::Result<()> {
    match form {
        ChangeForm::Text => write!(out, "{changes}"),
        ChangeForm::Set => set::print_changes(changes, out),
        ChangeForm::Patch => {
            let patch = to_yang_patch(changes, "banyan data diff", Layout::Indented(2))?;
            writeln!(out, "{patch}")
        }
        ChangeForm::EditConfig => {
            let mut edit = changes.to_edit(EditForm::Exact);
            // What a request has when it says nothing (RFC 6241 7.2).
            edit.root.operation = Operation::Merge;
            xml::print_edit_wrapped(&edit, Layout::Indented(2), out)
        }
    }
}
