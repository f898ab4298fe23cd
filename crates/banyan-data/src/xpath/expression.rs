//! Expressions that people write: filters, kickers, access rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_yang::schema::{PrefixMap, Schema, SchemaId};
use banyan_yang::xpath::{Extent, Plan, bind, parse};

use super::evaluation::{Evaluation, Session, Variables};
use super::value::XValue;
use crate::cursor::Cursor;
use crate::error::{DataError, ErrorKind, ErrorPath};

/// Steps that one evaluation may take unless somebody says otherwise: a few seconds.
pub const DEFAULT_BUDGET: u64 = 20_000_000;

/// An expression that is ready to be evaluated.
#[derive(Clone, Debug)]
pub struct Expression {
    /// As written.
    pub text: Arc<str>,
    /// What to evaluate, and what it can read.
    pub plan: Plan,
    /// What is probably a mistake in it: names that the schema does not have.
    pub warnings: Vec<String>,
}

/// What the names of a user's expression mean.
#[derive(Clone, Copy, Debug)]
pub enum Names<'n> {
    /// Prefixes are those of an XML document, with their namespaces; the empty one is the default namespace.
    Namespaces(&'n BTreeMap<String, String>),
    /// Prefixes are names of modules; names without are looked for in all modules.
    Modules,
}

/// Where and with what an expression is evaluated.
#[derive(Clone, Debug)]
pub struct Context<'t, 'v> {
    /// The context node.
    pub node: Cursor<'t>,
    /// What `current()` is; mostly the context node.
    pub current: Cursor<'t>,
    /// The values of variables.
    pub variables: &'v Variables<'t>,
    /// Steps (nodes looked at) that the evaluation may take.
    pub budget: u64,
}

impl<'t, 'v> Context<'t, 'v> {
    /// A context without more than a node.
    pub fn at(node: Cursor<'t>, variables: &'v Variables<'t>) -> Self {
        Context {
            current: node.clone(),
            node,
            variables,
            budget: DEFAULT_BUDGET,
        }
    }
}

/// Prepares an expression whose context is an instance of `context` ([`SchemaId::ROOT`] when it stands nowhere).
/// `used` tells what will be done with a node-set; see [`bind::bind`].
///
/// # Errors
/// The text is no XPath expression, or has a prefix that is not known. Names that the schema does not have are
/// warnings: nothing matches them.
pub fn compile(
    schema: &Schema,
    text: &str,
    names: Names<'_>,
    context: SchemaId,
    used: Extent,
) -> Result<Expression, DataError> {
    let fault = |reason: String| {
        DataError::new(
            ErrorKind::Expression,
            ErrorPath::default(),
            format!("the expression \"{text}\" cannot be used: {reason}"),
        )
    };
    let expr = parse(text).map_err(|error| fault(error.to_string()))?;
    let prefixes = Arc::new(prefix_map(schema, names));
    let bound = bind::bind(schema, &expr, &prefixes, context, used)
        .map_err(|error| fault(error.to_string()))?;
    Ok(Expression {
        text: text.into(),
        plan: bound.plan,
        warnings: bound.warnings.iter().map(ToString::to_string).collect(),
    })
}

fn prefix_map(schema: &Schema, names: Names<'_>) -> PrefixMap {
    let mut map = PrefixMap::default();
    match names {
        Names::Namespaces(namespaces) => {
            for (prefix, namespace) in namespaces {
                match schema.module_by_namespace(namespace) {
                    Some(module) if prefix.is_empty() => map.default = Some(module),
                    Some(module) => {
                        map.prefixes.insert(prefix.as_str().into(), module);
                    }
                    None => {}
                }
            }
        }
        Names::Modules => {
            let modules = schema.modules().filter(|(_, module)| module.implemented);
            map.prefixes = modules.map(|(id, module)| (module.name.clone(), id)).collect();
        }
    }
    map
}

/// The value of an expression.
///
/// # Errors
/// The budget is used up, a variable has no value, or something is no node-set where one is needed; the error's
/// path is that of the context node.
pub fn evaluate<'t>(
    expression: &Expression,
    context: &Context<'t, '_>,
) -> Result<XValue<'t>, DataError> {
    let session = Session::new(context.budget);
    let evaluation = Evaluation {
        home: context.node.view().tree().schema(),
        prefixes: &expression.plan.prefixes,
        current: context.current.clone(),
        variables: context.variables,
        session: &session,
    };
    evaluation
        .value(&expression.plan.expr, context.node.clone())
        .map_err(|stop| {
            DataError::new(
                ErrorKind::Expression,
                context.node.error_path(),
                format!("\"{}\": {stop}", expression.text),
            )
        })
}
