//! XPath 1.0 as YANG uses it (RFC 7950 6.4 and 10): text to syntax tree to plan.
//!
//! [`parse`] reads the whole grammar of the recommendation and knows nothing of any schema. [`bind`] resolves the
//! names of an expression in a schema and works out what it can read. Evaluation lives in `banyan-data`.
//!
//! Nesting is limited ([`MAX_DEPTH`], [`MAX_CHAIN`]), so that whoever recurses over an [`Expr`] or a [`Plan`] needs
//! no limit of their own.

mod ast;
pub mod bind;
mod error;
pub mod explain;
mod function;
mod lex;
mod parse;
#[cfg(test)]
mod parse_tests;
mod plan;
mod print;

pub use ast::{ArithOp, Axis, CompareOp, Expr, LocationPath, NodeTest, Offset, Step};
pub use error::{XPathError, XPathProblem};
pub use function::Function;
pub use parse::{MAX_CHAIN, MAX_DEPTH, parse, variable_offset};
pub use plan::{
    Extent, Join, JoinKey, KeyLookup, NameTest, Per, Plan, PlanExpr, PlanStep, PlanTest, Predicate,
    Read, ReadClass, Reads, ResultType,
};
