//! Tables by ids: a hash for keys of small numbers, which nobody chooses to make them collide.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher};

/// A table by ids.
pub(super) type IdMap<K, V> = HashMap<K, V, BuildHasherDefault<IdHasher>>;
/// A set of ids.
pub(super) type IdSet<K> = HashSet<K, BuildHasherDefault<IdHasher>>;

/// Mixes numbers by rotation and multiplication. Not for texts: those keep the hash of the standard library.
#[derive(Default)]
pub(super) struct IdHasher(u64);

/// An odd number without pattern: the fractional part of the golden ratio.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

impl IdHasher {
    fn add(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(FACTOR);
    }
}

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.add(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.add(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.add(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.add(number);
    }

    fn write_usize(&mut self, number: usize) {
        self.add(number as u64);
    }

    fn write_isize(&mut self, number: isize) {
        self.add(number as u64);
    }

    fn finish(&self) -> u64 {
        // Tables take the low bits, which multiplication mixes least.
        self.0.rotate_left(26)
    }
}

/// The hash of a key of [`IdTable`].
pub(super) fn hash(key: &impl Hash) -> u64 {
    BuildHasherDefault::<IdHasher>::default().hash_one(key)
}

/// Finds numbers by keys that are kept elsewhere, as those of nodes are in the nodes: four bytes a slot, where a map
/// would hold each key again. Open addressing with linear probing.
#[derive(Debug, Default)]
pub(super) struct IdTable {
    /// A power of two of them, or none.
    slots: Vec<u32>,
    used: usize,
}

impl IdTable {
    /// An empty slot; ids stay below it.
    const FREE: u32 = u32::MAX;

    /// The slots to look at for a hash.
    fn probe(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let mask = self.slots.len().wrapping_sub(1);
        (0..self.slots.len()).map(move |step| (hash as usize).wrapping_add(step) & mask)
    }

    /// The id with a hash for which `is_meant` says that it has the key. O(1).
    pub fn find(&self, hash: u64, is_meant: impl Fn(u32) -> bool) -> Option<u32> {
        let ids = self.probe(hash).map(|slot| self.slots[slot]);
        ids.take_while(|id| *id != Self::FREE)
            .find(|id| is_meant(*id))
    }

    /// Adds an id whose key is not there yet; `hash_of` gives the hash of any id. O(1), amortised.
    pub fn insert(&mut self, id: u32, hash_of: impl Fn(u32) -> u64) {
        if self.used * 4 >= self.slots.len() * 3 {
            let grown = vec![Self::FREE; (self.slots.len() * 2).max(16)];
            let old = std::mem::replace(&mut self.slots, grown);
            for id in old.into_iter().filter(|id| *id != Self::FREE) {
                self.put(id, hash_of(id));
            }
        }
        self.put(id, hash_of(id));
        self.used += 1;
    }

    fn put(&mut self, id: u32, hash: u64) {
        let free = self
            .probe(hash)
            .find(|slot| self.slots[*slot] == Self::FREE);
        if let Some(free) = free {
            self.slots[free] = id;
        }
    }

    /// Lets another id with the same key, and so the same hash, take the place of one.
    pub fn replace(&mut self, old: u32, new: u32, hash: u64) {
        if let Some(slot) = self.probe(hash).find(|slot| self.slots[*slot] == old) {
            self.slots[slot] = new;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_finds_what_was_put_in_and_replaced() {
        // Few hashes, so that most slots are taken when one is looked for.
        let hash_of = |id: u32| u64::from(id % 7);
        let mut table = IdTable::default();
        assert_eq!(table.find(0, |_| true), None);
        for id in 0..1000 {
            table.insert(id, hash_of);
        }
        table.replace(500, 5000, hash_of(500));
        for id in 0..1000 {
            let wanted = if id == 500 { 5000 } else { id };
            assert_eq!(
                table.find(hash_of(id), |found| found == wanted),
                Some(wanted)
            );
        }
        assert_eq!(table.find(hash_of(500), |found| found == 500), None);
    }

    #[test]
    fn consecutive_ids_spread_over_the_low_bits() {
        let builder = BuildHasherDefault::<IdHasher>::default();
        let of = |key: (u32, u32)| builder.hash_one(key) & 0xfff;
        let spread: std::collections::BTreeSet<u64> = (0..4096u32).map(|id| of((id, 7))).collect();
        assert!(spread.len() > 2000, "{}", spread.len());
        let mut bytes = IdHasher::default();
        "text".hash(&mut bytes);
        assert_ne!(bytes.finish(), 0);
    }
}
