//! `=`, `!=`, `<` and their like (XPath 1.0 section 3.4), on typed values where both sides have one.
//!
//! Two node-sets of n and m nodes compare in O(n + m): what the nodes of one side are asked about the other is answered
//! by a set of texts, or by the smallest and greatest number.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::rc::Rc;

use banyan_yang::xpath::{CompareOp, PlanExpr};

use super::evaluation::{Evaluation, Focus, is_streamable};
use super::session::Stop;
use super::value::{Numeric, XValue, holds, number_of};
use crate::cursor::Cursor;
use crate::value::Value;

/// Up to this many nodes are looked at one by one.
const FEW: usize = 8;

/// A value that others are compared with, and what makes many comparisons with it cheap.
#[derive(Debug)]
pub(super) struct Operand<'t> {
    pub(super) value: XValue<'t>,
    texts: OnceCell<HashSet<String>>,
    /// Whether all nodes have one string value.
    uniform: OnceCell<bool>,
    /// The smallest and the greatest number among the nodes; `None` if there is none.
    extremes: OnceCell<Option<(Numeric, Numeric)>>,
}

impl<'t> Operand<'t> {
    pub(super) fn of(value: XValue<'t>) -> Self {
        Operand {
            value,
            texts: OnceCell::new(),
            uniform: OnceCell::new(),
            extremes: OnceCell::new(),
        }
    }
}

impl<'t> Evaluation<'t, '_> {
    /// Whether `left op right`. A path that need not be gathered is followed only to its first node that compares true.
    pub(super) fn compare(
        &self,
        op: CompareOp,
        left: &PlanExpr,
        right: &PlanExpr,
        focus: &Focus<'t>,
    ) -> Result<bool, Stop> {
        for (path, other, op) in [(left, right, op), (right, left, op.mirrored())] {
            if let PlanExpr::Path { absolute, steps } = path
                && is_streamable(steps)
            {
                let other = self.operand(other, focus)?;
                let start = self.start(*absolute, focus);
                return match &other.value {
                    XValue::Boolean(_) => {
                        let some = self.any(start, steps, &mut |_| Ok(true))?;
                        self.compare_scalars(op, &XValue::Boolean(some), &other.value)
                    }
                    _ => self.any(start, steps, &mut |node| {
                        self.session.record(std::slice::from_ref(node));
                        self.compare_node(op, node, &other)
                    }),
                };
            }
        }
        let (first, second) = (self.operand(left, focus)?, self.operand(right, focus)?);
        match (&first.value, &second.value) {
            // What is kept has been sorted out once and for all.
            (XValue::Nodes(_), XValue::Nodes(nodes)) if matches!(left, PlanExpr::Once { .. }) => {
                self.some_node(op.mirrored(), nodes, &first)
            }
            (XValue::Nodes(nodes), XValue::Boolean(_)) => {
                let some = XValue::Boolean(!nodes.is_empty());
                self.compare_scalars(op, &some, &second.value)
            }
            (XValue::Boolean(_), XValue::Nodes(nodes)) => {
                let some = XValue::Boolean(!nodes.is_empty());
                self.compare_scalars(op, &first.value, &some)
            }
            (XValue::Nodes(nodes), _) => self.some_node(op, nodes, &second),
            (_, XValue::Nodes(nodes)) => self.some_node(op.mirrored(), nodes, &first),
            (left, right) => self.compare_scalars(op, left, right),
        }
    }

    /// Whether `node = other`, where the node is a whole set.
    pub(super) fn equals(&self, node: &Cursor<'t>, other: &Operand<'t>) -> Result<bool, Stop> {
        match &other.value {
            XValue::Boolean(value) => Ok(*value),
            _ => self.compare_node(CompareOp::Equal, node, other),
        }
    }

    pub(super) fn operand(
        &self,
        expr: &PlanExpr,
        focus: &Focus<'t>,
    ) -> Result<Rc<Operand<'t>>, Stop> {
        let PlanExpr::Once { per, expr } = expr else {
            return Ok(Rc::new(Operand::of(self.read(expr, focus)?)));
        };
        let operand = self.once(*per, expr, focus)?;
        if let XValue::Nodes(nodes) = &operand.value {
            self.session.record(nodes);
        }
        Ok(operand)
    }

    fn some_node(
        &self,
        op: CompareOp,
        nodes: &[Cursor<'t>],
        other: &Operand<'t>,
    ) -> Result<bool, Stop> {
        for node in nodes {
            if self.compare_node(op, node, other)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether `node op other`, for another value than a boolean: with that, the set as a whole is compared.
    fn compare_node(
        &self,
        op: CompareOp,
        node: &Cursor<'t>,
        other: &Operand<'t>,
    ) -> Result<bool, Stop> {
        Ok(match (op, &other.value) {
            (_, XValue::Nodes(nodes)) => return self.compare_with_set(op, node, nodes, other),
            (CompareOp::Equal, XValue::String(text)) => self.has_text(node, text)?,
            (CompareOp::NotEqual, XValue::String(text)) => !self.has_text(node, text)?,
            (_, scalar) => {
                let number = self.numeric(node)?.double();
                holds(op, number.partial_cmp(&self.number_of(scalar)?))
            }
        })
    }

    /// Whether `node op other` for some of the nodes of `other`.
    fn compare_with_set(
        &self,
        op: CompareOp,
        node: &Cursor<'t>,
        nodes: &[Cursor<'t>],
        other: &Operand<'t>,
    ) -> Result<bool, Stop> {
        match op {
            CompareOp::Equal if nodes.len() > FEW => {
                let texts = match other.texts.get() {
                    Some(texts) => texts,
                    None => {
                        let texts = nodes.iter().map(|node| self.string_of(node));
                        let texts = texts.collect::<Result<HashSet<String>, Stop>>()?;
                        other.texts.get_or_init(|| texts)
                    }
                };
                Ok(texts.contains(&self.string_of(node)?))
            }
            CompareOp::Equal => self.some(nodes, |other| self.same_value(node, other)),
            // Some of them differs, unless all have the value of this one.
            CompareOp::NotEqual => match nodes.first() {
                None => Ok(false),
                Some(first) => {
                    Ok(!self.is_uniform(first, nodes, other)? || !self.same_value(node, first)?)
                }
            },
            _ => {
                let Some((least, greatest)) = self.extremes(nodes, other)? else {
                    return Ok(false);
                };
                let number = self.numeric(node)?;
                Ok(match op {
                    CompareOp::Less | CompareOp::LessOrEqual => number.compare(op, greatest),
                    _ => number.compare(op, least),
                })
            }
        }
    }

    fn some(
        &self,
        nodes: &[Cursor<'t>],
        accept: impl Fn(&Cursor<'t>) -> Result<bool, Stop>,
    ) -> Result<bool, Stop> {
        for node in nodes {
            if accept(node)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_uniform(
        &self,
        first: &Cursor<'t>,
        nodes: &[Cursor<'t>],
        operand: &Operand<'t>,
    ) -> Result<bool, Stop> {
        if let Some(known) = operand.uniform.get() {
            return Ok(*known);
        }
        let differs = self.some(nodes, |node| Ok(!self.same_value(first, node)?))?;
        Ok(*operand.uniform.get_or_init(|| !differs))
    }

    fn extremes(
        &self,
        nodes: &[Cursor<'t>],
        operand: &Operand<'t>,
    ) -> Result<Option<(Numeric, Numeric)>, Stop> {
        if let Some(known) = operand.extremes.get() {
            return Ok(*known);
        }
        let mut extremes: Option<(Numeric, Numeric)> = None;
        for node in nodes {
            let number = self.numeric(node)?;
            if number.double().is_nan() {
                continue;
            }
            let (least, greatest) = extremes.get_or_insert((number, number));
            if number.compare(CompareOp::Less, *least) {
                *least = number;
            }
            if number.compare(CompareOp::Greater, *greatest) {
                *greatest = number;
            }
        }
        Ok(*operand.extremes.get_or_init(|| extremes))
    }

    fn compare_scalars(
        &self,
        op: CompareOp,
        left: &XValue<'t>,
        right: &XValue<'t>,
    ) -> Result<bool, Stop> {
        let equality = matches!(op, CompareOp::Equal | CompareOp::NotEqual);
        let same = match (left, right) {
            (XValue::Boolean(_), _) | (_, XValue::Boolean(_)) if equality => {
                left.to_boolean() == right.to_boolean()
            }
            (XValue::String(left), XValue::String(right)) if equality => left == right,
            _ => {
                let (left, right) = (self.number_of(left)?, self.number_of(right)?);
                return Ok(holds(op, left.partial_cmp(&right)));
            }
        };
        Ok(same == (op == CompareOp::Equal))
    }

    fn has_text(&self, node: &Cursor<'t>, text: &str) -> Result<bool, Stop> {
        match node.value() {
            Some(_) => Ok(node.frame().text() == text),
            None => Ok(self.string_of(node)? == text),
        }
    }

    /// A node as a number for comparisons with other nodes: 64-bit integers stay exact.
    fn numeric(&self, node: &Cursor<'t>) -> Result<Numeric, Stop> {
        Ok(match node.value().map(Value::innermost) {
            Some(Value::Int(value)) => Numeric::Exact(i128::from(*value)),
            Some(Value::Uint(value)) => Numeric::Exact(i128::from(*value)),
            _ => Numeric::of(number_of(&self.string_of(node)?)),
        })
    }

    /// Equality of string values, without writing them where the values tell already.
    fn same_value(&self, a: &Cursor<'t>, b: &Cursor<'t>) -> Result<bool, Stop> {
        Ok(
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
                _ => self.string_of(a)? == self.string_of(b)?,
            },
        )
    }
}
