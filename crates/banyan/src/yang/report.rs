//! What a compilation said, as a report: for people with source lines, for programs as one JSON object.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use banyan_yang::diagnostic::{Diagnostic, Severity};
use banyan_yang::head::{Head, newest_revision};
use banyan_yang::source::{SourceMap, Span};
use banyan_yang::statement::Keyword;
use serde::Serialize;

use super::left_out::{LeftOut, left_out};
use super::modules::Loaded;
use super::rendered;

/// How many things left out of one module are listed when not all are asked for.
const LISTED: usize = 5;

/// Where lines of names are broken.
const WIDTH: usize = 100;

/// A report.
#[derive(Debug)]
pub struct Report<'a> {
    loaded: &'a Loaded,
    /// Each with the texts that it points into; those about the list of modules first.
    findings: Vec<(&'a Diagnostic, &'a SourceMap)>,
    left_out: Vec<LeftOut>,
}

/// A module or submodule that was read.
#[derive(Debug, Serialize)]
struct ReadModule {
    name: String,
    revision: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    submodule: bool,
    /// Absent where nothing was compiled.
    #[serde(skip_serializing_if = "Option::is_none")]
    implemented: Option<bool>,
    file: String,
}

/// A place in a file; lines and columns count from 1, columns in characters.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Place<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

#[derive(Debug, Serialize)]
struct Related<'a> {
    message: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
}

#[derive(Debug, Serialize)]
struct JsonFinding<'a> {
    code: &'a str,
    severity: &'static str,
    message: &'a str,
    #[serde(flatten)]
    place: Option<Place<'a>>,
    rfc: Option<&'a str>,
    help: Option<&'a str>,
    related: Vec<Related<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Summary {
    modules: usize,
    nodes: Option<usize>,
    errors: usize,
    warnings: usize,
    left_out: usize,
    seconds: f64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct JsonReport<'a> {
    modules: Vec<ReadModule>,
    diagnostics: Vec<JsonFinding<'a>>,
    left_out: &'a [LeftOut],
    notes: &'a [String],
    summary: Summary,
}

impl<'a> Report<'a> {
    /// The report of a compilation.
    pub fn of(loaded: &'a Loaded) -> Report<'a> {
        let listed = loaded.listed.iter();
        let mut findings: Vec<_> = listed
            .flat_map(|list| list.findings.iter().map(move |it| (it, &list.sources)))
            .collect();
        let (found, sources) = loaded.diagnostics();
        findings.extend(found.iter().map(|it| (it, sources)));
        let left_out = match &loaded.outcome {
            Ok(_) if loaded.lenient => left_out(&findings),
            _ => Vec::new(),
        };
        Report {
            loaded,
            findings,
            left_out,
        }
    }

    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.findings.iter().filter(|it| it.0.is_error()).count()
    }

    fn summary(&self) -> Summary {
        let schema = self.loaded.outcome.as_ref().ok().map(|it| &it.schema);
        Summary {
            modules: match schema {
                Some(schema) => schema.modules().len(),
                None => self.read_modules().filter(|it| !it.submodule).count(),
            },
            nodes: schema.map(|schema| schema.nodes().len().saturating_sub(1)),
            errors: self.errors(),
            warnings: self.findings.len() - self.errors(),
            left_out: self.left_out.len(),
            seconds: self.loaded.took.as_secs_f64(),
        }
    }

    /// The texts that the compiler has read, in its order.
    fn read_modules(&self) -> impl Iterator<Item = ReadModule> {
        let (_, sources) = self.loaded.diagnostics();
        let schema = self.loaded.outcome.as_ref().ok().map(|it| &it.schema);
        sources.ids().filter_map(move |id| {
            let text = sources.text(id);
            let head = Head::of(text)?;
            let revision = newest_revision(text);
            let submodule = head.keyword == Keyword::Submodule;
            let implemented = schema.filter(|_| !submodule).map(|schema| {
                let revisions = schema.module_revisions(&head.name).iter();
                revisions
                    .map(|id| schema.module(*id))
                    .any(|it| it.implemented && it.revision.as_deref() == revision.as_deref())
            });
            Some(ReadModule {
                name: head.name,
                revision,
                submodule,
                implemented,
                file: sources.name(id).to_owned(),
            })
        })
    }

    /// One JSON object.
    pub fn json(&self) -> String {
        let report = JsonReport {
            modules: self.read_modules().collect(),
            diagnostics: self.findings.iter().map(|it| finding(it.0, it.1)).collect(),
            left_out: &self.left_out,
            notes: &self.loaded.notes,
            summary: self.summary(),
        };
        // Strings and numbers always become JSON.
        serde_json::to_string_pretty(&report).unwrap_or_default()
    }

    /// Findings with their source lines, then what was left out, then a summary line. When not `all` are asked for,
    /// of equal warnings in one file (in lenient mode of equal errors too) the first stands for the others.
    pub fn text(&self, all: bool) -> String {
        let mut text = String::new();
        let mut groups: Vec<(usize, usize)> = Vec::new();
        let mut by_kind: HashMap<(&str, Severity, &str), usize> = HashMap::new();
        for (index, (diagnostic, sources)) in self.findings.iter().enumerate() {
            let grouped = !all && (self.loaded.lenient || !diagnostic.is_error());
            let file = diagnostic.primary.map_or("", |it| sources.name(it.source));
            let kind = (diagnostic.code, diagnostic.severity, file);
            match by_kind.get(&kind) {
                Some(group) if grouped => groups[*group].1 += 1,
                _ => {
                    by_kind.insert(kind, groups.len());
                    groups.push((index, 0));
                }
            }
        }
        for (index, others) in groups {
            let (diagnostic, sources) = self.findings[index];
            text.push_str(&rendered(diagnostic, sources, &std::io::stdout()));
            if others > 0 {
                let place = diagnostic.primary.map(|it| sources.name(it.source));
                let place = place.map_or(String::new(), |file| format!(" in {file}"));
                let _ = write!(
                    text,
                    "\n  ... and {others} more `{}`{place} (--all shows them)",
                    diagnostic.code
                );
            }
            text.push_str("\n\n");
        }
        self.push_left_out(&mut text, all);
        for note in self.loaded.notes.iter().chain(&self.loaded.passed_over) {
            let _ = writeln!(text, "note: {note}\n");
        }
        text.push_str(&self.summary_line());
        text
    }

    fn push_left_out(&self, text: &mut String, all: bool) {
        if self.left_out.is_empty() {
            return;
        }
        text.push_str("Left out:\n");
        let mut by_file: BTreeMap<&str, Vec<&LeftOut>> = BTreeMap::new();
        for part in &self.left_out {
            by_file.entry(&part.file).or_default().push(part);
        }
        for (file, parts) in by_file {
            let (modules, parts): (Vec<_>, Vec<_>) = parts
                .into_iter()
                .partition(|it| it.code == "module-not-found");
            if !modules.is_empty() {
                let place = if file.is_empty() { "" } else { " of " };
                let number = counted(modules.len(), "module");
                let _ = writeln!(text, "  {number}{place}{file}, not found:");
                push_wrapped(text, modules.iter().map(|it| it.what.as_str()));
            }
            if parts.is_empty() {
                continue;
            }
            let _ = writeln!(text, "  {file}: {}", counted(parts.len(), "part"));
            let shown = if all { parts.len() } else { LISTED };
            for part in parts.iter().take(shown) {
                let _ = writeln!(text, "    {part}");
            }
            if parts.len() > shown {
                let more = parts.len() - shown;
                let _ = writeln!(text, "    ... and {more} more (--all shows them)");
            }
        }
        text.push('\n');
    }

    fn summary_line(&self) -> String {
        let summary = self.summary();
        let mut parts = vec![counted(summary.modules, "module")];
        parts.push(match summary.nodes {
            Some(nodes) => counted(nodes, "node"),
            None => "not compiled".to_owned(),
        });
        parts.push(counted(summary.errors, "error"));
        parts.push(counted(summary.warnings, "warning"));
        if summary.left_out > 0 {
            parts.push(format!("{} left out", summary.left_out));
        }
        parts.push(format!("{:.2} s", summary.seconds));
        parts.join(", ")
    }
}

/// Names with commas between them, in lines that fit a terminal.
fn push_wrapped<'n>(text: &mut String, names: impl Iterator<Item = &'n str>) {
    const INDENT: &str = "\n    ";
    let mut column = usize::MAX;
    for (index, name) in names.enumerate() {
        if index > 0 {
            text.push(',');
        }
        if column.saturating_add(name.len()) > WIDTH {
            text.push_str(if index == 0 { &INDENT[1..] } else { INDENT });
            column = INDENT.len();
        } else {
            text.push(' ');
        }
        text.push_str(name);
        column += name.len() + 2;
    }
    text.push('\n');
}

fn counted(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

fn finding<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> JsonFinding<'a> {
    let related = diagnostic.related.iter();
    JsonFinding {
        code: diagnostic.code,
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: &diagnostic.message,
        place: diagnostic.primary.map(|span| place(span, sources)),
        rfc: diagnostic.rfc,
        help: diagnostic.help.as_deref(),
        related: related
            .map(|(span, message)| Related {
                message,
                place: place(*span, sources),
            })
            .collect(),
    }
}

fn place(span: Span, sources: &SourceMap) -> Place<'_> {
    let start = sources.position(span);
    let end = sources.position(Span {
        start: span.end,
        ..span
    });
    Place {
        file: sources.name(span.source),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
    }
}
