//! One value against an expression, without an automaton: a compilation asks most patterns nothing or once, for a
//! default, and building an automaton takes far more time and memory than that answer.

use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind, Literal, Look, Repetition};

/// The longest value: its places are the bits of a number.
const MAX_VALUE: usize = u64::BITS as usize - 1;
/// How many parts of the expression may be looked at, again and again where they repeat. Published patterns need some
/// hundreds.
const MAX_STEPS: u32 = 20_000;

/// Whether the whole of `value` matches; `None` if the value is too long or the answer takes too many steps.
pub(super) fn is_match(hir: &Hir, value: &str) -> Option<bool> {
    if value.len() > MAX_VALUE {
        return None;
    }
    let mut matcher = Matcher {
        value,
        steps_left: MAX_STEPS,
    };
    let ends = matcher.ends(hir, 1)?;
    Some(ends & matcher.end() != 0)
}

struct Matcher<'v> {
    value: &'v str,
    steps_left: u32,
}

impl Matcher<'_> {
    /// The place after the last character.
    fn end(&self) -> u64 {
        1 << self.value.len()
    }

    /// Where an expression ends that begins at one of these places.
    fn ends(&mut self, hir: &Hir, from: u64) -> Option<u64> {
        self.steps_left = self.steps_left.checked_sub(1)?;
        if from == 0 {
            return Some(0);
        }
        match hir.kind() {
            HirKind::Empty => Some(from),
            HirKind::Literal(Literal(literal)) => Some(self.after(from, |rest| {
                let is_there = rest.as_bytes().starts_with(literal);
                is_there.then_some(literal.len())
            })),
            HirKind::Class(Class::Unicode(class)) => Some(self.after(from, |rest| {
                let first = rest.chars().next()?;
                holds(class, first).then_some(first.len_utf8())
            })),
            HirKind::Look(Look::Start) => Some(from & 1),
            HirKind::Look(Look::End) => Some(from & self.end()),
            HirKind::Repetition(repetition) => self.repeated(repetition, from),
            HirKind::Concat(parts) => {
                let mut parts = parts.iter();
                parts.try_fold(from, |from, part| self.ends(part, from))
            }
            HirKind::Alternation(parts) => {
                let mut parts = parts.iter();
                parts.try_fold(0, |ends, part| Some(ends | self.ends(part, from)?))
            }
            // How `regex_syntax` says that nothing matches.
            HirKind::Class(Class::Bytes(class)) if class.ranges().is_empty() => Some(0),
            // Patterns have none of these.
            HirKind::Class(Class::Bytes(_)) | HirKind::Look(_) | HirKind::Capture(_) => None,
        }
    }

    /// The places after what stands at these places, which `length_of` tells from the rest of the value.
    fn after(&self, from: u64, length_of: impl Fn(&str) -> Option<usize>) -> u64 {
        let places = (0..=self.value.len()).filter(|at| from >> at & 1 == 1);
        places
            .filter_map(|at| Some(at + length_of(self.value.get(at..)?)?))
            .fold(0, |ends, at| ends | 1 << at)
    }

    fn repeated(&mut self, repetition: &Repetition, from: u64) -> Option<u64> {
        let mut ends = from;
        // After more rounds than there are places, each round has stayed at one place, and will again.
        for _ in 0..repetition.min.min(u64::BITS) {
            ends = self.ends(&repetition.sub, ends)?;
        }
        let mut latest = ends;
        for _ in repetition.min..repetition.max.unwrap_or(u32::MAX) {
            latest = self.ends(&repetition.sub, latest)? & !ends;
            if latest == 0 {
                break;
            }
            ends |= latest;
        }
        Some(ends)
    }
}

fn holds(class: &ClassUnicode, c: char) -> bool {
    let ranges = class.ranges();
    let after = ranges.partition_point(|range| range.start() <= c);
    let last = after.checked_sub(1).and_then(|last| ranges.get(last));
    last.is_some_and(|range| c <= range.end())
}
