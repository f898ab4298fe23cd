//! What the commands about data print: trees and changes, in the form that is asked for.

use banyan_data::Tree;
use banyan_data::document::{Layout, PrintOptions};
use banyan_data::form::Form;
use clap::ValueEnum;

use crate::yang::{YangError, to_stdout};

/// The forms in which data can be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DataForm {
    /// RFC 7950.
    Xml,
    /// RFC 7951.
    Json,
    /// Curly braces.
    Text,
    /// A line for each leaf: `set PATH VALUE`.
    Set,
}

impl From<DataForm> for Form {
    fn from(form: DataForm) -> Form {
        match form {
            DataForm::Xml => Form::Xml,
            DataForm::Json => Form::Json,
            DataForm::Text => Form::Text,
            DataForm::Set => Form::Set,
        }
    }
}

/// How a form is laid out for people.
pub fn layout(form: Form) -> Layout {
    match form {
        Form::Text => Layout::Indented(4),
        Form::Xml | Form::Json | Form::Set => Layout::Indented(2),
    }
}

/// Prints data to standard output.
///
/// # Errors
/// It cannot be written to.
pub fn print_data(tree: &Tree, form: Form, options: &PrintOptions<'_>) -> Result<(), YangError> {
    to_stdout(|out| {
        form.print(tree, options, out)?;
        // One line has its end, too.
        match (form, options.layout) {
            (Form::Xml | Form::Json, Layout::Compact) => out.write_all(b"\n"),
            _ => Ok(()),
        }
    })
}
