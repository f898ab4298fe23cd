//! Evaluating a plan: operators, paths and filters, within a budget of steps.
//!
//! Recursion follows the expression, whose height the parser limits, and the tree, whose depth the codecs
//! limit. Every node that is looked at costs a step: an expression that asks for too much ends in an
//! error, not in an outage.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use banyan_yang::pattern::{Pattern, PatternError};
use banyan_yang::schema::{PrefixMap, Schema};
use banyan_yang::xpath::{ArithOp, Axis, CompareOp, PlanExpr, PlanStep};

use super::compare::{compare, compare_node};
use super::value::XValue;
use crate::cursor::Cursor;

/// The values of an expression's variables, by name without the dollar sign.
pub type Variables<'t> = BTreeMap<String, XValue<'t>>;

/// Why an evaluation ended without a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// It looked at too many nodes.
    #[error(
        "evaluating the expression took more than {limit} steps; make it more specific, with keys in place of '//' and '*'"
    )]
    Budget {
        /// The budget that was used up.
        limit: u64,
    },
    /// A variable without a value.
    #[error("the variable ${0} has no value here")]
    Variable(Arc<str>),
    /// Something else stands where a node-set is needed.
    #[error("{0} needs a node-set")]
    NotNodes(&'static str),
    /// A pattern of `re-match()` that is none.
    #[error("re-match() got a pattern that is none: {0}")]
    Pattern(PatternError),
}

/// What evaluations share: the budget, compiled patterns, and what was read if somebody wants to know.
#[derive(Debug)]
pub(crate) struct Session<'t> {
    /// Steps that one evaluation may take, and the count of visited nodes at which it ends.
    allowed: Cell<u64>,
    end: Cell<u64>,
    visited: Cell<u64>,
    patterns: RefCell<HashMap<String, Arc<Pattern>>>,
    reads: Option<RefCell<Vec<Cursor<'t>>>>,
}

impl<'t> Session<'t> {
    pub(crate) fn new(budget: u64) -> Self {
        Session {
            allowed: Cell::new(budget),
            end: Cell::new(budget),
            visited: Cell::new(0),
            patterns: RefCell::default(),
            reads: None,
        }
    }

    /// A session that remembers whose values were read.
    pub(crate) fn recording(budget: u64) -> Self {
        Session {
            reads: Some(RefCell::default()),
            ..Session::new(budget)
        }
    }

    /// Begins another evaluation with a budget of its own.
    pub(crate) fn renew(&self, budget: u64) {
        self.allowed.set(budget);
        self.end.set(self.visited.get().saturating_add(budget));
    }

    /// How many nodes were looked at in all.
    pub(crate) fn visited(&self) -> u64 {
        self.visited.get()
    }

    pub(crate) fn into_reads(self) -> Vec<Cursor<'t>> {
        self.reads.map(RefCell::into_inner).unwrap_or_default()
    }

    pub(crate) fn tick(&self) -> Result<(), Stop> {
        let visited = self.visited.get() + 1;
        self.visited.set(visited);
        if visited > self.end.get() {
            return Err(Stop::Budget {
                limit: self.allowed.get(),
            });
        }
        Ok(())
    }

    fn record(&self, nodes: &[Cursor<'t>]) {
        /// More than this nobody reads in a message.
        const KEPT: usize = 32;
        if let Some(reads) = &self.reads {
            let mut reads = reads.borrow_mut();
            let room = KEPT.saturating_sub(reads.len());
            let leaves = nodes.iter().filter(|node| node.value().is_some());
            reads.extend(leaves.take(room).cloned());
        }
    }

    pub(super) fn pattern(&self, text: &str) -> Result<Arc<Pattern>, Stop> {
        if let Some(pattern) = self.patterns.borrow().get(text) {
            return Ok(pattern.clone());
        }
        let pattern = Arc::new(Pattern::new(text).map_err(Stop::Pattern)?);
        self.patterns
            .borrow_mut()
            .insert(text.to_owned(), pattern.clone());
        Ok(pattern)
    }
}

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
    pub(crate) prefixes: &'e PrefixMap,
    pub(crate) current: Cursor<'t>,
    pub(crate) variables: &'e Variables<'t>,
    pub(crate) session: &'e Session<'t>,
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
                .get(&**name)
                .cloned()
                .ok_or_else(|| Stop::Variable(name.clone()))?,
            PlanExpr::DerivedFrom {
                nodes,
                base,
                or_self,
            } => {
                let nodes = self.nodes(nodes, focus, "derived-from()")?;
                XValue::Boolean(self.derived_from(&nodes, *base, *or_self))
            }
            PlanExpr::Call { function, args } => self.call(*function, args, focus)?,
        })
    }

    /// The value of an expression whose nodes' values matter, not only their existence.
    fn read(&self, expr: &PlanExpr, focus: &Focus<'t>) -> Result<XValue<'t>, Stop> {
        let value = self.eval(expr, focus)?;
        if let XValue::Nodes(nodes) = &value {
            self.session.record(nodes);
        }
        Ok(value)
    }

    pub(super) fn number(&self, expr: &PlanExpr, focus: &Focus<'t>) -> Result<f64, Stop> {
        Ok(self.read(expr, focus)?.to_number())
    }

    pub(super) fn text(&self, expr: &PlanExpr, focus: &Focus<'t>) -> Result<String, Stop> {
        Ok(self.read(expr, focus)?.to_text())
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

    fn start(&self, absolute: bool, focus: &Focus<'t>) -> Cursor<'t> {
        if absolute {
            focus.node.top()
        } else {
            focus.node.clone()
        }
    }

    fn compare(
        &self,
        op: CompareOp,
        left: &PlanExpr,
        right: &PlanExpr,
        focus: &Focus<'t>,
    ) -> Result<bool, Stop> {
        // A path against a scalar needs its first node that compares true, not all of them.
        for (path, other, op) in [(left, right, op), (right, left, op.mirrored())] {
            if let PlanExpr::Path { absolute, steps } = path
                && is_streamable(steps)
            {
                let scalar = self.read(other, focus)?;
                return match scalar {
                    XValue::Nodes(_) | XValue::Boolean(_) => {
                        Ok(compare(op, &self.read(path, focus)?, &scalar))
                    }
                    scalar => self.any(self.start(*absolute, focus), steps, &mut |node| {
                        self.session.record(std::slice::from_ref(node));
                        Ok(compare_node(op, node, &scalar))
                    }),
                };
            }
        }
        let left = self.read(left, focus)?;
        Ok(compare(op, &left, &self.read(right, focus)?))
    }

    /// Whether `accept` says yes to some node that `steps` reach from `node`, depth first. Only for
    /// streamable steps: these reach no node twice.
    fn any(
        &self,
        node: Cursor<'t>,
        steps: &[PlanStep],
        accept: &mut dyn FnMut(&Cursor<'t>) -> Result<bool, Stop>,
    ) -> Result<bool, Stop> {
        let Some((step, rest)) = steps.split_first() else {
            return accept(&node);
        };
        if step.axis != Axis::Child {
            for reached in self.step(&node, step)? {
                if self.any(reached, rest, accept)? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        for child in self.children(&node, step)? {
            self.session.tick()?;
            let focus = Focus {
                node: child,
                position: 1,
                size: 1,
            };
            let mut passes = true;
            for predicate in &step.predicates {
                passes = self.test(&predicate.expr, &focus)?;
                if !passes {
                    break;
                }
            }
            if passes && self.any(focus.node, rest, accept)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether the steps first climb from one node and then descend, without counting positions: no node is
/// reached twice, and the order does not matter.
fn is_streamable(steps: &[PlanStep]) -> bool {
    let climbing = |step: &&PlanStep| matches!(step.axis, Axis::SelfNode | Axis::Parent);
    let down = steps.iter().position(|step| !climbing(&step));
    let (_, down) = steps.split_at(down.unwrap_or(steps.len()));
    down.iter().all(|step| {
        step.axis == Axis::Child
            && step
                .predicates
                .iter()
                .all(|predicate| !predicate.positional && is_no_number(predicate))
    })
}

fn is_no_number(predicate: &banyan_yang::xpath::Predicate) -> bool {
    use banyan_yang::xpath::ResultType;
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
