//! What changed between two module sets, as far as data are concerned: implemented modules.

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_data::untyped::Element;
use banyan_yang::schema::Schema;
use serde::Serialize;

/// A module as a migration sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownModule {
    /// Its name.
    pub name: Arc<str>,
    /// Its newest revision, `YYYY-MM-DD`.
    pub revision: Option<Arc<str>>,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its text with those of its submodules and the features that are on, hashed; `None` where only a list of modules
    /// is known.
    content: Option<u64>,
}

/// How a module changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// It was not there.
    Added,
    /// It is no longer there.
    Removed,
    /// A newer revision.
    Upgraded,
    /// An older revision.
    Downgraded,
    /// Another text or other features, without a new revision.
    Altered,
}

impl ChangeKind {
    /// A word for it.
    pub fn name(self) -> &'static str {
        match self {
            ChangeKind::Added => "added",
            ChangeKind::Removed => "removed",
            ChangeKind::Upgraded => "upgraded",
            ChangeKind::Downgraded => "downgraded",
            ChangeKind::Altered => "altered",
        }
    }
}

/// One module that changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ModuleChange {
    /// Its name.
    pub module: Arc<str>,
    /// How.
    pub change: ChangeKind,
    /// The revision of the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Arc<str>>,
    /// The revision that is loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Arc<str>>,
}

/// What changed between the modules that data were written under and those that are loaded.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ModuleChanges {
    /// Whether it is known what the data were written under.
    pub known: bool,
    /// By name of module.
    pub changes: Vec<ModuleChange>,
}

/// The implemented modules of a schema.
pub fn modules_of(schema: &Schema) -> Vec<KnownModule> {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let implemented = schema.modules().filter(|(_, module)| module.implemented);
    let known = implemented.map(|(_, module)| {
        let mut content = DefaultHasher::new();
        module.text.hash(&mut content);
        for submodule in &module.submodules {
            submodule.text.hash(&mut content);
        }
        module.features.hash(&mut content);
        KnownModule {
            name: module.name.clone(),
            revision: module.revision.clone(),
            namespace: module.namespace.clone(),
            content: Some(content.finish()),
        }
    });
    known.collect()
}

/// RFC 8525 and RFC 7895 have the same namespace.
const LIBRARY: &str = "ietf-yang-library";
const LIBRARY_NAMESPACE: &str = "urn:ietf:params:xml:ns:yang:ietf-yang-library";

/// Whether a top-level element is module state.
pub(crate) fn is_module_state(element: &Element) -> bool {
    [LIBRARY, LIBRARY_NAMESPACE].contains(&&*element.module)
        && matches!(&*element.name, "yang-library" | "modules-state")
}

/// The implemented modules that module state lists: `yang-library` (RFC 8525) or `modules-state` (RFC 7895).
pub(crate) fn modules_in_state(state: &Element) -> Vec<KnownModule> {
    let named = |element: &'_ Element, name: &str| -> Option<Arc<str>> {
        let child = element.children.iter().find(|it| *it.name == *name)?;
        let text = child.text.trim();
        (!text.is_empty()).then(|| Arc::from(text))
    };
    let sets = state.children.iter().filter(|it| &*it.name == "module-set");
    let modules = sets
        .flat_map(|set| &set.children)
        .chain(&state.children)
        .filter(|it| &*it.name == "module");
    let implemented =
        modules.filter(|module| named(module, "conformance-type").as_deref() != Some("import"));
    let known = implemented.filter_map(|module| {
        Some(KnownModule {
            name: named(module, "name")?,
            revision: named(module, "revision"),
            namespace: named(module, "namespace")?,
            content: None,
        })
    });
    known.collect()
}

impl ModuleChanges {
    /// Nothing is known of the modules that the data were written under.
    pub fn unknown() -> ModuleChanges {
        ModuleChanges::default()
    }

    /// What changed since module state was written that lists `old`. The files list modules that are only imported like
    /// all others: one that is loaded for its types alone is not gone.
    pub fn since(mut old: Vec<KnownModule>, new: &Schema) -> ModuleChanges {
        let only_imported = |name: &str| {
            let mut modules = new.modules();
            modules.any(|(_, module)| *module.name == *name && !module.implemented)
        };
        old.retain(|module| !only_imported(&module.name));
        ModuleChanges::between(&old, &modules_of(new))
    }

    /// What changed from `old` to `new`.
    pub fn between(old: &[KnownModule], new: &[KnownModule]) -> ModuleChanges {
        let by_name = |modules: &[KnownModule]| -> BTreeMap<Arc<str>, KnownModule> {
            let named = modules.iter().map(|it| (it.name.clone(), it.clone()));
            named.collect()
        };
        let (old, new) = (by_name(old), by_name(new));
        let mut changes = BTreeMap::new();
        let mut note =
            |name: &Arc<str>, change, from: Option<&KnownModule>, to: Option<&KnownModule>| {
                let revision = |it: Option<&KnownModule>| it.and_then(|it| it.revision.clone());
                let found = ModuleChange {
                    module: name.clone(),
                    change,
                    from: revision(from),
                    to: revision(to),
                };
                changes.insert(name.clone(), found);
            };
        for (name, was) in &old {
            let Some(is) = new.get(name) else {
                note(name, ChangeKind::Removed, Some(was), None);
                continue;
            };
            let altered = match (was.content, is.content) {
                (Some(was), Some(is)) => was != is,
                _ => false,
            };
            let change = match was.revision.cmp(&is.revision) {
                std::cmp::Ordering::Less => ChangeKind::Upgraded,
                std::cmp::Ordering::Greater => ChangeKind::Downgraded,
                std::cmp::Ordering::Equal if altered => ChangeKind::Altered,
                std::cmp::Ordering::Equal => continue,
            };
            note(name, change, Some(was), Some(is));
        }
        for (name, is) in &new {
            if !old.contains_key(name) {
                note(name, ChangeKind::Added, None, Some(is));
            }
        }
        ModuleChanges {
            known: true,
            changes: changes.into_values().collect(),
        }
    }

    /// The change of a module.
    pub fn of(&self, module: &str) -> Option<&ModuleChange> {
        self.changes.iter().find(|change| *change.module == *module)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(name: &str, revision: &str, content: u64) -> KnownModule {
        KnownModule {
            name: name.into(),
            revision: (!revision.is_empty()).then(|| revision.into()),
            namespace: format!("urn:{name}").into(),
            content: Some(content),
        }
    }

    #[test]
    fn a_listed_module_that_is_only_imported_is_not_gone() {
        use banyan_yang::compile::{Compiler, MemorySource};
        let mut source = MemorySource::new();
        source.add("module types { namespace 'urn:types'; prefix t; revision 2020-01-01; }");
        source.add(
            "module a { namespace 'urn:a'; prefix a; import types { prefix t; } revision 2020-01-01; }",
        );
        let compiler = Compiler::new(&source).implement("a", None);
        let schema = compiler.compile().unwrap().schema;
        let listed = ["a", "gone", "types"].map(|name| KnownModule {
            content: None,
            ..module(name, "2020-01-01", 0)
        });
        let changes = ModuleChanges::since(listed.to_vec(), &schema).changes;
        let gone: Vec<_> = changes.iter().map(|it| &*it.module).collect();
        assert_eq!(gone, ["gone"]);
    }

    #[test]
    fn sets_are_compared_by_name_revision_and_text() {
        let old = [
            module("a", "2020-01-01", 1),
            module("b", "2020-01-01", 1),
            module("c", "2020-01-01", 1),
            module("d", "", 1),
            module("e", "2020-01-01", 1),
        ];
        let new = [
            module("a", "2021-01-01", 2),
            module("b", "2019-01-01", 2),
            module("d", "", 2),
            module("e", "2020-01-01", 1),
            module("f", "2020-01-01", 1),
        ];
        let changes = ModuleChanges::between(&old, &new).changes;
        let found: Vec<_> = changes
            .iter()
            .map(|it| format!("{} {}", it.module, it.change.name()))
            .collect();
        let expected = [
            "a upgraded",
            "b downgraded",
            "c removed",
            "d altered",
            "f added",
        ];
        assert_eq!(found, expected);
    }
}
