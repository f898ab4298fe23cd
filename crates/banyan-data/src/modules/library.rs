//! `ietf-yang-library` of both generations, and the schema list of `ietf-netconf-monitoring`.
//!
//! All module sets of a library are joined: datastores with schemas of their own would need a set each, and no device
//! is known to have that for its configuration.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::element::Element;
use super::{Flaw, Kind, ListedModule, Mention, ModuleSetReader};

/// RFC 8525 3.
pub(super) fn read_yang_library(library: &Element, reader: &mut ModuleSetReader) {
    for set in library.named("module-set") {
        for module in set.named("module") {
            read_module(module, true, reader);
        }
        for module in set.named("import-only-module") {
            read_module(module, false, reader);
        }
    }
}

/// RFC 7895 2.2.
pub(super) fn read_modules_state(state: &Element, reader: &mut ModuleSetReader) {
    for module in state.named("module") {
        let implemented = match module.value("conformance-type").as_deref() {
            Some("import") => false,
            Some("implement") | None => true,
            Some(other) => {
                reader.flaws.push(Flaw {
                    line: module.line,
                    message: format!(
                        "the conformance-type `{other}` is unknown; write `implement` or `import`"
                    ),
                });
                true
            }
        };
        read_module(module, implemented, reader);
    }
}

/// RFC 6022 2.1.3: the format is an identity; a module may be listed once per format.
pub(super) fn read_schemas(state: &Element, reader: &mut ModuleSetReader) {
    let lists = state.named("schemas").flat_map(|list| list.named("schema"));
    for schema in lists {
        let format = schema.value("format");
        let format = format.as_deref().unwrap_or("yang");
        if format.rsplit(':').next() != Some("yang") {
            continue;
        }
        let Some(name) = name_of(schema, "identifier", reader) else {
            continue;
        };
        let module = ListedModule {
            name,
            revision: schema.value("version"),
            implemented: true,
            features: None,
            submodule_of: None,
            deviations: BTreeSet::new(),
        };
        reader.mentions.push(Mention {
            kind: Kind::SchemaList,
            module,
            line: schema.line,
        });
    }
}

fn read_module(element: &Element, implemented: bool, reader: &mut ModuleSetReader) {
    let Some(name) = name_of(element, "name", reader) else {
        return;
    };
    let texts = |name| element.named(name).map(|it| Arc::from(it.text.trim()));
    // RFC 8525 has the deviating module's name, RFC 7895 an entry with its name and revision.
    let deviations = element.named("deviation").filter_map(|deviation| {
        deviation.value("name").or_else(|| {
            let name = deviation.text.trim();
            (!name.is_empty()).then(|| Arc::from(name))
        })
    });
    let module = ListedModule {
        name: name.clone(),
        revision: element.value("revision"),
        implemented,
        features: Some(texts("feature").collect()),
        submodule_of: None,
        deviations: deviations.collect(),
    };
    reader.mentions.push(Mention {
        kind: Kind::Library,
        module,
        line: element.line,
    });
    for submodule in element.named("submodule") {
        let Some(own) = name_of(submodule, "name", reader) else {
            continue;
        };
        let module = ListedModule {
            name: own,
            revision: submodule.value("revision"),
            implemented: false,
            features: None,
            submodule_of: Some(name.clone()),
            deviations: BTreeSet::new(),
        };
        reader.mentions.push(Mention {
            kind: Kind::Library,
            module,
            line: submodule.line,
        });
    }
}

/// The key of a list entry; without one there is nothing to list.
fn name_of(element: &Element, key: &str, reader: &mut ModuleSetReader) -> Option<Arc<str>> {
    let name = element.value(key);
    if name.is_none() {
        reader.flaws.push(Flaw {
            line: element.line,
            message: format!("this `{}` has no `{key}`; add it", element.name),
        });
    }
    name
}
