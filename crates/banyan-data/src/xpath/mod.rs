//! Evaluating XPath 1.0 over a view, with the functions of YANG (RFC 7950 6.4 and 10).
//!
//! Lives here: [`evaluate`] for plans of the schema or of users ([`compile`]), and the `when` filter of views.
//! May rely on plans being bound to the schema of the view's root. Must never look at nodes that the view
//! does not show, nor run without a budget.

mod compare;
mod evaluation;
mod expression;
mod function;
pub(crate) mod plans;
#[cfg(test)]
mod reads_tests;
pub(crate) mod step;
#[cfg(test)]
mod tests;
mod value;
pub(crate) mod when;
pub(crate) mod yang_function;

pub use evaluation::{Stop, Variables};
pub use expression::{Context, DEFAULT_BUDGET, Expression, Names, compile, evaluate};
pub use value::XValue;
pub use when::Whens;

pub(crate) use evaluation::{Evaluation, Session};
