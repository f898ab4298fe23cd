//! What front ends want to know of the module set.

use std::sync::Arc;

use banyan_data::path::InstancePath;
use banyan_yang::schema::{Schema, SchemaId};

use crate::backend::{ModuleInfo, Result};
use crate::error::{BackendError, ErrorLayer, ErrorTag, Report};

/// The module set.
pub(crate) fn modules(schema: &Schema) -> Vec<ModuleInfo> {
    schema
        .modules()
        .map(|(_, module)| ModuleInfo {
            name: module.name.clone(),
            revision: module.revision.clone(),
            namespace: module.namespace.clone(),
            features: module.features.iter().cloned().collect(),
            yang_1_1: module.yang_1_1,
            implemented: module.implemented,
        })
        .collect()
}

/// The YANG text of a module or submodule (RFC 6022 3.1).
pub(crate) fn schema_text(schema: &Schema, name: &str, revision: Option<&str>) -> Result<Arc<str>> {
    // An empty version asks for a module without a revision.
    let wanted = |found: &Option<Arc<str>>| match revision {
        None => true,
        Some(revision) => revision == found.as_deref().unwrap_or_default(),
    };
    let mut named = schema.modules().flat_map(|(_, module)| {
        let own = (&module.name, &module.revision, &module.text);
        let parts = module
            .submodules
            .iter()
            .map(|part| (&part.name, &part.revision, &part.text));
        std::iter::once(own).chain(parts)
    });
    let mut texts = Vec::new();
    for (known, found, text) in named.by_ref() {
        if **known == *name && wanted(found) {
            texts.push(text.clone());
        }
    }
    match (texts.pop(), texts.is_empty()) {
        (Some(text), true) => Ok(text),
        // RFC 6022 3.1: more than one schema matches.
        (Some(_), false) => Err(with_app_tag(
            ErrorTag::OperationFailed,
            "data-not-unique",
            format!("there are several revisions of {name}; give its version"),
        )),
        (None, _) => {
            let revision = revision.map(|revision| format!("@{revision}"));
            Err(BackendError::new(
                ErrorTag::InvalidValue,
                format!(
                    "there is no module or submodule {name}{}",
                    revision.unwrap_or_default()
                ),
            ))
        }
    }
}

fn with_app_tag(tag: ErrorTag, app_tag: &str, message: String) -> BackendError {
    let mut report = Report::new(ErrorLayer::Application, tag, message);
    report.app_tag = Some(app_tag.into());
    report.into()
}

/// The instance of the top-level data node `/module:name`, if the schema has one.
pub(crate) fn top_level(schema: &Schema, path: &str) -> Option<InstancePath> {
    let (module, name) = path.trim_start_matches('/').split_once(':')?;
    let module = schema.module_by_name(module)?;
    let node = schema.data_child(SchemaId::ROOT, module, name)?;
    Some(banyan_data::filter::every(schema, node))
}
