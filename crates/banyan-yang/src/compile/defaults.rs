//! Default values: which a node has, and whether they are values of its type (RFC 7950 7.3.4, 7.6.1, 7.6.4, 7.7.2).

use std::collections::HashSet;
use std::sync::Arc;

use super::consistency::Settled;
use super::context::Compilation;
use super::draft::{Draft, DraftDefault, DraftId};
use super::set::StatementRef;
use super::types::DraftType;
use super::value::{Values, comparable, what_fits};
use crate::diagnostic::Diagnostic;
use crate::schema::{DefaultText, ModuleId, NodeKind, PrefixMap, Type};
use crate::statement::Keyword;

/// RFC 7950 7.3.4: a typedef's default must be a value of it, and one that narrows its base must replace a default
/// that no longer is. Gives the `default` statements that are reported. Types with leafrefs are left to the leaves.
pub(super) fn check_typedefs(compilation: &mut Compilation<'_>) -> HashSet<StatementRef> {
    let mut reported = HashSet::new();
    for (typedef, resolved) in std::mem::take(&mut compilation.typedefs_with_default) {
        let (DraftType::Plain(ty), Some(at)) = (&resolved.ty, resolved.default) else {
            continue;
        };
        let default = DraftDefault {
            text: compilation.shared_argument(at),
            at,
        };
        let home = compilation.set.owner(typedef.unit);
        let Err(problem) = fitting_prefixes(compilation, None, ty, home, &default) else {
            continue;
        };
        if !reported.insert(at) {
            continue;
        }
        let set = compilation.set;
        let own = set.child(typedef, Keyword::Default).is_some();
        let what = if own {
            ""
        } else {
            ", inherited from its base,"
        };
        let message = format!(
            "the default `{}` of typedef {}{what} is not a value of its type: {problem}",
            default.text,
            set.argument(typedef)
        );
        let span = set.argument_span(at);
        let mut error = Diagnostic::error("invalid-default", span, message).rfc("RFC 7950 7.3.4");
        if !own {
            error = error
                .related(set.span(typedef), "this typedef")
                .help("give the typedef a default of its own");
        } else {
            error = error.help(what_fits(ty, &default.text));
        }
        compilation.report(error);
    }
    reported
}

/// Checks the defaults of a node and gives those that are in use; one that is no value of the type is left out.
/// Those in `reported` are not reported again.
pub(super) fn checked(
    compilation: &mut Compilation<'_>,
    settled: &Settled,
    (id, ty): (DraftId, Option<&Arc<Type>>),
    defaults: &[DraftDefault],
    reported: &HashSet<StatementRef>,
) -> Vec<DefaultText> {
    let mut checked = Vec::new();
    let Some(ty) = ty else {
        return checked;
    };
    let Draft { kind, module, .. } = *compilation.drafts.get(id);
    let is_config = settled.config[id.index()];
    let in_use = !settled.is_key.contains(&id); // RFC 7950 7.8.2
    let mut seen = HashSet::new();
    for default in defaults {
        let fitting = fitting_prefixes(compilation, Some(settled), ty, module, default);
        let problem = match fitting {
            Ok(prefixes) => {
                let value = comparable(ty, &default.text).into_owned();
                // RFC 7950 7.7.2
                if !seen.insert(value) && is_config {
                    report_repeated(compilation, default);
                    continue;
                } else if in_use && is_usable(compilation, ty, default, &prefixes) {
                    checked.push(DefaultText {
                        text: default.text.clone(),
                        prefixes,
                    });
                    continue;
                } else {
                    continue;
                }
            }
            Err(_) if reported.contains(&default.at) => continue,
            Err(problem) => problem,
        };
        let message = format!(
            "the default `{}` is not a value of its type: {problem}",
            default.text
        );
        let span = compilation.set.argument_span(default.at);
        let mut error = Diagnostic::error("invalid-default", span, message)
            .help(what_fits(ty, &default.text))
            .rfc("RFC 7950 7.6.4");
        let node = compilation.draft_span(id);
        if node.source != span.source || !(node.start..node.end).contains(&span.start) {
            error = error.related(node, format!("of this {}", kind.keyword()));
        }
        compilation.report(error);
    }
    checked
}

/// RFC 7950 7.7.2: the values of a leaf-list of configuration are unique, and so are its defaults.
fn report_repeated(compilation: &mut Compilation<'_>, default: &DraftDefault) {
    let message = format!("the default `{}` is there twice", default.text);
    let span = compilation.set.argument_span(default.at);
    compilation.report(
        Diagnostic::error("invalid-default", span, message)
            .help("remove one of the two")
            .rfc("RFC 7950 7.7.2"),
    );
}

/// A node's own defaults, else that of its type (RFC 7950 7.6.1, 7.7.2); of a key only its own, to check them (7.8.2).
pub(super) fn effective(draft: &Draft, is_key: bool) -> Vec<DraftDefault> {
    let facts = &draft.facts;
    let mandatory = facts.is_mandatory() || facts.needs_entries();
    match draft.kind {
        NodeKind::Leaf | NodeKind::LeafList if facts.defaults().next().is_some() => {
            facts.defaults().cloned().collect()
        }
        NodeKind::Leaf | NodeKind::LeafList if !mandatory && !is_key => {
            facts.type_default().into_iter().cloned().collect()
        }
        _ => Vec::new(),
    }
}

/// The prefixes with which the default is a value of the type, or why it is none. Names without prefix are of the
/// module where the default is written (RFC 7950 9.10.3); in a grouping also of its user's (7.13).
fn fitting_prefixes(
    compilation: &mut Compilation<'_>,
    settled: Option<&Settled>,
    ty: &Type,
    user: ModuleId,
    default: &DraftDefault,
) -> Result<Arc<PrefixMap>, String> {
    let unit = default.at.unit;
    let written_in = compilation.set.owner(unit);
    let prefixes = compilation.prefix_map(unit, written_in);
    let nodes = settled.map(|settled| &settled.tree);
    let Some(problem) = values(compilation, nodes).violation(ty, &default.text, &prefixes) else {
        return Ok(prefixes);
    };
    if user != written_in {
        let of_user = compilation.prefix_map(unit, user);
        let fits = values(compilation, nodes)
            .violation(ty, &default.text, &of_user)
            .is_none();
        if fits {
            return Ok(of_user);
        }
    }
    Err(problem)
}

fn values<'c>(
    compilation: &'c Compilation<'_>,
    tree: Option<&'c super::data_tree::DataTree>,
) -> Values<'c> {
    Values {
        names: &compilation.names,
        identity_ids: &compilation.identity_ids,
        identities: &compilation.identities,
        nodes: tree.map(|tree| (tree, &compilation.drafts)),
        items: &compilation.item_names,
    }
}

/// RFC 7950 9.10.2: only identities of implemented modules are values. One that is a default of a node in the schema
/// is a value even so, or the node could not be as its module says it is. One that a feature switches off is not;
/// the default is left out then.
fn is_usable(
    compilation: &mut Compilation<'_>,
    ty: &Type,
    default: &DraftDefault,
    prefixes: &PrefixMap,
) -> bool {
    let Some(id) = values(compilation, None).identity(ty, &default.text, prefixes) else {
        return true;
    };
    if compilation.identities[id.index()].usable {
        compilation.default_identities.insert(id);
        return true;
    }
    let message = format!(
        "the default `{}` is left out: a feature of the identity is off",
        default.text
    );
    let span = compilation.set.argument_span(default.at);
    compilation.report(
        Diagnostic::warning("unusable-default", span, message)
            .help("switch the feature on, or replace the default by a deviation")
            .rfc("RFC 7950 9.10"),
    );
    false
}
