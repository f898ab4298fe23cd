//! How far a change reaches: the class of what an expression reads.

use super::super::{JoinKey, Read, ReadClass, Reads};
use super::parent;
use crate::schema::{NodeKind, Schema, SchemaId};

impl Reads {
    /// The class of the dearest read of an expression on `context`. An expression that reads nothing is local.
    pub fn class(&self, schema: &Schema, context: SchemaId) -> ReadClass {
        if self.any {
            return ReadClass::Any;
        }
        let classes = self.nodes.iter().map(|read| read.class(schema, context));
        classes.max().unwrap_or(ReadClass::Local)
    }
}

impl Read {
    /// How to get from a changed instance to the contexts that read it; never [`ReadClass::Any`].
    pub fn class(&self, schema: &Schema, context: SchemaId) -> ReadClass {
        // With a list around the common ancestor, or none beneath it, climbing narrows down the contexts as far
        // as the schema allows.
        if lists(schema, self.ancestor, None) > 0
            || lists(schema, context, Some(self.ancestor)) == 0
        {
            return ReadClass::Local;
        }
        let keys = self.joins.iter().flat_map(|join| &join.keys);
        let joined = keys
            .into_iter()
            .any(|key| matches!(key, JoinKey::Leaf { .. }));
        if joined {
            ReadClass::Keyed
        } else {
            ReadClass::Broadcast
        }
    }
}

/// How many lists and leaf-lists stand on the way up from `id`, itself included, to `end`, excluded.
pub(super) fn lists(schema: &Schema, id: SchemaId, end: Option<SchemaId>) -> usize {
    let mut count = 0;
    let mut at = Some(id);
    while let Some(id) = at.filter(|id| Some(*id) != end) {
        count += usize::from(matches!(
            schema.node(id).kind,
            NodeKind::List | NodeKind::LeafList
        ));
        at = parent(schema, id);
    }
    count
}
