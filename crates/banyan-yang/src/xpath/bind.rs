//! Binds expressions to a schema: from [`Expr`](super::Expr) to [`Plan`](super::Plan).

use crate::schema::{NodeKind, Schema, SchemaId};

/// The parent of a node in the data model of XPath (RFC 7950 6.4.1): choices and cases are no nodes, and the
/// parent of an input or output parameter is the rpc or action itself. `None` for the root. O(1).
pub fn parent(schema: &Schema, id: SchemaId) -> Option<SchemaId> {
    let parent = schema.node(id).data_parent?;
    match schema.node(parent).kind {
        NodeKind::Input | NodeKind::Output => schema.node(parent).data_parent,
        _ => Some(parent),
    }
}
