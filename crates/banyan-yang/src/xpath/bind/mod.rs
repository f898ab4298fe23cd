//! Binds expressions to a schema: from [`Expr`] to [`Plan`], with the static checks that YANG allows.
//!
//! Binding is an abstract evaluation: each path is walked over *schema* nodes, from the context node on, so that
//! every name test knows which schema nodes can pass, every predicate knows which list it filters, and at the end
//! it is known what the expression can read. Nothing here looks at data.

mod binder;
mod class;
mod dependence;
mod deref;
mod error;
mod keys;
mod names;
mod steps;
mod walk;

use std::sync::Arc;

use super::{Expr, Extent, Plan};
use crate::schema::{Expression, NodeKind, PrefixMap, Schema, SchemaId, When, WhenContext};

pub use error::{BindError, BindWarning};

/// A plan, and what looked wrong on the way to it.
#[derive(Debug)]
pub struct Bound {
    /// The plan. It is usable whatever the warnings say: what does not exist is an empty node-set.
    pub plan: Plan,
    /// What is probably a mistake of whoever wrote the expression, in the order of the text.
    pub warnings: Vec<BindWarning>,
}

/// Binds `expr` as it stands on `context`, which is also `current()`. [`SchemaId::ROOT`] is the context of
/// expressions that stand nowhere: filters, kickers.
///
/// `used` says what the caller does with a result that is a node-set: asks if there is a node
/// ([`Extent::Existence`]: `must`, `when`), takes the values ([`Extent::Value`]: leafref), or takes whole subtrees
/// ([`Extent::Subtree`]: filters). It decides what [`Plan::reads`] lists for it.
///
/// Costs O(schema nodes walked), and never the whole schema unless the expression does (`//`).
///
/// # Errors
/// A prefix that `prefixes` does not have, or a value other than a node-set where XPath demands one.
pub fn bind(
    schema: &Schema,
    expr: &Expr,
    prefixes: &Arc<PrefixMap>,
    context: SchemaId,
    used: Extent,
) -> Result<Bound, BindError> {
    binder::Binder::new(schema, prefixes, context).bind(expr, used)
}

/// Binds an expression that a person or a client wrote: a filter, a kicker, an access rule. As [`bind`], but the
/// prefixes are whatever `module_name` says, and it may name modules that `schema` lacks: a mounted schema may have
/// them. Such a name becomes a [`NameTest`](super::NameTest) without a module id and without nodes, no warning, and
/// [`Reads::any`](super::Reads::any). A name without prefix matches nodes of any module.
///
/// # Errors
/// As [`bind`], where a prefix is unknown for which `module_name` gives `None`.
pub fn bind_user_expression(
    schema: &Schema,
    expr: &Expr,
    module_name: &dyn Fn(&str) -> Option<Arc<str>>,
    context: SchemaId,
    used: Extent,
) -> Result<Bound, BindError> {
    let (prefixes, foreign) = names::prefixes_of(schema, expr, module_name);
    binder::Binder::new(schema, &Arc::new(prefixes), context)
        .with_foreign(foreign)
        .bind(expr, used)
}

/// As [`bind_user_expression`], for one that is evaluated at the root with a message beside the data: `message` is the
/// notification (or rpc, or action) whose instance is a child of its parent there (RFC 7950 6.4.1).
///
/// # Errors
/// As [`bind_user_expression`].
pub fn bind_message_expression(
    schema: &Schema,
    expr: &Expr,
    module_name: &dyn Fn(&str) -> Option<Arc<str>>,
    message: SchemaId,
    used: Extent,
) -> Result<Bound, BindError> {
    let (prefixes, foreign) = names::prefixes_of(schema, expr, module_name);
    binder::Binder::new(schema, &Arc::new(prefixes), SchemaId::ROOT)
        .with_foreign(foreign)
        .with_message(message)
        .bind(expr, used)
}

/// Binds an expression of the schema itself. As [`bind`], with the prefixes of the place where it was written.
///
/// # Errors
/// As [`bind`].
pub fn bind_expression(
    schema: &Schema,
    expression: &Expression,
    context: SchemaId,
    used: Extent,
) -> Result<Bound, BindError> {
    bind(
        schema,
        &expression.expr,
        &expression.prefixes,
        context,
        used,
    )
}

/// The context node of a `when` that stands on `node` (RFC 7950 7.21.5).
pub fn when_context(schema: &Schema, node: SchemaId, when: &When) -> SchemaId {
    match when.context {
        WhenContext::Node => node,
        WhenContext::Parent => parent(schema, node).unwrap_or(SchemaId::ROOT),
    }
}

/// The parent of a node in the data model of XPath (RFC 7950 6.4.1): choices and cases are no nodes, and the
/// parent of an input or output parameter is the rpc or action itself. `None` for the root. O(1).
pub fn parent(schema: &Schema, id: SchemaId) -> Option<SchemaId> {
    let parent = schema.node(id).data_parent()?;
    match schema.node(parent).kind {
        NodeKind::Input | NodeKind::Output => schema.node(parent).data_parent(),
        _ => Some(parent),
    }
}

/// The children of a node in the data model of XPath, operations and notifications excepted: those of an rpc
/// or action are its input and output parameters.
pub fn children(schema: &Schema, id: SchemaId) -> Vec<SchemaId> {
    match schema.node(id).kind {
        NodeKind::Rpc | NodeKind::Action => {
            let parts = schema.children(id).iter();
            parts
                .flat_map(|part| schema.data_children(*part).iter().copied())
                .collect()
        }
        _ => schema.data_children(id).to_vec(),
    }
}

#[cfg(test)]
mod tests;
