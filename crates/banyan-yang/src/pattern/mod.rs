//! The regular expressions of YANG's `pattern` statement (RFC 7950 9.4.5): those of XML Schema,
//! part 2, appendix F.
//!
//! An XSD expression is read by our own parser into `regex_syntax`'s HIR and run by `regex_automata`:
//! linear in the text, whatever the expression. There is no step over the text of another regex dialect,
//! so nothing can be misquoted on the way. The whole value must match; `^` and `$` are plain characters.
//!
//! OpenConfig's modules can say that they write POSIX expressions ([`Syntax::Posix`]). They use what both have in
//! common, and `^` and `$` as anchors, so that is the one difference that we make.

mod blocks;
mod class;
mod error;
mod once;
mod parse;

use std::fmt;
use std::sync::{Arc, OnceLock};

use regex_automata::Input;
use regex_automata::meta::Regex;
use regex_automata::nfa::thompson::WhichCaptures;
use regex_syntax::hir::{Hir, Look};

pub use error::{PatternError, PatternProblem};
pub use parse::{MAX_DEPTH, MAX_WEIGHT};

/// What `^` and `$` mean outside of a character class.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Syntax {
    /// XML Schema (RFC 7950 9.4.5): they are plain characters.
    #[default]
    Xsd,
    /// `oc-ext:regexp-posix`: they are the beginning and the end of the value.
    Posix,
}

/// A regular expression of XML Schema. Its syntax is checked when it is made; it is compiled when it is
/// first matched, because most patterns of a large module set never are.
pub struct Pattern {
    text: Arc<str>,
    syntax: Syntax,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// Checks `text` and keeps it. Linear in the text.
    ///
    /// # Errors
    /// The first place where `text` departs from XML Schema part 2, appendix F, or where it grows beyond
    /// [`MAX_DEPTH`] or [`MAX_WEIGHT`].
    pub fn new(text: impl Into<Arc<str>>) -> Result<Self, PatternError> {
        Self::in_syntax(text, Syntax::Xsd)
    }

    /// As [`Pattern::new`], for an expression of either syntax.
    ///
    /// # Errors
    /// Those of [`Pattern::new`].
    pub fn in_syntax(text: impl Into<Arc<str>>, syntax: Syntax) -> Result<Self, PatternError> {
        let text = text.into();
        parse::parse(&text, syntax)?;
        Ok(Self::known(text, syntax))
    }

    /// A pattern whose text was checked before, as that of a compiled set. Should it be none after all, nothing matches.
    pub(crate) fn known(text: Arc<str>, syntax: Syntax) -> Self {
        Self {
            text,
            syntax,
            compiled: OnceLock::new(),
        }
    }

    /// The expression as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What its `^` and `$` mean.
    pub fn syntax(&self) -> Syntax {
        self.syntax
    }

    /// The expression for whoever builds another automaton from it: anchored at both ends.
    pub(crate) fn whole(&self) -> Option<Hir> {
        whole(&self.text, self.syntax)
    }

    /// As [`Pattern::is_match`], but the expression is not compiled for a short value: for whoever asks once.
    pub(crate) fn is_match_once(&self, value: &str) -> bool {
        let parsed = match self.compiled.get() {
            Some(_) => None,
            None => parse::parse(&self.text, self.syntax).ok(),
        };
        parsed
            .and_then(|hir| once::is_match(&hir, value))
            .unwrap_or_else(|| self.is_match(value))
    }

    /// True if the whole of `value` matches. Linear in `value`; the first call compiles the expression.
    pub fn is_match(&self, value: &str) -> bool {
        // `None` cannot be: `new` has accepted the text, and its weight keeps the automaton far below the
        // limits of its builder. A value is refused then rather than let through unchecked.
        self.compiled
            .get_or_init(|| compile(&self.text, self.syntax))
            .as_ref()
            .is_some_and(|regex| regex.is_match(Input::new(value)))
    }
}

fn whole(text: &str, syntax: Syntax) -> Option<Hir> {
    let body = parse::parse(text, syntax).ok()?;
    Some(Hir::concat(vec![
        Hir::look(Look::Start),
        body,
        Hir::look(Look::End),
    ]))
}

fn compile(text: &str, syntax: Syntax) -> Option<Regex> {
    Regex::builder()
        .configure(
            Regex::config()
                .which_captures(WhichCaptures::None)
                .nfa_size_limit(None),
        )
        .build_from_hir(&whole(text, syntax)?)
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
        self.text == other.text && self.syntax == other.syntax
    }
}

impl Eq for Pattern {}

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
