//! What tests of several crates share; no shipped code depends on it.
//!
//! [`model()`] and [`modules()`] write random modules, [`edit()`] random edits of any data; both decide by [`Dice`], so that a failing
//! test is shrunk to a small model and few edits.

mod dice;
mod edit;
mod model;
mod values;

pub use dice::{Dice, dice};
pub use edit::edit;
pub use model::{model, modules};
