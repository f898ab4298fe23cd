//! `banyan data query`: what XPath expressions give on data in a file.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use banyan_data::cursor::Cursor;
use banyan_data::document::{Holds, Layout, PrintOptions};
use banyan_data::frame::Place;
use banyan_data::path::{InstancePath, NoMounts};
use banyan_data::view::View;
use banyan_data::xpath::{
    Context, DEFAULT_BUDGET, Expression, Names, Observed, Variables, Whens, XValue, compile,
    evaluate, evaluate_observed,
};
use banyan_data::{Tree, filter, json, path, xml};
use banyan_yang::schema::Schema;
use banyan_yang::xpath::explain::{Part, explain_noted};
use banyan_yang::xpath::{Extent, parse};
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::documents::{DataOptions, Document, stdin_once};
use crate::xpath::pointed;
use crate::yang::{YangError, print};

/// `banyan data query`
#[derive(Debug, Args)]
pub struct Query {
    /// A file in XML, JSON, curly braces or `set` lines, found from the content; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// XPath 1.0 expressions with the functions of YANG. Prefixes are names of modules, or their prefixes; a name
    /// without one is of any module. Defaults are in use (RFC 7950 6.4.1). Before one that begins with a minus, write `--`.
    #[arg(value_name = "EXPR", required_unless_present = "expressions")]
    pub expression: Vec<String>,
    /// More expressions, one on each line of this file.
    #[arg(long, value_name = "FILE")]
    pub expressions: Option<PathBuf>,
    #[command(flatten)]
    pub data: DataOptions,
    /// The instance on which the expressions stand, and which `current()` is: `/module:list[key='x']/leaf`. The root if
    /// not given.
    #[arg(long, value_name = "PATH")]
    pub context: Option<String>,
    /// The value of a variable: $NAME is the text VALUE. May be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    pub var: Vec<(String, String)>,
    /// How results are printed. Nodes: their paths and values (text), these and the data in them, one JSON object for
    /// each expression (json), or the data alone with what leads to them (xml).
    #[arg(long, default_value = "text")]
    pub format: ResultFormat,
    /// Show the plan, what each step looked at, what was looked up by key, and how often a part was computed.
    #[arg(long)]
    pub explain: bool,
    /// How many nodes one evaluation may look at.
    #[arg(long, value_name = "N", default_value_t = DEFAULT_BUDGET)]
    pub budget: u64,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ResultFormat {
    /// For people.
    Text,
    /// For programs: one object on each line.
    Json,
    /// XML.
    Xml,
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

/// Runs it.
pub fn run(command: Query) -> Result<ExitCode, YangError> {
    stdin_once(command.expressions.iter().chain([&command.file]))?;
    let models = command.data.models()?;
    let document = Document::read(&command.file)?;
    let mut expressions = command.expression.clone();
    if let Some(file) = &command.expressions {
        let lines = Document::read(file)?;
        let text = String::from_utf8(lines.bytes)
            .map_err(|_| YangError::Usage(format!("{} is not in UTF-8", lines.name)))?;
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        expressions.extend(lines.map(str::to_owned));
    }
    let tree = models.tree(&document, Holds::All)?;
    let whens = Whens::new(command.budget);
    let view = View::of(&tree).with_whens(&whens);
    let node = context(&models.schema, &view, command.context.as_deref())?;
    let values = command.var.iter().cloned();
    let variables: Variables<'_> = values
        .map(|(name, value)| (name, XValue::String(value)))
        .collect();
    let query = Asked {
        command: &command,
        tree: &tree,
        several: expressions.len() > 1,
        context: Context {
            budget: command.budget,
            ..Context::at(node, &variables)
        },
    };
    let mut status = ExitCode::SUCCESS;
    for expression in &expressions {
        match query.answer(expression) {
            Ok(text) => print(&text)?,
            Err(reason) if command.format == ResultFormat::Json => {
                status = ExitCode::FAILURE;
                print(&json_line(&Answer::failed(expression, &reason)))?;
            }
            Err(reason) => {
                status = ExitCode::FAILURE;
                eprintln!("error: {reason}");
            }
        }
    }
    Ok(status)
}

/// The instance on which expressions stand.
fn context<'t>(
    schema: &std::sync::Arc<Schema>,
    view: &'t View<'t>,
    text: Option<&str>,
) -> Result<Cursor<'t>, YangError> {
    let root = Cursor::root(view);
    let Some(text) = text.filter(|text| *text != "/") else {
        return Ok(root);
    };
    let path: InstancePath = path::parse(schema, text, &NoMounts)
        .map_err(|error| YangError::Usage(format!("--context {text}: {error}")))?;
    root.find(&path).ok_or_else(|| {
        YangError::Usage(format!(
            "--context {text}: the data have no such instance; `banyan data query FILE '//NAME'` lists instances of a name"
        ))
    })
}

/// Everything that the expressions of a command have in common.
struct Asked<'a, 't> {
    command: &'a Query,
    tree: &'t Tree,
    several: bool,
    context: Context<'t, 'a>,
}

impl<'t> Asked<'_, 't> {
    fn answer(&self, text: &str) -> Result<String, String> {
        let expr = parse(text).map_err(|error| pointed(text, &error))?;
        let schema = self.tree.schema();
        let id = self.context.node.id();
        let expression = compile(schema, text, Names::Modules, id, Extent::Value)
            .map_err(|error| problem(text, &error.message))?;
        if self.command.format != ResultFormat::Json {
            for warning in &expression.warnings {
                eprintln!("warning: {warning}");
            }
        }
        let mut page = String::new();
        let value = if self.command.explain {
            let (value, observed) = evaluate_observed(&expression, &self.context);
            let note = |part: Part<'_>| noted(&observed, part);
            let (plan, warnings) = (&expression.plan, &expression.warnings);
            page = explain_noted(schema, &expr, plan, warnings, id, &note).to_string();
            // Writing to a String cannot fail.
            let _ = writeln!(page, "visited     {} nodes", observed.visited);
            match &value {
                Ok(_) if self.command.format != ResultFormat::Text => eprint!("{page}"),
                Ok(_) => page.push_str("result\n"),
                Err(_) => eprint!("{page}"),
            }
            value
        } else {
            evaluate(&expression, &self.context)
        };
        let value = value.map_err(|error| {
            let missing = error.message.contains("the variable $");
            let help = match missing {
                true => "; give it one with --var NAME=VALUE",
                false => "",
            };
            problem(text, &format!("{}{help}", error.message))
        })?;
        Ok(match self.command.format {
            ResultFormat::Json => json_line(&Answer::of(&expression, &value, self.tree)),
            ResultFormat::Xml => self.xml(&value),
            ResultFormat::Text => {
                if self.several && !self.command.explain {
                    let _ = writeln!(page, "# {text}");
                }
                page + &for_people(&value)
            }
        })
    }

    fn xml(&self, value: &XValue<'t>) -> String {
        let Some(nodes) = value.nodes() else {
            return for_people(value);
        };
        let options = PrintOptions {
            layout: Layout::Indented(2),
            ..PrintOptions::default()
        };
        let mut out = Vec::new();
        let paths: Vec<_> = nodes.iter().map(Cursor::path).collect();
        let tree = filter::prune_to_paths(self.tree, &paths);
        // Writing to memory cannot fail.
        let _ = xml::print(&tree, &options, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }
}

/// What is wrong, and below it the expression, as for errors of its syntax.
fn problem(text: &str, message: &str) -> String {
    let forms = [
        format!("the expression \"{text}\" cannot be used: "),
        format!("\"{text}\": "),
    ];
    let found = forms.iter().find_map(|form| message.strip_prefix(&**form));
    format!("{}\n  {text}", found.unwrap_or(message))
}

/// What a part of the plan has cost.
fn noted(observed: &Observed, part: Part<'_>) -> Option<String> {
    match part {
        Part::Once(expr) => observed.of(expr).map(|visits| {
            format!(
                "= computed {}, asked for {}",
                times(visits.computed),
                times(visits.asked)
            )
        }),
        Part::Step(step) => observed.of(step).map(|visits| {
            let looked_up = match visits.lookups {
                0 => String::new(),
                lookups => format!(", {} by key", times(lookups)),
            };
            format!(
                "= looked at {}{looked_up}, kept {}",
                visits.looked_at, visits.selected
            )
        }),
    }
}

fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

/// One line per node: its path, and the value of a leaf.
fn for_people(value: &XValue<'_>) -> String {
    let Some(nodes) = value.nodes() else {
        return value.to_text() + "\n";
    };
    nodes.iter().fold(String::new(), |mut text, node| {
        text.push_str(&place(node));
        if let Some(value) = leaf_text(node) {
            text.push_str(" = ");
            text.push_str(&value);
        }
        text.push('\n');
        text
    })
}

/// The path of a node; a text has that of its leaf with `/text()`.
fn place(node: &Cursor<'_>) -> String {
    match node.frame().place() {
        Place::Root(_) => "/".to_owned(),
        Place::Text => format!("{}/text()", node.error_path()),
        _ => node.error_path().to_string(),
    }
}

fn leaf_text(node: &Cursor<'_>) -> Option<String> {
    node.value().map(|_| node.string_value())
}

/// The result of one expression, for programs.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Answer<'a> {
    expression: &'a str,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    /// Of anything but nodes, as XPath writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nodes: Option<Vec<Found>>,
    /// The stored data in the nodes that are no leaves, with what leads to them (RFC 7951).
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Box<serde_json::value::RawValue>>,
    /// What is probably a mistake in the expression.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct Found {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

impl<'a> Answer<'a> {
    fn failed(expression: &'a str, reason: &'a str) -> Self {
        Answer {
            expression,
            kind: None,
            value: None,
            nodes: None,
            data: None,
            warnings: &[],
            error: Some(reason),
        }
    }

    fn of(expression: &'a Expression, value: &XValue<'_>, tree: &Tree) -> Self {
        let kind = match value {
            XValue::Boolean(_) => "boolean",
            XValue::Number(_) => "number",
            XValue::String(_) => "string",
            XValue::Nodes(_) => "node-set",
        };
        let found = |node: &Cursor<'_>| Found {
            path: place(node),
            value: leaf_text(node),
        };
        let inner = |nodes: &[Cursor<'_>]| nodes.iter().any(|node| node.value().is_none());
        Answer {
            expression: &expression.text,
            kind: Some(kind),
            value: value.nodes().is_none().then(|| value.to_text()),
            nodes: value.nodes().map(|nodes| nodes.iter().map(found).collect()),
            data: value
                .nodes()
                .filter(|nodes| inner(nodes))
                .and_then(|nodes| raw_json(tree, nodes)),
            warnings: &expression.warnings,
            error: None,
        }
    }
}

fn raw_json(tree: &Tree, nodes: &[Cursor<'_>]) -> Option<Box<serde_json::value::RawValue>> {
    let paths: Vec<_> = nodes.iter().map(Cursor::path).collect();
    let tree = filter::prune_to_paths(tree, &paths);
    let mut out = Vec::new();
    json::print(&tree, &PrintOptions::default(), &mut out).ok()?;
    let text = String::from_utf8(out).ok()?;
    serde_json::value::RawValue::from_string(text).ok()
}

fn json_line(answer: &Answer<'_>) -> String {
    // Strings always become JSON.
    serde_json::to_string(answer).unwrap_or_default() + "\n"
}
