//! `when` (RFC 7950 7.21.5): whether data may be there at all.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use banyan_yang::schema::{Schema, SchemaId, When, WhenContext};

use super::evaluation::Evaluation;
use super::once::Truths;
use super::plans::Plans;
use super::session::{Session, Stop};
use crate::cursor::Cursor;
use crate::frame::Frame;
use crate::path::InstancePath;
use crate::view::{View, WhenFilter, case_chain};

/// Nested conditions that are followed; a condition beyond counts as true. The compiler refuses cycles of
/// strict models, and lenient ones end here.
const NESTED: usize = 32;

/// Evaluates `when` conditions for a [`View`], each once per node.
///
/// Conditions may depend on each other through the view: the one that is asked for first asks for those that
/// it needs, which is the dependency order. A condition that needs itself counts as true there.
#[derive(Debug)]
pub struct Whens {
    budget: u64,
    visited: Cell<u64>,
    /// Nodes whose conditions are being evaluated, and what is known of the others. A path names the node of one
    /// tree, so a filter serves one tree only.
    pending: RefCell<Vec<InstancePath>>,
    known: RefCell<HashMap<InstancePath, bool>>,
    /// What conditions have in common that holds for the tree.
    truths: Rc<Truths>,
}

impl Whens {
    /// A filter for views of one tree, with a budget of steps for each condition. A condition that passes its
    /// budget counts as true: a constraint that reads it has a budget of its own, and validation reports it.
    pub fn new(budget: u64) -> Self {
        Whens {
            budget,
            visited: Cell::new(0),
            pending: RefCell::default(),
            known: RefCell::default(),
            truths: Rc::default(),
        }
    }

    /// Nodes looked at so far.
    pub fn visited(&self) -> u64 {
        self.visited.get()
    }
}

impl WhenFilter for Whens {
    fn holds<'a>(&self, view: &'a View<'a>, node: &Rc<Frame<'a>>) -> bool {
        let path = node.path();
        if let Some(known) = self.known.borrow().get(&path) {
            return *known;
        }
        {
            let mut pending = self.pending.borrow_mut();
            if pending.len() >= NESTED || pending.contains(&path) {
                return true;
            }
            pending.push(path);
        }
        let mut session = Session::new(self.budget);
        if self.pending.borrow().len() == 1 {
            // Deeper down, what is found may rest on conditions that are not decided yet.
            session = session.sharing(self.truths.clone());
        }
        let cursor = Cursor::at(view, node.clone());
        let holds = !matches!(first_false(&cursor, &session, self.budget), Ok(Some(_)));
        self.visited.set(self.visited.get() + session.visited());
        // What it had to evaluate on the way has been taken off again: the last one is this node.
        if let Some(path) = self.pending.borrow_mut().pop() {
            self.known.borrow_mut().insert(path, holds);
        }
        holds
    }
}

/// A condition that does not hold, and the node that it was evaluated on.
pub(crate) struct FalseWhen<'t> {
    pub(crate) schema: &'t Schema,
    /// The schema node that bears it: the data node, or a choice or case around it.
    pub(crate) bearer: SchemaId,
    /// Which of the bearer's conditions.
    pub(crate) index: usize,
    pub(crate) context: Cursor<'t>,
}

impl<'t> FalseWhen<'t> {
    /// The statement.
    pub(crate) fn when(&self) -> Option<&'t When> {
        self.schema.node(self.bearer).whens().get(self.index)
    }
}

/// The first condition on `node` (a data node, or a dummy in its place) that does not hold, if any: its own, then
/// those of the cases and choices around it.
pub(crate) fn first_false<'t>(
    node: &Cursor<'t>,
    session: &Session<'t>,
    budget: u64,
) -> Result<Option<FalseWhen<'t>>, Stop> {
    let node = &node.for_constraints();
    let schema = node.schema();
    let plans = Plans::of(schema);
    for bearer in std::iter::once(node.id()).chain(case_chain(schema, node.id())) {
        if let Some(index) = false_on(&plans, node, bearer, session, budget)? {
            let context = match schema
                .node(bearer)
                .whens()
                .get(index)
                .map(|when| when.context)
            {
                Some(WhenContext::Parent) => node.parent().unwrap_or_else(|| node.clone()),
                _ => node.clone(),
            };
            return Ok(Some(FalseWhen {
                schema,
                bearer,
                index,
                context,
            }));
        }
    }
    Ok(None)
}

fn false_on<'t>(
    plans: &Arc<Plans>,
    node: &Cursor<'t>,
    bearer: SchemaId,
    session: &Session<'t>,
    budget: u64,
) -> Result<Option<usize>, Stop> {
    let schema = node.schema();
    for (index, (when, plan)) in plans.whens(schema, bearer).enumerate() {
        let context = match when.context {
            WhenContext::Parent => node.parent().unwrap_or_else(|| node.clone()),
            WhenContext::Node => node.clone(),
        };
        session.renew(budget);
        let evaluation = Evaluation::new(plan, schema, context.clone(), session);
        if !evaluation.holds(&plan.expr, context)? {
            return Ok(Some(index));
        }
    }
    Ok(None)
}
