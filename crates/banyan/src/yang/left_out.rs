//! What lenient mode has left out: which part of which file, and why.

use std::collections::HashMap;
use std::fmt;

use banyan_yang::diagnostic::{Diagnostic, Diagnostics};
use banyan_yang::parse::parse;
use banyan_yang::source::{SourceId, SourceMap, Span};
use banyan_yang::statement::{Keyword, StatementId, SyntaxTree};
use serde::Serialize;

/// A part that is not in the schema.
#[derive(Debug, Serialize)]
pub struct LeftOut {
    /// The statement: `leaf mtu`, or the name of a module that is not there.
    pub what: String,
    /// The statements around it, the module first; empty for what has none.
    #[serde(rename = "in")]
    pub around: String,
    /// Why.
    pub why: String,
    /// The code of the diagnostic.
    pub code: &'static str,
    /// The file; empty for what is in none.
    pub file: String,
    /// The line.
    pub line: Option<u32>,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.what)?;
        if !self.around.is_empty() {
            write!(f, " (in {})", self.around)?;
        }
        write!(f, ": {}", self.why)
    }
}

/// The parts that diagnostics of lenient mode are about: each error has cost something, and so has what a warning calls
/// left out.
pub fn left_out(findings: &[(&Diagnostic, &SourceMap)]) -> Vec<LeftOut> {
    // Another revision was used: nothing is missing.
    let cost = |it: &Diagnostic| {
        (it.is_error() || it.code == "left-out") && it.code != "revision-not-found"
    };
    let mut trees: HashMap<(usize, SourceId), SyntaxTree> = HashMap::new();
    let mut parts = Vec::new();
    for (diagnostic, sources) in findings.iter().filter(|(it, _)| cost(it)) {
        let mut part = LeftOut {
            what: String::new(),
            around: String::new(),
            why: reason(diagnostic),
            code: diagnostic.code,
            file: String::new(),
            line: None,
        };
        if let Some(span) = diagnostic.primary {
            let key = (std::ptr::from_ref(*sources).addr(), span.source);
            let tree = trees
                .entry(key)
                .or_insert_with(|| parse(sources, span.source, &mut Diagnostics::new()));
            sources.name(span.source).clone_into(&mut part.file);
            part.line = Some(sources.position(span).line);
            if let Some(statement) = statement_at(tree, span) {
                part.what = tree.describe(statement);
                part.around = around(tree, statement);
            }
        }
        if diagnostic.code == "module-not-found" {
            part.what = module_of(&diagnostic.message);
        }
        parts.push(part);
    }
    parts
}

/// The message; of one that says what is left out and why, the reason.
fn reason(diagnostic: &Diagnostic) -> String {
    let reason = diagnostic.message.split_once(" is left out, because ");
    match reason.filter(|_| diagnostic.code == "left-out") {
        Some((_, why)) => why.to_owned(),
        None => diagnostic.message.clone(),
    }
}

/// The statement whose head is at a place, or the last before it. O(log statements): ids are in the order of the text.
fn statement_at(tree: &SyntaxTree, span: Span) -> Option<StatementId> {
    let (mut low, mut high) = (0, u32::try_from(tree.len()).unwrap_or(u32::MAX));
    while low < high {
        let middle = low + (high - low) / 2;
        if tree.span(StatementId(middle)).start <= span.start {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low.checked_sub(1).map(StatementId)
}

/// `module m, container c, leaf x`
fn around(tree: &SyntaxTree, statement: StatementId) -> String {
    let mut names = Vec::new();
    let mut at = tree.parent(statement);
    while let Some(id) = at {
        names.push(tree.describe(id));
        at = tree.parent(id);
    }
    names.reverse();
    names.join(", ")
}

/// `module m@2020-01-01 is needed, ...` to its second word.
fn module_of(message: &str) -> String {
    let kind = message.split(' ').next().unwrap_or("");
    let name = message.split(' ').nth(1).unwrap_or(message);
    if kind == Keyword::Submodule.text() {
        format!("submodule {name}")
    } else {
        name.to_owned()
    }
}
