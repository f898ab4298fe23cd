//! `banyan data merge`: several files as one datastore. `banyan data rebase`: changes of two sides, joined.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use banyan_data::Tree;
use banyan_data::document::{Holds, PrintOptions};
use banyan_data::edit::{Edit, Operation};
use banyan_data::form::Form;
use banyan_data::rebase::rebase;
use clap::Args;

use super::documents::{DataOptions, Document, resolved, stdin_once};
use super::output::{DataForm, layout, print_data};
use crate::yang::YangError;

/// `banyan data merge`
#[derive(Debug, Args)]
pub struct Merge {
    /// The data to begin with, in any form.
    #[arg(value_name = "BASE")]
    pub base: PathBuf,
    /// What is merged into them, one after the other: where two say different things, the later one wins.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub data: DataOptions,
    /// The form of the result; that of BASE when not given.
    #[arg(long, value_name = "FORM")]
    pub to: Option<DataForm>,
}

/// Runs `banyan data merge`.
pub fn run(command: Merge) -> Result<ExitCode, YangError> {
    stdin_once(command.files.iter().chain([&command.base]))?;
    let models = command.data.models()?;
    let base = Document::read(&command.base)?;
    let mut tree = models.tree(&base, Holds::All)?;
    for file in &command.files {
        let document = Document::read(file)?;
        let edit = Edit::of_tree(&models.tree(&document, Holds::All)?, Operation::Merge);
        tree = edit
            .apply(&tree)
            .map_err(|error| models.unreadable(&document, vec![error]))?;
    }
    print_result(&tree, command.to, &base)
}

/// Prints a tree in the form asked for, or that of the document that it came from.
pub fn print_result(
    tree: &Tree,
    to: Option<DataForm>,
    base: &Document,
) -> Result<ExitCode, YangError> {
    let form = to.map_or(base.form, Form::from);
    let options = PrintOptions {
        layout: layout(form),
        ..PrintOptions::default()
    };
    print_data(&resolved(tree), form, &options)?;
    Ok(ExitCode::SUCCESS)
}

/// `banyan data rebase`
#[derive(Debug, Args)]
pub struct Rebase {
    /// The data that both sides began with, in any form.
    #[arg(value_name = "BASE")]
    pub base: PathBuf,
    /// What one side made of them.
    #[arg(value_name = "MINE")]
    pub mine: PathBuf,
    /// What the other side made of them.
    #[arg(value_name = "THEIRS")]
    pub theirs: PathBuf,
    #[command(flatten)]
    pub data: DataOptions,
    /// The form of the result; that of BASE when not given.
    #[arg(long, value_name = "FORM")]
    pub to: Option<DataForm>,
}

/// Runs `banyan data rebase`.
pub fn run_rebase(command: Rebase) -> Result<ExitCode, YangError> {
    stdin_once([&command.base, &command.mine, &command.theirs])?;
    let models = command.data.models()?;
    let base = Document::read(&command.base)?;
    let tree = models.tree(&base, Holds::All)?;
    let read = |file| models.tree(&Document::read(file)?, Holds::All);
    let (mine, theirs) = (read(&command.mine)?, read(&command.theirs)?);
    match rebase(&tree, &mine, &theirs) {
        Ok(joined) => print_result(&joined, command.to, &base),
        Err(conflicts) => {
            let mut text = "both sides changed the same data, each in its own way".to_owned();
            for conflict in conflicts {
                // Writing to a String cannot fail.
                let _ = write!(
                    text,
                    "\n\nconflict: {}\n  mine:   {}\n  theirs: {}",
                    conflict.path, conflict.mine, conflict.theirs
                );
            }
            Err(YangError::Broken(text))
        }
    }
}
