//! What is in use but not stored, for printers: defaults and containers without presence.

use banyan_yang::schema::NodeKind;

use crate::cursor::Cursor;
use crate::document::Unstored;
use crate::list::LeafList;
use crate::node::{Content, Node, Slot, Tree};
use crate::path::InstancePath;
use crate::view::View;
use crate::xpath::{DEFAULT_BUDGET, Whens};

/// The effective view (RFC 7950 7.5.1, 7.6.1, 7.7.2): what its `when` does not rule out.
#[derive(Clone, Copy, Debug, Default)]
pub struct InUse;

impl Unstored for InUse {
    fn children(&self, tree: &Tree, path: &InstancePath, node: &Node) -> Vec<Slot> {
        let _ = node;
        let whens = Whens::new(DEFAULT_BUDGET);
        let view = View::of(tree).with_whens(&whens);
        let Some(parent) = Cursor::root(&view).find(path) else {
            return Vec::new();
        };
        let mut slots: Vec<Slot> = Vec::new();
        let mut values = Vec::new();
        for child in parent.children() {
            if child.frame().is_stored() {
                continue;
            }
            let definition = child.definition();
            let content = match (definition.kind, child.value()) {
                (NodeKind::Container, _) => Content::Container(Node::empty(child.id())),
                (NodeKind::Leaf, Some(value)) => Content::Leaf(value.clone()),
                (NodeKind::LeafList, Some(value)) => {
                    match slots.last() {
                        Some(last) if last.id == child.id() => {}
                        _ => values.clear(),
                    }
                    values.push(value.clone());
                    let entries =
                        LeafList::from_values(values.clone(), definition.ordered_by, false);
                    let Ok(entries) = entries else { continue };
                    if slots.last().is_some_and(|last| last.id == child.id()) {
                        slots.pop();
                    }
                    Content::LeafList(entries)
                }
                _ => continue,
            };
            slots.push(Slot {
                id: child.id(),
                content,
            });
        }
        slots.sort_by_key(|slot| slot.id);
        slots
    }
}
