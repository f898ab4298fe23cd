//! Who is called what: features, identities, extensions, typedefs and groupings, by module and by scope
//! (RFC 7950 5.5, 6.2.1).

use std::collections::HashMap;

use super::hash::IdMap;
use super::set::{Interner, ModuleSet, Name, StatementRef, UnitId};
use super::types::is_builtin;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::schema::ModuleId;
use crate::statement::{Keyword, StatementId};

/// A definition; `dropped` if it has an error and was left out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Definition {
    pub at: StatementRef,
    pub dropped: bool,
}

/// The tables. Look-ups are O(1), for scoped names O(depth of the statement).
#[derive(Debug, Default)]
pub(super) struct Definitions {
    top: IdMap<(Keyword, ModuleId, Name), Definition>,
    scoped: IdMap<(Keyword, StatementRef, Name), Definition>,
}

impl Definitions {
    /// Collects all definitions of a set, in one pass over its statements.
    pub fn collect(set: &ModuleSet, names: &mut Interner, found: &mut Diagnostics) -> Self {
        let mut definitions = Definitions::default();
        for (index, unit) in set.units.iter().enumerate() {
            for id in unit.tree.ids() {
                let keyword = unit.tree.keyword(id);
                if is_definition(keyword)
                    && let Some(parent) = unit.tree.parent(id)
                {
                    let at = StatementRef {
                        unit: UnitId(index as u32),
                        id,
                    };
                    definitions.add(set, at, parent, names, found);
                }
            }
        }
        definitions.report_shadowing(set, found);
        report_duplicate_namespaces(set, found);
        definitions
    }

    fn add(
        &mut self,
        set: &ModuleSet,
        at: StatementRef,
        parent: StatementId,
        names: &mut Interner,
        found: &mut Diagnostics,
    ) {
        let unit = set.unit(at.unit);
        let keyword = unit.tree.keyword(at.id);
        let name = names.intern(set.argument(at));
        let definition = Definition {
            at,
            dropped: unit.tree.is_dropped(at.id),
        };
        if keyword == Keyword::Typedef && is_builtin(set.argument(at)) {
            // RFC 7950 7.3. Whoever uses the name gets the built-in type.
            let message = format!("`{}` has the name of a built-in type", set.describe(at));
            let error = Diagnostic::error("builtin-name", set.argument_span(at), message);
            found.push(error.help("rename it").rfc("RFC 7950 7.3"));
        }
        let slot = if parent == unit.root {
            let key = (keyword, unit.module, name);
            self.top.entry(key).or_insert(definition)
        } else {
            let scope = StatementRef { id: parent, ..at };
            let key = (keyword, scope, name);
            self.scoped.entry(key).or_insert(definition)
        };
        if slot.at != at {
            let first = slot.at;
            if slot.dropped {
                *slot = definition;
            }
            found.push(
                Diagnostic::error(
                    "duplicate-definition",
                    set.span(at),
                    format!("`{}` is defined twice", set.describe(at)),
                )
                .related(set.span(first), "first defined here")
                .help("rename or remove one of them")
                .rfc("RFC 7950 6.2.1"),
            );
        }
    }

    /// RFC 7950 5.5: a scoped definition must not have the name of one that is visible around it.
    fn report_shadowing(&self, set: &ModuleSet, found: &mut Diagnostics) {
        let mut scoped: Vec<_> = self.scoped.iter().collect();
        scoped.sort_by_key(|(_, definition)| definition.at);
        for ((keyword, scope, name), definition) in scoped {
            let module = set.owner(scope.unit);
            if let Some(outer) = self.lookup(set, *keyword, *scope, module, true, *name) {
                found.push(
                    Diagnostic::error(
                        "shadowed-definition",
                        set.span(definition.at),
                        format!(
                            "`{}` hides another of this name",
                            set.describe(definition.at)
                        ),
                    )
                    .related(set.span(outer.at), "visible here already")
                    .help("rename one of them")
                    .rfc("RFC 7950 5.5"),
                );
            }
        }
    }

    /// A definition at the top of a module.
    pub fn top(&self, kind: Keyword, module: ModuleId, name: Name) -> Option<Definition> {
        self.top.get(&(kind, module, name)).copied()
    }

    /// The definition that a reference at `at` means: in the scopes around it if the reference is to its `own`
    /// module, then at the top of `module`.
    pub fn lookup(
        &self,
        set: &ModuleSet,
        kind: Keyword,
        at: StatementRef,
        module: ModuleId,
        own: bool,
        name: Name,
    ) -> Option<Definition> {
        if own && matches!(kind, Keyword::Typedef | Keyword::Grouping) {
            let tree = set.tree(at);
            let mut scope = tree.parent(at.id);
            while let Some(id) = scope {
                let key = (kind, StatementRef { id, ..at }, name);
                if let Some(definition) = self.scoped.get(&key) {
                    return Some(*definition);
                }
                scope = tree.parent(id);
            }
        }
        self.top(kind, module, name)
    }

    /// The names at the top of a module, for suggestions.
    pub fn names_of(&self, kind: Keyword, module: ModuleId) -> impl Iterator<Item = Name> + '_ {
        self.top
            .keys()
            .filter(move |key| key.0 == kind && key.1 == module)
            .map(|key| key.2)
    }

    /// All definitions of a kind, wherever they stand, in the order of the texts; without those that were left out.
    pub fn all(&self, kind: Keyword) -> Vec<StatementRef> {
        let top = self.top.iter().filter(|(key, _)| key.0 == kind);
        let scoped = self.scoped.iter().filter(|(key, _)| key.0 == kind);
        let all = top.map(|entry| entry.1).chain(scoped.map(|entry| entry.1));
        let mut all: Vec<_> = all
            .filter(|definition| !definition.dropped)
            .map(|definition| definition.at)
            .collect();
        all.sort_unstable();
        all
    }

    /// All definitions of a kind at the tops of modules, in the order of the texts.
    pub fn all_top(&self, kind: Keyword) -> Vec<(ModuleId, Name, Definition)> {
        let mut all: Vec<_> = self
            .top
            .iter()
            .filter(|(key, _)| key.0 == kind)
            .map(|(key, definition)| (key.1, key.2, *definition))
            .collect();
        all.sort_by_key(|(_, _, definition)| definition.at);
        all
    }
}

fn is_definition(keyword: Keyword) -> bool {
    use Keyword::*;
    matches!(
        keyword,
        Typedef | Grouping | Feature | Identity | ExtensionDefinition
    )
}

/// RFC 7950 7.1.3: a namespace names one module.
fn report_duplicate_namespaces(set: &ModuleSet, found: &mut Diagnostics) {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (index, module) in set.modules.iter().enumerate() {
        let Some(unit) = module.units.first() else {
            continue;
        };
        let first = *seen.entry(&module.namespace).or_insert(index);
        if set.modules[first].name == module.name {
            continue; // Itself, or another revision.
        }
        let namespace = |unit: UnitId| {
            let unit = set.unit(unit);
            let id = unit.tree.child(unit.root, Keyword::Namespace);
            unit.tree.span(id.unwrap_or(unit.root))
        };
        let mut error = Diagnostic::error(
            "duplicate-namespace",
            namespace(*unit),
            format!(
                "modules {} and {} have the same namespace",
                set.modules[first].name, module.name
            ),
        )
        .help("give each module a namespace of its own")
        .rfc("RFC 7950 7.1.3");
        if let Some(other) = set.modules[first].units.first() {
            error = error.related(namespace(*other), "the other one");
        }
        found.push(error);
    }
}
