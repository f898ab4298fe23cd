//! XPath 1.0 as YANG uses it (RFC 7950 6.4 and 10): text to syntax tree.
//!
//! [`parse`] reads the whole grammar of the recommendation and knows nothing of any schema or data;
//! evaluation lives in `banyan-data`. Nesting is limited ([`MAX_DEPTH`], [`MAX_CHAIN`]), so that whoever
//! recurses over an [`Expr`] needs no limit of their own.

mod ast;
mod error;
mod function;
mod lex;
mod parse;
#[cfg(test)]
mod parse_tests;
mod print;

pub use ast::{ArithOp, Axis, CompareOp, Expr, LocationPath, NodeTest, Step};
pub use error::{XPathError, XPathProblem};
pub use function::Function;
pub use parse::{MAX_CHAIN, MAX_DEPTH, parse};
