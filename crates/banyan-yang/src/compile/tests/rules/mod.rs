//! The rules of the language that implementations get wrong, by number: each test says which, as `// Rule 7.`
//! At least one test shows what is accepted, and one what is refused.

mod augments;
mod definitions;
mod deviations;
mod features;
mod groupings;
mod lexical;
mod modules;

use super::*;

/// A module `m` of version 1 around a body.
pub(super) fn module_1_0(body: &str) -> String {
    format!("module m {{\n  namespace urn:m;\n  prefix m;\n{body}\n}}\n")
}

/// The codes of all findings for texts whose bodies do not matter where they stand.
pub(super) fn codes_1_0(body: &str) -> Vec<&'static str> {
    codes_of(&[&module_1_0(body)])
}
