//! Draft nodes to schema nodes: final ids, keys first; types with their leafref targets; the checks that need both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::augment::mandatory_node;
use super::consistency::{Settled, settle};
use super::context::Compilation;
use super::draft::{Absent, DraftId};
use super::leafref::{TypeFinisher, check_targets};
use super::set::{ModuleSet, StatementRef, split_name};
use super::{
    Compiler, augment, build, conditional, conditions, deviation, digest, extension, feature,
    groupings, identity, names, status, structure, unused,
};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::grammar::Version;
use crate::schema::{
    Identity, IdentityId, Module, ModuleId, NodeKind, SchemaId, SchemaParts, Submodule, Unique,
};
use crate::statement::Keyword;

/// Compiles a loaded set.
pub(super) fn compile(
    set: ModuleSet,
    compiler: &Compiler<'_>,
    found: &mut Diagnostics,
) -> SchemaParts {
    let mut compilation = Compilation::new(&set, compiler, found);
    extension::check_all(&mut compilation);
    feature::decide_all(&mut compilation);
    identity::resolve_all(&mut compilation);
    status::check_all(&mut compilation);
    conditional::check_all(&mut compilation);
    let groupings = groupings::check_all(&mut compilation);
    augment::build_tree(&mut compilation);
    deviation::apply_all(&mut compilation);
    structure::check_all(&mut compilation);
    if compilation.is_strict() {
        unused::check_all(&mut compilation, &groupings);
    }
    let modules = modules(&mut compilation);
    compilation.end_expansion();
    let settled = settle(&mut compilation);
    let (order, ids) = number(&compilation, &settled);
    let conditions = names::check_all(&mut compilation, &settled.tree, order.iter().copied());
    conditions::check_all(&mut compilation, conditions);
    let types = finish_types(&mut compilation, &settled, &order, &ids);
    for (id, ty) in order.iter().zip(&types) {
        if let Some(ty) = ty {
            check_targets(&mut compilation, &settled, &order, (*id, ty));
        }
    }
    let annotations = structure::annotations(&mut compilation, &settled, &ids);
    compilation.end_resolution();
    let told = build::tell(&mut compilation, &settled, &ids, &order, &types);
    let identities = identities(&mut compilation);
    let Compilation { drafts, names, .. } = compilation;
    let sources = set.sources.clone();
    // Nothing is said any more either: memory for the nodes.
    drop(set);
    let nodes = build::nodes(&drafts, &names, &settled, &ids, &order, types, told);
    SchemaParts {
        digest: digest::digest(&modules),
        modules,
        nodes,
        identities,
        annotations,
        sources,
    }
}

/// The identities, with the last word on which are values (RFC 7950 9.10.2).
fn identities(compilation: &mut Compilation<'_>) -> Vec<Identity> {
    let mut identities = std::mem::take(&mut compilation.identities);
    for (index, identity) in identities.iter_mut().enumerate() {
        identity.usable &= compilation.implemented[identity.module.index()]
            || compilation
                .default_identities
                .contains(&IdentityId(index as u32));
    }
    identities
}

/// The final ids of drafts. Four bytes each, because they are there while nodes are made.
pub(super) struct Ids(Vec<u32>);

impl Ids {
    /// Of a draft that will not be in the schema; there are never so many nodes.
    const NONE: u32 = u32::MAX;

    pub fn of(&self, draft: DraftId) -> Option<SchemaId> {
        let id = self.0[draft.index()];
        (id != Self::NONE).then_some(SchemaId(id))
    }
}

/// Final ids: depth first, so that ascending ids are the canonical order of siblings; keys before all others.
/// Structures come after all that is under the root.
fn number(compilation: &Compilation<'_>, settled: &Settled) -> (Vec<DraftId>, Ids) {
    let mut order = Vec::new();
    let mut ids = Ids(vec![Ids::NONE; compilation.drafts.len()]);
    let structures = compilation.structures.iter();
    let present = structures.filter(|structure| settled.present[structure.index()]);
    let mut pending: Vec<DraftId> = present.rev().copied().collect();
    pending.push(DraftId::ROOT);
    while let Some(id) = pending.pop() {
        ids.0[id.index()] = order.len() as u32;
        order.push(id);
        let children = compilation.drafts.children(id);
        let keys = settled.keys.get(&id).map_or(&[][..], Vec::as_slice);
        let others = children
            .filter(|child| settled.present[child.index()] && !settled.is_key.contains(child));
        let from = pending.len();
        pending.extend(keys.iter().copied().chain(others));
        pending[from..].reverse();
    }
    (order, ids)
}

fn finish_types(
    compilation: &mut Compilation<'_>,
    settled: &Settled,
    order: &[DraftId],
    ids: &Ids,
) -> Vec<Option<Arc<crate::schema::Type>>> {
    let mut finisher = TypeFinisher::new(compilation, settled, ids);
    order
        .iter()
        .map(|id| {
            let kind = finisher.compilation.drafts.get(*id).kind;
            matches!(kind, NodeKind::Leaf | NodeKind::LeafList).then(|| finisher.leaf(*id))
        })
        .collect()
}

/// RFC 7950 7.9.3
pub(super) fn default_case(
    compilation: &mut Compilation<'_>,
    id: DraftId,
    ids: &Ids,
) -> Option<SchemaId> {
    let draft = compilation.drafts.get(id);
    if draft.kind != NodeKind::Choice {
        return None;
    }
    let default = draft.facts.defaults().next()?;
    let module = draft.module;
    let found = compilation
        .names
        .find(split_name(&default.text).1)
        .and_then(|name| compilation.drafts.child(id, module, name));
    if let Some(case) = found {
        check_default_case(compilation, id, case, default.at);
        return ids.of(case); // None if a feature switches it off.
    }
    let message = format!("{} has no case `{}`", compilation.place(id), default.text);
    let span = compilation.set.argument_span(default.at);
    let near = compilation.nearest_child(id, &default.text);
    let place = compilation.draft_span(id);
    compilation.report(
        Diagnostic::error("unknown-case", span, message)
            .related(place, "this choice")
            .help(near.map_or_else(
                || "name a `case` of the choice, or a node that stands directly in it".to_owned(),
                |near| format!("did you mean `{near}`?"),
            ))
            .rfc("RFC 7950 7.9.3"),
    );
    None
}

/// RFC 7950 7.9.3: no mandatory nodes directly under the default case.
fn check_default_case(
    compilation: &mut Compilation<'_>,
    choice: DraftId,
    case: DraftId,
    default: StatementRef,
) {
    let drafts = &compilation.drafts;
    let Some(mandatory) = drafts
        .children(case)
        .filter_map(|child| mandatory_node(drafts, child, |_| false))
        .next()
    else {
        return;
    };
    let message = format!(
        "the default case of {} has a mandatory node, {}",
        compilation.place(choice),
        compilation.place(mandatory)
    );
    let span = compilation.set.argument_span(default);
    let place = compilation.draft_span(mandatory);
    compilation.report(
        Diagnostic::error("mandatory-in-default-case", span, message)
            .related(place, "the mandatory node")
            .help("make the choice mandatory instead, or the node optional")
            .rfc("RFC 7950 7.9.3"),
    );
}

/// RFC 7950 7.8.3
pub(super) fn uniques(
    compilation: &mut Compilation<'_>,
    settled: &Settled,
    list: DraftId,
    ids: &Ids,
) -> Vec<Unique> {
    let statements = compilation.drafts.get(list).facts.uniques();
    let statements: Vec<StatementRef> = statements.copied().collect();
    statements
        .into_iter()
        .filter_map(|at| unique(compilation, settled, list, at, ids))
        .collect()
}

fn unique(
    compilation: &mut Compilation<'_>,
    settled: &Settled,
    list: DraftId,
    at: StatementRef,
    ids: &Ids,
) -> Option<Unique> {
    let set = compilation.set;
    let own = set.owner(at.unit);
    let home = compilation.drafts.get(list).module;
    let mut leaves = Vec::new();
    let mut config = None;
    for path in set.argument(at).split_ascii_whitespace() {
        let mut node = list;
        let mut problem = None;
        let mut help = None;
        for step in path.split('/') {
            let (prefix, name) = split_name(step);
            let module = match compilation.module_of_prefix(at, prefix)? {
                module if module == own => home,
                module => module,
            };
            let child = compilation
                .names
                .find(name)
                .and_then(|name| compilation.drafts.child(node, module, name));
            match child {
                Some(child) => node = child,
                None => {
                    problem = Some(format!("`{step}` is not in {}", compilation.place(node)));
                    help = Some(compilation.way_to(node, module, name));
                    break;
                }
            }
            let kind = compilation.drafts.get(node).kind;
            if kind == NodeKind::List {
                problem = Some(format!("`{path}` leads into another list"));
                break;
            }
        }
        let kind = compilation.drafts.get(node).kind;
        if problem.is_none() && kind != NodeKind::Leaf {
            problem = Some(format!("`{path}` is a {}, not a leaf", kind.keyword()));
        }
        if problem.is_none() && compilation.drafts.absence(node) == Some(Absent::NotSupported) {
            problem = Some(format!("a deviation takes `{path}` away"));
        }
        if let Some(problem) = problem {
            compilation.report(
                Diagnostic::error("invalid-unique", set.argument_span(at), problem)
                    .related(compilation.draft_span(list), "of this list")
                    .help(help.unwrap_or_else(|| {
                        "name leafs of the list, or of containers in it, by paths".to_owned()
                    }))
                    .rfc("RFC 7950 7.8.3"),
            );
            return None;
        }
        config.get_or_insert(settled.config[node.index()]);
        if config != Some(settled.config[node.index()]) {
            compilation.report(
                Diagnostic::error(
                    "invalid-unique",
                    set.argument_span(at),
                    format!(
                        "`{path}` and the leaf before it are not both configuration or both state"
                    ),
                )
                .related(compilation.draft_span(node), "this leaf")
                .help("write one `unique` for configuration and one for state")
                .rfc("RFC 7950 7.8.3"),
            );
            return None;
        }
        // Switched off: the values of this tuple are never complete, so nothing is to be checked (RFC 7950 7.8.3).
        leaves.push(ids.of(node)?);
    }
    Some(Unique {
        leaves,
        span: set.span(at),
    })
}

fn modules(compilation: &mut Compilation<'_>) -> Vec<Module> {
    let set = compilation.set;
    let mut features: BTreeMap<ModuleId, BTreeSet<Arc<str>>> = BTreeMap::new();
    for ((module, name), on) in &compilation.features {
        if *on {
            let name = compilation.names.text(*name).clone();
            features.entry(*module).or_default().insert(name);
        }
    }
    set.module_ids()
        .map(|id| {
            let entry = set.module(id);
            let mut texts = entry.units.iter().map(|unit| set.unit(*unit));
            let main = texts.next();
            let submodules = texts
                .map(|unit| Submodule {
                    name: Arc::from(unit.tree.name(unit.root)),
                    revision: unit
                        .tree
                        .children_of(unit.root, Keyword::Revision)
                        .map(|revision| unit.tree.name(revision))
                        .max()
                        .map(Arc::from),
                    text: unit.tree.text().clone(),
                })
                .collect();
            let extensions = set
                .roots(id)
                .flat_map(|root| compilation.extensions(root))
                .collect();
            Module {
                name: entry.name.clone(),
                revision: entry.revision.clone(),
                namespace: entry.namespace.clone(),
                prefix: entry.prefix.clone(),
                yang_1_1: main.is_some_and(|unit| unit.version == Version::V1_1),
                implemented: compilation.implemented[id.index()],
                features: features.remove(&id).unwrap_or_default(),
                deviated_by: compilation
                    .deviated_by
                    .get(&id)
                    .map(|by| by.iter().copied().collect())
                    .unwrap_or_default(),
                submodules,
                extensions,
                text: main.map_or_else(|| Arc::from(""), |unit| unit.tree.text().clone()),
            }
        })
        .collect()
}
