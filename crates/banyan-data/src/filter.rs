//! Filters: the part of a tree that a read wants, as a tree that shares what it keeps whole.
//!
//! Subtree filters (RFC 6241 section 6), the results of XPath filters (8.9), `fields` and `depth` (RFC 8040 4.8). List entries keep their keys
//! even where a filter does not ask for them: without keys they would not be entries.

mod depth;
mod expression;
mod fields;
mod follow;
mod kept;
mod paths;
mod reach;
mod restrict;
mod select;
mod subtree;

pub use depth::to_depth;
pub use kept::with_keys;
pub use paths::{prune_to_depth, prune_to_paths};
pub use reach::{every, reach_of_expression};
pub use restrict::restrict;
pub use subtree::Subtree;

#[cfg(test)]
mod tests;
