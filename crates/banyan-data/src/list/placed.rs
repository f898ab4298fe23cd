//! Entries in an order that the user gives: one tree by key, one by place.
//!
//! Both hold every entry with a *label*, a number whose order is that of the places. A label connects the
//! two trees, never leaves this module's structures, and means nothing between two lists: an insertion
//! takes a label between those of its neighbours, and where there is none left, a window around it is
//! relabelled (Bender et al., "Two simplified algorithms for maintaining order in a list", 2002).

use std::cmp::Ordering;
use std::collections::HashSet;

use super::compare::Compare;
use super::entries::Entry;
use crate::btree::{BTree, Item, Iter};

/// An entry and the label of its place.
#[derive(Clone)]
pub(super) struct Placed<T> {
    label: u64,
    item: T,
}

impl<T: Item> Item for Placed<T> {
    /// That of the key; labels are in the branches themselves.
    fn head(&self) -> u128 {
        self.item.head()
    }
}

/// Entries by key and by place.
#[derive(Clone)]
pub(super) struct PlacedTree<T> {
    by_key: BTree<Placed<T>>,
    by_place: BTree<Placed<T>>,
}

/// The distance between labels at first: so many insertions can halve it 32 times, and so many entries
/// can be appended and prepended without a relabelling.
const STRIDE: u64 = 1 << 32;
const MIDDLE: u64 = 1 << 63;

/// How much fuller than its surroundings a window may be, per doubling of its width, before it is relabelled.
const DENSITY: f64 = 4.0 / 3.0;

impl<T: Entry> PlacedTree<T> {
    pub(super) fn none() -> Self {
        PlacedTree {
            by_key: BTree::packed(Vec::new()),
            by_place: BTree::packed(Vec::new()),
        }
    }

    /// The entries in the order of `items`. O(n log n). An entry whose key is there twice is the error.
    pub(super) fn packed(items: Vec<T>, keys: usize) -> Result<Self, T> {
        let stride = STRIDE.min(u64::MAX / (items.len() as u64 + 1));
        let start = MIDDLE - stride * (items.len() as u64 / 2);
        let placed: Vec<Placed<T>> = (0u64..)
            .zip(items)
            .map(|(index, item)| Placed {
                label: start + index * stride,
                item,
            })
            .collect();
        let mut sorted = placed.clone();
        sorted.sort_by(|a, b| a.item.order(&b.item, keys));
        if let Some(pair) = sorted
            .windows(2)
            .find(|pair| pair[0].item.order(&pair[1].item, keys).is_eq())
        {
            return Err(pair[0].item.clone());
        }
        Ok(PlacedTree {
            by_key: BTree::packed(sorted),
            by_place: BTree::packed(placed),
        })
    }

    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// The entry for which `probe` says `Equal`; `head` is that of its key, where it is known. O(log n).
    pub(super) fn find(&self, head: Option<u128>, probe: impl Fn(&T) -> Ordering) -> Option<&T> {
        Some(&self.by_key.find(head, |placed| probe(&placed.item))?.item)
    }

    /// The place of that entry. O(log n).
    pub(super) fn position(
        &self,
        head: Option<u128>,
        probe: impl Fn(&T) -> Ordering,
    ) -> Option<usize> {
        let label = self.by_key.find(head, |placed| probe(&placed.item))?.label;
        self.place_of(label).ok()
    }

    fn place_of(&self, label: u64) -> Result<usize, usize> {
        self.by_place
            .locate(None, |placed| placed.label.cmp(&label))
    }

    pub(super) fn nth(&self, index: usize) -> Option<&T> {
        Some(&self.by_place.nth(index)?.item)
    }

    pub(super) fn iter_from(&self, start: usize) -> PlacedIter<'_, T> {
        PlacedIter(self.by_place.iter_from(start))
    }

    /// With `item` in the place of the entry of the same key; `None` if there is none. O(log n).
    pub(super) fn replaced(&self, item: &T, keys: usize) -> Option<Self> {
        let at = self
            .by_key
            .locate(Some(item.head()), |placed| placed.item.order(item, keys))
            .ok()?;
        let placed = Placed {
            label: self.by_key.nth(at)?.label,
            item: item.clone(),
        };
        let place = self.place_of(placed.label).ok()?;
        Some(PlacedTree {
            by_key: self.by_key.replaced(at, placed.clone()),
            by_place: self.by_place.replaced(place, placed),
        })
    }

    /// With `item`, whose key is not there yet, at `place` (at most the length). O(log n), and amortised
    /// O(log² n) where insertions crowd in one place.
    pub(super) fn inserted(&self, place: usize, item: T, keys: usize) -> Self {
        let mut tree = self.clone();
        let label = loop {
            let before = place.checked_sub(1).and_then(|at| tree.by_place.nth(at));
            let before = before.map(|placed| placed.label);
            let after = tree.by_place.nth(place).map(|placed| placed.label);
            match label_between(before, after) {
                Some(label) => break label,
                None => tree.relabel(before.or(after).unwrap_or(MIDDLE), keys),
            }
        };
        let (Ok(at) | Err(at)) = tree
            .by_key
            .locate(Some(item.head()), |placed| placed.item.order(&item, keys));
        let placed = Placed { label, item };
        PlacedTree {
            by_key: tree.by_key.inserted(at, placed.clone()),
            by_place: tree.by_place.inserted(place, placed),
        }
    }

    /// Without the entry for which `probe` says `Equal`; `None` if there is none. O(log n).
    pub(super) fn removed(
        &self,
        head: Option<u128>,
        probe: impl Fn(&T) -> Ordering,
    ) -> Option<Self> {
        let at = self
            .by_key
            .locate(head, |placed| probe(&placed.item))
            .ok()?;
        let place = self.place_of(self.by_key.nth(at)?.label).ok()?;
        Some(PlacedTree {
            by_key: self.by_key.removed(at),
            by_place: self.by_place.removed(place),
        })
    }

    /// Spreads the labels around `label`, in the smallest aligned window that is not too full.
    fn relabel(&mut self, label: u64, keys: usize) {
        let mut limit = 1.0;
        for bits in 1..=64u32 {
            limit *= DENSITY;
            // Windows of two to the power of `bits` labels; the last one holds all of them.
            let mask = if bits == 64 {
                u64::MAX
            } else {
                (1 << bits) - 1
            };
            let start = label & !mask;
            let (Ok(from) | Err(from)) = self.place_of(start);
            let to = match self.place_of(start | mask) {
                Ok(last) => last + 1,
                Err(end) => end,
            };
            let count = to - from;
            let gap = mask / (count as u64 + 1);
            if count as f64 > limit || gap < 2 {
                continue;
            }
            for (index, place) in (1u64..).zip(from..to) {
                let Some(placed) = self.by_place.nth(place) else {
                    break;
                };
                let moved = Placed {
                    label: start + index * gap,
                    item: placed.item.clone(),
                };
                if let Ok(at) = self.by_key.locate(Some(moved.head()), |other| {
                    other.item.order(&moved.item, keys)
                }) {
                    self.by_key = self.by_key.replaced(at, moved.clone());
                }
                self.by_place = self.by_place.replaced(place, moved);
            }
            return;
        }
    }

    /// The entries, by key, that only one of the lists has, that differ, or whose label differs.
    pub(super) fn compare<'a>(
        &'a self,
        other: &'a Self,
        keys: usize,
    ) -> impl Iterator<Item = (Option<&'a Placed<T>>, Option<&'a Placed<T>>)> {
        Compare::new(
            &self.by_key,
            &other.by_key,
            move |a, b| a.item.order(&b.item, keys),
            |a, b| a.label == b.label && a.item.same(&b.item),
        )
    }

    /// The tree by place, to compare two lists position by position.
    pub(super) fn same_sequence(&self, other: &Self, equal: impl Fn(&T, &T) -> bool) -> bool {
        let equal = |a: &Placed<T>, b: &Placed<T>| equal(&a.item, &b.item);
        self.len() == other.len()
            && Compare::new(
                &self.by_place,
                &other.by_place,
                |_, _| Ordering::Equal,
                equal,
            )
            .next()
            .is_none()
    }

    pub(super) fn ptr_eq(&self, other: &Self) -> bool {
        self.by_place.ptr_eq(&other.by_place)
    }

    /// The entries of both lists that must move to get from the order here to the order there, as few as
    /// possible while those whose labels agree stay (they are in the same order in both, so they can);
    /// when most labels differ, as few as possible.
    ///
    /// O(d log n) for d entries that came, went, or have another label.
    pub(super) fn moved(&self, other: &Self, keys: usize) -> Vec<T> {
        let mut candidates: Vec<(usize, usize, &T)> = Vec::new();
        let (mut gone, mut come) = (Vec::new(), Vec::new());
        for pair in self.compare(other, keys) {
            let place = |tree: &Self, placed: &Placed<T>| tree.place_of(placed.label).unwrap_or(0);
            match pair {
                (Some(a), Some(b)) if a.label != b.label => {
                    candidates.push((place(self, a), place(other, b), &b.item));
                }
                (Some(a), None) => gone.push(place(self, a)),
                (None, Some(b)) => come.push(place(other, b)),
                _ => {}
            }
        }
        if candidates.len() * 2 > self.len() {
            // Lists that were built apart: labels say nothing, so every entry is looked at.
            candidates = other
                .by_place
                .iter()
                .enumerate()
                .filter_map(|(to, placed)| {
                    let from =
                        self.position(Some(placed.head()), |item| item.order(&placed.item, keys))?;
                    Some((from, to, &placed.item))
                })
                .collect();
        }
        // How many of the entries that stay anyway are before a place: all there are, less the others.
        gone.extend(candidates.iter().map(|(from, _, _)| *from));
        come.extend(candidates.iter().map(|(_, to, _)| *to));
        gone.sort_unstable();
        come.sort_unstable();
        let staying =
            |others: &[usize], place: usize| place - others.partition_point(|other| *other < place);
        let may_stay: Vec<(usize, usize)> = {
            let mut places: Vec<(usize, usize)> = candidates
                .iter()
                .map(|(from, to, _)| (*from, *to))
                .filter(|(from, to)| staying(&gone, *from) == staying(&come, *to))
                .collect();
            places.sort_unstable();
            places
        };
        let stay: HashSet<usize> = longest_ascent(&may_stay).into_iter().collect();
        candidates.retain(|(_, to, _)| !stay.contains(to));
        candidates
            .into_iter()
            .map(|(_, _, item)| item.clone())
            .collect()
    }
}

/// A label strictly between two, either of which may be absent; `None` when there is no room.
fn label_between(before: Option<u64>, after: Option<u64>) -> Option<u64> {
    match (before, after) {
        (None, None) => Some(MIDDLE),
        (Some(before), None) => before.checked_add(STRIDE).or_else(|| {
            let room = u64::MAX - before;
            (room > 0).then(|| before + room.div_ceil(2))
        }),
        (None, Some(after)) => after
            .checked_sub(STRIDE)
            .or_else(|| (after > 0).then_some(after / 2)),
        (Some(before), Some(after)) => {
            let half = (after - before) / 2;
            (half > 0).then_some(before + half)
        }
    }
}

/// The second numbers of a longest subsequence of `pairs`, sorted by the first, in which the second ascends.
/// O(n log n).
fn longest_ascent(pairs: &[(usize, usize)]) -> Vec<usize> {
    // `ends[len]` is the index of the least end of an ascent of `len + 1` pairs.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (index, (_, to)) in pairs.iter().enumerate() {
        let len = ends.partition_point(|end| pairs[*end].1 < *to);
        before.push(len.checked_sub(1).map(|shorter| ends[shorter]));
        if len == ends.len() {
            ends.push(index);
        } else {
            ends[len] = index;
        }
    }
    let mut ascent = Vec::with_capacity(ends.len());
    let mut at = ends.last().copied();
    while let Some(index) = at {
        ascent.push(pairs[index].1);
        at = before[index];
    }
    ascent
}

impl<T> Placed<T> {
    /// The entry.
    pub(super) fn item(&self) -> &T {
        &self.item
    }
}

/// Iterates over the entries by place.
pub(super) struct PlacedIter<'a, T>(Iter<'a, Placed<T>>);

impl<T> Clone for PlacedIter<'_, T> {
    fn clone(&self) -> Self {
        PlacedIter(self.0.clone())
    }
}

impl<'a, T> Iterator for PlacedIter<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        self.0.next().map(|placed| &placed.item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::btree::steps;
    use crate::value::Value;

    fn tree(items: impl IntoIterator<Item = u64>) -> PlacedTree<Value> {
        let items = items.into_iter().map(Value::Uint).collect();
        PlacedTree::packed(items, 1).unwrap_or_else(|_| unreachable!("distinct"))
    }

    fn numbers(tree: &PlacedTree<Value>) -> Vec<u64> {
        tree.iter_from(0)
            .map(|value| match value {
                Value::Uint(number) => *number,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn thousands_of_insertions_in_one_place_relabel_little() {
        let mut crowded = tree([1, 2]);
        let ((), steps) = steps::of(|| {
            for number in 0..5000 {
                crowded = crowded.inserted(1, Value::Uint(10 + number), 1);
            }
        });
        let mut expected: Vec<u64> = (10..5010).rev().collect();
        expected.insert(0, 1);
        expected.push(2);
        assert_eq!(numbers(&crowded), expected);
        // An insertion itself visits about 20 branches; relabelling may multiply that by O(log n).
        let each = steps / 5000;
        assert!(each < 200, "{each} branches an insertion");
    }

    #[test]
    fn appending_and_prepending_never_relabel() {
        let mut list = tree([]);
        for number in 0..3000 {
            list = list.inserted(list.len(), Value::Uint(10_000 + number), 1);
            list = list.inserted(0, Value::Uint(5000 - number), 1);
        }
        assert!(numbers(&list).is_sorted());
        assert_eq!(
            list.position(None, |item| item.cmp(&Value::Uint(5000))),
            Some(2999)
        );
    }

    #[test]
    fn one_moved_entry_is_one_move_and_costs_a_path() {
        let old = tree(0..50_000);
        let new = old
            .removed(None, |item| item.cmp(&Value::Uint(40_000)))
            .map(|rest| rest.inserted(3, Value::Uint(40_000), 1))
            .unwrap_or_else(|| unreachable!());
        let (moved, steps) = steps::of(|| old.moved(&new, 1));
        assert_eq!(moved, [Value::Uint(40_000)]);
        assert!(steps < 60, "{steps}");
    }

    #[test]
    fn lists_that_were_built_apart_still_get_the_fewest_moves() {
        let old = tree([1, 2, 3, 4, 5]);
        assert_eq!(old.moved(&tree([3, 4, 5, 1, 2]), 1).len(), 2);
        assert_eq!(old.moved(&tree([5, 1, 2, 3, 4]), 1), [Value::Uint(5)]);
        assert_eq!(old.moved(&tree([1, 9, 2, 4, 5]), 1), []);
        assert_eq!(old.moved(&tree([5, 4, 3, 2, 1]), 1).len(), 4);
    }

    #[test]
    fn relabelling_keeps_order_and_both_trees_agree() {
        let mut list = tree(0..100);
        for number in 100..2000 {
            let place = (number as usize * 7) % 3 + 50;
            list = list.inserted(place, Value::Uint(number), 1);
        }
        let order = numbers(&list);
        for (index, number) in order.iter().enumerate() {
            assert_eq!(
                list.position(None, |item| item.cmp(&Value::Uint(*number))),
                Some(index)
            );
        }
        assert!(list.by_place.iter().is_sorted_by_key(|placed| placed.label));
    }
}
