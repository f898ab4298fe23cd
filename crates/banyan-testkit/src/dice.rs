//! Random decisions that proptest can shrink.

use std::fmt;
use std::ops::Range;

use proptest::prelude::*;

/// Decisions, one after the other, from a list of numbers. A smaller number is a simpler decision, and when the list is
/// at its end all are the simplest: so a shorter list of smaller numbers makes something smaller.
#[derive(Clone)]
pub struct Dice {
    numbers: Vec<u16>,
    next: usize,
}

impl Dice {
    /// Dice that fall as these numbers say.
    pub fn new(numbers: Vec<u16>) -> Self {
        Dice { numbers, next: 0 }
    }

    fn number(&mut self) -> usize {
        let number = self.numbers.get(self.next).copied().unwrap_or(0);
        self.next += 1;
        usize::from(number)
    }

    /// A number below `bound`; 0 when there is none.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.number() * bound) >> 16
    }

    /// True in so many of a hundred cases; false is the simpler.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) >= 100 - percent
    }

    /// One of the items; the first is the simplest.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }
}

impl fmt::Debug for Dice {
    /// What `Dice::new` takes, in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dice::new(vec!{:?})", self.numbers)
    }
}

/// Dice with so many numbers.
pub fn dice(numbers: Range<usize>) -> impl Strategy<Value = Dice> {
    proptest::collection::vec(any::<u16>(), numbers).prop_map(Dice::new)
}
