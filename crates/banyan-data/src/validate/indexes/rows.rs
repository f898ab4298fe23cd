//! The rows of one index: tuples of values in order, in a copy-on-write B+tree.
//!
//! Short tuples stand in the leaves of the tree themselves, longer ones in allocations of their own.

use std::cmp::Ordering;
use std::ops::Range;

use triomphe::ThinArc;

use crate::btree::{BTree, Item};
use crate::value::Value;

/// Rows of one width, each once, in ascending order; a clone costs a reference count.
#[derive(Clone)]
pub(super) enum Rows {
    Pairs(BTree<[Value; 2]>),
    Triples(BTree<[Value; 3]>),
    Others(BTree<Tuple>),
}

/// A row that is on its way into an index, or out of it.
pub(super) type NewRow = Vec<Value>;

/// What a change does to the rows of an index.
#[derive(Default)]
pub(super) struct RowChange {
    pub(super) gone: Vec<NewRow>,
    pub(super) came: Vec<NewRow>,
}

impl RowChange {
    pub(super) fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.came.is_empty()
    }
}

/// A tuple of any width.
#[derive(Clone)]
pub(super) struct Tuple(ThinArc<(), Value>);

trait Row: Item {
    fn of(values: Vec<Value>) -> Option<Self>;
    fn values(&self) -> &[Value];
}

impl<const WIDTH: usize> Row for [Value; WIDTH] {
    fn of(values: Vec<Value>) -> Option<Self> {
        values.try_into().ok()
    }

    fn values(&self) -> &[Value] {
        self
    }
}

impl Row for Tuple {
    fn of(values: Vec<Value>) -> Option<Self> {
        Some(Tuple(ThinArc::from_header_and_iter((), values.into_iter())))
    }

    fn values(&self) -> &[Value] {
        &self.0.slice
    }
}

impl<const WIDTH: usize> Item for [Value; WIDTH] {
    fn head(&self) -> u128 {
        head(self).unwrap_or(0)
    }
}

impl Item for Tuple {
    fn head(&self) -> u128 {
        head(&self.0.slice).unwrap_or(0)
    }
}

/// The head of the row of these values.
fn head(row: &[Value]) -> Option<u128> {
    row.first().map(Value::head)
}

impl Rows {
    /// No rows; all that will come have this width.
    pub(super) fn none(width: usize) -> Rows {
        match width {
            2 => Rows::Pairs(BTree::packed(Vec::new())),
            3 => Rows::Triples(BTree::packed(Vec::new())),
            _ => Rows::Others(BTree::packed(Vec::new())),
        }
    }

    /// Number of rows. O(1).
    pub(super) fn len(&self) -> usize {
        match self {
            Rows::Pairs(tree) => tree.len(),
            Rows::Triples(tree) => tree.len(),
            Rows::Others(tree) => tree.len(),
        }
    }

    /// Where the rows are for which `probe` says `Equal`; it tells how a row compares with what is sought. O(log n).
    pub(super) fn range(&self, probe: &dyn Fn(&[Value]) -> Ordering) -> Range<usize> {
        match self {
            Rows::Pairs(tree) => range(tree, probe),
            Rows::Triples(tree) => range(tree, probe),
            Rows::Others(tree) => range(tree, probe),
        }
    }

    /// The rows at these positions. O(log n) to begin, O(1) each.
    pub(super) fn at(&self, range: Range<usize>) -> Box<dyn Iterator<Item = &[Value]> + '_> {
        match self {
            Rows::Pairs(tree) => at(tree, range),
            Rows::Triples(tree) => at(tree, range),
            Rows::Others(tree) => at(tree, range),
        }
    }

    /// Without the rows that are gone, and with those that came. O(change log n).
    pub(super) fn changed(&self, change: RowChange) -> Rows {
        if change.is_empty() {
            return self.clone();
        }
        match self {
            Rows::Pairs(tree) => Rows::Pairs(changed(tree, change)),
            Rows::Triples(tree) => Rows::Triples(changed(tree, change)),
            Rows::Others(tree) => Rows::Others(changed(tree, change)),
        }
    }
}

fn range<T: Row>(tree: &BTree<T>, probe: &dyn Fn(&[Value]) -> Ordering) -> Range<usize> {
    // A probe that never says `Equal` finds where rows would go that stand just before, or just after.
    let edge = |equal: Ordering| {
        let found = tree.locate(None, |row| match probe(row.values()) {
            Ordering::Equal => equal,
            order => order,
        });
        found.unwrap_or_else(|at| at)
    };
    edge(Ordering::Greater)..edge(Ordering::Less)
}

fn at<T: Row>(tree: &BTree<T>, range: Range<usize>) -> Box<dyn Iterator<Item = &[Value]> + '_> {
    let rows = tree.iter_from(range.start).take(range.len());
    Box::new(rows.map(Row::values))
}

fn changed<T: Row>(tree: &BTree<T>, change: RowChange) -> BTree<T> {
    /// What a change of one row costs, in rows copied one after the other.
    const COST: usize = 32;
    if (change.gone.len() + change.came.len()).saturating_mul(COST) > tree.len() {
        return merged(tree, change);
    }
    let RowChange { gone, came } = change;
    let mut tree = tree.clone();
    for row in gone {
        if let Ok(at) = tree.locate(head(&row), |other| other.values().cmp(&row)) {
            tree = tree.removed(at);
        }
    }
    for row in came {
        if let Err(at) = tree.locate(head(&row), |other| other.values().cmp(&row))
            && let Some(row) = T::of(row)
        {
            tree = tree.inserted(at, row);
        }
    }
    tree
}

/// The same for changes that are not small beside the tree: O(rows), and sorting the change.
fn merged<T: Row>(tree: &BTree<T>, change: RowChange) -> BTree<T> {
    let RowChange { mut gone, mut came } = change;
    gone.sort_unstable();
    came.sort_unstable();
    came.dedup();
    let mut rows = Vec::with_capacity(tree.len() + came.len());
    let mut gone = gone.iter().peekable();
    let mut came = came.into_iter().peekable();
    for old in tree.iter() {
        let order = |row: &Vec<Value>| row.as_slice().cmp(old.values());
        while let Some(new) = came.next_if(|row| order(row).is_lt()) {
            rows.extend(T::of(new));
        }
        while gone.next_if(|row| order(row).is_lt()).is_some() {}
        let is_gone = gone.next_if(|row| order(row).is_eq()).is_some();
        let is_new = came.next_if(|row| order(row).is_eq()).is_some();
        if is_new || !is_gone {
            rows.push(old.clone());
        }
    }
    rows.extend(came.filter_map(T::of));
    BTree::packed(rows)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn all(rows: &Rows) -> Vec<Vec<Value>> {
        rows.at(0..rows.len()).map(<[Value]>::to_vec).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn small_and_large_changes_leave_a_sorted_set(
            width in 1usize..5,
            steps in prop::collection::vec(
                prop::collection::vec((any::<bool>(), 0u64..40), 0..60), 0..12),
        ) {
            let mut model = BTreeSet::new();
            let mut rows = Rows::none(width);
            for step in steps {
                let row = |number: u64| -> Vec<Value> {
                    (0..width).map(|at| Value::Uint((number >> at) % 8)).collect()
                };
                let (mut gone, mut came) = (Vec::new(), Vec::new());
                for (comes, number) in step {
                    if comes && !gone.contains(&row(number)) {
                        came.push(row(number));
                    } else if !comes && !came.contains(&row(number)) {
                        gone.push(row(number));
                    }
                }
                for row in &gone {
                    model.remove(row);
                }
                model.extend(came.iter().cloned());
                rows = rows.changed(RowChange { gone, came });
                prop_assert_eq!(all(&rows), model.iter().cloned().collect::<Vec<_>>());
            }
            let wanted = Value::Uint(3);
            let range = rows.range(&|row| row[0].cmp(&wanted));
            let found: Vec<Vec<Value>> = rows.at(range).map(<[Value]>::to_vec).collect();
            let expected: Vec<_> = model.into_iter().filter(|row| row[0] == wanted).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
