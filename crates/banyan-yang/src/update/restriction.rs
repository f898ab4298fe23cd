//! Ranges, lengths and patterns: whether the new ones let through all that the old ones did.

use super::compare::{Comparer, Judgement, Place, allowed, forbidden, unproven};
use super::interval::{self, Intervals, intervals, missing};
use super::pattern::includes;
use super::{Aspect, Rule};
use crate::schema::{IntWidth, PatternRestriction, Patterns, Restriction};

/// The values of a base type, and how they are printed.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    min: i128,
    max: i128,
    digits: u8,
}

impl Limits {
    pub fn signed(width: IntWidth) -> Self {
        let max = match width {
            IntWidth::W8 => i128::from(i8::MAX),
            IntWidth::W16 => i128::from(i16::MAX),
            IntWidth::W32 => i128::from(i32::MAX),
            IntWidth::W64 => i128::from(i64::MAX),
        };
        Limits {
            min: -max - 1,
            max,
            digits: 0,
        }
    }

    pub fn unsigned(width: IntWidth) -> Self {
        let max = match width {
            IntWidth::W8 => i128::from(u8::MAX),
            IntWidth::W16 => i128::from(u16::MAX),
            IntWidth::W32 => i128::from(u32::MAX),
            IntWidth::W64 => i128::from(u64::MAX),
        };
        Limits {
            min: 0,
            max,
            digits: 0,
        }
    }

    pub fn decimal(digits: u8) -> Self {
        Limits {
            digits,
            ..Limits::signed(IntWidth::W64)
        }
    }

    pub fn length() -> Self {
        Limits::unsigned(IntWidth::W64)
    }

    fn text<T>(&self, restriction: &Restriction<T>, values: &Intervals) -> Option<String> {
        (!restriction.parts.is_empty()).then(|| interval::text(values, self.digits))
    }
}

impl Comparer<'_> {
    pub fn limits<T: Copy + Into<i128>>(
        &mut self,
        place: &Place,
        aspect: Aspect,
        old: &Restriction<T>,
        new: &Restriction<T>,
        limits: Limits,
    ) {
        let (was, is) = (
            intervals(old, limits.min, limits.max),
            intervals(new, limits.min, limits.max),
        );
        let (was_text, is_text) = (limits.text(old, &was), limits.text(new, &is));
        if was != is {
            let lost = missing(&was, &is);
            let judgement = match lost.is_empty() {
                true => allowed(Rule::ValueSpace),
                false => {
                    let lost = interval::text(&lost, limits.digits);
                    forbidden(Rule::ValueSpace).because(format!("it no longer allows {lost}"))
                }
            };
            self.push(place, aspect, was_text, is_text, judgement);
        }
        let errors = |restriction: &Restriction<T>| {
            (
                restriction.error_app_tag.as_ref().map(ToString::to_string),
                restriction.error_message.as_ref().map(ToString::to_string),
            )
        };
        if !old.parts.is_empty() && !new.parts.is_empty() {
            self.error_texts(place, aspect.name(), errors(old), errors(new));
        }
    }

    /// All patterns of a type hold together: each new one has to let through what the old ones did.
    pub fn patterns(&mut self, place: &Place, old: &Patterns, new: &Patterns) {
        let old: Vec<&PatternRestriction> = old.iter().collect();
        let mut gone = old.clone();
        let mut came = Vec::new();
        for pattern in new.iter() {
            let same = gone.iter().position(|other| {
                other.pattern == pattern.pattern && other.invert_match == pattern.invert_match
            });
            let Some(same) = same else {
                came.push(pattern);
                continue;
            };
            let other = gone.remove(same);
            self.error_texts(
                place,
                &format!("pattern {}", pattern.pattern),
                errors(other),
                errors(pattern),
            );
        }
        for pattern in came {
            let (other, judgement) = judge(pattern, &gone, &old);
            let was = other.map(|other| text(gone.remove(other)));
            self.push(place, Aspect::Pattern, was, Some(text(pattern)), judgement);
        }
        for pattern in gone {
            self.push(
                place,
                Aspect::Pattern,
                Some(text(pattern)),
                None,
                allowed(Rule::ValueSpace),
            );
        }
    }
}

/// What to say of a pattern that came, and which of those that are gone it stands for.
fn judge(
    pattern: &PatternRestriction,
    gone: &[&PatternRestriction],
    old: &[&PatternRestriction],
) -> (Option<usize>, Judgement) {
    let rule = Rule::ValueSpace;
    let follows = |other: &PatternRestriction| lets_through(pattern, other);
    let replaced = gone.iter().position(|other| follows(other) == Some(true));
    if replaced.is_some() || old.iter().any(|other| follows(other) == Some(true)) {
        return (
            replaced,
            allowed(rule).because("it allows all that was allowed"),
        );
    }
    match (gone, old) {
        // One against one: what the automata say is the answer.
        ([other], [_]) => match follows(other) {
            Some(false) => (
                Some(0),
                forbidden(rule).because("it no longer allows all that was allowed"),
            ),
            _ => (Some(0), unproven(rule).because(UNSHOWN)),
        },
        ([], _) => (
            None,
            forbidden(rule).because("values that were allowed may no longer be"),
        ),
        _ => (Some(0), unproven(rule).because(UNSHOWN)),
    }
}

const UNSHOWN: &str = "that it allows all that was allowed cannot be shown";

/// Whether `new` accepts all that `old` accepts.
fn lets_through(new: &PatternRestriction, old: &PatternRestriction) -> Option<bool> {
    match (new.invert_match, old.invert_match) {
        (false, false) => includes(&new.pattern, &old.pattern),
        (true, true) => includes(&old.pattern, &new.pattern),
        _ => None,
    }
}

fn errors(pattern: &PatternRestriction) -> (Option<String>, Option<String>) {
    (
        pattern.error_app_tag.as_ref().map(ToString::to_string),
        pattern.error_message.as_ref().map(ToString::to_string),
    )
}

fn text(pattern: &PatternRestriction) -> String {
    match pattern.invert_match {
        true => format!("not {}", pattern.pattern),
        false => pattern.pattern.to_string(),
    }
}
