//! Errors about data, as reports that front ends send.

use std::sync::Arc;

use banyan_data::{DataError, ErrorKind};
use banyan_yang::schema::Schema;

use crate::error::{BackendError, ErrorTag, Report};

/// The module names in a path of the form of RFC 7951 6.11, each once: what stands before a colon outside
/// of quotes.
fn modules_in(path: &str) -> Vec<&str> {
    let mut modules: Vec<&str> = Vec::new();
    let mut start = 0;
    let mut quote = None;
    for (at, character) in path.char_indices() {
        match (quote, character) {
            (Some(open), close) if open == close => {
                quote = None;
                start = at + close.len_utf8();
            }
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '/' | '[' | ']' | '=') => start = at + 1,
            (None, ':') => {
                let name = &path[start..at];
                if !name.is_empty() && !modules.contains(&name) {
                    modules.push(name);
                }
            }
            (None, _) => {}
        }
    }
    modules
}

/// The namespaces of the module names in a path.
fn namespaces(schema: &Schema, path: &str) -> Vec<(Arc<str>, Arc<str>)> {
    let named = modules_in(path).into_iter().filter_map(|name| {
        let module = schema.module_by_name(name)?;
        let namespace = schema.module(module).namespace.clone();
        Some((Arc::from(name), namespace))
    });
    named.collect()
}

/// A report at a path of the form of RFC 7951 6.11.
pub(crate) fn located(mut report: Report, schema: &Schema, path: String) -> Report {
    report.path_namespaces = namespaces(schema, &path);
    report.path = Some(path.into());
    report
}

/// Data errors as one error with a report for each.
pub(crate) fn data_errors(
    schema: &Schema,
    errors: impl IntoIterator<Item = DataError>,
) -> BackendError {
    let mut reports: Vec<Report> = errors
        .into_iter()
        .map(|error| data_report(schema, &error))
        .collect();
    if reports.is_empty() {
        // A caller that says that it failed has a reason; an empty list would look like success.
        reports.extend(
            BackendError::new(ErrorTag::OperationFailed, "failed without a stated reason").reports,
        );
    }
    BackendError { reports }
}

/// One data error as an error.
pub(crate) fn data_error(schema: &Schema, error: DataError) -> BackendError {
    data_errors(schema, [error])
}

/// One data error as a report.
pub(super) fn data_report(schema: &Schema, error: &DataError) -> Report {
    let mut report = Report::of_data(error, namespaces(schema, &error.path.0));
    // error-message stays what the model says (RFC 7950 7.5.4.1); how it came about goes into error-info.
    if let Some(constraint) = &error.constraint {
        report = report.with_info(constraint.keyword, &*constraint.text);
        if !constraint.values.is_empty() {
            report = report.with_info("with", constraint.to_string());
        }
    }
    // Errors of documents may be about a mounted tree, whose spans belong to another schema.
    if let Some(span) = error.yang.filter(|_| error.position.is_none()) {
        report = report.with_info("rule", schema.sources().location(span));
    }
    report
}

/// An internal failure of a printer: the reader went away, or the system refuses.
pub(crate) fn print_error(error: std::io::Error) -> BackendError {
    BackendError::new(
        ErrorTag::OperationFailed,
        format!("the reply cannot be written: {error}"),
    )
}

/// An error that is about the request as a whole.
pub(crate) fn refused(kind: ErrorKind, message: impl Into<String>) -> BackendError {
    let (tag, _) = crate::error::tag_of(kind);
    BackendError::new(tag, message)
}

#[cfg(test)]
mod tests {
    use super::modules_in;

    #[test]
    fn modules_of_a_path_are_found_outside_of_quotes() {
        assert_eq!(
            modules_in("/a:b/c[d='x:y']/e:f[a:g=\"q:r\"]/h[.='i:j']"),
            ["a", "e"]
        );
        assert!(modules_in("").is_empty());
    }
}
