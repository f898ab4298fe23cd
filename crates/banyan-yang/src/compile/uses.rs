//! `uses`, with `refine` and `augment` (RFC 7950 7.13).

use super::context::Compilation;
use super::draft::{Absent, DraftId, Property};
use super::expand::{MAX_DEPTH, Scope};
use super::hash::IdMap;
use super::set::{StatementRef, split_name};
use crate::diagnostic::Diagnostic;
use crate::schema::{ModuleId, NodeKind, WhenContext};
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
            return self.report(
                Diagnostic::error("too-deep", set.span(at), message)
                    .help("let groupings use each other less deeply"),
            );
        }
        let before = self.drafts.last_child(parent);
        self.groupings_used.insert(grouping);
        self.groupings_in_progress.push(grouping);
        self.expand_children(grouping, parent, scope.deeper());
        self.groupings_in_progress.pop();
        let added: Vec<DraftId> = self.drafts.children_after(parent, before).collect();

        // RFC 7950 7.13.2: a refine names a node of the grouping, not one that an augment adds.
        // All of one node at once: thousands of them make one copy of what it says.
        let mut refines: Vec<(DraftId, Vec<StatementRef>)> = Vec::new();
        let mut places: IdMap<DraftId, usize> = IdMap::default();
        for refine in set.children_of(at, Keyword::Refine) {
            if let Some(target) = self.descendant(refine, parent, scope.module) {
                let place = *places.entry(target).or_insert(refines.len());
                if place == refines.len() {
                    refines.push((target, Vec::new()));
                }
                refines[place].1.push(refine);
            }
        }
        for (target, refines) in refines {
            self.refine(target, &refines, scope);
        }
        // An augment can only depend on augments with shorter paths.
        let mut augments: Vec<_> = set.children_of(at, Keyword::Augment).collect();
        augments.sort_by_key(|augment| set.argument(*augment).matches('/').count());
        for augment in augments {
            self.augment_in_uses(augment, parent, scope);
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
                    facts.add(Property::When(Box::new(when.clone())));
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
                let error = Diagnostic::error("unknown-node", set.argument_span(at), message)
                    .rfc("RFC 7950 7.13.2");
                let help = self.way_to(node, module, name);
                self.report(error.help(help));
                return None;
            };
            node = child;
        }
        Some(node)
    }

    /// The child whose name is nearest to a mistyped one.
    pub fn nearest_child(&self, node: DraftId, name: &str) -> Option<String> {
        let children = self.drafts.children(node);
        let names = children.map(|child| &**self.names.text(self.drafts.get(child).name));
        self.nearest(name, names).map(str::to_owned)
    }

    /// What to write for a step that leads nowhere: the choices and cases that it passes over (RFC 7950 6.5), else the
    /// nearest name, else the names that are there.
    pub fn way_to(&self, node: DraftId, module: ModuleId, name: &str) -> String {
        let text = |id: DraftId| &**self.names.text(self.drafts.get(id).name);
        let mut pending: Vec<(DraftId, Vec<DraftId>)> = vec![(node, Vec::new())];
        'search: while let Some((at, way)) = pending.pop() {
            for child in self.drafts.children(at) {
                if !self.may_compare() {
                    break 'search;
                }
                let draft = self.drafts.get(child);
                let way: Vec<DraftId> = way.iter().copied().chain([child]).collect();
                if matches!(draft.kind, NodeKind::Choice | NodeKind::Case) {
                    pending.push((child, way));
                } else if way.len() > 1 && draft.module == module && text(child) == name {
                    let steps: Vec<_> = way.iter().map(|id| text(*id)).collect();
                    return format!("name the choice and the case too: {}", steps.join("/"));
                }
            }
        }
        let near = self.nearest_child(node, name);
        match near.filter(|near| near != name) {
            Some(near) => format!("did you mean `{near}`?"),
            None => what_is_there(self.drafts.children(node).map(text)),
        }
    }

    /// Applies the refinements of one `uses` to one node (RFC 7950 7.13.2).
    fn refine(&mut self, target: DraftId, refines: &[StatementRef], scope: Scope) {
        let set = self.set;
        let kind = self.drafts.get(target).kind;
        let Some(first) = refines.first() else {
            return;
        };
        // The first stands for all: a `uses` has the same for each copy of the node.
        self.change_alike(target, *first, scope.module, |compilation, facts| {
            for refine in refines {
                let mut first_default = true;
                for child in set.children(*refine) {
                    if !compilation.check_property(target, child, "RFC 7950 7.13.2") {
                        continue;
                    }
                    if set.keyword(child) == Keyword::Default && std::mem::take(&mut first_default)
                    {
                        facts.remove_defaults();
                    }
                    compilation.set_property(facts, kind, scope.module, child);
                }
            }
        });
        for refine in refines {
            if !self.enabled(*refine, scope) {
                self.drafts.get_mut(target).leave_out(Absent::Feature);
            }
        }
    }

    fn augment_in_uses(&mut self, at: StatementRef, parent: DraftId, scope: Scope) {
        let set = self.set;
        if set.argument(at).starts_with('/') {
            let message = "an `augment` in `uses` names a node of the grouping, so its path has no leading `/`";
            return self.report(
                Diagnostic::error("invalid-argument", set.argument_span(at), message)
                    .help("remove the `/`")
                    .rfc("RFC 7950 7.17"),
            );
        }
        if let Some(target) = self.descendant(at, parent, scope.module)
            && self.can_be_augmented(at, target)
        {
            self.add_to_target(at, target, scope.deeper());
        }
    }

    /// RFC 7950 7.17: what an `augment` can add to; anything else is reported.
    pub fn can_be_augmented(&mut self, at: StatementRef, target: DraftId) -> bool {
        use NodeKind::*;
        let set = self.set;
        let draft = self.drafts.get(target);
        let (kind, place) = (draft.kind, self.draft_span(target));
        if !matches!(
            kind,
            Container | List | Choice | Case | Input | Output | Notification
        ) {
            let message = format!("a {} cannot be augmented", kind.keyword());
            self.report(
                Diagnostic::error("augment-target", set.argument_span(at), message)
                    .related(place, "the target")
                    .help("name a container, list, choice, case, input, output or notification")
                    .rfc("RFC 7950 7.17"),
            );
            return false;
        }
        let uses = set.child(at, Keyword::Uses);
        if let Some(uses) = uses.filter(|_| kind == Choice) {
            // Understood all the same, as cases.
            self.report(
                Diagnostic::error(
                    "misplaced-node",
                    set.span(uses),
                    "an `augment` of a choice adds cases or nodes, not a grouping",
                )
                .related(place, "the choice")
                .help("put the `uses` in a `case`")
                .rfc("RFC 7950 7.17"),
            );
        }
        true
    }

    /// Adds the nodes of an `augment` to its target.
    pub fn add_to_target(
        &mut self,
        at: StatementRef,
        target: DraftId,
        scope: Scope,
    ) -> Vec<DraftId> {
        let before = self.drafts.last_child(target);
        self.expand_children(at, target, scope);
        let added: Vec<DraftId> = self.drafts.children_after(target, before).collect();
        self.condition_nodes(at, &added, scope);
        added
    }
}

/// Names to choose from, instead of one that leads nowhere.
pub(super) fn what_is_there<'n>(names: impl Iterator<Item = &'n str>) -> String {
    const FEW: usize = 8;
    let mut names: Vec<_> = names
        .take(FEW + 1)
        .map(|name| format!("`{name}`"))
        .collect();
    if names.len() > FEW {
        names[FEW] = "...".to_owned();
    }
    match names.is_empty() {
        true => "nothing is there: name another node".to_owned(),
        false => format!("what is there: {}", names.join(", ")),
    }
}
