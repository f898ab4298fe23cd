//! Kickers: declared reactions to changes of the data tree.
//!
//! [`Kickers`] takes part in commits: it finds what a change sets off while both trees are at hand, and
//! calls the actions after the commit is published. It knows no protocol, and never delays a commit.

mod counted;
mod dispatch;
pub mod evaluate;
mod kickers;
pub mod model;
pub mod monitor;
pub mod set;
#[cfg(test)]
mod state_tests;
pub mod touch;

pub use kickers::Kickers;
