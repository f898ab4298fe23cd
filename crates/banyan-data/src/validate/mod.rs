//! Validation of data against their schema (RFC 7950 section 8): what a valid datastore, rpc input or
//! output, or notification has to meet beyond the types of its values.
//!
//! Lives here: [`full`] validation, linear in what is constrained; [`changed`], which finds the same from a
//! valid base at the cost of the change; [`settle_all`], which takes out what may not be there and gives the values
//! of unions the member that accepts them, and [`settle`](settle()), which does so at the cost of the change. Must not
//! change data otherwise, and must not know how data came to be.

#[cfg(test)]
mod agreement;
mod changed;
#[cfg(test)]
mod cost_tests;
mod dependencies;
mod explain;
mod indexes;
mod narrow;
mod prune;
mod references;
mod rules;
mod settle;
#[cfg(test)]
mod settle_tests;
mod structure;
#[cfg(test)]
mod tests;
mod touches;
mod unions;
#[cfg(test)]
mod unions_tests;
mod unique;
mod walk;

use crate::error::{DataError, ErrorKind, ErrorPath};
use crate::node::Tree;
use crate::path::InstancePath;
use crate::view::{Scope, View};
use crate::xpath::Whens;

pub use changed::changed;
pub use indexes::Indexes;
pub use prune::settle_all;
pub use settle::{Settled, settle};
pub use unions::resolve_unions;

/// What is validated, and how much it may cost.
#[derive(Clone, Copy, Debug)]
pub struct Options<'o> {
    /// Whether there is configuration only, or state too, which constraints on state see beside the configuration.
    /// Only [`Scope::All`] makes sense for operations.
    pub scope: Scope,
    /// Errors after which validation ends.
    pub errors: usize,
    /// Steps that one expression may take.
    pub budget: u64,
    /// Whether trees at mount points are validated, too.
    pub mounts: Mounts,
    /// For the tree of an operation: the datastore that its constraints see beside it (RFC 7950 6.4.1), and the
    /// instance that it is invoked on.
    pub datastore: Option<(&'o Tree, &'o InstancePath)>,
}

/// What to do with mounted trees.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mounts {
    /// Validate them against their own schemas.
    Validate,
    /// Leave them out: whoever mounted them answers for them.
    Skip,
}

impl Default for Options<'_> {
    /// All of a configuration datastore.
    fn default() -> Self {
        Options {
            scope: Scope::Config,
            errors: 100,
            budget: crate::xpath::DEFAULT_BUDGET,
            mounts: Mounts::Validate,
            datastore: None,
        }
    }
}

/// The outcome of a validation.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// What is wrong, in document order.
    pub errors: Vec<DataError>,
    /// What it cost.
    pub counters: Counters,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }
}

/// What a validation cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Constraints that were looked at: expressions and references on instances, counts, uniqueness.
    pub considered: u64,
    /// Those among them that had to be evaluated.
    pub evaluated: u64,
    /// Nodes visited, those that expressions visited included.
    pub visited: u64,
}

/// Validates all of a tree: a datastore, or the input or output of an operation, or a notification, whose root is
/// that schema node. O(nodes that have constraints on or below them), and what expressions read.
pub fn full(tree: &Tree, options: &Options<'_>) -> Report {
    let mut report = Report::default();
    let nothing = Tree::empty(tree.schema().clone());
    let root_path = InstancePath::default();
    let is_operation = tree.root().id() != banyan_yang::schema::SchemaId::ROOT;
    let whens = Whens::new(options.budget);
    let configuration = View::of(tree).with_scope(Scope::Config).with_whens(&whens);
    let view = if is_operation {
        let (datastore, parent) = options.datastore.unwrap_or((&nothing, &root_path));
        View::of(datastore).with_operation(tree, parent)
    } else {
        View::of(tree).with_configuration(&configuration)
    };
    let view = view.with_scope(options.scope).with_whens(&whens);
    let root = if is_operation {
        crate::cursor::Cursor::operation(&view)
    } else {
        Some(crate::cursor::Cursor::root(&view))
    };
    match root {
        Some(root) => report.errors = walk::walk(&root, options, "", &mut report),
        None => report.errors.push(
            DataError::new(
                ErrorKind::DataMissing,
                ErrorPath::default(),
                "the instance that the operation is invoked on does not exist",
            )
            .with_help("invoke it on an instance that exists"),
        ),
    }
    report.counters.visited += whens.visited();
    report
}
