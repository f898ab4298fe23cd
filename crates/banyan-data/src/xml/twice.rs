//! Entries that an edit names twice: an edit-config says of each instance once what becomes of it.
//!
//! RFC 6241 7.2 gives nodes of one request no order, so two of the same instance have no meaning, not even a deletion
//! beside a creation. (Edits of a YANG Patch have an order, and are read one by one.)

use std::cmp::Ordering;

use banyan_yang::schema::{Schema, SchemaId};

use crate::assembly::{duplicates, entry_twice, value_twice};
use crate::edit::{EditContent, EditNode};
use crate::error::{DataError, ErrorKind};
use crate::reading::{Reading, Stop};
use crate::value::Value;

/// The values that tell an entry from others of its list or leaf-list.
fn entry(node: &EditNode) -> Option<(SchemaId, &[Value])> {
    match &node.content {
        EditContent::Entry(keys, _) if !keys.is_empty() => Some((node.id, keys)),
        EditContent::LeafListEntry(value) => Some((node.id, std::slice::from_ref(value))),
        _ => None,
    }
}

/// Notes an error for each entry among the children of the innermost open node that came before. O(n) where they are in
/// order, else O(n log n).
pub(super) fn find(
    schema: &Schema,
    nodes: &[EditNode],
    reading: &mut Reading<'_, '_>,
) -> Result<(), Stop> {
    let entries: Vec<&EditNode> = nodes.iter().filter(|node| entry(node).is_some()).collect();
    let order = |a: &&EditNode, b: &&EditNode| -> Ordering { entry(a).cmp(&entry(b)) };
    for index in duplicates(&entries, order) {
        let node = entries[index];
        let message = match &node.content {
            EditContent::Entry(keys, _) => entry_twice(schema, node.id, keys.iter()),
            EditContent::LeafListEntry(value) => value_twice(schema, node.id, value),
            _ => continue,
        };
        let path = reading.place.path_of(Some(node.id));
        let error = DataError::new(ErrorKind::Duplicate, path, message)
            .with_culprit(schema.node(node.id).name.clone())
            .with_help("an edit says of each entry once what becomes of it");
        match node.position {
            Some(position) => reading.report_at(error, position)?,
            None => reading.report(error, 0)?,
        }
    }
    Ok(())
}
