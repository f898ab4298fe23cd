//! `range`, `length` and `pattern`, and what the integer types allow without them.

use std::sync::Arc;

use super::super::context::Compilation;
use super::super::range::{parse_bound, parse_range};
use super::super::set::{PrefixMeaning, StatementRef, UnitId, split_name};
use crate::diagnostic::Diagnostic;
use crate::pattern::{Pattern, Syntax};
use crate::schema::{IntWidth, PatternRestriction, Range, Restriction};
use crate::statement::Keyword;

impl Compilation<'_> {
    /// A `range` or `length`. Without one, or with one that has an error, the base's is kept.
    pub(super) fn restriction<T: Copy + Ord + Into<i128>>(
        &mut self,
        at: StatementRef,
        keyword: Keyword,
        base: Option<&Restriction<T>>,
        full: Range<T>,
        number: impl Fn(&str) -> Option<T>,
    ) -> Restriction<T> {
        let Some(child) = self.set.child(at, keyword) else {
            return base.cloned().unwrap_or_default();
        };
        let (code, rfc) = match keyword {
            Keyword::Range => ("invalid-range", "RFC 7950 9.2.4"),
            _ => ("invalid-length", "RFC 7950 9.4.4"),
        };
        let parts = base.map_or(&[][..], |base| &base.parts[..]);
        let allowed = if parts.is_empty() { &[full][..] } else { parts };
        let parsed = match parse_range(self.set.argument(child), allowed, number) {
            Ok(parsed) => parsed,
            Err(problem) => {
                let span = self.set.place_in_argument(child, problem.offset);
                let message = format!("the {} is not valid: {}", keyword.text(), problem.clause);
                self.report(
                    Diagnostic::error(code, span, message)
                        .help(problem.help)
                        .rfc(rfc),
                );
                return base.cloned().unwrap_or_default();
            }
        };
        if let Some(offset) = parsed.unusual {
            let span = self.set.place_in_argument(child, offset);
            let message = "numbers here have neither a plus sign nor leading zeros";
            self.report(
                Diagnostic::warning("unusual-number", span, message)
                    .help("write it without; it is read as a decimal number, not as an octal one")
                    .rfc("RFC 7950 14 (integer-value)"),
            );
        }
        Restriction {
            parts: parsed.parts.into(),
            error_message: self.shared_child_argument(child, Keyword::ErrorMessage),
            error_app_tag: self.shared_child_argument(child, Keyword::ErrorAppTag),
        }
    }

    /// RFC 7950 9.4.5. A pattern with an error is left out.
    pub(super) fn patterns_of(&mut self, at: StatementRef) -> Vec<PatternRestriction> {
        let set = self.set;
        let mut patterns = Vec::new();
        for child in set.children_of(at, Keyword::Pattern) {
            let Some(pattern) = self.pattern(child) else {
                continue;
            };
            patterns.push(PatternRestriction {
                pattern,
                invert_match: set.child(child, Keyword::Modifier).is_some(),
                error_message: self.shared_child_argument(child, Keyword::ErrorMessage),
                error_app_tag: self.shared_child_argument(child, Keyword::ErrorAppTag),
            });
        }
        patterns.shrink_to_fit();
        patterns
    }

    fn pattern(&mut self, at: StatementRef) -> Option<Arc<Pattern>> {
        let text = self.shared_argument(at);
        let syntax = self.pattern_syntax(at);
        let key = (text, syntax);
        if let Some(pattern) = self.patterns.get(&key) {
            return Some(pattern.clone());
        }
        match Pattern::in_syntax(key.0.clone(), syntax) {
            Ok(pattern) => {
                let pattern = Arc::new(pattern);
                self.patterns.insert(key, pattern.clone());
                Some(pattern)
            }
            Err(error) => {
                let span = self.set.place_in_argument(at, error.offset);
                let message = format!(
                    "the pattern is not a regular expression of XML Schema: {}",
                    error.problem
                );
                self.report(
                    Diagnostic::error("invalid-pattern", span, message)
                        .help("`\\` before a special character, such as `(`, `[` or `?`, makes it an ordinary one")
                        .rfc("RFC 7950 9.4.5"),
                );
                None
            }
        }
    }

    /// What the `pattern`s of a text mean. `oc-ext:regexp-posix` at the top of a module is for all of its texts, at
    /// the top of a submodule for that one.
    fn pattern_syntax(&mut self, at: StatementRef) -> Syntax {
        if let Some(known) = self.pattern_syntaxes.get(&at.unit) {
            return *known;
        }
        let module = self.set.module(self.set.owner(at.unit));
        let main = module.units.first().copied();
        let is_posix = self.is_marked_posix(at.unit)
            || main.is_some_and(|main| main != at.unit && self.is_marked_posix(main));
        let syntax = if is_posix { Syntax::Posix } else { Syntax::Xsd };
        self.pattern_syntaxes.insert(at.unit, syntax);
        syntax
    }

    fn is_marked_posix(&self, unit: UnitId) -> bool {
        let text = self.set.unit(unit);
        text.tree
            .children_of(text.root, Keyword::Extension)
            .map(|marker| split_name(text.tree.keyword_text(marker)))
            .filter(|(_, name)| *name == "regexp-posix")
            .any(|(prefix, _)| match self.set.prefix(unit, prefix) {
                PrefixMeaning::Module(module) => {
                    &*self.set.module(module).name == "openconfig-extensions"
                }
                PrefixMeaning::LeftOut | PrefixMeaning::Unknown => false,
            })
    }
}

/// What a length can be.
pub(super) const FULL_LENGTH: Range<u64> = Range {
    min: 0,
    max: u64::MAX,
};

/// A bound of an unsigned type or a length.
pub(super) fn parse_unsigned(text: &str) -> Option<u64> {
    u64::try_from(parse_bound(text)?).ok()
}

/// A bound of a signed type.
pub(super) fn parse_signed(text: &str) -> Option<i64> {
    i64::try_from(parse_bound(text)?).ok()
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
