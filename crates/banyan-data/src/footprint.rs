//! What trees cost in memory: an estimate from the shapes of nodes, without a look at the allocator.
//!
//! What two trees share is counted once: [`beyond`] counts only what is in the one and not in the other, and visits no
//! more than that.

use crate::list::{LeafList, List};
use crate::node::{Content, Node, Slot, Tree};
use crate::value::Value;

/// Instances, and the memory that they take.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Footprint {
    /// Instances of data nodes: leaves, entries of leaf-lists and lists, containers, anydata.
    pub nodes: u64,
    /// Bytes, estimated.
    pub bytes: u64,
}

/// Two words that count references and length, in front of what an allocation holds.
const HEAD: u64 = 16;
/// What a node says of itself, beside its children.
const NODE: u64 = 16;
/// An inner branch's part for each child: the child, and the separator of its first entry.
const CHILD: u64 = 24 + 32;
/// How many items a branch of a large list has on the average; it holds between 6 and 12.
const WIDTH: u64 = 9;

impl Footprint {
    fn add(&mut self, nodes: u64, bytes: u64) {
        self.nodes += nodes;
        // Allocators give multiples of 16.
        self.bytes += bytes.next_multiple_of(16);
    }

    /// This, with what a later tree has beyond the one that was measured, and without what it has lost.
    #[must_use]
    pub fn moved(self, gained: Footprint, lost: Footprint) -> Footprint {
        Footprint {
            nodes: (self.nodes + gained.nodes).saturating_sub(lost.nodes),
            bytes: (self.bytes + gained.bytes).saturating_sub(lost.bytes),
        }
    }
}

/// What a whole tree costs. O(n).
pub fn of(tree: &Tree) -> Footprint {
    let mut sum = Footprint::default();
    node(tree.root(), &mut sum);
    sum.nodes = sum.nodes.saturating_sub(1);
    sum
}

/// What is in `tree` and not in `other`. Cost: what differs.
pub fn beyond(tree: &Tree, other: &Tree) -> Footprint {
    let mut sum = Footprint::default();
    if !tree.ptr_eq(other) {
        node_beyond(tree.root(), other.root(), &mut sum);
    }
    sum
}

fn own(node: &Node, sum: &mut Footprint) {
    sum.add(0, HEAD + NODE + size_of_val(node.slots()) as u64);
    if let Some(meta) = node.meta() {
        sum.add(0, 64 * (1 + meta.annotations.len() as u64));
    }
}

fn node(node: &Node, sum: &mut Footprint) {
    sum.nodes += 1;
    own(node, sum);
    for slot in node.slots() {
        content(slot, sum);
    }
}

fn content(slot: &Slot, sum: &mut Footprint) {
    match &slot.content {
        Content::Leaf(it) => {
            sum.nodes += 1;
            value(it, sum);
        }
        Content::LeafList(list) => leaf_list(list, sum),
        Content::Container(it) => node(it, sum),
        Content::List(list) => {
            branches(list.len(), 8, sum);
            for entry in list.iter() {
                node(entry, sum);
            }
        }
        Content::Any(_) => sum.add(1, 64),
        Content::Mount(tree) => {
            sum.add(0, 32);
            node(tree.root(), sum);
            sum.nodes = sum.nodes.saturating_sub(1);
        }
    }
}

fn leaf_list(list: &LeafList, sum: &mut Footprint) {
    branches(list.len(), 16, sum);
    for it in list.iter() {
        sum.nodes += 1;
        value(it, sum);
    }
}

/// The branches of a list with so many items of that size.
fn branches(items: usize, size: u64, sum: &mut Footprint) {
    let items = items as u64;
    // The list itself, and one leaf for a small one.
    sum.add(0, HEAD + 24);
    if items <= 12 {
        return sum.add(0, HEAD + items * size);
    }
    let leaves = items.div_ceil(WIDTH);
    sum.bytes += items * size + leaves * HEAD;
    // Levels above get smaller by the width each.
    let inner = leaves.div_ceil(WIDTH - 1);
    sum.bytes += leaves * CHILD + inner * (3 * HEAD + 16);
}

/// What a value has beside its 16 bytes in the node.
fn value(value: &Value, sum: &mut Footprint) {
    match value {
        Value::LongString(text) => sum.add(0, HEAD + text.slice.len() as u64),
        Value::Binary(bytes) => sum.add(0, HEAD + bytes.slice.len() as u64),
        Value::Bits(bits) => sum.add(0, HEAD + 4 * bits.slice.len() as u64),
        Value::InstanceId(path) => sum.add(0, 32 + 64 * path.steps.len() as u64),
        Value::Union(it) => {
            sum.add(0, 32);
            self::value(&it.value, sum);
        }
        _ => {}
    }
}

/// Nodes that stand at the same place and are not the same allocation.
fn node_beyond(mine: &Node, other: &Node, sum: &mut Footprint) {
    if mine.ptr_eq(other) {
        return;
    }
    own(mine, sum);
    for slot in mine.slots() {
        match (&slot.content, other.get(slot.id)) {
            (_, None) => content(slot, sum),
            (mine, Some(other)) if mine.ptr_eq(other) => {}
            (Content::Container(mine), Some(Content::Container(other))) => {
                node_beyond(mine, other, sum);
            }
            // Without keys entries cannot be told apart: all of them count.
            (Content::List(mine), Some(Content::List(other))) if mine.key_count() > 0 => {
                list_beyond(mine, other, sum);
            }
            (Content::Mount(mine), Some(Content::Mount(other))) => {
                node_beyond(mine.root(), other.root(), sum);
            }
            // The place is in both: only what hangs on the value differs.
            (Content::Leaf(mine), Some(Content::Leaf(_))) => value(mine, sum),
            (Content::LeafList(mine), Some(Content::LeafList(other)))
                if !mine.duplicates_allowed() =>
            {
                for (_, mine) in other.diff(mine) {
                    if let Some(mine) = mine {
                        sum.add(1, 16);
                        value(mine, sum);
                    }
                }
            }
            _ => content(slot, sum),
        }
    }
}

fn list_beyond(mine: &List, other: &List, sum: &mut Footprint) {
    for pair in other.diff(mine) {
        match pair {
            (Some(other), Some(mine)) => node_beyond(mine, other, sum),
            (None, Some(mine)) => {
                // Its place in a leaf, and its part of the branches above.
                sum.bytes += 8 + (HEAD + CHILD) / WIDTH;
                node(mine, sum);
            }
            (_, None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testmodel::{Random, random_tree, schema};

    proptest! {
        #[test]
        fn what_moved_leads_from_one_footprint_to_the_other(seed in 1u64..) {
            let schema = schema();
            let mut random = Random(seed);
            let one = random_tree(&schema, &mut random);
            let other = random_tree(&schema, &mut random).reshared(&one);
            let moved = of(&one).moved(beyond(&other, &one), beyond(&one, &other));
            prop_assert_eq!(moved.nodes, of(&other).nodes);
            // Branches of lists are estimated one entry at a time.
            let slack = 64 * (of(&one).nodes + of(&other).nodes) + 256;
            prop_assert!(moved.bytes.abs_diff(of(&other).bytes) <= slack);
        }
    }

    #[test]
    fn nothing_beyond_oneself_and_everything_beyond_nothing() {
        let schema = schema();
        let tree = random_tree(&schema, &mut Random(7));
        assert_eq!(beyond(&tree, &tree), Footprint::default());
        let empty = Tree::empty(schema);
        assert_eq!(beyond(&tree, &empty).nodes, of(&tree).nodes);
        assert_eq!(of(&empty).nodes, 0);
    }
}
