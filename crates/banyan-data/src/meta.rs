//! Metadata annotations of a node and of its leaves (RFC 7952); absent in most nodes.

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_yang::schema::{ModuleId, Schema, SchemaId};

/// The annotations of one instance: (module name, annotation name) and the value.
pub type Annotations = BTreeMap<(Arc<str>, Arc<str>), Arc<str>>;

/// Annotations by the child that they belong to; `None` is the node itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Meta {
    /// What is annotated: `None` is the node itself, else its child.
    pub annotations: BTreeMap<Option<SchemaId>, Annotations>,
}

/// The namespace and the module of the attribute `default` (RFC 6243 6): its namespace is not that of the module.
pub(crate) const DEFAULT_NAMESPACE: &str = "urn:ietf:params:xml:ns:netconf:default:1.0";
/// The module that stands for [`DEFAULT_NAMESPACE`] in JSON.
pub(crate) const DEFAULT_MODULE: &str = "ietf-netconf-with-defaults";

/// The annotation that an attribute in `namespace` is, if a module of the schema defines it (RFC 7952 3).
pub(crate) fn annotation_of(
    schema: &Schema,
    namespace: &str,
    name: &str,
) -> Option<(Arc<str>, Arc<str>)> {
    if namespace == DEFAULT_NAMESPACE && name == "default" {
        return Some((DEFAULT_MODULE.into(), name.into()));
    }
    let module = schema.module_by_namespace(namespace)?;
    defines_annotation(schema, module, name)
        .then(|| (schema.module(module).name.clone(), name.into()))
}

/// The annotation that `module:name` means, if that module of the schema defines it (RFC 7952 3).
pub(crate) fn annotation_named(schema: &Schema, name: &str) -> Option<(Arc<str>, Arc<str>)> {
    let (module, local) = name.split_once(':')?;
    let is_default = module == DEFAULT_MODULE && local == "default";
    let defined = || {
        let module = schema.module_by_name(module);
        module.is_some_and(|module| defines_annotation(schema, module, local))
    };
    (is_default || defined()).then(|| (module.into(), local.into()))
}

/// Whether a module defines the annotation `name` (RFC 7952 3).
fn defines_annotation(schema: &Schema, module: ModuleId, name: &str) -> bool {
    let extensions = schema.module(module).extensions.iter();
    extensions
        .filter(|extension| {
            *extension.module == *"ietf-yang-metadata" && *extension.name == *"annotation"
        })
        .any(|extension| extension.argument.as_deref() == Some(name))
}
