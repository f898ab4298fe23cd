//! How deep a read goes (RFC 8040 4.8.2).

use std::sync::Arc;

use banyan_yang::schema::Schema;

use crate::list::List;
use crate::node::{Content, Node, Slot, Tree};

/// How many levels below it an instance keeps because it, or one above it, was selected; `None`: none was.
pub(super) type Granted = Option<usize>;

/// The tree without what is deeper than `levels` below its root. For a RESTCONF target that is `n` steps below the root,
/// `depth=d` is `n + d - 1` levels. Entries keep their keys; containers stay without their content, so that the result
/// is for printing: it may hold empty containers without presence. O(what stays).
pub fn to_depth(tree: &Tree, levels: usize) -> Tree {
    tree.with_root(cut(tree.schema(), tree.root(), levels))
}

/// Recurses as deep as the tree, or less.
pub(super) fn cut(schema: &Arc<Schema>, node: &Node, levels: usize) -> Node {
    let keys = schema.node(node.id()).keys().len();
    let slots = match levels {
        0 => node.slots()[..keys.min(node.slots().len())].to_vec(),
        _ => {
            let inner = |slot: &Slot| Slot {
                id: slot.id,
                content: cut_content(schema, &slot.content, levels - 1),
            };
            node.slots().iter().map(inner).collect()
        }
    };
    node.with_slots(slots)
}

pub(super) fn cut_content(schema: &Arc<Schema>, content: &Content, levels: usize) -> Content {
    match content {
        Content::Container(node) => Content::Container(cut(schema, node, levels)),
        Content::List(list) => {
            let entries = list
                .iter()
                .map(|entry| cut(schema, entry, levels))
                .collect();
            // The keys are what they were, so they still differ.
            let cut = List::from_entries(entries, list.key_count(), list.ordered_by());
            cut.map_or_else(|_| content.clone(), Content::List)
        }
        Content::Mount(tree) => Content::Mount(Arc::new(to_depth(tree, levels))),
        Content::Leaf(_) | Content::LeafList(_) | Content::Any(_) => content.clone(),
    }
}
