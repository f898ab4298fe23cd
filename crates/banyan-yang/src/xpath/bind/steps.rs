//! The abstract evaluation of paths: steps, predicates and key look-ups.

use std::sync::Arc;

use super::super::{
    Axis, Expr, Extent, Function, Join, JoinKey, KeyLookup, NodeTest, PlanExpr, PlanStep, PlanTest,
    Predicate, ResultType, Step,
};
use super::BindError;
use super::binder::{Binder, Value};
use super::class::lists;
use super::keys::{KeyPredicates, Rest, is_positional, key_predicates, needs_size};
use super::walk::{Beyond, NodeSet};
use crate::schema::{NodeKind, SchemaId};

/// From how many nodes a path sets out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Starts {
    /// At most one.
    One,
    /// Any number.
    Many,
}

impl Binder<'_> {
    /// Binds `steps` from `start`: the steps, and what the last one selects.
    pub(super) fn steps(
        &mut self,
        steps: &[Step],
        start: NodeSet,
        mut starts: Starts,
    ) -> Result<(Box<[PlanStep]>, NodeSet), BindError> {
        let around = self.held;
        let mut plans = Vec::with_capacity(steps.len());
        let mut from = start;
        for (position, step) in steps.iter().enumerate() {
            if starts == Starts::Many {
                self.held = None;
            }
            let (plan, nodes) = self.step(step, &from)?;
            if plan.lookup.is_none() && self.reaches_many(step.axis, &nodes) {
                starts = Starts::Many;
            }
            // A step whose nodes are only passed through downwards needs no read of its own: what is
            // beneath goes when they go. The same holds for nodes above the context, which always are.
            let left = steps
                .get(position + 1)
                .is_some_and(|next| leaves(next.axis))
                && !leaves(step.axis);
            let by_order = matches!(
                step.axis,
                Axis::Following | Axis::FollowingSibling | Axis::Preceding | Axis::PrecedingSibling
            );
            if by_order {
                self.read(&from, Extent::Existence);
            }
            if left || by_order || plan.predicates.iter().any(|predicate| predicate.positional) {
                self.read(&nodes, Extent::Existence);
            }
            plans.push(plan);
            from = nodes;
        }
        self.held = around;
        Ok((plans.into(), from))
    }

    /// True if a step from one node can reach several.
    fn reaches_many(&self, axis: Axis, nodes: &NodeSet) -> bool {
        match axis {
            Axis::Parent | Axis::SelfNode => false,
            Axis::Child => nodes.sole_node().is_none_or(|id| {
                let kind = self.schema.node(id).kind;
                matches!(kind, NodeKind::List | NodeKind::LeafList)
            }),
            _ => true,
        }
    }

    pub(super) fn step(
        &mut self,
        step: &Step,
        from: &NodeSet,
    ) -> Result<(PlanStep, NodeSet), BindError> {
        let mut test = self.test(&step.test, step.at)?;
        let mut nodes = self.walker.step(from, step.axis, &test);
        if let PlanTest::Name(name) = &mut test {
            name.nodes = nodes.ids();
        }
        if nodes.is_empty() && !from.is_empty() {
            self.warn_empty(step, &test, from);
        }
        let keyed = match nodes.sole_node() {
            Some(list) if step.axis == Axis::Child => {
                let names_key = |test: &NodeTest| self.key_named(list, test);
                key_predicates(self.schema, list, &step.predicates, names_key)
                    .map(|keyed| (list, keyed))
            }
            _ => None,
        };
        let (lookup, rest) = match keyed {
            Some((list, KeyPredicates { values, rest })) => {
                (Some(self.lookup(list, &values, from, &mut nodes)?), rest)
            }
            None => (None, step.predicates.iter().map(Rest::Whole).collect()),
        };
        let around = self.held;
        if lookup.is_none() && self.reaches_many(step.axis, &nodes) {
            self.held = None;
        }
        let predicates = self.predicates(rest.into_iter(), &nodes)?;
        self.held = around;
        Ok((
            PlanStep {
                axis: step.axis,
                test,
                lookup,
                predicates,
            },
            nodes,
        ))
    }

    /// Binds the values of all keys of `list`, and ties `nodes`, its entries, to them.
    pub(super) fn lookup(
        &mut self,
        list: SchemaId,
        values: &[&Expr],
        from: &NodeSet,
        nodes: &mut NodeSet,
    ) -> Result<KeyLookup, BindError> {
        let key_ids = self.schema.node(list).keys();
        let mut keys = Vec::with_capacity(values.len());
        let mut join = Join {
            list,
            keys: Vec::with_capacity(values.len()),
        };
        for (value, key) in values.iter().zip(key_ids) {
            let mut value = self.used(value, from, Extent::Value)?;
            let mut constant = None;
            if let PlanExpr::Literal(text) = &mut value.expr {
                self.name_identity(&NodeSet::of(*key), text);
                constant = Some(text.clone());
            }
            join.keys.push(self.join_key(&value.nodes, constant));
            keys.push(value.expr);
        }
        if join.keys.iter().any(|key| *key != JoinKey::Opaque) {
            nodes.pick(&join);
        }
        Ok(KeyLookup {
            list,
            keys: keys.into(),
        })
    }

    /// How a key value ties to the context: a constant, or a leaf of which each context has one.
    pub(super) fn join_key(&self, value: &NodeSet, constant: Option<Arc<str>>) -> JoinKey {
        if let Some(text) = constant {
            return JoinKey::Literal(text);
        }
        match &*value.reached {
            [reached]
                if value.beyond == Beyond::Nothing
                    && self.schema.node(reached.node).kind == NodeKind::Leaf
                    && lists(self.schema, reached.node, Some(reached.ancestor)) == 0 =>
            {
                JoinKey::Leaf {
                    leaf: reached.node,
                    ancestor: reached.ancestor,
                }
            }
            _ => JoinKey::Opaque,
        }
    }

    pub(super) fn predicates<'e>(
        &mut self,
        predicates: impl Iterator<Item = Rest<'e>>,
        nodes: &NodeSet,
    ) -> Result<Box<[Predicate]>, BindError> {
        predicates
            .map(|predicate| self.predicate(predicate, nodes))
            .collect()
    }

    pub(super) fn predicate(
        &mut self,
        predicate: Rest<'_>,
        nodes: &NodeSet,
    ) -> Result<Predicate, BindError> {
        match predicate {
            Rest::Whole(expr) => {
                let value = self.used(expr, nodes, Extent::Existence)?;
                Ok(Predicate {
                    expr: value.expr,
                    result: value.result,
                    positional: is_positional(expr),
                    needs_size: needs_size(expr),
                })
            }
            Rest::Terms(terms) => {
                let mut operands = Vec::with_capacity(terms.len());
                for term in terms {
                    let value = self.used(term, nodes, Extent::Existence)?;
                    operands.push(condition(value));
                }
                let expr = match operands.len() {
                    1 => operands.swap_remove(0),
                    _ => PlanExpr::And(operands.into()),
                };
                Ok(Predicate {
                    expr,
                    result: ResultType::Boolean,
                    positional: false,
                    needs_size: false,
                })
            }
        }
    }
}

/// True for the axes that leave what is beneath the node.
pub(super) fn leaves(axis: Axis) -> bool {
    !matches!(
        axis,
        Axis::Child | Axis::Descendant | Axis::DescendantOrSelf | Axis::SelfNode
    )
}

/// An operand of `and` as a predicate of its own: never taken for a position.
fn condition(value: Value) -> PlanExpr {
    match value.result {
        ResultType::Number | ResultType::Unknown => PlanExpr::Call {
            function: Function::Boolean,
            args: Box::new([value.expr]),
        },
        _ => value.expr,
    }
}
