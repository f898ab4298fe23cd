//! Builds the draft tree of all implemented modules, with their augments, in whatever order they come
//! (RFC 7950 7.17), and finds out which modules must be implemented beside those asked for (5.6.5).

use std::collections::{BTreeMap, BTreeSet};

use super::context::Compilation;
use super::draft::{Draft, DraftId, Drafts};
use super::expand::Scope;
use super::set::{PrefixMeaning, StatementRef, split_name};
use super::structure;
use super::types::DraftType;
use crate::diagnostic::Diagnostic;
use crate::grammar::Version;
use crate::schema::{ModuleId, NodeKind};
use crate::statement::Keyword;

/// Expands modules and applies augments until no further module needs to be implemented.
pub(super) fn build_tree(compilation: &mut Compilation<'_>) {
    let mut expanded = vec![false; compilation.implemented.len()];
    let mut augments: Vec<StatementRef> = Vec::new();
    let mut scanned = 0;
    loop {
        let todo: Vec<ModuleId> = compilation
            .set
            .module_ids()
            .filter(|module| compilation.implemented[module.index()] && !expanded[module.index()])
            .collect();
        for module in &todo {
            expanded[module.index()] = true;
            for root in compilation.set.roots(*module) {
                compilation.expand_children(root, DraftId::ROOT, Scope::top(*module));
                for child in compilation.set.children(root) {
                    match compilation.set.keyword(child) {
                        Keyword::Augment => augments.push(child),
                        Keyword::Extension if structure::is_augment(compilation, child) => {
                            augments.push(child);
                        }
                        Keyword::Deviation => {}
                        _ => continue,
                    }
                    compilation.implement_prefixes(child);
                }
            }
        }
        if todo.is_empty() && augments.is_empty() && scanned == compilation.drafts.len() {
            return;
        }
        if compilation
            .implemented
            .iter()
            .zip(&expanded)
            .any(|(wanted, done)| *wanted && !done)
        {
            continue; // Targets first.
        }
        // An augment can only depend on augments with shorter paths.
        augments.sort_by_key(|at| (compilation.set.argument(*at).matches('/').count(), *at));
        for at in std::mem::take(&mut augments) {
            match compilation.set.keyword(at) {
                Keyword::Extension => compilation.augment_structure(at),
                _ => compilation.augment(at),
            }
        }
        compilation.implement_leafref_targets(&mut scanned);
    }
}

impl Compilation<'_> {
    /// RFC 7950 5.6.5: a module whose nodes are augmented, deviated or referred to is implemented.
    fn implement_prefixes(&mut self, path: StatementRef) {
        for prefix in prefixes(self.set.argument(path)) {
            if let PrefixMeaning::Module(module) = self.set.prefix(path.unit, Some(prefix)) {
                self.implement(module);
            }
        }
    }

    fn implement(&mut self, module: ModuleId) {
        let name = &self.set.module(module).name;
        let other = self.set.module_ids().any(|id| {
            self.implemented[id.index()] && id != module && self.set.module(id).name == *name
        });
        // Only one revision of a module can be implemented.
        if !other {
            self.implemented[module.index()] = true;
        }
    }

    /// Looks at the nodes that are new since `scanned`.
    fn implement_leafref_targets(&mut self, scanned: &mut usize) {
        let mut paths = BTreeMap::new();
        for index in *scanned..self.drafts.len() {
            let id = DraftId(index as u32);
            // What features leave out is no path that is supported.
            if self.drafts.absence(id).is_none() {
                collect_paths(self.drafts.get(id).facts.ty.as_ref(), &mut paths);
            }
        }
        *scanned = self.drafts.len();
        for (path, home) in paths {
            self.implement_prefixes(path);
            if let Some(home) = home
                && self.set.argument(path).starts_with('/')
            {
                self.implement(home);
            }
        }
    }

    /// One top-level `augment`.
    fn augment(&mut self, at: StatementRef) {
        let set = self.set;
        let own = set.owner(at.unit);
        if !set.argument(at).starts_with('/') {
            let message =
                "an `augment` at the top of a module names its target by an absolute path";
            return self.report(
                Diagnostic::error("invalid-argument", set.argument_span(at), message)
                    .help("begin the path with `/`")
                    .rfc("RFC 7950 7.17"),
            );
        }
        let Some(target) = self.absolute(at, "RFC 7950 7.17") else {
            return;
        };
        if !self.can_be_augmented(at, target) {
            return;
        }
        let added = self.add_to_target(at, target, Scope::top(own));
        // RFC 6020 7.15 allows no mandatory nodes at all, RFC 7950 7.17 those under a `when`.
        let is_1_1 = set.version(at) == Version::V1_1;
        let conditional = set.child(at, Keyword::When).is_some();
        if conditional && is_1_1 || self.drafts.get(target).module == own {
            return;
        }
        // RFC 7950 7.17: what is valid without this module must stay valid with it.
        for id in added {
            if let Some(mandatory) = mandatory_node(&self.drafts, id, is_optional)
                && self.is_config(target)
            {
                let draft = self.drafts.get(mandatory);
                let message = format!(
                    "`{}` is mandatory, but an augment of another module can add such nodes only under a `when`{}",
                    self.names.text(draft.name),
                    if is_1_1 { "" } else { ", and only in YANG 1.1" }
                );
                let span = set.span(draft.at);
                self.report(
                    Diagnostic::error("mandatory-augment", span, message)
                        .related(set.span(at), "added by this augment")
                        .help("let the node be optional, or the augment depend on a condition that old data do not meet")
                        .rfc("RFC 7950 7.17"),
                );
            }
        }
    }

    /// Whether a node is configuration, as far as statements up to now say.
    fn is_config(&self, id: DraftId) -> bool {
        let mut at = id;
        loop {
            let draft = self.drafts.get(at);
            match draft.kind {
                NodeKind::Root => return true,
                NodeKind::Rpc | NodeKind::Action | NodeKind::Notification => return false,
                _ => {}
            }
            if let Some(config) = draft.facts.config() {
                return config.value;
            }
            at = draft.parent;
        }
    }

    /// The node that an absolute path names; reported if there is none (RFC 7950 6.5). Silent `None` after a step
    /// into a module that was left out.
    pub fn absolute(&mut self, at: StatementRef, rfc: &'static str) -> Option<DraftId> {
        let steps = self.set.argument(at).trim_start_matches('/').split('/');
        self.absolute_steps(at, DraftId::ROOT, steps, rfc)
    }

    /// The node that the steps of an absolute path lead to, from the root or a structure on.
    pub fn absolute_steps<'s>(
        &mut self,
        at: StatementRef,
        start: DraftId,
        steps: impl Iterator<Item = &'s str>,
        rfc: &'static str,
    ) -> Option<DraftId> {
        let set = self.set;
        let mut node = start;
        for step in steps {
            let (prefix, name) = split_name(step);
            let module = self.module_of_prefix(at, prefix)?;
            let child = self
                .names
                .find(name)
                .and_then(|name| self.drafts.child(node, module, name));
            let Some(child) = child else {
                let place = match node {
                    DraftId::ROOT => format!("at the top of module {}", set.module(module).name),
                    _ => format!("in {}", self.draft_path(node)),
                };
                let what = set.tree(at).keyword_text(at.id);
                let message =
                    format!("there is no node `{step}` {place}, which this `{what}` names");
                let error =
                    Diagnostic::error("unknown-node", set.argument_span(at), message).rfc(rfc);
                let help = self.way_to(node, module, name);
                self.report(error.help(help));
                return None;
            };
            node = child;
        }
        Some(node)
    }
}

/// What an augment may add although it is mandatory: state. A `when` of the node itself is not one of the augment.
fn is_optional(draft: &Draft) -> bool {
    draft.facts.config().is_some_and(|config| !config.value)
}

/// The first mandatory node in `id` (RFC 7950 3, "mandatory node"), those aside that `passes` lets pass.
pub(super) fn mandatory_node(
    drafts: &Drafts,
    id: DraftId,
    passes: fn(&Draft) -> bool,
) -> Option<DraftId> {
    let draft = drafts.get(id);
    if draft.absent.is_some() || passes(draft) {
        return None;
    }
    match draft.kind {
        NodeKind::Leaf | NodeKind::AnyData | NodeKind::AnyXml | NodeKind::Choice => {
            draft.facts.is_mandatory().then_some(id)
        }
        NodeKind::List | NodeKind::LeafList => draft.facts.needs_entries().then_some(id),
        NodeKind::Container if !draft.facts.presence => drafts
            .children(id)
            .find_map(|child| mandatory_node(drafts, child, passes)),
        _ => None,
    }
}

/// The `path` statements in a type, with the module of their unprefixed names if that is not the leaf's.
fn collect_paths(ty: Option<&DraftType>, paths: &mut BTreeMap<StatementRef, Option<ModuleId>>) {
    match ty {
        Some(DraftType::Leafref(leafref)) => {
            paths.insert(leafref.path, leafref.default);
        }
        Some(DraftType::Union(union)) => {
            for member in &union.members {
                collect_paths(Some(member), paths);
            }
        }
        _ => {}
    }
}

/// The prefixes in a path or expression.
fn prefixes(path: &str) -> BTreeSet<&str> {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    path.match_indices(':')
        .map(|(at, _)| {
            let before = &path[..at];
            before.rfind(|c| !word(c)).map_or(before, |start| {
                let next = before[start..].chars().next().map_or(1, char::len_utf8);
                &before[start + next..]
            })
        })
        .filter(|prefix| !prefix.is_empty())
        .collect()
}
