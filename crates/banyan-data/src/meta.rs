//! Metadata annotations of a node and of its leaves (RFC 7952); absent in most nodes.

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_yang::schema::SchemaId;

/// The annotations of one instance: (module name, annotation name) and the value.
pub type Annotations = BTreeMap<(Arc<str>, Arc<str>), Arc<str>>;

/// Annotations by the child that they belong to; `None` is the node itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Meta {
    /// What is annotated: `None` is the node itself, else its child.
    pub annotations: BTreeMap<Option<SchemaId>, Annotations>,
}
