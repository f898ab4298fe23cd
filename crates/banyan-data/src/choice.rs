//! Choices seen from the data: which cases a node belongs to, and which nodes exclude each other (RFC 7950 7.9).

use banyan_yang::schema::{NodeKind, Schema, SchemaId};

/// The choices around a data node, each with the case of it that the node is in; the innermost first. Empty,
/// without an allocation, for most nodes.
pub(crate) fn branches(schema: &Schema, id: SchemaId) -> Vec<(SchemaId, SchemaId)> {
    let mut found = Vec::new();
    let mut case = None;
    let mut at = schema.node(id).parent();
    while let Some(above) = at {
        let node = schema.node(above);
        match (node.kind, case) {
            (NodeKind::Case, _) => case = Some(above),
            (NodeKind::Choice, Some(inside)) => found.push((above, inside)),
            (NodeKind::Choice, None) => {}
            _ => break,
        }
        at = node.parent();
    }
    found
}

/// Whether two nodes, given by their [`branches`], are in different cases of one choice.
pub(crate) fn exclude_each_other(
    one: &[(SchemaId, SchemaId)],
    other: &[(SchemaId, SchemaId)],
) -> bool {
    one.iter().any(|(choice, case)| {
        other
            .iter()
            .any(|(same, another)| choice == same && case != another)
    })
}

/// The cases that have been chosen so far among the children of one node, and the node that chose each.
#[derive(Default)]
pub(crate) struct Branches(Vec<(SchemaId, Vec<(SchemaId, SchemaId)>)>);

impl Branches {
    /// The first node that excludes one with these branches.
    pub(crate) fn conflict(&self, branches: &[(SchemaId, SchemaId)]) -> Option<SchemaId> {
        self.0
            .iter()
            .find(|(_, taken)| exclude_each_other(taken, branches))
            .map(|(id, _)| *id)
    }

    /// Remembers the choice of the node `id`.
    pub(crate) fn take(&mut self, id: SchemaId, branches: Vec<(SchemaId, SchemaId)>) {
        if !branches.is_empty() {
            self.0.push((id, branches));
        }
    }
}
