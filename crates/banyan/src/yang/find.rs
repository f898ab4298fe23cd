//! `banyan yang find`: nodes, identities and typedefs by name or description.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use banyan_yang::find::{Hit, Wanted, find, nearest_names};
use banyan_yang::schema::Schema;
use clap::Args;
use serde_json::{Value, json};

use super::check::ReportFormat;
use super::modules::load_found;
use super::{YangError, pointed, print};

/// `banyan yang find`
#[derive(Debug, Args)]
pub struct Find {
    /// A part of a name or of a description; with `*` or `?`, a pattern for a whole name or word. Upper and lower case are
    /// one.
    #[arg(value_name = "PATTERN")]
    pub pattern: String,
    /// A directory to look for modules in; may be repeated. Without --module, all modules in them are searched, and
    /// those that banyan brings.
    #[arg(long, short = 'p', value_name = "DIR")]
    pub path: Vec<PathBuf>,
    /// Search only this module: a name, `name@revision`, or a file. May be repeated.
    #[arg(long, short = 'm', value_name = "MODULE")]
    pub module: Vec<String>,
    /// Only these features of a module are on: `M:F,G`, or `M:` for none; all are on where nothing is said.
    #[arg(long, short = 'F', value_name = "M:F,...")]
    pub feature: Vec<String>,
    /// PATTERN is a regular expression for a part of a name or description: `^` and `$` are the ends of the whole.
    #[arg(long, short = 'e')]
    pub regex: bool,
    /// Look at names only.
    #[arg(long)]
    pub names: bool,
    /// How to print.
    #[arg(long, default_value = "text")]
    pub format: ReportFormat,
}

/// Runs it. Exit status: 0 something was found, 1 nothing, 2 usage and files.
pub fn run(command: Find) -> Result<ExitCode, YangError> {
    if command.pattern.trim().is_empty() {
        return Err(YangError::Usage(
            "the pattern is empty; give a part of a name or description".to_owned(),
        ));
    }
    let wanted = match command.regex {
        true => Wanted::regex(&command.pattern).map_err(|error| {
            let text = pointed(&error.problem, &command.pattern, error.offset);
            YangError::Usage(format!("the regular expression is not valid: {text}"))
        })?,
        false => Wanted::new(&command.pattern),
    };
    let loaded = load_found(&command.path, &command.module, &command.feature)?;
    // What is only imported is searched too, unless modules are named.
    let all = command.module.is_empty();
    let compiled = loaded
        .outcome
        .as_ref()
        .map_err(|error| YangError::Usage(error.to_string()))?;
    let schema = &compiled.schema;
    let modules = loaded.modules(schema);
    let mut hits = find(schema, &wanted, &|id| all || modules.contains(&id));
    hits.retain(|hit| hit.in_name || !command.names);
    if command.format == ReportFormat::Json {
        print(&json_text(&hits, schema))?;
    } else if hits.is_empty() {
        eprintln!("banyan: {}", nothing(schema, &command));
    } else {
        print(&text(&hits))?;
    }
    Ok(match hits.is_empty() {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

fn text(hits: &[Hit]) -> String {
    let mut text = String::new();
    for hit in hits {
        // Writing to a string cannot fail.
        let _ = write!(text, "{}  {}", hit.path, hit.kind);
        if let Some(detail) = &hit.detail {
            let _ = write!(text, " {detail}");
        }
        text.push('\n');
        if let Some(description) = &hit.description {
            let _ = writeln!(text, "    {description}");
        }
    }
    text
}

fn json_text(hits: &[Hit], schema: &Schema) -> String {
    let hit = |hit: &Hit| -> Value {
        json!({
            "path": hit.path,
            "kind": hit.kind,
            "type": hit.detail,
            "description": hit.description,
            "hit": if hit.in_name { "name" } else { "description" },
            "place": hit.place.map(|span| schema.sources().location(span)),
        })
    };
    let hits: Vec<Value> = hits.iter().map(hit).collect();
    format!("{:#}\n", Value::Array(hits))
}

fn nothing(schema: &Schema, command: &Find) -> String {
    let pattern = &command.pattern;
    let near = match command.regex {
        true => Vec::new(),
        false => nearest_names(schema, pattern),
    };
    let help = match near.is_empty() {
        true => "name more directories with --path".to_owned(),
        false => format!("did you mean {}?", near.join(", ")),
    };
    format!("nothing has `{pattern}` in its name or description; {help}")
}
