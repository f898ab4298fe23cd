//! `range`, `length` and `pattern`, and what the integer types allow without them.

use std::sync::Arc;

use super::super::context::Compilation;
use super::super::range::{parse_integer, parse_range};
use super::super::set::StatementRef;
use crate::diagnostic::Diagnostic;
use crate::pattern::Pattern;
use crate::schema::{IntWidth, PatternRestriction, Range, Restriction};
use crate::statement::Keyword;

impl Compilation<'_> {
    /// A `range` or `length`. Without one the base's is kept. `None` after an error.
    pub(super) fn restriction<T: Copy + Ord>(
        &mut self,
        at: StatementRef,
        keyword: Keyword,
        base: Option<&Restriction<T>>,
        full: Range<T>,
        number: impl Fn(&str) -> Option<T>,
    ) -> Option<Restriction<T>> {
        let Some(child) = self.set.child(at, keyword) else {
            return Some(base.cloned().unwrap_or_default());
        };
        let parts = base.map_or(&[][..], |base| &base.parts[..]);
        let base = if parts.is_empty() { &[full][..] } else { parts };
        match parse_range(self.set.argument(child), base, number) {
            Ok(parts) => Some(Restriction {
                parts,
                error_message: self.shared_child_argument(child, Keyword::ErrorMessage),
                error_app_tag: self.shared_child_argument(child, Keyword::ErrorAppTag),
            }),
            Err(problem) => {
                let rfc = match keyword {
                    Keyword::Range => "RFC 7950 9.2.4",
                    _ => "RFC 7950 9.4.4",
                };
                let code = match keyword {
                    Keyword::Range => "invalid-range",
                    _ => "invalid-length",
                };
                let span = self.set.argument_span(child);
                let message = format!("the {} is not valid: {problem}", keyword.text());
                self.report(Diagnostic::error(code, span, message).rfc(rfc));
                None
            }
        }
    }

    /// RFC 7950 9.4.5. A pattern with an error is left out.
    pub(super) fn patterns_of(&mut self, at: StatementRef) -> Vec<PatternRestriction> {
        let set = self.set;
        let mut patterns = Vec::new();
        for child in set.children_of(at, Keyword::Pattern) {
            let text = self.shared_argument(child);
            let pattern = match self.patterns.get(&text) {
                Some(pattern) => pattern.clone(),
                None => match Pattern::new(text.clone()) {
                    Ok(pattern) => {
                        let pattern = Arc::new(pattern);
                        self.patterns.insert(text, pattern.clone());
                        pattern
                    }
                    Err(error) => {
                        let span = set.argument_span(child);
                        let message = format!(
                            "the pattern is not a regular expression of XML Schema: {error}"
                        );
                        self.report(
                            Diagnostic::error("invalid-pattern", span, message)
                                .rfc("RFC 7950 9.4.5"),
                        );
                        continue;
                    }
                },
            };
            patterns.push(PatternRestriction {
                pattern,
                invert_match: set.child(child, Keyword::Modifier).is_some(),
                error_message: self.shared_child_argument(child, Keyword::ErrorMessage),
                error_app_tag: self.shared_child_argument(child, Keyword::ErrorAppTag),
            });
        }
        patterns
    }
}

/// What a length can be.
pub(super) const FULL_LENGTH: Range<u64> = Range {
    min: 0,
    max: u64::MAX,
};

/// A bound of an unsigned type or a length.
pub(super) fn parse_unsigned(text: &str) -> Option<u64> {
    u64::try_from(parse_integer(text)?).ok()
}

/// The width in bits.
pub(in crate::compile) fn bits(width: IntWidth) -> u32 {
    match width {
        IntWidth::W8 => 8,
        IntWidth::W16 => 16,
        IntWidth::W32 => 32,
        IntWidth::W64 => 64,
    }
}

/// The least and greatest value of a signed type.
pub(in crate::compile) fn signed_bounds(width: IntWidth) -> (i64, i64) {
    let shift = 64 - bits(width);
    (i64::MIN >> shift, i64::MAX >> shift)
}
