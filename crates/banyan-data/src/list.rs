//! Lists and leaf-lists: persistent, sorted by typed keys or kept in the user's order.
//!
//! A change makes a new list that shares all but one path with the old one. A small list is one sorted
//! slice, a large one a copy-on-write B+tree. Nothing here looks at the schema: who makes a list says how
//! many keys its entries have and who orders them.

mod compare;
mod entries;
mod leaf_list;
mod placed;

use std::fmt;

use banyan_yang::schema::OrderedBy;
use triomphe::Arc;

use crate::node::Node;
use crate::value::Value;
use entries::{Entries, EntriesIter};
pub(crate) use leaf_list::may_repeat;
pub use leaf_list::{LeafList, LeafListIter};

/// Where an entry of a user-ordered list or leaf-list goes (RFC 7950 7.7.9, 7.8.6).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum At {
    /// To the front.
    First,
    /// To the end.
    Last,
    /// Before the entry with these keys (or this leaf-list value).
    Before(Vec<Value>),
    /// After the entry with these keys (or this leaf-list value).
    After(Vec<Value>),
}

/// Two entries of a list have the same keys, or two of a leaf-list the same value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("two entries have the key {key:?}")]
pub struct DuplicateKey {
    /// The key that both have.
    pub key: Vec<Value>,
}

/// The entries of a list; a clone costs a reference count.
#[derive(Clone)]
pub struct List(Arc<ListBody>);

struct ListBody {
    keys: usize,
    entries: Entries<Node>,
}

impl List {
    fn new(keys: usize, entries: Entries<Node>) -> List {
        List(Arc::new(ListBody { keys, entries }))
    }

    /// A list of these entries, whose first `key_count` children are their keys. A list ordered by the
    /// system is sorted by key; with `key_count` 0 (a keyless list) or ordered by the user, the order is
    /// that of `entries`. O(n) when they are in key order, else O(n log n).
    pub fn from_entries(
        entries: Vec<Node>,
        key_count: usize,
        ordered_by: OrderedBy,
    ) -> Result<List, DuplicateKey> {
        Entries::build(entries, key_count, ordered_by, key_count == 0)
            .map(|entries| List::new(key_count, entries))
            .map_err(|entry| DuplicateKey {
                key: entry.keys(key_count).cloned().collect(),
            })
    }

    /// A list of one entry.
    pub fn of(entry: Node, key_count: usize, ordered_by: OrderedBy) -> List {
        let empty = match ordered_by {
            OrderedBy::User if key_count > 0 => Entries::none_placed(),
            _ if key_count > 0 => Entries::none_sorted(),
            _ => Entries::none_positional(),
        };
        List::new(key_count, empty.with(entry, key_count))
    }

    /// Number of entries. O(1).
    pub fn len(&self) -> usize {
        self.0.entries.len()
    }

    /// Whether there is no entry; such a list is never stored. O(1).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entry with these keys, in the order of the `key` statement. O(log n).
    pub fn get(&self, keys: &[Value]) -> Option<&Node> {
        if self.0.keys == 0 || keys.len() != self.0.keys {
            return None;
        }
        self.0.entries.find(keys)
    }

    /// The entry at this position, from 0, in the order of [`List::iter`]. O(log n).
    pub fn nth(&self, index: usize) -> Option<&Node> {
        self.0.entries.nth(index)
    }

    /// The position, from 0, of the entry with these keys. O(log n).
    pub fn position(&self, keys: &[Value]) -> Option<usize> {
        if self.0.keys == 0 || keys.len() != self.0.keys {
            return None;
        }
        self.0.entries.position(keys)
    }

    /// The entries in key order, or in the user's. O(1) each.
    pub fn iter(&self) -> ListIter<'_> {
        self.iter_from(0)
    }

    /// The entries from position `start` on. O(log n) to begin, O(1) each.
    pub fn iter_from(&self, start: usize) -> ListIter<'_> {
        ListIter(self.0.entries.iter_from(start))
    }

    /// With `entry` in the place of the one with the same keys; else added in key order, or at the end where
    /// the user orders or there are no keys. O(log n).
    pub fn with_entry(&self, entry: Node) -> List {
        List::new(self.0.keys, self.0.entries.with(entry, self.0.keys))
    }

    /// With `entry` at a place, from where the one with the same keys, if any, moves there. A list ordered by
    /// the system ignores the place. `None` when the neighbour that `at` names is absent or is the entry
    /// itself. O(log n), and amortised O(log² n) where insertions crowd in one place.
    pub fn insert(&self, entry: Node, at: &At) -> Option<List> {
        let entries = self.0.entries.inserted(entry, at, self.0.keys)?;
        Some(List::new(self.0.keys, entries))
    }

    /// Without the entry with these keys; `None` when nothing is left. O(log n).
    pub fn without(&self, keys: &[Value]) -> Option<List> {
        if self.get(keys).is_none() {
            return Some(self.clone());
        }
        let entries = self.0.entries.without(keys)?;
        (entries.len() > 0).then(|| List::new(self.0.keys, entries))
    }

    /// How many of an entry's first children are its keys; 0 for a keyless list.
    pub fn key_count(&self) -> usize {
        self.0.keys
    }

    /// Who orders the entries.
    pub fn ordered_by(&self) -> OrderedBy {
        match self.0.entries {
            Entries::Sorted(_) => OrderedBy::System,
            Entries::Placed(_) | Entries::Positional(_) => OrderedBy::User,
        }
    }

    /// Whether the two are the same list in memory, and so equal without a look inside. O(1).
    pub fn ptr_eq(&self, other: &List) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.entries.ptr_eq(&other.0.entries)
    }

    /// The entries that stand in one of the lists only, or in both but not as the same node in memory, in key
    /// order: `(before, after)`. In a user-ordered list a pair may be the same node on both sides: its place
    /// may differ. Lists without keys yield nothing: compare them with `==`.
    ///
    /// Subtrees that both share are skipped: O(d · log n) for d differences.
    pub fn diff<'a>(
        &'a self,
        other: &'a List,
    ) -> impl Iterator<Item = (Option<&'a Node>, Option<&'a Node>)> + use<'a> {
        let same_keys = self.0.keys == other.0.keys;
        same_keys
            .then(|| self.0.entries.compare(&other.0.entries, self.0.keys))
            .flatten()
            .into_iter()
            .flatten()
    }

    /// The entries that have to move, after deletions and insertions, to get from the user's order here to that
    /// in `other`. Empty for lists that the system orders. O(d · log n) for lists that share all but d entries.
    pub fn moved(&self, other: &List) -> Vec<Node> {
        self.0.entries.moved(&other.0.entries, self.0.keys)
    }
}

impl PartialEq for List {
    /// The same entries in the same order. Shared subtrees are skipped.
    fn eq(&self, other: &Self) -> bool {
        self.ptr_eq(other)
            || (self.0.keys == other.0.keys
                && self
                    .0
                    .entries
                    .same_sequence(&other.0.entries, |a, b| a == b))
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Iterates over the entries of a [`List`].
#[derive(Clone)]
pub struct ListIter<'a>(EntriesIter<'a, Node>);

impl<'a> Iterator for ListIter<'a> {
    type Item = &'a Node;

    fn next(&mut self) -> Option<&'a Node> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for ListIter<'_> {}

impl<'a> IntoIterator for &'a List {
    type Item = &'a Node;
    type IntoIter = ListIter<'a>;

    fn into_iter(self) -> ListIter<'a> {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::btree::steps;
    use crate::node::{Content, Slot};
    use banyan_yang::schema::SchemaId;

    fn entry(key: &str, leaf: u64) -> Node {
        Node::new(
            SchemaId(1),
            vec![
                Slot {
                    id: SchemaId(2),
                    content: Content::Leaf(Value::string(key)),
                },
                Slot {
                    id: SchemaId(3),
                    content: Content::Leaf(Value::Uint(leaf)),
                },
            ],
        )
    }

    fn key(text: &str) -> Vec<Value> {
        vec![Value::string(text)]
    }

    fn names(list: &List) -> Vec<String> {
        list.iter()
            .filter_map(|entry| entry.keys(1).next()?.as_str().map(str::to_owned))
            .collect()
    }

    fn list(names: &[&str], ordered_by: OrderedBy) -> List {
        let entries = names.iter().map(|name| entry(name, 0)).collect();
        List::from_entries(entries, 1, ordered_by).unwrap_or_else(|error| unreachable!("{error}"))
    }

    #[test]
    fn a_system_ordered_list_is_sorted_by_key_as_values() {
        let mut entries = Vec::new();
        for number in [10, 9, 200, 1] {
            let number = Slot {
                id: SchemaId(2),
                content: Content::Leaf(Value::Int(number)),
            };
            entries.push(Node::new(SchemaId(1), vec![number]));
        }
        let list = List::from_entries(entries, 1, OrderedBy::System).expect("no duplicates");
        let sorted: Vec<&Value> = list.iter().flat_map(|entry| entry.keys(1)).collect();
        assert_eq!(
            sorted,
            [1, 9, 10, 200].map(Value::Int).iter().collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_key_that_is_there_twice_is_refused_and_named() {
        for ordered_by in [OrderedBy::System, OrderedBy::User] {
            let entries = vec![entry("b", 1), entry("a", 2), entry("b", 3)];
            let error = List::from_entries(entries, 1, ordered_by).expect_err("b is there twice");
            assert_eq!(error.key, key("b"));
        }
    }

    #[test]
    fn entries_are_found_replaced_added_and_removed_by_key() {
        let list = list(&["b", "d"], OrderedBy::System);
        let more = list.with_entry(entry("c", 1)).with_entry(entry("b", 7));
        assert_eq!(names(&more), ["b", "c", "d"]);
        assert_eq!(more.position(&key("c")), Some(1));
        assert_eq!(more.get(&key("b")), Some(&entry("b", 7)));
        assert_eq!(more.get(&key("x")), None);
        assert_eq!(more.get(&[]), None);
        let less = more
            .without(&key("c"))
            .and_then(|less| less.without(&key("b")));
        assert_eq!(less.as_ref().map(names), Some(vec!["d".to_owned()]));
        assert!(less.is_some_and(|less| less.without(&key("d")).is_none()));
        assert_eq!(names(&list), ["b", "d"], "the old list is as it was");
    }

    #[test]
    fn a_user_orders_with_first_last_before_and_after() {
        let list = list(&["m"], OrderedBy::User);
        let list = [
            (entry("z", 0), At::First),
            (entry("a", 0), At::Last),
            (entry("x", 0), At::Before(key("m"))),
            (entry("y", 0), At::After(key("m"))),
            (entry("z", 1), At::After(key("a"))),
        ]
        .into_iter()
        .try_fold(list, |list, (entry, at)| list.insert(entry, &at))
        .expect("the neighbours are there");
        assert_eq!(names(&list), ["x", "m", "y", "a", "z"]);
        assert_eq!(list.position(&key("y")), Some(2));
        assert_eq!(
            names(&list.with_entry(entry("m", 5))),
            ["x", "m", "y", "a", "z"]
        );
        assert!(
            list.insert(entry("q", 0), &At::Before(key("absent")))
                .is_none()
        );
        assert!(list.insert(entry("x", 0), &At::Before(key("x"))).is_none());
    }

    #[test]
    fn a_keyless_list_goes_by_position_and_may_repeat() {
        let entries = vec![entry("b", 1), entry("a", 2), entry("b", 1)];
        let list = List::from_entries(entries, 0, OrderedBy::System).expect("no keys");
        assert_eq!(names(&list), ["b", "a", "b"]);
        assert_eq!(list.get(&[]), None);
        assert_eq!(list.nth(1), Some(&entry("a", 2)));
        assert_eq!(names(&list.with_entry(entry("a", 2))), ["b", "a", "b", "a"]);
    }

    #[test]
    fn a_difference_in_a_large_list_costs_a_path() {
        for ordered_by in [OrderedBy::System, OrderedBy::User] {
            let entries = (0..100_000).map(|n| entry(&format!("{n:06}"), n)).collect();
            let old = List::from_entries(entries, 1, ordered_by).expect("no duplicates");
            let new = old.with_entry(entry("077777", 1));
            let (found, steps) = steps::of(|| old.diff(&new).count());
            assert_eq!(found, 1);
            assert!(steps <= 10, "{steps} branches visited");
            let (equal, steps) = steps::of(|| old == new);
            assert!(!equal && steps <= 10, "{steps} branches visited");
            assert_eq!(old.moved(&new), []);
        }
    }
}
