//! The bytes of a cache file: little-endian numbers, written without end and read with bounds.

use super::Miss;

/// No entry, where an entry of a table could be named.
pub(super) const NONE: u32 = u32::MAX;

/// Bytes that grow.
#[derive(Debug, Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(super) fn bool(&mut self, value: bool) {
        self.0.push(u8::from(value));
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// What is counted fits into 32 bits: the arena and the texts have ids of 32 bits.
    pub(super) fn count(&mut self, count: usize) {
        self.u32(count as u32);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.extend_from_slice(bytes);
    }
}

/// Bytes that were written by a [`Writer`], or are damaged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'b>(pub(super) &'b [u8]);

impl<'b> Reader<'b> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'b [u8], Miss> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Miss::Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Miss> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Miss::Damaged)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Miss> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub(super) fn bool(&mut self) -> Result<bool, Miss> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Miss::Damaged),
        }
    }

    pub(super) fn u32(&mut self) -> Result<u32, Miss> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, Miss> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// How many items follow. Each takes a byte at least, so a count can make nobody reserve more than the file is long.
    pub(super) fn count(&mut self) -> Result<usize, Miss> {
        let count = self.u32()? as usize;
        if count > self.0.len() {
            return Err(Miss::Damaged);
        }
        Ok(count)
    }

    pub(super) fn bytes(&mut self) -> Result<&'b [u8], Miss> {
        let length = self.count()?;
        self.take(length)
    }

    pub(super) fn text(&mut self) -> Result<&'b str, Miss> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Miss::Damaged)
    }

    /// `count` items, one after the other.
    pub(super) fn items<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, Miss>,
    ) -> Result<Vec<T>, Miss> {
        let count = self.count()?;
        let mut items = Vec::with_capacity(count.min(1 << 16));
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }
}

/// Tells damage, not intent: four sums side by side, each step of which can be undone, so that no change within one
/// word goes unnoticed. Linear, about eight bytes a cycle.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    let step = |lane: u64, word: u64| (lane ^ word).wrapping_mul(ODD).rotate_left(29);
    let word = |bytes: &[u8]| {
        let mut padded = [0; 8];
        padded[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(padded)
    };
    let mut lanes = [1, 2, 3, 4].map(|lane: u64| lane.wrapping_mul(ODD));
    let blocks = bytes.chunks_exact(32);
    let rest = blocks.remainder();
    for block in blocks {
        for (lane, bytes) in lanes.iter_mut().zip(block.chunks_exact(8)) {
            *lane = step(*lane, word(bytes));
        }
    }
    for (lane, bytes) in lanes.iter_mut().zip(rest.chunks(8)) {
        *lane = step(*lane, word(bytes));
    }
    lanes
        .iter()
        .fold(bytes.len() as u64, |sum, lane| step(sum, *lane))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_changed_bit_changes_the_checksum() {
        let bytes: Vec<u8> = (0..77).collect();
        let whole = checksum(&bytes);
        for at in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[at / 8] ^= 1 << (at % 8);
            assert_ne!(checksum(&changed), whole, "bit {at}");
        }
    }

    #[test]
    fn a_count_beyond_the_end_is_damage() {
        let mut reader = Reader(&[255, 255, 255, 0, 1]);
        assert!(reader.items(Reader::u8).is_err());
    }
}
