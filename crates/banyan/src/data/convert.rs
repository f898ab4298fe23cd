//! `banyan data convert`: data in another form, with more or fewer defaults.

use std::path::PathBuf;
use std::process::ExitCode;

use banyan_data::document::{Holds, Layout, PrintOptions, WithDefaults};
use banyan_data::filter::{Subtree, to_depth};
use banyan_data::form::Form;
use banyan_data::in_use::InUse;
use banyan_data::path::InstancePath;
use banyan_data::{Content, Node};
use banyan_yang::schema::Schema;
use clap::{Args, ValueEnum};

use super::documents::{DataOptions, Document};
use super::output::{DataForm, layout, print_data};
use crate::yang::YangError;

/// `banyan data convert`
#[derive(Debug, Args)]
pub struct Convert {
    /// A file in XML, JSON, curly braces or `set` lines, found from the content; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub data: DataOptions,
    /// The form to print.
    #[arg(long, value_name = "FORM")]
    pub to: DataForm,
    /// What FILE holds: all defaults of configuration alone, or those of state too, are shown with --defaults report-all.
    /// When not given, data without any state are configuration.
    #[arg(long = "type", value_name = "TYPE")]
    pub holds: Option<Holding>,
    /// Which defaults are shown (RFC 6243).
    #[arg(long, value_name = "MODE", default_value = "explicit")]
    pub defaults: Defaults,
    /// Only these fields, as in `a;b/c(d;e)` (RFC 8040 4.8.3).
    #[arg(long, value_name = "FIELDS")]
    pub fields: Option<String>,
    /// Only so many levels of nodes.
    #[arg(long, value_name = "LEVELS", value_parser = clap::value_parser!(u16).range(1..))]
    pub depth: Option<u16>,
    /// In one line: for XML and JSON, since the other forms are made of lines.
    #[arg(long)]
    pub compact: bool,
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Holding {
    /// Configuration alone; state is an error.
    Config,
    /// Configuration and state.
    Data,
}

/// The modes of RFC 6243.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Defaults {
    /// All that are in use.
    ReportAll,
    /// All that are in use; what equals the default is marked.
    ReportAllTagged,
    /// None: what equals the default is left out.
    Trim,
    /// Those that the file gives.
    Explicit,
}

/// Runs it.
pub fn run(command: Convert) -> Result<ExitCode, YangError> {
    let form = Form::from(command.to);
    if command.compact && matches!(form, Form::Text | Form::Set) {
        return Err(YangError::Usage(
            "--compact puts XML and JSON in one line; curly braces and `set` are made of lines: leave it out".to_owned(),
        ));
    }
    let models = command.data.models()?;
    let holds = match command.holds {
        Some(Holding::Config) => Holds::Config,
        Some(Holding::Data) | None => Holds::All,
    };
    let mut tree = models.tree(&Document::read(&command.file)?, holds)?;
    let shows = match command.holds {
        None if !has_state(tree.schema(), tree.root()) => Holds::Config,
        _ => holds,
    };
    if let Some(fields) = &command.fields {
        let filter = Subtree::fields(tree.schema(), &InstancePath::default(), fields);
        let filter = filter.map_err(|error| YangError::Usage(error.to_string()))?;
        tree = filter.select(&tree);
    }
    if let Some(levels) = command.depth {
        tree = to_depth(&tree, usize::from(levels));
    }
    let in_use = InUse;
    let options = PrintOptions {
        layout: match command.compact {
            true => Layout::Compact,
            false => layout(form),
        },
        shows,
        defaults: match command.defaults {
            Defaults::ReportAll => WithDefaults::ReportAll,
            Defaults::ReportAllTagged => WithDefaults::ReportAllTagged,
            Defaults::Trim => WithDefaults::Trim,
            Defaults::Explicit => WithDefaults::Explicit,
        },
        unstored: Some(&in_use),
        exact: false,
    };
    print_data(&tree, form, &options)?;
    Ok(ExitCode::SUCCESS)
}

/// Whether there is any state. Recurses as deep as the data.
fn has_state(schema: &Schema, node: &Node) -> bool {
    node.slots().iter().any(|slot| {
        !schema.node(slot.id).config
            || match &slot.content {
                Content::Container(inner) => has_state(schema, inner),
                Content::List(list) => list.iter().any(|entry| has_state(schema, entry)),
                Content::Mount(tree) => has_state(tree.schema(), tree.root()),
                Content::Leaf(_) | Content::LeafList(_) | Content::Any(_) => false,
            }
    })
}
