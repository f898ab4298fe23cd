//! Leaf-lists: values instead of entries, and their own key.

use std::fmt;

use banyan_yang::schema::{NodeKind, OrderedBy, Schema, SchemaId};
use triomphe::Arc;

use super::entries::{Entries, EntriesIter};
use super::{At, DuplicateKey};
use crate::value::Value;

/// Whether values of the leaf-list `id` may repeat: in whatever is no configuration (RFC 7950 7.7), though not in
/// modules of YANG version 1 (RFC 6020 7.7). O(depth).
pub(crate) fn may_repeat(schema: &Schema, id: SchemaId) -> bool {
    use NodeKind::{Action, Notification, Rpc};
    let node = schema.node(id);
    let parent = |id: &SchemaId| schema.node(*id).parent();
    let is_operation = |id| matches!(schema.node(id).kind, Rpc | Action | Notification);
    schema.module(node.module).yang_1_1
        && (!node.config || std::iter::successors(node.parent(), parent).any(is_operation))
}

/// The values of a leaf-list; a clone costs a reference count.
#[derive(Clone)]
pub struct LeafList(Arc<Entries<Value>>);

impl LeafList {
    /// A leaf-list of these values. One ordered by the system is sorted by value; one ordered by the user, or
    /// in which duplicates are allowed (state data, RFC 7950 7.7), keeps the order of `values`. O(n) when they
    /// are sorted, else O(n log n).
    pub fn from_values(
        values: Vec<Value>,
        ordered_by: OrderedBy,
        duplicates_allowed: bool,
    ) -> Result<LeafList, DuplicateKey> {
        Entries::build(values, 1, ordered_by, duplicates_allowed)
            .map(|entries| LeafList(Arc::new(entries)))
            .map_err(|value| DuplicateKey { key: vec![value] })
    }

    /// A leaf-list of one value.
    pub fn of(value: Value, ordered_by: OrderedBy, duplicates_allowed: bool) -> LeafList {
        let empty = match ordered_by {
            _ if duplicates_allowed => Entries::none_positional(),
            OrderedBy::User => Entries::none_placed(),
            OrderedBy::System => Entries::none_sorted(),
        };
        LeafList(Arc::new(empty.with(value, 1)))
    }

    /// Number of values. O(1).
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no value; such a leaf-list is never stored. O(1).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the value is there. O(log n); O(n) where duplicates are allowed.
    pub fn contains(&self, value: &Value) -> bool {
        self.0.find(std::slice::from_ref(value)).is_some()
    }

    /// The value at this position, from 0, in the order of [`LeafList::iter`]. O(log n).
    pub fn nth(&self, index: usize) -> Option<&Value> {
        self.0.nth(index)
    }

    /// The position, from 0, of the value (its first, among duplicates). O(log n); O(n) where duplicates are
    /// allowed.
    pub fn position(&self, value: &Value) -> Option<usize> {
        self.0.position(std::slice::from_ref(value))
    }

    /// The values by value, or in the user's order. O(1) each.
    pub fn iter(&self) -> LeafListIter<'_> {
        self.iter_from(0)
    }

    /// The values from position `start` on. O(log n) to begin, O(1) each.
    pub fn iter_from(&self, start: usize) -> LeafListIter<'_> {
        LeafListIter(self.0.iter_from(start))
    }

    /// With `value`, if it is not there: in its place by value, or at the end. Where duplicates are allowed it
    /// is added in any case. O(log n).
    pub fn with(&self, value: Value) -> LeafList {
        LeafList(Arc::new(self.0.with(value, 1)))
    }

    /// With `value` at a place, to where it moves if it is there. One that the system orders ignores the
    /// place. `None` when the neighbour that `at` names is absent or is the value itself. O(log n).
    pub fn insert(&self, value: Value, at: &At) -> Option<LeafList> {
        Some(LeafList(Arc::new(self.0.inserted(value, at, 1)?)))
    }

    /// Without the value (once, among duplicates); `None` when nothing is left. O(log n); O(n) where duplicates
    /// are allowed.
    pub fn without(&self, value: &Value) -> Option<LeafList> {
        match self.0.without(std::slice::from_ref(value)) {
            None => Some(self.clone()),
            Some(entries) => (entries.len() > 0).then(|| LeafList(Arc::new(entries))),
        }
    }

    /// Who orders the values.
    pub fn ordered_by(&self) -> OrderedBy {
        match *self.0 {
            Entries::Sorted(_) => OrderedBy::System,
            Entries::Placed(_) | Entries::Positional(_) => OrderedBy::User,
        }
    }

    /// Whether a value may stand here more than once: then values have positions only.
    pub fn duplicates_allowed(&self) -> bool {
        matches!(*self.0, Entries::Positional(_))
    }

    /// Whether the two are the same in memory, and so equal without a look inside. O(1).
    pub fn ptr_eq(&self, other: &LeafList) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.ptr_eq(&other.0)
    }

    /// The values that stand in one of the two only, in the order of values: `(before, after)`. One that stands
    /// in both, in the user's order, may come as a pair: its place may differ. Yields nothing where duplicates
    /// are allowed: compare with `==`. O(d · log n) for d differences.
    pub fn diff<'a>(
        &'a self,
        other: &'a LeafList,
    ) -> impl Iterator<Item = (Option<&'a Value>, Option<&'a Value>)> + use<'a> {
        self.0.compare(&other.0, 1).into_iter().flatten()
    }

    /// The values that have to move, after deletions and insertions, to get from the user's order here to that
    /// in `other`. Empty where the system orders.
    pub fn moved(&self, other: &LeafList) -> Vec<Value> {
        self.0.moved(&other.0, 1)
    }
}

impl PartialEq for LeafList {
    /// The same values in the same order. Shared subtrees are skipped.
    fn eq(&self, other: &Self) -> bool {
        self.ptr_eq(other) || self.0.same_sequence(&other.0, |a, b| a == b)
    }
}

impl fmt::Debug for LeafList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Iterates over the values of a [`LeafList`].
#[derive(Clone)]
pub struct LeafListIter<'a>(EntriesIter<'a, Value>);

impl<'a> Iterator for LeafListIter<'a> {
    type Item = &'a Value;

    fn next(&mut self) -> Option<&'a Value> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for LeafListIter<'_> {}

impl<'a> IntoIterator for &'a LeafList {
    type Item = &'a Value;
    type IntoIter = LeafListIter<'a>;

    fn into_iter(self) -> LeafListIter<'a> {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf_list(values: &[u64], ordered_by: OrderedBy, duplicates: bool) -> LeafList {
        let values = values.iter().copied().map(Value::Uint).collect();
        LeafList::from_values(values, ordered_by, duplicates)
            .unwrap_or_else(|error| unreachable!("{error}"))
    }

    fn numbers(list: &LeafList) -> Vec<Value> {
        list.iter().cloned().collect()
    }

    #[test]
    fn values_are_sorted_unless_the_user_orders_them() {
        let sorted = leaf_list(&[3, 1, 2], OrderedBy::System, false);
        assert_eq!(numbers(&sorted), [1, 2, 3].map(Value::Uint));
        assert!(sorted.contains(&Value::Uint(2)));
        let user = leaf_list(&[3, 1, 2], OrderedBy::User, false);
        assert_eq!(numbers(&user), [3, 1, 2].map(Value::Uint));
        assert_ne!(sorted, user);
    }

    #[test]
    fn a_repeated_value_is_refused_in_configuration_and_kept_in_state() {
        let twice = vec![Value::Uint(1), Value::Uint(1)];
        assert!(LeafList::from_values(twice.clone(), OrderedBy::System, false).is_err());
        let state = LeafList::from_values(twice, OrderedBy::System, true).expect("state data");
        assert_eq!(state.len(), 2);
        assert_eq!(
            state.without(&Value::Uint(1)).map(|rest| rest.len()),
            Some(1)
        );
    }

    #[test]
    fn the_last_value_takes_the_leaf_list_with_it() {
        let one = LeafList::of(Value::Bool(true), OrderedBy::System, false);
        assert!(one.without(&Value::Bool(true)).is_none());
        assert_eq!(one.without(&Value::Bool(false)), Some(one.clone()));
    }

    #[test]
    fn a_value_moves_to_where_it_is_inserted() {
        let list = leaf_list(&[1, 2, 3], OrderedBy::User, false);
        let moved = list
            .insert(Value::Uint(3), &At::First)
            .expect("no neighbour needed");
        assert_eq!(numbers(&moved), [3, 1, 2].map(Value::Uint));
        assert_eq!(list.moved(&moved), [Value::Uint(3)]);
    }
}
