//! What to tell about a `must` or `when` that does not hold: its text, and the values that it read.

use banyan_yang::schema::Expression;
use banyan_yang::xpath::Plan;

use crate::cursor::Cursor;
use crate::error::Constraint;
use crate::xpath::{Evaluation, Session};

/// More values than this do not help.
const SHOWN: usize = 6;

/// Evaluates `plan` once more on `context` and keeps what it reads.
pub(crate) fn explain(
    keyword: &'static str,
    expression: &Expression,
    plan: &Plan,
    context: &Cursor<'_>,
    budget: u64,
) -> Constraint {
    let session = Session::recording(budget);
    let evaluation = Evaluation::new(plan, context.schema(), context.clone(), &session);
    // It gave a value before; what stopped it now has been read up to there.
    let _ = evaluation.holds(&plan.expr, context.clone());
    let mut values: Vec<(String, String)> = Vec::new();
    for read in session.into_reads() {
        let entry = (path_between(context, &read), shown(&read.frame().text()));
        if values.len() < SHOWN && !values.contains(&entry) {
            values.push(entry);
        }
    }
    Constraint {
        keyword,
        text: expression.text.clone(),
        values,
    }
}

/// The path from one node to another as an expression would write it: `.`, `../max-frame`, `/top/leaf`.
fn path_between(from: &Cursor<'_>, to: &Cursor<'_>) -> String {
    let (from, to) = (from_root(from), from_root(to));
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let climb = from.len() - shared;
    // Where nothing but the root is shared, the way from the root is shorter to read.
    let relative = shared > 1 || climb <= 2;
    let mut text = String::new();
    if relative {
        text.push_str(&vec![".."; climb].join("/"));
    }
    for node in &to[shared..] {
        if !text.is_empty() || !relative {
            text.push('/');
        }
        text.push_str(&node.frame().named().name);
        node.frame().write_predicates(&mut text);
    }
    if text.is_empty() {
        ".".to_owned()
    } else {
        text
    }
}

/// The nodes from the root down to this one.
fn from_root<'t>(node: &Cursor<'t>) -> Vec<Cursor<'t>> {
    let mut nodes: Vec<Cursor<'t>> =
        std::iter::successors(Some(node.clone()), Cursor::parent).collect();
    nodes.reverse();
    nodes
}

fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        _ if text.is_empty() => "''".to_owned(),
        None => text.to_owned(),
        Some((cut, _)) => format!("{}...", &text[..cut]),
    }
}
