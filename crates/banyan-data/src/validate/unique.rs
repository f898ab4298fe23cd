//! `unique` (RFC 7950 7.8.3): the values of these leaves, taken together, differ between entries.

use std::collections::HashMap;

use banyan_yang::schema::{Schema, SchemaId, Unique};

use crate::cursor::Cursor;
use crate::value::Value;

/// The pairs of entries (earlier, later) that have the same values. An entry that lacks one of the leaves takes no
/// part; defaults count. O(entries).
pub(super) fn repetitions<'t>(
    schema: &Schema,
    list: SchemaId,
    unique: &Unique,
    entries: &[Cursor<'t>],
) -> Vec<(Cursor<'t>, Cursor<'t>)> {
    let ways = ways(schema, list, unique);
    let mut seen: HashMap<Vec<Value>, Cursor<'t>> = HashMap::new();
    let mut repeated = Vec::new();
    for entry in entries {
        let Some(values) = values_of(entry, &ways) else {
            continue;
        };
        match seen.get(&values) {
            Some(first) => repeated.push((first.clone(), entry.clone())),
            None => {
                seen.insert(values, entry.clone());
            }
        }
    }
    repeated
}

/// The data nodes from below `list` down to each of the leaves.
pub(super) fn ways(schema: &Schema, list: SchemaId, unique: &Unique) -> Vec<Vec<SchemaId>> {
    let leaves = unique.leaves.iter();
    leaves.map(|leaf| way(schema, list, *leaf)).collect()
}

/// The values of an entry, if it has all of them.
pub(super) fn values_of(entry: &Cursor<'_>, ways: &[Vec<SchemaId>]) -> Option<Vec<Value>> {
    ways.iter().map(|way| value_at(entry, way)).collect()
}

fn way(schema: &Schema, list: SchemaId, leaf: SchemaId) -> Vec<SchemaId> {
    let mut way = Vec::new();
    let mut at = Some(leaf);
    while let Some(id) = at.filter(|id| *id != list) {
        way.push(id);
        at = schema.node(id).data_parent();
    }
    way.reverse();
    way
}

fn value_at(entry: &Cursor<'_>, way: &[SchemaId]) -> Option<Value> {
    let leaf = way
        .iter()
        .try_fold(entry.clone(), |node, id| node.child(*id))?;
    leaf.value().cloned()
}
