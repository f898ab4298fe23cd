//! What is defined beside the data tree: structures (RFC 8791), `yang-data` (RFC 8040 section 8) and annotations
//! (RFC 7952). The grammar has seen to it that the statements stand at the top of a module.

use std::sync::Arc;

use super::consistency::Settled;
use super::context::Compilation;
use super::draft::{Absent, Draft, DraftId, Facts};
use super::expand::Scope;
use super::finish::Ids;
use super::leafref::TypeFinisher;
use super::set::{StatementRef, split_name};
use crate::diagnostic::Diagnostic;
use crate::schema::{Annotation, ModuleId, NodeKind};
use crate::statement::Keyword;

const STRUCTURES: &str = "ietf-yang-structure-ext";
const RFC: &str = "RFC 8791 4";

/// Whether a statement at the top of a module is `augment-structure`.
pub(super) fn is_augment(compilation: &mut Compilation<'_>, at: StatementRef) -> bool {
    let keyword = compilation.set.tree(at).keyword_text(at.id);
    split_name(keyword).1 == "augment-structure"
        && compilation
            .extension_of(at, STRUCTURES)
            .is_some_and(|extension| extension.argument.is_some())
}

impl Compilation<'_> {
    /// A `structure` or `yang-data`, as a tree of its own.
    pub fn expand_structure(&mut self, at: StatementRef, scope: Scope) {
        let Some(extension) = self.extension(at) else {
            return;
        };
        let kind = match (&*extension.module, &*extension.name) {
            (STRUCTURES, "structure") => NodeKind::Structure,
            ("ietf-restconf", "yang-data") => NodeKind::YangData,
            _ => return,
        };
        let Some(name) = extension.argument else {
            return;
        };
        let span = self.set.span(at);
        let name = self.names.intern(&name);
        if let Some(other) = self.structure_named(scope.module, name) {
            let place = self.place(other);
            let first = self.draft_span(other);
            self.report(
                Diagnostic::error(
                    "duplicate-node",
                    span,
                    format!("there is already a {place} in the module"),
                )
                .related(first, "the first one")
                .help("rename one of them")
                .rfc("RFC 7950 6.2.1"),
            );
            return;
        }
        let mut facts = Facts::of(self.status(at));
        for child in self.set.children(at) {
            self.set_property(&mut facts, kind, scope.module, child);
        }
        let draft = Draft::new(kind, name, scope.module, DraftId::ROOT, at, Arc::new(facts));
        let id = self.drafts.add_structure(draft);
        self.structures.push(id);
        let scope = Scope {
            ignores_features: kind == NodeKind::YangData,
            ..scope.deeper()
        };
        self.expand_children(at, id, scope);
    }

    fn structure_named(&self, module: ModuleId, name: super::set::Name) -> Option<DraftId> {
        self.structures.iter().copied().find(|id| {
            let draft = self.drafts.get(*id);
            draft.module == module && draft.name == name
        })
    }

    /// `augment-structure`: as `augment`, with the structure as the first step of the path.
    pub fn augment_structure(&mut self, at: StatementRef) {
        let set = self.set;
        let own = set.owner(at.unit);
        let path = set.argument(at).trim_start_matches('/');
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        let (prefix, name) = split_name(first);
        let Some(module) = self.module_of_prefix(at, prefix) else {
            return;
        };
        let found = self
            .names
            .find(name)
            .and_then(|name| self.structure_named(module, name));
        let structure = found.filter(|id| self.drafts.get(*id).kind == NodeKind::Structure);
        let Some(structure) = structure else {
            return self.report_no_structure(at, module, first, found);
        };
        let steps = rest.split('/').filter(|step| !step.is_empty());
        let Some(target) = self.absolute_steps(at, structure, steps, RFC) else {
            return;
        };
        let kind = self.drafts.get(target).kind;
        if !matches!(
            kind,
            NodeKind::Structure
                | NodeKind::Container
                | NodeKind::List
                | NodeKind::Choice
                | NodeKind::Case
        ) {
            let message = format!("a {} cannot be augmented", kind.keyword());
            let place = self.draft_span(target);
            return self.report(
                Diagnostic::error("augment-target", set.argument_span(at), message)
                    .related(place, "the target")
                    .help("name a structure, container, list, choice or case")
                    .rfc(RFC),
            );
        }
        let status = self.status(at);
        for id in self.add_to_target(at, target, Scope::top(own)) {
            self.change(id, |_, facts| facts.status = facts.status.max(status));
        }
    }

    fn report_no_structure(
        &mut self,
        at: StatementRef,
        module: ModuleId,
        step: &str,
        found: Option<DraftId>,
    ) {
        let in_module = &self.set.module(module).name;
        let message = format!("there is no structure `{step}` in module {in_module}");
        let mut error =
            Diagnostic::error("unknown-node", self.set.argument_span(at), message).rfc(RFC);
        let names = self.structures.iter().filter_map(|id| {
            let draft = self.drafts.get(*id);
            let fits = draft.module == module && draft.kind == NodeKind::Structure;
            fits.then(|| &**self.names.text(draft.name))
        });
        let (_, name) = split_name(step);
        if let Some(found) = found {
            error = error.related(self.draft_span(found), "`yang-data` cannot be augmented");
        } else if let Some(near) = self.nearest(name, names) {
            error = error.help(format!("did you mean `{near}`?"));
        }
        self.report(error);
    }

    /// An annotation, as a leaf that is never in the schema.
    pub fn expand_annotation(&mut self, at: StatementRef, scope: Scope) {
        let Some(name) = self
            .extension_of(at, "ietf-yang-metadata")
            .and_then(|extension| extension.argument)
        else {
            return;
        };
        // Not the name of a node: paths must not find it.
        let hidden = format!("annotation {name}");
        let mut leaf = self.draft(NodeKind::Leaf, &hidden, at, DraftId::ROOT, scope.module);
        let mut facts = Facts::of(self.status(at));
        for child in self.set.children(at) {
            match self.set.keyword(child) {
                Keyword::Type => {
                    if !self.set_type(&mut facts, child) {
                        self.report_without_type(at);
                    }
                }
                _ => self.set_property(&mut facts, NodeKind::Leaf, scope.module, child),
            }
        }
        let enabled = self.enabled(at, scope) && facts.ty.is_some();
        leaf.facts = Arc::new(facts);
        leaf.leave_out(Absent::Feature);
        if let Some(id) = self.add_node(leaf).filter(|_| enabled) {
            self.annotations.push(id);
        }
    }
}

/// The annotations with their final types, in the order of their modules.
pub(super) fn annotations(
    compilation: &mut Compilation<'_>,
    settled: &Settled,
    ids: &Ids,
) -> Vec<Annotation> {
    let mut drafts = std::mem::take(&mut compilation.annotations);
    drafts.sort_by_key(|id| (compilation.drafts.get(*id).module, *id));
    let mut finisher = TypeFinisher::new(compilation, settled, ids);
    let types: Vec<_> = drafts.iter().map(|id| finisher.leaf(*id)).collect();
    drafts
        .iter()
        .zip(types)
        .map(|(id, ty)| {
            let name = compilation.shared_argument(compilation.drafts.get(*id).at);
            let draft = compilation.drafts.get(*id);
            Annotation {
                name,
                module: draft.module,
                ty,
                units: draft.facts.units().cloned(),
                status: draft.facts.status.unwrap_or_default(),
                description: compilation.description(draft.at),
                span: compilation.set.span(draft.at),
            }
        })
        .collect()
}

/// Puts structures into the order of their modules, and checks that each `yang-data` results in exactly one container
/// (RFC 8040 8).
pub(super) fn check_all(compilation: &mut Compilation<'_>) {
    let drafts = &compilation.drafts;
    compilation
        .structures
        .sort_by_key(|id| (drafts.get(*id).module, *id));
    for id in compilation.structures.clone() {
        let draft = compilation.drafts.get(id);
        if draft.kind != NodeKind::YangData || is_one_container(compilation, id) {
            continue;
        }
        let message = format!(
            "{} must result in exactly one container",
            compilation.place(id)
        );
        let span = compilation.set.span(draft.at);
        compilation.report(
            Diagnostic::error("yang-data-container", span, message)
                .help("put its nodes into one container")
                .rfc("RFC 8040 8"),
        );
        compilation.drafts.get_mut(id).leave_out(Absent::Error);
    }
}

/// Whether the one child of a node is a container, or a choice between containers.
fn is_one_container(compilation: &Compilation<'_>, id: DraftId) -> bool {
    let children = compilation.drafts.children(id);
    let mut present = children.filter(|child| compilation.drafts.get(*child).absent.is_none());
    let (Some(child), None) = (present.next(), present.next()) else {
        return false;
    };
    let draft = compilation.drafts.get(child);
    match draft.kind {
        NodeKind::Container => true,
        NodeKind::Choice => compilation
            .drafts
            .children(child)
            .all(|case| is_one_container(compilation, case)),
        _ => false,
    }
}
