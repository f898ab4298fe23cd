//! The grammar of YANG (RFC 7950 section 14): what each statement may hold, how often, in which version,
//! and what its argument looks like.
//!
//! [`check`] applies it to a syntax tree: each violation is reported and the smallest statement that can go is
//! dropped, so that what remains in the tree obeys the grammar and later stages rely on it. Must not look
//! beyond one text: names are resolved by `compile`.

mod argument;
mod check;
mod extension;
mod table;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod tests;

pub use argument::{ArgumentForm, argument_form, is_date, is_descendant_path, is_identifier_ref};
pub use check::check;
pub(crate) use extension::known_statements;
pub use table::{Occurs, Rule, deviate_substatements, substatements};

/// The version that a text declares (RFC 7950 7.1.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Version {
    /// RFC 6020; also when nothing is declared.
    #[default]
    V1,
    /// RFC 7950.
    V1_1,
}
