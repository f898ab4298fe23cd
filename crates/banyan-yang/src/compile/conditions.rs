//! `when` conditions that depend on each other (RFC 7950 7.21.5: there must not be any circular dependencies).
//!
//! A condition depends on those of the nodes that it reads and of all that these stand in, because without them there
//! is nothing to read. It does not depend on those around its own node: where they are false it is not evaluated.

use std::collections::{BTreeSet, HashMap};

use super::context::Compilation;
use super::cycles::{chain, cycles};
use super::draft::DraftId;
use super::names::Condition;
use crate::diagnostic::Diagnostic;

/// Reports conditions that depend on themselves, directly or not. Linear in their number and that of the nodes that
/// they read, times depth.
pub(super) fn check_all(compilation: &mut Compilation<'_>, conditions: Vec<Condition>) {
    let mut on: HashMap<DraftId, Vec<usize>> = HashMap::new();
    for (index, condition) in conditions.iter().enumerate() {
        on.entry(condition.node).or_default().push(index);
    }
    let edges: Vec<Vec<usize>> = conditions
        .iter()
        .map(|condition| {
            let mut edges = Vec::new();
            for read in &condition.reads {
                edges.extend(dependencies(compilation, &on, condition.node, *read));
            }
            edges.sort_unstable();
            edges.dedup();
            edges
        })
        .collect();
    // Nodes that one `uses` or `augment` brings share its condition: said once.
    let mut said = BTreeSet::new();
    for cycle in cycles(&edges) {
        let spans: BTreeSet<_> = cycle.iter().map(|index| conditions[*index].span).collect();
        if !said.insert(spans) {
            continue;
        }
        let path = |index: usize| compilation.draft_path(conditions[index].node);
        let message = match cycle[..] {
            [own] => format!("the `when` of {} depends on the node itself", path(own)),
            _ => format!(
                "`when` conditions depend on each other: {}",
                chain(&cycle, path)
            ),
        };
        let mut error = Diagnostic::error("circular-when", conditions[cycle[0]].span, message);
        for other in cycle.iter().skip(1).take(5) {
            error = error.related(conditions[*other].span, "depends on the next");
        }
        compilation.report(
            error
                .help("let the condition refer to nodes that do not depend on it")
                .rfc("RFC 7950 7.21.5"),
        );
    }
}

/// The conditions of a node that is read and of all that it stands in, up to what holds the reader too.
fn dependencies(
    compilation: &Compilation<'_>,
    on: &HashMap<DraftId, Vec<usize>>,
    reader: DraftId,
    read: DraftId,
) -> Vec<usize> {
    let mut around = BTreeSet::new();
    let mut at = reader;
    while at != DraftId::ROOT {
        at = compilation.drafts.get(at).parent;
        around.insert(at);
    }
    let mut found = Vec::new();
    let mut at = read;
    while at != DraftId::ROOT && !around.contains(&at) {
        found.extend(on.get(&at).into_iter().flatten());
        at = compilation.drafts.get(at).parent;
    }
    found
}
