//! The regular expressions of YANG's `pattern` statement (RFC 7950 9.4.5): those of XML Schema,
//! part 2, appendix F.
//!
//! An XSD expression is read by our own parser into `regex_syntax`'s HIR and run by `regex_automata`:
//! linear in the text, whatever the expression. There is no step over the text of another regex dialect,
//! so nothing can be misquoted on the way. The whole value must match; `^` and `$` are plain characters.

mod blocks;
mod class;
mod error;
mod parse;

use std::fmt;
use std::sync::{Arc, OnceLock};

use regex_automata::Input;
use regex_automata::meta::Regex;
use regex_automata::nfa::thompson::WhichCaptures;
use regex_syntax::hir::{Hir, Look};

pub use error::{PatternError, PatternProblem};
pub use parse::{MAX_DEPTH, MAX_WEIGHT};

/// A regular expression of XML Schema. Its syntax is checked when it is made; it is compiled when it is
/// first matched, because most patterns of a large module set never are.
pub struct Pattern {
    text: Arc<str>,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// Checks `text` and keeps it. Linear in the text.
    ///
    /// # Errors
    /// The first place where `text` departs from XML Schema part 2, appendix F, or where it grows beyond
    /// [`MAX_DEPTH`] or [`MAX_WEIGHT`].
    pub fn new(text: impl Into<Arc<str>>) -> Result<Self, PatternError> {
        let text = text.into();
        parse::parse(&text)?;
        Ok(Self {
            text,
            compiled: OnceLock::new(),
        })
    }

    /// The expression as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The expression for whoever builds another automaton from it: anchored at both ends.
    pub(crate) fn whole(&self) -> Option<Hir> {
        whole(&self.text)
    }

    /// True if the whole of `value` matches. Linear in `value`; the first call compiles the expression.
    pub fn is_match(&self, value: &str) -> bool {
        // `None` cannot be: `new` has accepted the text, and its weight keeps the automaton far below the
        // limits of its builder. A value is refused then rather than let through unchecked.
        self.compiled
            .get_or_init(|| compile(&self.text))
            .as_ref()
            .is_some_and(|regex| regex.is_match(Input::new(value)))
    }
}

fn whole(text: &str) -> Option<Hir> {
    let body = parse::parse(text).ok()?;
    Some(Hir::concat(vec![
        Hir::look(Look::Start),
        body,
        Hir::look(Look::End),
    ]))
}

fn compile(text: &str) -> Option<Regex> {
    Regex::builder()
        .configure(
            Regex::config()
                .which_captures(WhichCaptures::None)
                .nfa_size_limit(None),
        )
        .build_from_hir(&whole(text)?)
        .ok()
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.text)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

#[cfg(test)]
mod tests;
