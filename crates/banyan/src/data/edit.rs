//! `banyan data edit`: an edit applied to data, and the edit that undoes it.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use banyan_data::change::diff;
use banyan_data::document::Holds;
use banyan_data::edit::{Edit as DataEdit, Operation};
use banyan_data::form::Form;
use banyan_data::path::NoMounts;
use banyan_data::{DataError, ErrorKind, patch};
use clap::{Args, ValueEnum};

use super::diff::{ChangeForm, print_changes};
use super::documents::{DataOptions, Document, Models, stdin_once};
use super::merge::print_result;
use super::output::DataForm;
use crate::yang::YangError;

/// `banyan data edit`
#[derive(Debug, Args)]
pub struct Edit {
    /// The data to edit, in any form.
    #[arg(value_name = "BASE")]
    pub base: PathBuf,
    /// The edit, its kind found from the content: the `config` element of a NETCONF edit-config, a YANG Patch
    /// (RFC 8072) in XML or JSON, lines that set, delete and insert, or data, which are merged.
    #[arg(value_name = "EDIT")]
    pub edit: PathBuf,
    #[command(flatten)]
    pub data: DataOptions,
    /// What holds for the nodes of an edit-config, or of data, that say no operation.
    #[arg(long, value_name = "OPERATION", default_value = "merge")]
    pub default_operation: DefaultOperation,
    /// Write the edit that undoes this one to a file: in `set` lines or as a YANG Patch if EDIT is such, else as an
    /// edit-config.
    #[arg(long, value_name = "FILE")]
    pub reverse: Option<PathBuf>,
    /// The form of the result; that of BASE when not given.
    #[arg(long, value_name = "FORM")]
    pub to: Option<DataForm>,
}

/// The default-operation of RFC 6241 7.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DefaultOperation {
    /// Add, or change what is there.
    Merge,
    /// Put it in the place of what is there.
    Replace,
    /// Only walk through: what is there must be there.
    None,
}

impl From<DefaultOperation> for Operation {
    fn from(operation: DefaultOperation) -> Operation {
        match operation {
            DefaultOperation::Merge => Operation::Merge,
            DefaultOperation::Replace => Operation::Replace,
            DefaultOperation::None => Operation::None,
        }
    }
}

/// Runs it.
pub fn run(command: Edit) -> Result<ExitCode, YangError> {
    stdin_once([&command.base, &command.edit])?;
    let models = command.data.models()?;
    let base = Document::read(&command.base)?;
    let old = models.tree(&base, Holds::All)?;
    let document = Document::read(&command.edit)?;
    let wrong = |errors| models.unreadable(&document, errors);
    let (edit, form) =
        read_edit(&models, &document, command.default_operation.into()).map_err(wrong)?;
    let new = edit.apply(&old).map_err(|mut error| {
        // Lines have no other operations to turn to.
        if document.form == Form::Set && error.kind == ErrorKind::DataMissing {
            error.help = Some("leave the line out, or set it in a line before".to_owned());
        }
        if form == ChangeForm::Patch {
            let limits = &models.options.limits;
            let (schema, bytes) = (&models.schema, &document.bytes);
            if let Some(id) = patch::edit_at(schema, bytes, limits, &NoMounts, &error.path) {
                error.message = format!("edit {id}: {}", error.message);
            }
        }
        wrong(vec![error])
    })?;
    if let Some(file) = &command.reverse {
        let written = File::create(file).and_then(|out| {
            let mut out = BufWriter::new(out);
            print_changes(&diff(&new, &old), form, &mut out)?;
            out.flush()
        });
        written.map_err(|error: io::Error| {
            YangError::Usage(format!("cannot write {}: {error}", file.display()))
        })?;
    }
    print_result(&new, command.to, &base)
}

/// The edit that a document is, and the form in which its reverse is written.
fn read_edit(
    models: &Models,
    document: &Document,
    default_operation: Operation,
) -> Result<(DataEdit, ChangeForm), Vec<DataError>> {
    let (schema, bytes) = (&models.schema, &document.bytes);
    if patch::is_yang_patch(bytes) {
        let edit = patch::from_document(schema, bytes, &models.options.limits, &NoMounts)?;
        return Ok((edit, ChangeForm::Patch));
    }
    let edit = document
        .form
        .parse_edit(schema, bytes, default_operation, &models.options)?;
    Ok(match document.form {
        Form::Set | Form::Text => (edit, ChangeForm::Set),
        Form::Xml | Form::Json => (edit, ChangeForm::EditConfig),
    })
}
