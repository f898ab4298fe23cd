//! `=`, `!=`, `<` and their like (XPath 1.0 section 3.4), on typed values where both sides have one.

use std::collections::HashSet;

use banyan_yang::xpath::CompareOp;

use super::value::{Numeric, XValue, number_of};
use crate::cursor::Cursor;
use crate::value::Value;

/// Up to this many pairs, two node-sets are compared pair by pair.
const PAIRS: usize = 64;

/// Whether `left op right`.
pub(super) fn compare(op: CompareOp, left: &XValue<'_>, right: &XValue<'_>) -> bool {
    match (left, right) {
        (XValue::Nodes(left), XValue::Nodes(right)) => compare_sets(op, left, right),
        (XValue::Nodes(nodes), XValue::Boolean(value)) => compare_scalars(
            op,
            &XValue::Boolean(!nodes.is_empty()),
            &XValue::Boolean(*value),
        ),
        (XValue::Boolean(value), XValue::Nodes(nodes)) => compare_scalars(
            op,
            &XValue::Boolean(*value),
            &XValue::Boolean(!nodes.is_empty()),
        ),
        (XValue::Nodes(nodes), scalar) => nodes.iter().any(|node| compare_node(op, node, scalar)),
        (scalar, XValue::Nodes(nodes)) => nodes
            .iter()
            .any(|node| compare_node(op.mirrored(), node, scalar)),
        (left, right) => compare_scalars(op, left, right),
    }
}

/// Whether `node op scalar`, for a scalar that is no boolean: with that, the set as a whole is compared.
pub(super) fn compare_node(op: CompareOp, node: &Cursor<'_>, scalar: &XValue<'_>) -> bool {
    match (op, scalar) {
        (CompareOp::Equal, XValue::String(text)) => has_text(node, text),
        (CompareOp::NotEqual, XValue::String(text)) => !has_text(node, text),
        (_, XValue::String(text)) => {
            Numeric::of_node(node).compare(op, Numeric::of(number_of(text)))
        }
        _ => Numeric::of_node(node).compare(op, Numeric::of(scalar.to_number())),
    }
}

fn has_text(node: &Cursor<'_>, text: &str) -> bool {
    if node.value().is_some() {
        node.frame().text() == text
    } else {
        node.string_value() == text
    }
}

fn compare_scalars(op: CompareOp, left: &XValue<'_>, right: &XValue<'_>) -> bool {
    let equality = matches!(op, CompareOp::Equal | CompareOp::NotEqual);
    let same = match (left, right) {
        (XValue::Boolean(_), _) | (_, XValue::Boolean(_)) if equality => {
            left.to_boolean() == right.to_boolean()
        }
        (XValue::String(left), XValue::String(right)) if equality => left == right,
        _ => {
            return Numeric::of(left.to_number()).compare(op, Numeric::of(right.to_number()));
        }
    };
    same == (op == CompareOp::Equal)
}

fn compare_sets(op: CompareOp, left: &[Cursor<'_>], right: &[Cursor<'_>]) -> bool {
    match op {
        CompareOp::Equal if left.len().saturating_mul(right.len()) > PAIRS => {
            let texts: HashSet<String> = left.iter().map(Cursor::string_value).collect();
            right
                .iter()
                .any(|node| texts.contains(&node.string_value()))
        }
        CompareOp::Equal => pairs(left, right).any(|(a, b)| same_value(a, b)),
        // Some pair differs unless all nodes of both sets have one value.
        CompareOp::NotEqual => match (left.first(), right.first()) {
            (Some(first), Some(_)) => {
                right.iter().any(|node| !same_value(first, node))
                    || right
                        .first()
                        .is_some_and(|other| left.iter().any(|node| !same_value(node, other)))
            }
            _ => false,
        },
        _ => {
            let numbers: Vec<Numeric> = right.iter().map(Numeric::of_node).collect();
            left.iter()
                .map(Numeric::of_node)
                .any(|a| numbers.iter().any(|b| a.compare(op, *b)))
        }
    }
}

fn pairs<'s, 't>(
    left: &'s [Cursor<'t>],
    right: &'s [Cursor<'t>],
) -> impl Iterator<Item = (&'s Cursor<'t>, &'s Cursor<'t>)> {
    left.iter()
        .flat_map(move |a| right.iter().map(move |b| (a, b)))
}

/// Equality of string values, without writing them where the values tell already.
fn same_value(a: &Cursor<'_>, b: &Cursor<'_>) -> bool {
    match (
        a.value().map(Value::innermost),
        b.value().map(Value::innermost),
    ) {
        (Some(Value::Int(a)), Some(Value::Int(b))) => a == b,
        (Some(Value::Uint(a)), Some(Value::Uint(b))) => a == b,
        (Some(Value::Bool(a)), Some(Value::Bool(b))) => a == b,
        (Some(x), Some(y)) => match (x.as_str(), y.as_str()) {
            (Some(x), Some(y)) => x == y,
            _ => a.frame().text() == b.frame().text(),
        },
        _ => a.string_value() == b.string_value(),
    }
}
