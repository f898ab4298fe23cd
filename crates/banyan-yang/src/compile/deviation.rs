//! Deviations (RFC 7950 7.20.3): applied when all augments are.

use super::context::Compilation;
use super::draft::{Absent, DraftId};
use super::set::StatementRef;
use crate::diagnostic::Diagnostic;
use crate::statement::Keyword;

const RFC: &str = "RFC 7950 7.20.3";

/// Applies the deviations of all implemented modules.
pub(super) fn apply_all(compilation: &mut Compilation<'_>) {
    for module in compilation.set.module_ids() {
        if !compilation.implemented[module.index()] {
            continue;
        }
        for root in compilation.set.roots(module) {
            for deviation in compilation.set.children_of(root, Keyword::Deviation) {
                compilation.deviate(deviation);
            }
        }
    }
}

impl Compilation<'_> {
    fn deviate(&mut self, at: StatementRef) {
        let set = self.set;
        let Some(target) = self.absolute(at, RFC) else {
            return;
        };
        let module = self.drafts.get(target).module;
        let by = set.owner(at.unit);
        if module != by {
            self.deviated_by.entry(module).or_default().insert(by);
        }
        for deviate in set.children_of(at, Keyword::Deviate) {
            let kind = set.argument(deviate);
            if kind == "not-supported" {
                self.drafts.get_mut(target).leave_out(Absent::NotSupported);
                continue;
            }
            let mut replaced_default = false;
            for property in set.children(deviate) {
                if !self.check_property(target, property, RFC) {
                    continue;
                }
                match kind {
                    "add" => self.add_property(target, property),
                    "replace" => self.replace_property(target, property, &mut replaced_default),
                    _ => self.delete_property(target, property),
                }
            }
        }
    }

    /// Whether a property that a node has once is set already.
    fn has_single(&self, id: DraftId, property: Keyword) -> bool {
        let draft = self.drafts.get(id);
        match property {
            Keyword::Config => draft.config.is_some(),
            Keyword::Mandatory => draft.mandatory.is_some(),
            Keyword::MinElements => draft.min_elements.is_some(),
            Keyword::MaxElements => draft.max_elements.is_some(),
            Keyword::Units => draft.units.is_some(),
            Keyword::Type => draft.ty.is_some(),
            Keyword::Default => {
                draft.kind != crate::schema::NodeKind::LeafList && !draft.defaults.is_empty()
            }
            _ => false,
        }
    }

    fn deviate_error(&mut self, at: StatementRef, target: DraftId, message: String, help: &str) {
        let (span, place) = (self.set.span(at), self.drafts.get(target).span);
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
        match keyword {
            Keyword::Type => self.set_type(target, at),
            _ => self.set_property(target, at),
        }
    }

    fn replace_property(&mut self, target: DraftId, at: StatementRef, replaced_default: &mut bool) {
        let keyword = self.set.keyword(at);
        let exists =
            self.has_single(target, keyword) || !self.drafts.get(target).defaults.is_empty();
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
            // These have a value even where they are not written.
            Keyword::Extension
            | Keyword::Config
            | Keyword::Mandatory
            | Keyword::MinElements
            | Keyword::MaxElements => {}
            _ if !exists => {
                let message = format!("the target has no `{}` to replace", keyword.text());
                return self.deviate_error(at, target, message, "use `deviate add`");
            }
            _ => {}
        }
        match keyword {
            Keyword::Type => {
                self.drafts.get_mut(target).units = None;
                self.set_type(target, at);
            }
            Keyword::Default => {
                if !std::mem::replace(replaced_default, true) {
                    self.drafts.get_mut(target).defaults.clear();
                }
                self.set_property(target, at);
            }
            _ => self.set_property(target, at),
        }
    }

    fn delete_property(&mut self, target: DraftId, at: StatementRef) {
        let set = self.set;
        let keyword = set.keyword(at);
        let text = set.argument(at);
        let draft = self.drafts.get_mut(target);
        let before = draft.musts.len() + draft.uniques.len() + draft.defaults.len();
        let mut deleted = false;
        match keyword {
            Keyword::Units => {
                deleted = draft.units.as_deref() == Some(text);
                if deleted {
                    draft.units = None;
                }
            }
            Keyword::Must => draft.musts.retain(|must| &*must.expression.text != text),
            Keyword::Unique => draft.uniques.retain(|unique| set.argument(*unique) != text),
            Keyword::Default => draft.defaults.retain(|default| &*default.text != text),
            Keyword::Extension => deleted = true,
            _ => {
                let message = format!("`{}` cannot be deleted", keyword.text());
                return self.deviate_error(at, target, message, "use `deviate replace`");
            }
        }
        deleted |= before != draft.musts.len() + draft.uniques.len() + draft.defaults.len();
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
