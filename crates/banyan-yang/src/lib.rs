//! The YANG 1.0 and 1.1 language: text to statements to a compiled, immutable schema.
//!
//! Also here: types, patterns, XPath parsing. The crate does no I/O (modules come through a trait) and
//! starts no threads; input of any kind ends in a result or in diagnostics, never in a panic.

pub mod cache;
pub mod compile;
pub mod diagnostic;
pub mod dump;
pub mod embedded;
pub mod find;
pub mod grammar;
pub mod head;
mod if_feature;
pub mod lex;
pub mod nearest;
pub mod parse;
pub mod pattern;
pub mod schema;
pub mod schema_path;
pub mod source;
pub mod statement;
pub mod tree;
pub mod update;
mod xml_names;
pub mod xpath;
