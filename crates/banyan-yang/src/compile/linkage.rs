//! How the texts of a set may refer to each other: imports and includes without cycles, versions that go together,
//! one revision of each submodule (RFC 7950 5.1, 7.1.5, 7.1.6, 12). Reported; nothing later depends on it.

use std::collections::BTreeMap;

use super::cycles::{chain, cycles};
use super::set::{ModuleEntry, ModuleSet, StatementRef, Unit, UnitId};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::grammar::Version;
use crate::statement::Keyword;

/// Checks a loaded set. Linear in the number of imports and includes.
pub(super) fn check(set: &ModuleSet, found: &mut Diagnostics) {
    import_cycles(set, found);
    for module in &set.modules {
        submodule_versions(set, module, found);
        submodule_revisions(set, module, found);
        include_cycles(set, module, found);
        for unit in &module.units {
            imports(set, *unit, found);
        }
    }
}

fn root(set: &ModuleSet, unit: UnitId) -> StatementRef {
    let id = set.unit(unit).root;
    StatementRef { unit, id }
}

fn text_of(version: Version) -> &'static str {
    match version {
        Version::V1 => "1",
        Version::V1_1 => "1.1",
    }
}

/// The `import` and `include` statements of a text.
fn links(set: &ModuleSet, unit: UnitId, keyword: Keyword) -> impl Iterator<Item = StatementRef> {
    set.children_of(root(set, unit), keyword)
}

/// RFC 7950 5.1: there must not be any circular chains of imports.
fn import_cycles(set: &ModuleSet, found: &mut Diagnostics) {
    let edges: Vec<Vec<usize>> = set
        .module_ids()
        .map(|id| {
            let units = set.module(id).units.iter().map(|unit| set.unit(*unit));
            let targets = units.flat_map(|unit| unit.prefixes.values().flatten());
            let mut targets: Vec<_> = targets
                .filter(|target| **target != id) // Its own prefix; importing itself is reported already.
                .map(|target| target.index())
                .collect();
            targets.sort_unstable();
            targets.dedup();
            targets
        })
        .collect();
    for cycle in cycles(&edges) {
        // The import of each module of the cycle that leads to the next.
        let import = |at: usize| {
            let next = &set.modules[cycle[(at + 1) % cycle.len()]].name;
            let module = &set.modules[cycle[at]];
            let mut imports = module
                .units
                .iter()
                .flat_map(|unit| links(set, *unit, Keyword::Import));
            imports.find(|import| set.argument(*import) == &**next)
        };
        let names = chain(&cycle, |module| set.modules[module].name.to_string());
        let message = format!("modules import each other: {names}");
        let Some(first) = import(0) else {
            continue;
        };
        let mut error = Diagnostic::error("circular-import", set.span(first), message);
        for other in (1..cycle.len()).filter_map(import) {
            error = error.related(set.span(other), "imported here");
        }
        found.push(
            error
                .help("move what they share to a module that both import")
                .rfc("RFC 7950 5.1"),
        );
    }
}

/// RFC 6020 5.1 forbids circular includes; RFC 7950 allows them.
fn include_cycles(set: &ModuleSet, module: &ModuleEntry, found: &mut Diagnostics) {
    let units: BTreeMap<&str, usize> = module
        .units
        .iter()
        .enumerate()
        .map(|(index, unit)| (set.argument(root(set, *unit)), index))
        .collect();
    let edges: Vec<Vec<usize>> = module
        .units
        .iter()
        .map(|unit| {
            if set.unit(*unit).version == Version::V1_1 {
                return Vec::new();
            }
            let includes = links(set, *unit, Keyword::Include);
            includes
                .filter_map(|include| units.get(set.argument(include)).copied())
                .collect()
        })
        .collect();
    for cycle in cycles(&edges) {
        let name = |unit: usize| set.argument(root(set, module.units[unit])).to_owned();
        // The include of each text of the cycle that leads to the next.
        let include = |at: usize| {
            let next = name(cycle[(at + 1) % cycle.len()]);
            links(set, module.units[cycle[at]], Keyword::Include)
                .find(|include| set.argument(*include) == next)
        };
        let Some(first) = include(0) else {
            continue;
        };
        let names = chain(&cycle, name);
        let mut error = Diagnostic::error(
            "circular-include",
            set.span(first),
            format!("submodules include each other: {names}"),
        );
        for other in (1..cycle.len()).filter_map(include).take(5) {
            error = error.related(set.span(other), "included here");
        }
        found.push(
            error
                .help("YANG 1.1 allows it, and needs no `include` in submodules at all")
                .rfc("RFC 6020 5.1"),
        );
    }
}

/// RFC 7950 12: a module and its submodules are of one version.
fn submodule_versions(set: &ModuleSet, module: &ModuleEntry, found: &mut Diagnostics) {
    let Some((first, submodules)) = module.units.split_first() else {
        return;
    };
    let version = set.unit(*first).version;
    for submodule in submodules {
        let Unit { version: other, .. } = set.unit(*submodule);
        if *other == version {
            continue;
        }
        let place = |unit: UnitId| {
            let root = root(set, unit);
            set.span(set.child(root, Keyword::YangVersion).unwrap_or(root))
        };
        let name = set.argument(root(set, *submodule));
        found.push(
            Diagnostic::error(
                "version-mismatch",
                place(*submodule),
                format!(
                    "submodule {name} is of YANG version {}, but module {} is of version {}",
                    text_of(*other),
                    module.name,
                    text_of(version)
                ),
            )
            .related(place(*first), "the module")
            .help(format!(
                "state `yang-version {};` in both",
                text_of(Version::V1_1)
            ))
            .rfc("RFC 7950 12"),
        );
    }
}

/// RFC 7950 7.1.6: one revision of each submodule; 5.1: submodules include those that the module includes.
fn submodule_revisions(set: &ModuleSet, module: &ModuleEntry, found: &mut Diagnostics) {
    let mut wanted: BTreeMap<&str, (StatementRef, &str)> = BTreeMap::new();
    let includes = module
        .units
        .iter()
        .flat_map(|unit| links(set, *unit, Keyword::Include));
    for include in includes {
        let Some(revision) = set.child_argument(include, Keyword::RevisionDate) else {
            continue;
        };
        let name = set.argument(include);
        let (first, other) = *wanted.entry(name).or_insert((include, revision));
        if other != revision {
            found.push(
                Diagnostic::error(
                    "two-revisions-included",
                    set.span(include),
                    format!(
                        "submodule {name} is included in two revisions, {other} and {revision}"
                    ),
                )
                .related(set.span(first), "included here first")
                .help("include one revision everywhere")
                .rfc("RFC 7950 7.1.6"),
            );
        }
    }
}

/// What a text of version 1 must not import (RFC 6020 7.1.5, RFC 7950 12).
fn imports(set: &ModuleSet, unit: UnitId, found: &mut Diagnostics) {
    if set.unit(unit).version == Version::V1_1 {
        return;
    }
    let mut seen: BTreeMap<&str, StatementRef> = BTreeMap::new();
    for import in links(set, unit, Keyword::Import) {
        let name = set.argument(import);
        let revision = set.child(import, Keyword::RevisionDate);
        let first = *seen.entry(name).or_insert(import);
        let asked = |import| set.child_argument(import, Keyword::RevisionDate);
        if asked(first) != asked(import) {
            found.push(
                Diagnostic::error(
                    "two-revisions-imported",
                    set.span(import),
                    format!("module {name} is imported in two revisions, which needs YANG 1.1"),
                )
                .related(set.span(first), "imported here first")
                .help("add `yang-version 1.1;` to the module, or import one revision")
                .rfc("RFC 6020 7.1.5"),
            );
        }
        let Some(revision) = revision else {
            continue;
        };
        let target = set
            .child_argument(import, Keyword::Prefix)
            .and_then(|prefix| set.unit(unit).prefixes.get(prefix).copied().flatten());
        let Some(target) = target.and_then(|target| set.module(target).units.first()) else {
            continue;
        };
        if set.unit(*target).version == Version::V1_1 {
            found.push(
                Diagnostic::error(
                    "version-mismatch",
                    set.span(revision),
                    format!(
                        "a module of YANG version 1 cannot import module {name}, which is of version 1.1, by revision"
                    ),
                )
                .related(set.span(root(set, *target)), "the imported module")
                .help("add `yang-version 1.1;` to the importing module, or leave the revision out")
                .rfc("RFC 7950 12"),
            );
        }
    }
}
