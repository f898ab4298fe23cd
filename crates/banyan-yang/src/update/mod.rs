//! What changed between two schemas, and which of it the rules for updating a module forbid: RFC 7950 section 11,
//! RFC 6020 section 10 for modules of YANG 1.
//!
//! Two compiled schemas are walked side by side: nodes are compared by what they mean, whatever groupings and
//! typedefs they come from. What a compiled schema does not keep is read from the texts of its modules. The
//! typedefs and groupings at the top of a module are compared whether or not something uses them: a module that
//! uses each is compiled for that (`probe`).
//!
//! Inclusion of ranges, lengths, enumerations, bits, bases and patterns is decided exactly. Whether a `must` or
//! `when` was relaxed is seen from its shape where that is possible; where it is not, the verdict says so.

mod change;
mod compare;
mod constraint;
mod interval;
mod items;
mod module;
mod node;
mod pattern;
mod probe;
mod restriction;
mod rule;
mod text;
mod types;
mod walk;

#[cfg(test)]
mod tests;

pub use change::{Aspect, Change, Subject};
pub use rule::{Rule, Verdict};

use crate::schema::{ModuleId, Schema};

/// All differences between two schemas.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Comparison {
    /// By module, then in the order of the schema; definitions of a module before its nodes.
    pub changes: Vec<Change>,
}

impl Comparison {
    /// The changes that cannot be published as they are.
    pub fn breaking(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.verdict.breaks())
    }

    /// True if nothing was found that the rules forbid, or that could not be shown to be allowed.
    pub fn is_allowed(&self) -> bool {
        self.breaking().next().is_none()
    }
}

/// Compares two module sets. Modules pair by their names; a module that is in one set only is a change too.
///
/// Linear in the schemas and in the texts of the modules that differ, with the cost of one more compilation for the
/// typedefs and groupings of these. Both schemas should be compiled with all features on: what is switched off is
/// not there to be compared.
pub fn compare(old: &Schema, new: &Schema) -> Comparison {
    compare::Comparer::new(old, new, compare::Pairs::by_name(old, new)).run()
}

/// Compares two revisions of one module, each in a schema of its own: what it defines, and the nodes that it has
/// or adds to other modules. The other modules of the schemas are not compared.
pub fn compare_modules(
    old: &Schema,
    old_module: ModuleId,
    new: &Schema,
    new_module: ModuleId,
) -> Comparison {
    let pairs = compare::Pairs::of_one(old, old_module, new, new_module);
    compare::Comparer::new(old, new, pairs).run()
}
