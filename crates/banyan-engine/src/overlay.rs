//! Lays one tree over another of the same schema: state over configuration.

use banyan_data::list::List;
use banyan_data::{Content, Node, Slot, Tree};

/// The union of both; where both have a leaf, the upper one's counts. Cost: the size of `upper`.
pub(crate) fn overlay(lower: &Tree, upper: &Tree) -> Tree {
    Tree::new(lower.schema().clone(), over(lower.root(), upper.root()))
}

// As deep as the schema of the upper tree, which is bounded when it is compiled.
fn over(lower: &Node, upper: &Node) -> Node {
    let mut slots: Vec<Slot> = lower.slots().to_vec();
    for slot in upper.slots() {
        match slots.binary_search_by_key(&slot.id, |slot| slot.id) {
            Ok(index) => {
                let content = both(&slots[index].content, &slot.content);
                slots[index].content = content;
            }
            Err(index) => slots.insert(index, slot.clone()),
        }
    }
    lower.with_slots(slots)
}

fn both(lower: &Content, upper: &Content) -> Content {
    match (lower, upper) {
        (Content::Container(lower), Content::Container(upper)) => {
            Content::Container(over(lower, upper))
        }
        (Content::List(lower), Content::List(upper)) if lower.key_count() > 0 => {
            Content::List(entries(lower, upper))
        }
        (Content::Mount(lower), Content::Mount(upper))
            if std::sync::Arc::ptr_eq(lower.schema(), upper.schema()) =>
        {
            Content::Mount(std::sync::Arc::new(overlay(lower, upper)))
        }
        _ => upper.clone(),
    }
}

fn entries(lower: &List, upper: &List) -> List {
    let mut list = lower.clone();
    for entry in upper.iter() {
        let keys: Vec<_> = entry.keys(lower.key_count()).cloned().collect();
        let merged = match list.get(&keys) {
            Some(below) => over(below, entry),
            None => entry.clone(),
        };
        list = list.with_entry(merged);
    }
    list
}
