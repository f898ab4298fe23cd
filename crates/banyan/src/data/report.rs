//! What is wrong with data, as a report: for people, and for programs as one JSON object.

use std::fmt::Write as _;

use banyan_data::error::{DataError, ErrorKind};
use banyan_data::locate::{Located, locate, places};
use banyan_data::validate::Counters;
use banyan_yang::schema::Schema;
use serde::Serialize;

use super::documents::Document;

/// What was found in one document, or in several that were merged.
pub struct Findings {
    /// The files, with commas between them.
    pub name: String,
    /// The errors, each with the file that it is in where that is known.
    pub errors: Vec<(Option<String>, DataError)>,
    /// What the validation cost; absent where it did not come to that.
    pub counters: Option<Counters>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct JsonReport<'a> {
    valid: bool,
    documents: Vec<JsonDocument<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct JsonDocument<'a> {
    document: &'a str,
    valid: bool,
    errors: Vec<JsonError<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counters: Option<JsonCounters>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct JsonCounters {
    considered: u64,
    evaluated: u64,
    visited: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct JsonError<'a> {
    kind: ErrorKind,
    path: String,
    message: &'a str,
    help: Option<&'a str>,
    error_app_tag: Option<&'a str>,
    constraint: Option<JsonConstraint<'a>>,
    yang: Option<Place<'a>>,
    input: Option<Place<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct JsonConstraint<'a> {
    statement: &'a str,
    expression: &'a str,
    values: Vec<ReadValue<'a>>,
}

#[derive(Serialize)]
struct ReadValue<'a> {
    path: &'a str,
    value: &'a str,
}

/// A place in a file; line and column count from 1.
#[derive(Serialize)]
struct Place<'a> {
    file: Option<&'a str>,
    line: u32,
    column: u32,
}

impl Findings {
    /// Whether nothing is wrong.
    pub fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }

    fn json<'a>(&'a self, schema: &'a Schema) -> JsonDocument<'a> {
        JsonDocument {
            document: &self.name,
            valid: self.is_valid(),
            errors: self
                .errors
                .iter()
                .map(|(file, error)| json_error(schema, file.as_deref(), error))
                .collect(),
            counters: self.counters.map(|counters| JsonCounters {
                considered: counters.considered,
                evaluated: counters.evaluated,
                visited: counters.visited,
            }),
        }
    }
}

/// For programs: one JSON object.
pub fn json(schema: &Schema, findings: &[Findings]) -> String {
    let report = JsonReport {
        valid: findings.iter().all(Findings::is_valid),
        documents: findings.iter().map(|it| it.json(schema)).collect(),
    };
    // Strings and numbers always become JSON.
    serde_json::to_string_pretty(&report).unwrap_or_default()
}

/// For people: each error on several lines, then a line for each document. At most `most` errors were looked for.
pub fn text(schema: &Schema, findings: &[Findings], most: usize) -> String {
    let mut text = String::new();
    for found in findings {
        text.push_str(&errors_text(schema, &found.errors));
    }
    for found in findings {
        let mut outcome = match found.errors.len() {
            0 => "valid".to_owned(),
            1 => "1 error".to_owned(),
            more => format!("{more} errors"),
        };
        if found.errors.len() >= most {
            outcome.push_str(", and no more were looked for (--max-errors)");
        }
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}: {outcome}", found.name);
    }
    text
}

/// Errors for people, a blank line after each.
pub fn errors_text(schema: &Schema, errors: &[(Option<String>, DataError)]) -> String {
    let locate = |span| schema.sources().location(span);
    errors
        .iter()
        .fold(String::new(), |mut text, (file, error)| {
            text.push_str(&error.report(file.as_deref(), locate));
            text.push_str("\n\n");
            text
        })
}

/// The errors of a document, each with its file and, as far as it can be found, the place in it.
pub fn in_file(
    schema: &Schema,
    document: &Document,
    mut errors: Vec<DataError>,
) -> impl Iterator<Item = (Option<String>, DataError)> {
    locate(document.form, schema, &document.bytes, &mut errors);
    let name = document.name.clone();
    errors
        .into_iter()
        .map(move |error| (Some(name.clone()), error))
}

/// The errors of several documents that were put together, each with the file and place that lead farthest to it; of
/// equal ones the later, which had the last word.
pub fn in_files(
    schema: &Schema,
    documents: &[Document],
    errors: Vec<DataError>,
) -> Vec<(Option<String>, DataError)> {
    let paths: Vec<_> = errors.iter().map(|error| error.path.clone()).collect();
    let mut best: Vec<Option<(&Document, Located)>> = vec![None; errors.len()];
    for document in documents {
        let found = places(document.form, schema, &document.bytes, &paths);
        for (best, found) in best.iter_mut().zip(found) {
            let known = best.map_or(0, |(_, found)| found.steps);
            if let Some(found) = found.filter(|found| found.steps >= known) {
                *best = Some((document, found));
            }
        }
    }
    let placed = errors.into_iter().zip(best);
    let placed = placed.map(|(mut error, best)| {
        error.position = best.map(|(_, found)| found.position);
        (best.map(|(document, _)| document.name.clone()), error)
    });
    placed.collect()
}

fn json_error<'a>(
    schema: &'a Schema,
    file: Option<&'a str>,
    error: &'a DataError,
) -> JsonError<'a> {
    JsonError {
        kind: error.kind,
        path: error.path.to_string(),
        message: &error.message,
        help: error.help.as_deref(),
        error_app_tag: error.app_tag.as_deref(),
        constraint: error.constraint.as_ref().map(|it| JsonConstraint {
            statement: it.keyword,
            expression: &it.text,
            values: it
                .values
                .iter()
                .map(|(path, value)| ReadValue { path, value })
                .collect(),
        }),
        yang: error.yang.map(|span| {
            let position = schema.sources().position(span);
            Place {
                file: Some(schema.sources().name(span.source)),
                line: position.line,
                column: position.column,
            }
        }),
        input: error.position.map(|position| Place {
            file,
            line: position.line,
            column: position.column,
        }),
    }
}
