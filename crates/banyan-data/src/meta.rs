//! Metadata annotations of a node and of its leaves (RFC 7952); absent in most nodes.

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_yang::schema::SchemaId;

/// Annotations by the child that they belong to; `None` is the node itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Meta {
    /// Annotation (module name, name) and its value, by place.
    pub annotations: BTreeMap<Option<SchemaId>, BTreeMap<(Arc<str>, Arc<str>), Arc<str>>>,
}
