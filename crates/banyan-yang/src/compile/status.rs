//! `status` (RFC 7950 7.21.2): what is current must not refer to what is deprecated or obsolete, nor what is
//! deprecated to what is obsolete, in the same module. A definition is as old as the oldest statement around it.

use super::context::Compilation;
use super::set::{StatementRef, Unit, UnitId};
use crate::diagnostic::Diagnostic;
use crate::schema::{ModuleId, Status};
use crate::source::Span;
use crate::statement::Keyword;

/// Checks the references of all texts to typedefs, groupings, identities and features. Linear in the number of
/// statements.
pub(super) fn check_all(compilation: &mut Compilation<'_>) {
    let set = compilation.set;
    let statuses: Vec<Vec<Option<Status>>> = set.units.iter().map(effective).collect();
    for (index, unit) in set.units.iter().enumerate() {
        for id in unit.tree.ids() {
            let kind = match unit.tree.keyword(id) {
                Keyword::Type => Keyword::Typedef,
                Keyword::Uses => Keyword::Grouping,
                Keyword::Base => Keyword::Identity,
                Keyword::IfFeature => Keyword::Feature,
                _ => continue,
            };
            let unit = UnitId(index as u32);
            compilation.check_status(StatementRef { unit, id }, kind, &statuses);
        }
    }
}

/// By statement: its status, that of the statements around it counted; `None` for what was left out or stands in an
/// extension.
fn effective(unit: &Unit) -> Vec<Option<Status>> {
    let tree = &unit.tree;
    let mut statuses = vec![Some(Status::Current); tree.len()];
    for id in tree.ids() {
        if tree.keyword(id) == Keyword::Status
            && !tree.is_dropped(id)
            && let Some(parent) = tree.parent(id)
        {
            statuses[parent.index()] = Some(parse(tree.name(id)));
        }
    }
    for id in tree.ids() {
        let around = tree
            .parent(id)
            .map_or(Some(Status::Current), |parent| statuses[parent.index()]);
        let out = tree.is_dropped(id) || tree.keyword(id) == Keyword::Extension;
        let own = &mut statuses[id.index()];
        *own = match (*own, around) {
            (Some(own), Some(around)) if !out => Some(own.max(around)),
            _ => None,
        };
    }
    statuses
}

/// The argument of `status`.
pub(super) fn parse(text: &str) -> Status {
    match text {
        "deprecated" => Status::Deprecated,
        "obsolete" => Status::Obsolete,
        _ => Status::Current,
    }
}

/// How a status reads.
pub(super) fn name_of(status: Status) -> &'static str {
    match status {
        Status::Current => "current",
        Status::Deprecated => "deprecated",
        Status::Obsolete => "obsolete",
    }
}

/// A reference from one definition to another.
pub(super) struct Reference {
    pub from: Status,
    pub to: Status,
    /// Where it stands.
    pub span: Span,
    /// What it refers to, and where that is defined.
    pub target: String,
    pub target_span: Span,
}

impl Compilation<'_> {
    fn check_status(&mut self, at: StatementRef, kind: Keyword, statuses: &[Vec<Option<Status>>]) {
        let set = self.set;
        let status = |at: StatementRef| statuses[at.unit.0 as usize][at.id.index()];
        let owner: ModuleId = set.owner(at.unit);
        let argument = set.argument(at);
        let names = match kind {
            Keyword::Feature => crate::if_feature::names(argument).collect(),
            _ => vec![argument],
        };
        for name in names {
            let Some(target) = self.silently(kind, at, name) else {
                continue;
            };
            if set.owner(target.unit) != owner {
                continue;
            }
            let to = status(target).unwrap_or_default();
            if to == Status::Current {
                continue; // By far the most.
            }
            if let Some(from) = status(at) {
                self.check_reference(Reference {
                    from,
                    to,
                    span: set.span(at),
                    target: set.describe(target),
                    target_span: set.span(target),
                });
            }
        }
    }

    /// Reports a reference to something older.
    pub fn check_reference(&mut self, reference: Reference) {
        let Reference { from, to, .. } = reference;
        if from >= to {
            return;
        }
        let (from, to) = (name_of(from), name_of(to));
        let message = format!(
            "what is {from} refers to `{}`, which is {to}",
            reference.target
        );
        self.report(
            Diagnostic::error("status-reference", reference.span, message)
                .related(reference.target_span, format!("{to} here"))
                .help(format!(
                    "state `status {to};` here too, or refer to something {from}"
                ))
                .rfc("RFC 7950 7.21.2"),
        );
    }
}
