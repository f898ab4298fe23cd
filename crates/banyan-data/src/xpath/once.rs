//! Values that are computed once: parts of an expression that do not depend on the context node.
//!
//! [`Per::Tree`] values are kept by the session, and serve all evaluations over one view of the tree: a constraint on
//! thousands of instances that counts a list counts it once. [`Per::Evaluation`] values are kept by their evaluation.
//! A value of the tree has a budget of its own, so that its outcome does not depend on who asks first.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use banyan_yang::xpath::{Per, PlanExpr};

use super::compare::Operand;
use super::evaluation::{Evaluation, Focus};
use super::session::Stop;
use crate::view::Aspect;

/// Expression and view, by where they are in memory: a session does not outlive the view, and an entry holds on to
/// its expression.
type Key = (usize, usize);

/// What is known already.
#[derive(Debug, Default)]
pub(super) struct Kept<'t>(RefCell<HashMap<Key, Entry<'t>>>);

#[derive(Debug)]
struct Entry<'t> {
    /// Keeps the address of the expression from being given to another.
    _expr: Arc<PlanExpr>,
    value: Option<Result<Rc<Operand<'t>>, Stop>>,
    truth: Option<Result<bool, Stop>>,
}

impl<'t> Kept<'t> {
    fn get<T: Clone>(&self, key: Key, part: impl Fn(&Entry<'t>) -> Option<T>) -> Option<T> {
        self.0.borrow().get(&key).and_then(part)
    }

    fn set(&self, key: Key, expr: &Arc<PlanExpr>, change: impl FnOnce(&mut Entry<'t>)) {
        let mut entries = self.0.borrow_mut();
        change(entries.entry(key).or_insert_with(|| Entry {
            _expr: expr.clone(),
            value: None,
            truth: None,
        }));
    }
}

/// Truths that hold for a tree, for sessions that follow each other: nodes cannot be kept so long.
#[derive(Debug, Default)]
pub(super) struct Truths(RefCell<HashMap<(usize, Aspect), Truth>>);

#[derive(Debug)]
struct Truth {
    /// As in [`Entry`].
    _expr: Arc<PlanExpr>,
    holds: bool,
}

impl Truths {
    fn get(&self, expr: &Arc<PlanExpr>, aspect: Aspect) -> Option<bool> {
        let known = self.0.borrow();
        let truth = known.get(&(Arc::as_ptr(expr) as usize, aspect))?;
        Some(truth.holds)
    }

    fn set(&self, expr: &Arc<PlanExpr>, aspect: Aspect, holds: bool) {
        let key = (Arc::as_ptr(expr) as usize, aspect);
        let truth = Truth {
            _expr: expr.clone(),
            holds,
        };
        self.0.borrow_mut().insert(key, truth);
    }
}

impl<'t> Evaluation<'t, '_> {
    /// The value of a part that is computed once.
    pub(super) fn once(
        &self,
        per: Per,
        expr: &Arc<PlanExpr>,
        focus: &Focus<'t>,
    ) -> Result<Rc<Operand<'t>>, Stop> {
        let (kept, key) = self.kept(per, expr);
        self.session.count(&**expr, |visits| visits.asked += 1);
        if let Some(known) = kept.get(key, |entry| entry.value.clone()) {
            return known;
        }
        self.session.count(&**expr, |visits| visits.computed += 1);
        let value = self.computed(per, || Ok(Rc::new(Operand::of(self.eval(expr, focus)?))));
        kept.set(key, expr, |entry| entry.value = Some(value.clone()));
        value
    }

    /// The same as a boolean, for which the first of many nodes is enough.
    pub(super) fn once_true(
        &self,
        per: Per,
        expr: &Arc<PlanExpr>,
        focus: &Focus<'t>,
    ) -> Result<bool, Stop> {
        let (kept, key) = self.kept(per, expr);
        self.session.count(&**expr, |visits| visits.asked += 1);
        if let Some(known) = kept.get(key, |entry| entry.truth.clone()) {
            return known;
        }
        let shared = self.session.truths().filter(|_| self.holds_for_tree(per));
        let aspect = self.current.view().aspect();
        if let Some(known) = shared.and_then(|truths| truths.get(expr, aspect)) {
            return Ok(known);
        }
        self.session.count(&**expr, |visits| visits.computed += 1);
        let truth = self.computed(per, || self.test(expr, focus));
        if let (Some(truths), Ok(truth)) = (shared, &truth) {
            truths.set(expr, aspect, *truth);
        }
        kept.set(key, expr, |entry| entry.truth = Some(truth.clone()));
        truth
    }

    fn kept(&self, per: Per, expr: &Arc<PlanExpr>) -> (&Kept<'t>, Key) {
        let view = std::ptr::from_ref(self.current.view()) as usize;
        let kept = match self.holds_for_tree(per) {
            true => &self.session.kept,
            false => &self.kept,
        };
        (kept, (Arc::as_ptr(expr) as usize, view))
    }

    /// Within a mounted tree, absolute paths begin at the mount point: what they give holds for this mount alone.
    fn holds_for_tree(&self, per: Per) -> bool {
        per == Per::Tree && self.root().parent().is_none()
    }

    fn computed<T>(&self, per: Per, compute: impl FnOnce() -> T) -> T {
        match self.holds_for_tree(per) {
            true => self.session.apart(compute),
            false => compute(),
        }
    }
}
