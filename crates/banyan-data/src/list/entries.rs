//! What lists and leaf-lists have in common: entries sorted by value, by the user, or by position alone.

use std::cmp::Ordering;

use banyan_yang::schema::OrderedBy;

use super::At;
use super::compare::Compare;
use super::placed::{PlacedIter, PlacedTree};
use crate::btree::{BTree, Item, Iter};
use crate::node::Node;
use crate::value::Value;

/// An entry of a list (a node) or leaf-list (a value).
pub(super) trait Entry: Item {
    /// How the keys of the two compare, the first `keys` children of a list entry.
    fn order(&self, other: &Self, keys: usize) -> Ordering;
    /// How the key compares with `key`.
    fn order_key(&self, key: &[Value]) -> Ordering;
    /// Whether the two, whose keys are equal, are known not to differ, without a look inside.
    fn same(&self, other: &Self) -> bool;
}

impl Item for Node {
    fn head(&self) -> u128 {
        self.keys(1).next().map_or(0, Value::head)
    }
}

impl Item for Value {
    fn head(&self) -> u128 {
        Value::head(self)
    }
}

/// The head of the entry with this key.
fn head(key: &[Value]) -> Option<u128> {
    key.first().map(Value::head)
}

impl Entry for Node {
    fn order(&self, other: &Self, keys: usize) -> Ordering {
        // Two versions of a list share most entries, whose keys would have to come from memory.
        if self.ptr_eq(other) {
            return Ordering::Equal;
        }
        self.keys(keys).cmp(other.keys(keys))
    }

    fn order_key(&self, key: &[Value]) -> Ordering {
        self.keys(key.len()).cmp(key.iter())
    }

    fn same(&self, other: &Self) -> bool {
        self.ptr_eq(other)
    }
}

impl Entry for Value {
    fn order(&self, other: &Self, _keys: usize) -> Ordering {
        self.cmp(other)
    }

    fn order_key(&self, key: &[Value]) -> Ordering {
        std::slice::from_ref(self).cmp(key)
    }

    fn same(&self, _other: &Self) -> bool {
        true
    }
}

/// The entries of a list or leaf-list.
#[derive(Clone)]
pub(super) enum Entries<T> {
    /// `ordered-by system`: by key.
    Sorted(BTree<T>),
    /// `ordered-by user`: both by key and by place.
    Placed(PlacedTree<T>),
    /// No key, or duplicates: by position alone.
    Positional(BTree<T>),
}

impl<T: Entry> Entries<T> {
    /// Entries in the order given; sorted ones are sorted if they are not yet. O(n) when they are, else
    /// O(n log n). An entry whose key is there twice is the error.
    pub(super) fn build(
        mut items: Vec<T>,
        keys: usize,
        ordered_by: OrderedBy,
        positional: bool,
    ) -> Result<Self, T> {
        match ordered_by {
            _ if positional => Ok(Entries::Positional(BTree::packed(items))),
            OrderedBy::User => Ok(Entries::Placed(PlacedTree::packed(items, keys)?)),
            OrderedBy::System => {
                let ascends =
                    |items: &[T]| items.is_sorted_by(|a, b| a.order(b, keys) == Ordering::Less);
                if !ascends(&items) {
                    items.sort_by(|a, b| a.order(b, keys));
                    if let Some(pair) = items
                        .windows(2)
                        .find(|pair| pair[0].order(&pair[1], keys).is_eq())
                    {
                        return Err(pair[0].clone());
                    }
                }
                Ok(Entries::Sorted(BTree::packed(items)))
            }
        }
    }

    /// No entries, to be sorted by key.
    pub(super) fn none_sorted() -> Self {
        Entries::Sorted(BTree::packed(Vec::new()))
    }

    /// No entries, to be ordered by the user.
    pub(super) fn none_placed() -> Self {
        Entries::Placed(PlacedTree::none())
    }

    /// No entries, to be kept by position.
    pub(super) fn none_positional() -> Self {
        Entries::Positional(BTree::packed(Vec::new()))
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Entries::Sorted(tree) | Entries::Positional(tree) => tree.len(),
            Entries::Placed(tree) => tree.len(),
        }
    }

    /// O(log n); O(n) for positional entries, which have no order of keys.
    pub(super) fn find(&self, key: &[Value]) -> Option<&T> {
        match self {
            Entries::Sorted(tree) => tree.find(head(key), |item| item.order_key(key)),
            Entries::Placed(tree) => tree.find(head(key), |item| item.order_key(key)),
            Entries::Positional(tree) => tree.iter().find(|item| item.order_key(key).is_eq()),
        }
    }

    /// O(log n); O(n) for positional entries.
    pub(super) fn position(&self, key: &[Value]) -> Option<usize> {
        match self {
            Entries::Sorted(tree) => tree.locate(head(key), |item| item.order_key(key)).ok(),
            Entries::Placed(tree) => tree.position(head(key), |item| item.order_key(key)),
            Entries::Positional(tree) => tree.iter().position(|item| item.order_key(key).is_eq()),
        }
    }

    pub(super) fn nth(&self, index: usize) -> Option<&T> {
        match self {
            Entries::Sorted(tree) | Entries::Positional(tree) => tree.nth(index),
            Entries::Placed(tree) => tree.nth(index),
        }
    }

    pub(super) fn iter_from(&self, start: usize) -> EntriesIter<'_, T> {
        match self {
            Entries::Sorted(tree) | Entries::Positional(tree) => {
                EntriesIter::Plain(tree.iter_from(start))
            }
            Entries::Placed(tree) => EntriesIter::Placed(tree.iter_from(start)),
        }
    }

    /// With `item` in the place of the entry of the same key, else added: by its key, or at the end. O(log n).
    pub(super) fn with(&self, item: T, keys: usize) -> Self {
        match self {
            Entries::Sorted(tree) => Entries::Sorted(
                match tree.locate(Some(item.head()), |other| other.order(&item, keys)) {
                    Ok(at) => tree.replaced(at, item),
                    Err(at) => tree.inserted(at, item),
                },
            ),
            Entries::Placed(tree) => Entries::Placed(
                tree.replaced(&item, keys)
                    .unwrap_or_else(|| tree.inserted(tree.len(), item, keys)),
            ),
            Entries::Positional(tree) => Entries::Positional(tree.inserted(tree.len(), item)),
        }
    }

    /// With `item` at a place, where an entry of the same key is taken from if there is one. Sorted entries
    /// have their place already. `None` when the neighbour that `at` names is absent, or is the entry itself.
    /// O(log n).
    pub(super) fn inserted(&self, item: T, at: &At, keys: usize) -> Option<Self> {
        let rest = match self {
            Entries::Sorted(_) => return Some(self.with(item, keys)),
            Entries::Placed(tree) => Entries::Placed(
                tree.removed(Some(item.head()), |other| other.order(&item, keys))
                    .unwrap_or_else(|| tree.clone()),
            ),
            Entries::Positional(_) => self.clone(),
        };
        let place = match at {
            At::First => 0,
            At::Last => rest.len(),
            At::Before(key) => rest.position(key)?,
            At::After(key) => rest.position(key)? + 1,
        };
        Some(match rest {
            Entries::Placed(tree) => Entries::Placed(tree.inserted(place, item, keys)),
            Entries::Positional(tree) => Entries::Positional(tree.inserted(place, item)),
            sorted => sorted,
        })
    }

    /// Without the entry of that key (the first one, among duplicates); `None` if there is none. O(log n);
    /// O(n) for positional entries.
    pub(super) fn without(&self, key: &[Value]) -> Option<Self> {
        Some(match self {
            Entries::Sorted(tree) => {
                let at = tree.locate(head(key), |item| item.order_key(key)).ok()?;
                Entries::Sorted(tree.removed(at))
            }
            Entries::Placed(tree) => {
                Entries::Placed(tree.removed(head(key), |item| item.order_key(key))?)
            }
            Entries::Positional(tree) => {
                let at = tree.iter().position(|item| item.order_key(key).is_eq())?;
                Entries::Positional(tree.removed(at))
            }
        })
    }

    /// What differs by pointer (or label), in the order of keys. `None` when the two are not both sorted or
    /// both placed, and so cannot be compared by key.
    pub(super) fn compare<'a>(
        &'a self,
        other: &'a Self,
        keys: usize,
    ) -> Option<Box<dyn Iterator<Item = Difference<'a, T>> + 'a>> {
        match (self, other) {
            (Entries::Sorted(a), Entries::Sorted(b)) => Some(Box::new(Compare::new(
                a,
                b,
                move |a: &T, b: &T| a.order(b, keys),
                T::same,
            ))),
            (Entries::Placed(a), Entries::Placed(b)) => Some(Box::new(
                a.compare(b, keys)
                    .map(|(a, b)| (a.map(|a| a.item()), b.map(|b| b.item()))),
            )),
            _ => None,
        }
    }

    /// Whether both have the same entries in the same order. Shared subtrees are skipped.
    pub(super) fn same_sequence(&self, other: &Self, equal: impl Fn(&T, &T) -> bool) -> bool {
        match (self, other) {
            (Entries::Sorted(a), Entries::Sorted(b))
            | (Entries::Positional(a), Entries::Positional(b)) => {
                a.len() == b.len()
                    && Compare::new(a, b, |_, _| Ordering::Equal, equal)
                        .next()
                        .is_none()
            }
            (Entries::Placed(a), Entries::Placed(b)) => a.same_sequence(b, equal),
            _ => false,
        }
    }

    /// The entries that have to move to get from the order here to the order there.
    pub(super) fn moved(&self, other: &Self, keys: usize) -> Vec<T> {
        match (self, other) {
            (Entries::Placed(a), Entries::Placed(b)) => a.moved(b, keys),
            _ => Vec::new(),
        }
    }

    pub(super) fn ptr_eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Entries::Sorted(a), Entries::Sorted(b))
            | (Entries::Positional(a), Entries::Positional(b)) => a.ptr_eq(b),
            (Entries::Placed(a), Entries::Placed(b)) => a.ptr_eq(b),
            _ => false,
        }
    }
}

/// An entry before and after; at least one side is there.
pub(super) type Difference<'a, T> = (Option<&'a T>, Option<&'a T>);

/// Iterates over entries in the order of the list.
pub(super) enum EntriesIter<'a, T> {
    Plain(Iter<'a, T>),
    Placed(PlacedIter<'a, T>),
}

impl<T> Clone for EntriesIter<'_, T> {
    fn clone(&self) -> Self {
        match self {
            EntriesIter::Plain(iter) => EntriesIter::Plain(iter.clone()),
            EntriesIter::Placed(iter) => EntriesIter::Placed(iter.clone()),
        }
    }
}

impl<'a, T> Iterator for EntriesIter<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        match self {
            EntriesIter::Plain(iter) => iter.next(),
            EntriesIter::Placed(iter) => iter.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            EntriesIter::Plain(iter) => iter.size_hint(),
            EntriesIter::Placed(iter) => iter.size_hint(),
        }
    }
}

impl<T> ExactSizeIterator for EntriesIter<'_, T> {}
