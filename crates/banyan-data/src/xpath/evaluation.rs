//! Evaluating a plan: operators, paths and filters, within a budget of steps.
//!
//! Recursion follows the expression, whose height the parser limits, and the tree, whose depth the codecs
//! limit. Every node that is looked at costs a step: an expression that asks for too much ends in an
//! error, not in an outage.

use std::cell::OnceCell;
use std::sync::Arc;

use banyan_yang::nearest::nearest;
use banyan_yang::schema::{PrefixMap, Schema};
use banyan_yang::xpath::{ArithOp, Axis, Plan, PlanExpr, PlanStep, Predicate, ResultType};

use super::once::Kept;
use super::session::{Session, Stop, Variables};
use super::step::is_any_depth;
use super::value::{XValue, number_of};
use crate::cursor::Cursor;
use crate::frame::Place;

/// The context node with position and size (XPath 1.0 section 1).
#[derive(Clone)]
pub(super) struct Focus<'t> {
    pub(super) node: Cursor<'t>,
    pub(super) position: usize,
    pub(super) size: usize,
}

/// One evaluation: everything that stays the same while it runs.
pub(crate) struct Evaluation<'t, 'e> {
    /// The schema that the plan was bound to.
    pub(crate) home: &'t Schema,
    pub(super) prefixes: &'e PrefixMap,
    pub(super) current: Cursor<'t>,
    pub(super) variables: Option<&'e Variables<'t>>,
    pub(crate) session: &'e Session<'t>,
    /// Where absolute paths begin.
    root: OnceCell<Cursor<'t>>,
    /// Values that hold for this evaluation.
    pub(super) kept: Kept<'t>,
}

impl<'t, 'e> Evaluation<'t, 'e> {
    /// An evaluation of `plan`, which was bound to `home`, with `current` as `current()`.
    pub(crate) fn new(
        plan: &'e Plan,
        home: &'t Schema,
        current: Cursor<'t>,
        session: &'e Session<'t>,
    ) -> Self {
        Evaluation {
            home,
            prefixes: &plan.prefixes,
            current,
            variables: None,
            session,
            root: OnceCell::new(),
            kept: Kept::default(),
        }
    }

    /// With values for variables.
    pub(super) fn with_variables(self, variables: Option<&'e Variables<'t>>) -> Self {
        Evaluation { variables, ..self }
    }
}

impl<'t> Evaluation<'t, '_> {
    /// The value of `expr` with `node` as the only context node.
    pub(crate) fn value(&self, expr: &PlanExpr, node: Cursor<'t>) -> Result<XValue<'t>, Stop> {
        self.eval(
            expr,
            &Focus {
                node,
                position: 1,
                size: 1,
            },
        )
    }

    /// The value of `expr` as a boolean; stops at the first node where that is enough.
    pub(crate) fn holds(&self, expr: &PlanExpr, node: Cursor<'t>) -> Result<bool, Stop> {
        self.test(
            expr,
            &Focus {
                node,
                position: 1,
                size: 1,
            },
        )
    }

    pub(super) fn test(&self, expr: &PlanExpr, focus: &Focus<'t>) -> Result<bool, Stop> {
        match expr {
            PlanExpr::Or(operands) => {
                for operand in operands {
                    if self.test(operand, focus)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            PlanExpr::And(operands) => {
                for operand in operands {
                    if !self.test(operand, focus)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            PlanExpr::Compare(op, left, right) => self.compare(*op, left, right, focus),
            PlanExpr::Once { per, expr } => self.once_true(*per, expr, focus),
            PlanExpr::Path { absolute, steps } if is_streamable(steps) => {
                let start = self.start(*absolute, focus);
                self.any(start, steps, &mut |_| Ok(true))
            }
            _ => Ok(self.eval(expr, focus)?.to_boolean()),
        }
    }

    pub(super) fn eval(&self, expr: &PlanExpr, focus: &Focus<'t>) -> Result<XValue<'t>, Stop> {
        Ok(match expr {
            PlanExpr::Or(_) | PlanExpr::And(_) | PlanExpr::Compare(..) => {
                XValue::Boolean(self.test(expr, focus)?)
            }
            PlanExpr::Arith(op, left, right) => {
                let (left, right) = (self.number(left, focus)?, self.number(right, focus)?);
                XValue::Number(match op {
                    ArithOp::Add => left + right,
                    ArithOp::Subtract => left - right,
                    ArithOp::Multiply => left * right,
                    ArithOp::Divide => left / right,
                    ArithOp::Modulo => left % right,
                })
            }
            PlanExpr::Negate(operand) => XValue::Number(-self.number(operand, focus)?),
            PlanExpr::Union(operands) => {
                let mut all = Vec::new();
                for operand in operands {
                    all.append(&mut self.nodes(operand, focus, "|")?);
                }
                XValue::Nodes(in_document_order(all))
            }
            PlanExpr::Path { absolute, steps } => {
                XValue::Nodes(self.walk(vec![self.start(*absolute, focus)], steps)?)
            }
            PlanExpr::Filter {
                primary,
                predicates,
                steps,
            } => {
                let nodes = self.nodes(primary, focus, "a predicate or '/'")?;
                XValue::Nodes(self.walk(self.filter(nodes, predicates)?, steps)?)
            }
            PlanExpr::Number(number) => XValue::Number(*number),
            PlanExpr::Literal(text) => XValue::String(text.to_string()),
            PlanExpr::Variable(name) => self
                .variables
                .and_then(|variables| variables.get(&**name))
                .cloned()
                .ok_or_else(|| self.no_variable(name))?,
            PlanExpr::DerivedFrom {
                nodes,
                base,
                or_self,
            } => {
                let nodes = self.nodes(nodes, focus, "derived-from()")?;
                XValue::Boolean(self.derived_from(&nodes, *base, *or_self))
            }
            PlanExpr::Once { per, expr } => self.once(*per, expr, focus)?.value.clone(),
            PlanExpr::Call { function, args } => self.call(*function, args, focus)?,
        })
    }

    fn no_variable(&self, name: &Arc<str>) -> Stop {
        let known = self.variables.into_iter().flat_map(Variables::keys);
        Stop::Variable {
            name: name.clone(),
            nearest: nearest(name, known.map(String::as_str)).map(str::to_owned),
        }
    }

    /// The value of an expression whose nodes' values matter, not only their existence.
    pub(super) fn read(&self, expr: &PlanExpr, focus: &Focus<'t>) -> Result<XValue<'t>, Stop> {
        let value = self.eval(expr, focus)?;
        if let XValue::Nodes(nodes) = &value {
            self.session.record(nodes);
        }
        Ok(value)
    }

    pub(super) fn number(&self, expr: &PlanExpr, focus: &Focus<'t>) -> Result<f64, Stop> {
        self.number_of(&self.read(expr, focus)?)
    }

    pub(super) fn text(&self, expr: &PlanExpr, focus: &Focus<'t>) -> Result<String, Stop> {
        match self.read(expr, focus)? {
            XValue::Nodes(nodes) => match nodes.first() {
                Some(node) => self.string_of(node),
                None => Ok(String::new()),
            },
            value => Ok(value.to_text()),
        }
    }

    /// [`XValue::to_number`], within the budget.
    pub(super) fn number_of(&self, value: &XValue<'t>) -> Result<f64, Stop> {
        match value {
            XValue::Nodes(nodes) => match nodes.first() {
                Some(node) => Ok(number_of(&self.string_of(node)?)),
                None => Ok(f64::NAN),
            },
            value => Ok(value.to_number()),
        }
    }

    /// [`Cursor::string_value`], within the budget: each node inside is a step.
    pub(super) fn string_of(&self, node: &Cursor<'t>) -> Result<String, Stop> {
        let mut text = node.frame().text().into_owned();
        self.append_texts(node, &mut text)?;
        Ok(text)
    }

    fn append_texts(&self, node: &Cursor<'t>, text: &mut String) -> Result<(), Stop> {
        for child in node.children() {
            self.session.tick()?;
            text.push_str(&child.frame().text());
            self.append_texts(&child, text)?;
        }
        Ok(())
    }

    pub(super) fn nodes(
        &self,
        expr: &PlanExpr,
        focus: &Focus<'t>,
        what: &'static str,
    ) -> Result<Vec<Cursor<'t>>, Stop> {
        match self.read(expr, focus)? {
            XValue::Nodes(nodes) => Ok(nodes),
            _ => Err(Stop::NotNodes(what)),
        }
    }

    pub(super) fn start(&self, absolute: bool, focus: &Focus<'t>) -> Cursor<'t> {
        if absolute {
            self.root().clone()
        } else {
            focus.node.clone()
        }
    }

    /// The root node of the document that the plan is about: that of the view, or the mount point around `current()`
    /// for a plan of a mounted schema (RFC 8528 4).
    pub(super) fn root(&self) -> &Cursor<'t> {
        self.root.get_or_init(|| {
            let frame = self.current.frame();
            let schema = frame.inside().map_or(frame.schema(), |(schema, ..)| schema);
            if !std::ptr::eq(schema, self.home) {
                return self.current.top();
            }
            let mut places = std::iter::successors(Some(self.current.clone()), Cursor::parent);
            places
                .find(|node| matches!(node.frame().place(), Place::Mount(_)))
                .unwrap_or_else(|| self.current.top())
        })
    }

    /// Whether `accept` says yes to some node that `steps` reach from `node`, depth first. Only for
    /// streamable steps: these reach no node twice.
    pub(super) fn any(
        &self,
        node: Cursor<'t>,
        steps: &[PlanStep],
        accept: &mut dyn FnMut(&Cursor<'t>) -> Result<bool, Stop>,
    ) -> Result<bool, Stop> {
        let Some((step, rest)) = steps.split_first() else {
            return accept(&node);
        };
        // `//name` goes only where the name can be.
        let toward = match rest.first() {
            Some(next) if is_any_depth(step) && next.axis == Axis::Child => &next.test,
            _ => &step.test,
        };
        let reached = match step.axis {
            Axis::Child => self.children(&node, step)?,
            axis => self.axis(&node, axis, toward),
        };
        for node in reached {
            self.session.tick()?;
            self.session.count(step, |visits| visits.looked_at += 1);
            if step.axis != Axis::Child && !self.passes(&node, &step.test) {
                continue;
            }
            let focus = Focus {
                node,
                position: 1,
                size: 1,
            };
            let mut passes = true;
            for predicate in &step.predicates {
                passes = self.keeps(predicate, &focus)?;
                if !passes {
                    break;
                }
            }
            if !passes {
                continue;
            }
            self.session.count(step, |visits| visits.selected += 1);
            if self.any(focus.node, rest, accept)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether the steps first climb from one node, then perhaps spread along one axis, and then descend, without counting
/// positions: no node is reached twice, and the order does not matter.
pub(super) fn is_streamable(steps: &[PlanStep]) -> bool {
    let climbing = |step: &PlanStep| matches!(step.axis, Axis::SelfNode | Axis::Parent);
    let climb = steps.iter().take_while(|step| climbing(step)).count();
    let (_, down) = steps.split_at(climb);
    down.iter().enumerate().all(|(index, step)| {
        (index == 0 || step.axis == Axis::Child)
            && step
                .predicates
                .iter()
                .all(|predicate| !predicate.positional && is_no_number(predicate))
    })
}

fn is_no_number(predicate: &Predicate) -> bool {
    !matches!(predicate.result, ResultType::Number | ResultType::Unknown)
}

/// Sorts and removes repetitions; costs a comparison per node when there is nothing to do.
pub(super) fn in_document_order(mut nodes: Vec<Cursor<'_>>) -> Vec<Cursor<'_>> {
    if !nodes.windows(2).all(|pair| pair[0] < pair[1]) {
        nodes.sort();
        nodes.dedup();
    }
    nodes
}
