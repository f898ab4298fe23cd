//! Expressions that people write: filters, kickers, access rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_yang::nearest::nearest;
use banyan_yang::schema::{Schema, SchemaId};
use banyan_yang::xpath::{Extent, Offset, Plan, bind, parse, variable_offset};

use super::evaluation::Evaluation;
use super::never::never_equal;
use super::session::{Observed, Session, Stop, Variables};
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

/// What the prefixes of a user's expression mean. A name without prefix is looked for in all modules.
#[derive(Clone, Copy)]
pub enum Names<'n> {
    /// Prefixes are those of an XML document, with their namespaces.
    Namespaces(&'n BTreeMap<String, String>),
    /// Prefixes are names of modules, or their own prefixes where no module has that name.
    Modules,
    /// Whoever asks knows the name of the module: for namespaces that only mounted schemas have.
    Resolved(&'n dyn Fn(&str) -> Option<Arc<str>>),
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
    let resolve = |prefix: &str| module_name(schema, names, prefix);
    let bound = bind::bind_user_expression(schema, &expr, &resolve, context, used)
        .map_err(|error| fault(suggested(schema, names, error).to_string()))?;
    let mut warnings: Vec<String> = bound.warnings.iter().map(ToString::to_string).collect();
    warnings.extend(never_equal(schema, &bound.plan.expr));
    Ok(Expression {
        text: text.into(),
        plan: bound.plan,
        warnings,
    })
}

/// As [`compile`], for an expression about a notification (`message`), which is evaluated at the root of a view with that
/// message ([`View::with_operation`](crate::view::View::with_operation)).
///
/// # Errors
/// As [`compile`].
pub fn compile_for_message(
    schema: &Schema,
    text: &str,
    names: Names<'_>,
    message: SchemaId,
) -> Result<Expression, DataError> {
    let fault = |reason: String| {
        DataError::new(
            ErrorKind::Expression,
            ErrorPath::default(),
            format!("the expression \"{text}\" cannot be used: {reason}"),
        )
    };
    let expr = parse(text).map_err(|error| fault(error.to_string()))?;
    let resolve = |prefix: &str| module_name(schema, names, prefix);
    let bound = bind::bind_message_expression(schema, &expr, &resolve, message, Extent::Existence)
        .map_err(|error| fault(suggested(schema, names, error).to_string()))?;
    Ok(Expression {
        text: text.into(),
        plan: bound.plan,
        warnings: bound.warnings.iter().map(ToString::to_string).collect(),
    })
}

/// The name of the module that a prefix stands for.
fn module_name(schema: &Schema, names: Names<'_>, prefix: &str) -> Option<Arc<str>> {
    let name_of = |module| schema.module(module).name.clone();
    match names {
        Names::Namespaces(namespaces) => schema
            .module_by_namespace(namespaces.get(prefix)?)
            .map(name_of),
        Names::Modules => {
            let by_prefix = || {
                let mut modules = schema.modules().filter(|(_, module)| module.implemented);
                modules.find_map(|(id, _)| (schema.xml_prefix(id) == prefix).then_some(id))
            };
            let known = schema.module_by_name(prefix).or_else(by_prefix);
            // Mounted schemas have modules that are not known here.
            let has_mounts = || schema.nodes().any(|(_, node)| node.mount_point().is_some());
            known
                .map(name_of)
                .or_else(|| has_mounts().then(|| prefix.into()))
        }
        Names::Resolved(resolve) => resolve(prefix),
    }
}

/// The error with the module that may be meant by a prefix that is none.
fn suggested(schema: &Schema, names: Names<'_>, error: bind::BindError) -> bind::BindError {
    match (names, error) {
        (Names::Modules, bind::BindError::UnknownPrefix { name, at, .. }) => {
            let modules = schema.modules().filter(|(_, module)| module.implemented);
            let known: Vec<&str> = modules
                .flat_map(|(id, module)| [&*module.name, schema.xml_prefix(id)])
                .collect();
            let prefix = name.split(':').next().unwrap_or(&name);
            let nearest = nearest(prefix, known).map(str::to_owned);
            bind::BindError::UnknownPrefix { name, nearest, at }
        }
        (_, error) => error,
    }
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
    value(expression, context, &Session::new(context.budget))
}

/// The value of an expression as [`evaluate`] gives it, and what it has cost.
pub fn evaluate_observed<'t>(
    expression: &Expression,
    context: &Context<'t, '_>,
) -> (Result<XValue<'t>, DataError>, Observed) {
    let session = Session::observed(context.budget);
    let value = value(expression, context, &session);
    (value, session.into_observed())
}

fn value<'t>(
    expression: &Expression,
    context: &Context<'t, '_>,
    session: &Session<'t>,
) -> Result<XValue<'t>, DataError> {
    let home = context.node.view().tree().schema();
    let evaluation = Evaluation::new(&expression.plan, home, context.current.clone(), session)
        .with_variables(Some(context.variables));
    evaluation
        .value(&expression.plan.expr, context.node.clone())
        .map_err(|stop| {
            let at = match &stop {
                Stop::Variable { name, .. } => variable_offset(&expression.text, name),
                _ => None,
            };
            DataError::new(
                ErrorKind::Expression,
                context.node.error_path(),
                format!("\"{}\": {stop}{}", expression.text, Offset(at)),
            )
        })
}
