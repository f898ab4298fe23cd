//! Evaluating XPath 1.0 over a view, with the functions of YANG (RFC 7950 6.4 and 10).
//!
//! Lives here: [`evaluate`] for plans of the schema or of users ([`compile`]), and the `when` filter of views.
//! May rely on plans being bound to the schema of the view's root. Must never look at nodes that the view
//! does not show, nor run without a budget.

mod axis;
mod compare;
mod evaluation;
mod expression;
mod function;
mod never;
mod once;
pub(crate) mod plans;
#[cfg(test)]
mod reads_tests;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod reference_tests;
mod search;
mod session;
pub(crate) mod step;
#[cfg(test)]
mod steps_tests;
#[cfg(test)]
mod tests;
mod value;
pub(crate) mod when;
pub(crate) mod yang_function;

pub use expression::{
    Context, DEFAULT_BUDGET, Expression, Names, compile, compile_for_message, evaluate,
    evaluate_observed,
};
pub use session::{Observed, Stop, Variables, Visits};
pub use value::XValue;
pub use when::Whens;

pub(crate) use evaluation::Evaluation;
pub(crate) use session::Session;
