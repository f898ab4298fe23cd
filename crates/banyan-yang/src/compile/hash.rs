//! Tables by ids: a hash for keys of small numbers, which nobody chooses to make them collide.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

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

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::{BuildHasher, Hash};

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
