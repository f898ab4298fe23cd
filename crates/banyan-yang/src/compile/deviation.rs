//! Deviations (RFC 7950 7.20.3): applied when all augments are.

use std::collections::HashMap;

use super::context::Compilation;
use super::draft::{Absent, Draft, DraftId, Property};
use super::set::StatementRef;
use crate::diagnostic::Diagnostic;
use crate::statement::Keyword;

const RFC: &str = "RFC 7950 7.20.3";

/// The kinds of `deviate`, in the order in which they are applied: what one module takes away another can set,
/// whichever comes first in the set.
const ORDER: [&str; 4] = ["not-supported", "delete", "replace", "add"];

/// Applies the deviations of all implemented modules. The result does not depend on the order of modules.
pub(super) fn apply_all(compilation: &mut Compilation<'_>) {
    let mut deviates: Vec<(DraftId, StatementRef)> = Vec::new();
    for module in compilation.set.module_ids() {
        if !compilation.implemented[module.index()] {
            continue;
        }
        for root in compilation.set.roots(module) {
            for deviation in compilation.set.children_of(root, Keyword::Deviation) {
                deviates.extend(compilation.deviates(deviation));
            }
        }
    }
    let mut replaced = HashMap::new();
    for kind in ORDER {
        for (target, deviate) in &deviates {
            if compilation.set.argument(*deviate) == kind {
                compilation.deviate(*target, *deviate, &mut replaced);
            }
        }
    }
}

/// By target and property: the first `deviate replace` that sets it.
type Replaced = HashMap<(DraftId, Keyword), StatementRef>;

impl Compilation<'_> {
    /// The `deviate` statements of a deviation, each with the target.
    fn deviates(&mut self, at: StatementRef) -> Vec<(DraftId, StatementRef)> {
        let set = self.set;
        let Some(target) = self.absolute(at, RFC) else {
            return Vec::new();
        };
        let module = self.drafts.get(target).module;
        let by = set.owner(at.unit);
        if module != by {
            self.deviated_by.entry(module).or_default().insert(by);
        }
        let deviates: Vec<_> = set.children_of(at, Keyword::Deviate).collect();
        // RFC 7950 14, `deviation-stmt`: it stands alone.
        let alone = |deviate: &&StatementRef| set.argument(**deviate) == "not-supported";
        if let Some(not_supported) = deviates.iter().find(alone)
            && deviates.len() > 1
        {
            let message = "`deviate not-supported` combines with nothing".to_owned();
            let help = "remove the other `deviate` statements, or this one";
            self.deviate_error(*not_supported, target, message, help);
        }
        deviates
            .into_iter()
            .map(|deviate| (target, deviate))
            .collect()
    }

    fn deviate(&mut self, target: DraftId, at: StatementRef, replaced: &mut Replaced) {
        let set = self.set;
        let kind = set.argument(at);
        if kind == "not-supported" {
            return self.drafts.get_mut(target).leave_out(Absent::NotSupported);
        }
        let mut replaced_default = false;
        for property in set.children(at) {
            if !self.check_property(target, property, RFC) {
                continue;
            }
            match kind {
                "add" => self.add_property(target, property),
                "replace" => {
                    self.check_replaced_once(target, property, replaced);
                    self.replace_property(target, property, &mut replaced_default);
                }
                _ => self.delete_property(target, property),
            }
        }
    }

    /// Which of two replacements holds depends on the order of modules, which nobody states.
    fn check_replaced_once(&mut self, target: DraftId, at: StatementRef, replaced: &mut Replaced) {
        let set = self.set;
        let keyword = set.keyword(at);
        let first = *replaced.entry((target, keyword)).or_insert(at);
        let around = |at: StatementRef| (at.unit, set.tree(at).parent(at.id));
        let same = set.argument(first) == set.argument(at)
            && set.child(at, Keyword::Type).is_none()
            && keyword != Keyword::Type;
        if first == at || around(first) == around(at) || same || keyword == Keyword::Extension {
            return;
        }
        let message = format!(
            "the `{}` of {} is replaced twice; this one holds",
            keyword.text(),
            self.draft_path(target)
        );
        self.report(
            Diagnostic::warning("conflicting-deviations", set.span(at), message)
                .related(set.span(first), "replaced here too")
                .help("remove one of the two")
                .rfc(RFC),
        );
    }

    /// Whether a property that a node has once is set already.
    fn has_single(&self, id: DraftId, property: Keyword) -> bool {
        let draft = self.drafts.get(id);
        let facts = &draft.facts;
        match property {
            Keyword::Config => facts.config().is_some(),
            Keyword::Mandatory => facts.mandatory().is_some(),
            Keyword::MinElements => facts.min_elements().is_some(),
            Keyword::MaxElements => facts.max_elements().is_some(),
            Keyword::Units => facts.units().is_some(),
            Keyword::Type => facts.ty.is_some(),
            Keyword::Default => {
                draft.kind != crate::schema::NodeKind::LeafList && facts.defaults().next().is_some()
            }
            _ => false,
        }
    }

    fn deviate_error(&mut self, at: StatementRef, target: DraftId, message: String, help: &str) {
        let (span, place) = (self.set.span(at), self.draft_span(target));
        self.report(
            Diagnostic::error("invalid-deviate", span, message)
                .related(place, "the target")
                .help(help)
                .rfc(RFC),
        );
    }

    fn add_property(&mut self, target: DraftId, at: StatementRef) {
        let keyword = self.set.keyword(at);
        if self.has_single(target, keyword) {
            let message = format!("the target has `{}` already", keyword.text());
            return self.deviate_error(at, target, message, "use `deviate replace`");
        }
        self.put_property(target, at);
    }

    /// Sets a type or property of the target.
    fn put_property(&mut self, target: DraftId, at: StatementRef) {
        let Draft { kind, module, .. } = *self.drafts.get(target);
        let mut typed = true;
        self.change(target, |compilation, facts| {
            if compilation.set.keyword(at) == Keyword::Type {
                typed = compilation.set_type(facts, at);
            } else {
                compilation.set_property(facts, kind, module, at);
            }
        });
        if !typed {
            self.report_without_type(self.drafts.get(target).at);
            self.drafts.get_mut(target).leave_out(Absent::Error);
        }
    }

    fn replace_property(&mut self, target: DraftId, at: StatementRef, replaced_default: &mut bool) {
        let keyword = self.set.keyword(at);
        let exists = self.has_single(target, keyword)
            || keyword == Keyword::Default
                && self.drafts.get(target).facts.defaults().next().is_some();
        match keyword {
            Keyword::Must | Keyword::Unique => {
                let message = format!("`{}` cannot be replaced", keyword.text());
                return self.deviate_error(
                    at,
                    target,
                    message,
                    "use `deviate delete` and `deviate add`",
                );
            }
            // Every node has a `config`, written or not.
            Keyword::Extension | Keyword::Config => {}
            // What is meant is plain, so it is done all the same.
            Keyword::Mandatory | Keyword::MinElements | Keyword::MaxElements if !exists => {
                let message = format!("the target has no `{}` to replace", keyword.text());
                self.deviate_error(at, target, message, "use `deviate add`");
            }
            _ if !exists => {
                let message = format!("the target has no `{}` to replace", keyword.text());
                return self.deviate_error(at, target, message, "use `deviate add`");
            }
            _ => {}
        }
        match keyword {
            Keyword::Type => self.drafts.facts_mut(target).remove_units(),
            Keyword::Default if !std::mem::replace(replaced_default, true) => {
                self.drafts.facts_mut(target).remove_defaults();
            }
            _ => {}
        }
        self.put_property(target, at);
    }

    fn delete_property(&mut self, target: DraftId, at: StatementRef) {
        let set = self.set;
        let keyword = set.keyword(at);
        let text = set.argument(at);
        let deleted = match keyword {
            Keyword::Units | Keyword::Must | Keyword::Unique | Keyword::Default => {
                let facts = self.drafts.facts_mut(target);
                facts.remove(|property| match (keyword, property) {
                    (Keyword::Units, Property::Units(units)) => &**units == text,
                    (Keyword::Must, Property::Must(must)) => &*must.expression.text == text,
                    (Keyword::Unique, Property::Unique(unique)) => set.argument(*unique) == text,
                    (Keyword::Default, Property::Default(default)) => &*default.text == text,
                    _ => false,
                })
            }
            Keyword::Extension => true,
            _ => {
                let message = format!("`{}` cannot be deleted", keyword.text());
                return self.deviate_error(at, target, message, "use `deviate replace`");
            }
        };
        if !deleted {
            let message = format!("the target has no `{}` with this argument", keyword.text());
            self.deviate_error(
                at,
                target,
                message,
                "the argument must be the same, character by character",
            );
        }
    }
}
