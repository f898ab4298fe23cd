//! Recognises predicates that fix the keys of a list, so that an entry is looked up and not searched for.

use super::super::{Axis, CompareOp, Expr, Function, NodeTest, ResultType, Step};
use super::dependence::Dependence;
use crate::schema::{Schema, SchemaId, TypeKind};

/// A run of predicates of a list step, taken apart.
pub(super) struct KeyPredicates<'e> {
    /// What each key has to equal, in the order of the `key` statement.
    pub(super) values: Vec<&'e Expr>,
    /// The terms that are left of each predicate that has any left.
    pub(super) rest: Vec<Rest<'e>>,
}

/// What is left of a predicate.
pub(super) enum Rest<'e> {
    /// All of it.
    Whole(&'e Expr),
    /// Some operands of its `and`: each counts as a condition, never as a position.
    Terms(Vec<&'e Expr>),
}

/// Takes `predicates` of a step to `list` apart, if they fix all keys by values that do not depend on the entry.
/// `names_key` tells which key a name test means.
///
/// Only predicates before the first positional one take part: positions count what the earlier ones have left.
pub(super) fn key_predicates<'e>(
    schema: &Schema,
    list: SchemaId,
    predicates: &'e [Expr],
    names_key: impl Fn(&NodeTest) -> Option<SchemaId>,
) -> Option<KeyPredicates<'e>> {
    let keys = schema.node(list).keys();
    if keys.is_empty() || predicates.is_empty() {
        return None;
    }
    let mut values: Vec<Option<&Expr>> = vec![None; keys.len()];
    let mut rest = Vec::new();
    let free = predicates
        .iter()
        .position(is_positional)
        .unwrap_or(predicates.len());
    for predicate in &predicates[..free] {
        let terms = match predicate {
            Expr::And(terms) => terms.as_slice(),
            single => std::slice::from_ref(single),
        };
        let mut left = Vec::new();
        for term in terms {
            let slot = key_term(schema, term, &names_key)
                .and_then(|(key, value)| Some((keys.iter().position(|id| *id == key)?, value)));
            match slot {
                Some((position, value)) if values[position].is_none() => {
                    values[position] = Some(value)
                }
                _ => left.push(term),
            }
        }
        if left.len() == terms.len() {
            rest.push(Rest::Whole(predicate));
        } else if !left.is_empty() {
            rest.push(Rest::Terms(left));
        }
    }
    rest.extend(predicates[free..].iter().map(Rest::Whole));
    let values = values.into_iter().collect::<Option<Vec<_>>>()?;
    Some(KeyPredicates { values, rest })
}

/// `key = value` or `value = key`.
fn key_term<'e>(
    schema: &Schema,
    term: &'e Expr,
    names_key: &impl Fn(&NodeTest) -> Option<SchemaId>,
) -> Option<(SchemaId, &'e Expr)> {
    let Expr::Compare(CompareOp::Equal, left, right) = term else {
        return None;
    };
    for (name, value) in [(left, right), (right, left)] {
        if let Some(key) = child_name(name).and_then(names_key)
            && !Dependence::of(value).context
            && fits(schema, key, value)
        {
            return Some((key, &**value));
        }
    }
    None
}

/// The name test of `name` or `./name`.
fn child_name(expr: &Expr) -> Option<&NodeTest> {
    let Expr::Path(path) = expr else { return None };
    let is_self = |step: &&Step| {
        step.axis == Axis::SelfNode && step.test == NodeTest::Node && step.predicates.is_empty()
    };
    let mut steps = path.steps.iter().skip_while(is_self);
    let (step, end) = (steps.next()?, steps.next());
    let plain =
        !path.absolute && end.is_none() && step.axis == Axis::Child && step.predicates.is_empty();
    plain.then_some(&step.test)
}

/// True if equality with `value` is equality of canonical texts, which a look-up can decide. A number equals
/// texts that differ (`1`, `01`, `1.0`), except among integers.
fn fits(schema: &Schema, key: SchemaId, value: &Expr) -> bool {
    match result_type(value) {
        // Whether the value of a variable will do is seen when it is there.
        ResultType::String | ResultType::Nodes | ResultType::Unknown => true,
        ResultType::Number => {
            schema.node(key).ty.as_ref().is_some_and(|ty| {
                matches!(ty.resolved().kind, TypeKind::Int(..) | TypeKind::Uint(..))
            })
        }
        ResultType::Boolean => false,
    }
}

/// True if a predicate can depend on `position()` or `last()`.
pub(super) fn is_positional(predicate: &Expr) -> bool {
    matches!(
        result_type(predicate),
        ResultType::Number | ResultType::Unknown
    ) || asks_position(predicate)
}

/// True if a predicate can depend on `last()`.
pub(super) fn needs_size(predicate: &Expr) -> bool {
    asks(predicate, &[Function::Last])
}

fn asks_position(expr: &Expr) -> bool {
    asks(expr, &[Function::Position, Function::Last])
}

/// True if `expr` calls one of `functions` for its own context: not in a predicate of its own.
fn asks(expr: &Expr, functions: &[Function]) -> bool {
    let all = |operands: &[Expr]| operands.iter().any(|operand| asks(operand, functions));
    match expr {
        Expr::Number(_) | Expr::Literal(_) | Expr::Variable(_) | Expr::Path(_) => false,
        Expr::Filter { primary, .. } => asks(primary, functions),
        Expr::Compare(_, left, right) | Expr::Arith(_, left, right) => {
            asks(left, functions) || asks(right, functions)
        }
        Expr::Negate(operand) => asks(operand, functions),
        Expr::Or(operands) | Expr::And(operands) | Expr::Union(operands) => all(operands),
        Expr::Call { function, args, .. } => functions.contains(function) || all(args),
    }
}

/// The type of an expression's value.
pub(super) fn result_type(expr: &Expr) -> ResultType {
    match expr {
        Expr::Or(_) | Expr::And(_) | Expr::Compare(..) => ResultType::Boolean,
        Expr::Arith(..) | Expr::Negate(_) | Expr::Number(_) => ResultType::Number,
        Expr::Union(_) | Expr::Path(_) | Expr::Filter { .. } => ResultType::Nodes,
        Expr::Literal(_) => ResultType::String,
        Expr::Variable(_) => ResultType::Unknown,
        Expr::Call { function, .. } => function_type(*function),
    }
}

fn function_type(function: Function) -> ResultType {
    use Function::*;
    match function {
        Id | Current | Deref => ResultType::Nodes,
        Last | Position | Count | StringLength | Number | Sum | Floor | Ceiling | Round
        | EnumValue => ResultType::Number,
        LocalName | NamespaceUri | Name | String | Concat | SubstringBefore | SubstringAfter
        | Substring | NormalizeSpace | Translate => ResultType::String,
        StartsWith | Contains | Boolean | Not | True | False | Lang | ReMatch | DerivedFrom
        | DerivedFromOrSelf | BitIsSet => ResultType::Boolean,
    }
}
