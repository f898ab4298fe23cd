//! What the evaluations over one tree share: a budget each, compiled patterns, values that hold for the tree, and a
//! record of what was read.
//!
//! May rely on the tree and its views staying as they are: a session never outlives them.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use banyan_yang::pattern::{Pattern, PatternError};

use super::once::{Kept, Truths};
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
    #[error("the variable ${name} has no value here{}", suggestion(.nearest.as_deref()))]
    Variable {
        /// Its name.
        name: Arc<str>,
        /// One that has a value, and nearly that name.
        nearest: Option<String>,
    },
    /// Something else stands where a node-set is needed.
    #[error("{0} needs a node-set")]
    NotNodes(&'static str),
    /// A pattern of `re-match()` that is none.
    #[error("re-match() got a pattern that is none: {0}")]
    Pattern(PatternError),
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean ${name}?"))
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
    /// Values that hold for the tree.
    pub(super) kept: Kept<'t>,
    counts: Option<RefCell<HashMap<usize, Visits>>>,
    truths: Option<Rc<Truths>>,
}

/// What one part of a plan has cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Visits {
    /// Nodes that were looked at, one by one.
    pub looked_at: u64,
    /// Nodes among them that passed the test and all predicates that were tried on them.
    pub selected: u64,
    /// Entries that were looked up by key.
    pub lookups: u64,
    /// How often a value was computed, of a part that is computed once.
    pub computed: u64,
    /// How often it was asked for.
    pub asked: u64,
}

/// What an evaluation has cost, part by part. Parts are told apart by where they are in memory: ask with the very plan
/// that was evaluated.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Nodes looked at in all.
    pub visited: u64,
    counts: HashMap<usize, Visits>,
}

impl Observed {
    /// What a step, or a part that is computed once, has cost; `None` if it was never needed.
    pub fn of<T>(&self, part: &T) -> Option<Visits> {
        self.counts.get(&address(part)).copied()
    }
}

fn address<T>(part: &T) -> usize {
    std::ptr::from_ref(part) as usize
}

impl<'t> Session<'t> {
    pub(crate) fn new(budget: u64) -> Self {
        Session {
            allowed: Cell::new(budget),
            end: Cell::new(budget),
            visited: Cell::new(0),
            patterns: RefCell::default(),
            reads: None,
            kept: Kept::default(),
            counts: None,
            truths: None,
        }
    }

    /// A session that remembers whose values were read.
    pub(crate) fn recording(budget: u64) -> Self {
        Session {
            reads: Some(RefCell::default()),
            ..Session::new(budget)
        }
    }

    /// With what sessions before it have found out of the same tree.
    pub(super) fn sharing(self, truths: Rc<Truths>) -> Self {
        Session {
            truths: Some(truths),
            ..self
        }
    }

    pub(super) fn truths(&self) -> Option<&Truths> {
        self.truths.as_deref()
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

    /// Begins to count what each step looks at.
    pub(super) fn observed(budget: u64) -> Self {
        Session {
            counts: Some(RefCell::default()),
            ..Session::new(budget)
        }
    }

    pub(super) fn into_observed(self) -> Observed {
        Observed {
            visited: self.visited.get(),
            counts: self.counts.map(RefCell::into_inner).unwrap_or_default(),
        }
    }

    /// Counts something of a part of the plan, if somebody wants to know.
    pub(super) fn count<T>(&self, part: &T, change: impl FnOnce(&mut Visits)) {
        if let Some(counts) = &self.counts {
            change(counts.borrow_mut().entry(address(part)).or_default());
        }
    }

    /// Runs `compute` with a whole budget of its own, which nobody else is charged for: what it gives does not
    /// depend on who needs it first.
    pub(super) fn apart<T>(&self, compute: impl FnOnce() -> T) -> T {
        let (begun, end) = (self.visited.get(), self.end.get());
        self.end.set(begun.saturating_add(self.allowed.get()));
        let result = compute();
        let spent = self.visited.get() - begun;
        self.end.set(end.saturating_add(spent));
        result
    }

    pub(super) fn record(&self, nodes: &[Cursor<'t>]) {
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
        /// Expressions have few patterns, unless they read them from data.
        const KEPT: usize = 256;
        let pattern = Arc::new(Pattern::new(text).map_err(Stop::Pattern)?);
        let mut patterns = self.patterns.borrow_mut();
        if patterns.len() >= KEPT {
            patterns.clear();
        }
        patterns.insert(text.to_owned(), pattern.clone());
        Ok(pattern)
    }
}
