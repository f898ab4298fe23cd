//! `uses`, with `refine` and `augment` (RFC 7950 7.13).

use super::context::Compilation;
use super::draft::{Absent, DraftId};
use super::expand::{MAX_DEPTH, Scope};
use super::set::{StatementRef, split_name};
use crate::diagnostic::Diagnostic;
use crate::schema::{ModuleId, WhenContext};
use crate::statement::Keyword;

impl Compilation<'_> {
    /// Copies the nodes of a grouping under `parent`, in the namespace of the user.
    pub fn expand_uses(&mut self, at: StatementRef, parent: DraftId, scope: Scope) {
        let set = self.set;
        let Some(grouping) = self.definition(Keyword::Grouping, at, set.argument(at)) else {
            return;
        };
        if self.groupings_in_progress.contains(&grouping) {
            return; // A cycle, which `groupings` has reported.
        }
        if scope.depth > MAX_DEPTH {
            let message =
                format!("nodes are nested more than {MAX_DEPTH} deep; this use is left out");
            return self.report(Diagnostic::error("too-deep", set.span(at), message));
        }
        let first = self.drafts.get(parent).children.len();
        self.groupings_used.insert(grouping);
        self.groupings_in_progress.push(grouping);
        self.expand_children(grouping, parent, scope.deeper());
        self.groupings_in_progress.pop();
        let added: Vec<DraftId> = self.drafts.get(parent).children[first..].to_vec();

        for change in set.children(at) {
            match set.keyword(change) {
                Keyword::Refine => self.refine(change, parent, scope),
                Keyword::Augment => self.augment_in_uses(change, parent, scope),
                _ => {}
            }
        }
        self.condition_nodes(at, &added, scope);
    }

    /// The `when` and `if-feature` of a `uses` or `augment` hold for each node that it adds.
    pub fn condition_nodes(&mut self, at: StatementRef, added: &[DraftId], scope: Scope) {
        let enabled = self.enabled(at, scope);
        let when = self.when_of(at, scope.module, WhenContext::Parent);
        for id in added {
            if let Some(when) = &when {
                self.change_alike(*id, at, scope.module, |_, facts| {
                    facts.whens.push(when.clone());
                });
            }
            if !enabled {
                self.drafts.get_mut(*id).leave_out(Absent::Feature);
            }
        }
    }

    /// The node that a descendant path names under `start`; reported if there is none (RFC 7950 6.5).
    fn descendant(
        &mut self,
        at: StatementRef,
        start: DraftId,
        module: ModuleId,
    ) -> Option<DraftId> {
        let set = self.set;
        let own = set.owner(at.unit);
        let mut node = start;
        for step in set.argument(at).split('/') {
            let (prefix, name) = split_name(step);
            // The nodes of a grouping are in the namespace of its user, whatever the grouping's own prefix.
            let module = match prefix {
                None => module,
                Some(_) => match self.module_of_prefix(at, prefix)? {
                    meant if meant == own => module,
                    meant => meant,
                },
            };
            let child = self
                .names
                .find(name)
                .and_then(|name| self.drafts.child(node, module, name));
            let Some(child) = child else {
                let what = set.keyword(at).text();
                let message = format!(
                    "`{step}`, which `{what}` names, is not in {}",
                    self.place(node)
                );
                let near = self.nearest_child(node, name);
                let mut error = Diagnostic::error("unknown-node", set.argument_span(at), message)
                    .rfc("RFC 7950 7.13.2");
                if let Some(near) = near {
                    error = error.help(format!("did you mean `{near}`?"));
                }
                self.report(error);
                return None;
            };
            node = child;
        }
        Some(node)
    }

    /// The child whose name is nearest to a mistyped one.
    pub fn nearest_child(&self, node: DraftId, name: &str) -> Option<String> {
        let children = self.drafts.get(node).children.iter();
        let names = children.map(|child| &**self.names.text(self.drafts.get(*child).name));
        crate::nearest::nearest(name, names).map(str::to_owned)
    }

    /// RFC 7950 7.13.2.
    fn refine(&mut self, at: StatementRef, parent: DraftId, scope: Scope) {
        let set = self.set;
        let Some(target) = self.descendant(at, parent, scope.module) else {
            return;
        };
        let kind = self.drafts.get(target).kind;
        self.change_alike(target, at, scope.module, |compilation, facts| {
            let mut first_default = true;
            for child in set.children(at) {
                if !compilation.check_property(target, child, "RFC 7950 7.13.2") {
                    continue;
                }
                if set.keyword(child) == Keyword::Default && std::mem::take(&mut first_default) {
                    facts.defaults.clear();
                }
                compilation.set_property(facts, kind, scope.module, child);
            }
        });
        if !self.enabled(at, scope) {
            self.drafts.get_mut(target).leave_out(Absent::Feature);
        }
    }

    fn augment_in_uses(&mut self, at: StatementRef, parent: DraftId, scope: Scope) {
        let set = self.set;
        if set.argument(at).starts_with('/') {
            let message = "an `augment` in `uses` names a node of the grouping, so its path has no leading `/`";
            return self.report(
                Diagnostic::error("invalid-argument", set.argument_span(at), message)
                    .rfc("RFC 7950 7.17"),
            );
        }
        if let Some(target) = self.descendant(at, parent, scope.module) {
            self.add_to_target(at, target, scope.deeper());
        }
    }

    /// Adds the nodes of an `augment` to its target.
    pub fn add_to_target(
        &mut self,
        at: StatementRef,
        target: DraftId,
        scope: Scope,
    ) -> Vec<DraftId> {
        let first = self.drafts.get(target).children.len();
        self.expand_children(at, target, scope);
        let added: Vec<DraftId> = self.drafts.get(target).children[first..].to_vec();
        self.condition_nodes(at, &added, scope);
        added
    }
}
