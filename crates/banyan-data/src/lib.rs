//! Instance data of YANG models: typed values in an immutable tree, and all that one can do with it.
//!
//! A change makes a new tree that shares what did not change; equal pointers mean equal subtrees, so a
//! difference costs what changed. The crate knows no protocol, no clock and no file; its only threads are `cores`, which
//! do pieces of a computation and end with it.

pub mod any;
mod assembly;
mod btree;
pub mod change;
mod choice;
pub mod cores;
pub mod cursor;
pub mod document;
pub mod edit;
pub mod error;
pub mod filter;
pub mod footprint;
pub mod form;
pub mod frame;
pub mod in_use;
mod input;
pub mod json;
mod known;
pub mod lexical;
pub mod list;
pub mod locate;
pub mod message;
pub mod meta;
pub mod modules;
pub mod node;
pub mod operation;
#[cfg(test)]
mod outline;
pub mod patch;
pub mod path;
mod place;
mod reading;
pub mod rebase;
#[cfg(test)]
mod sample;
pub mod set;
mod shown;
mod sink;
pub mod store;
#[cfg(test)]
mod testmodel;
pub mod text;
pub mod untyped;
pub mod validate;
pub mod value;
pub mod view;
mod words;
pub mod xml;
pub mod xpath;

pub use error::{DataError, ErrorKind};
pub use list::{LeafList, List};
pub use node::{Content, Node, Slot, Tree};
pub use value::Value;
