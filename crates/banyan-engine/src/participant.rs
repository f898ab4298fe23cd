//! Participants of a commit: whoever must agree to a change before it is logged, and learns of it after.
//!
//! Lives here: the trait, what a participant sees of a transaction, and how it refuses. The order of
//! calls is the business of the pipeline; nothing here calls a participant.

mod program;

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use banyan_data::Tree;
use banyan_data::change::ChangeSet;

use crate::backend::{BoxFuture, Call, CommitParameters, Principal, Source};
use crate::error::Report;
use crate::number::{Seq, Tid};

pub use program::{DEADLINE, Program};

/// The phases of a commit, in the order in which a successful one passes them (DESIGN section 3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Phase {
    /// A transaction begins: take what is needed for it.
    Begin,
    /// Check the change; the tree is valid by its schema.
    Validate,
    /// All have validated: last preparations.
    Complete,
    /// Go as far as can be undone.
    Commit,
    /// The commit is durable: there is only forward.
    CommitDone,
    /// The transaction is over, and was committed.
    End,
    /// Undo what `commit` did.
    Revert,
    /// The transaction is over, and was not committed.
    Abort,
}

impl Phase {
    /// All of them.
    pub const ALL: [Phase; 8] = [
        Phase::Begin,
        Phase::Validate,
        Phase::Complete,
        Phase::Commit,
        Phase::CommitDone,
        Phase::End,
        Phase::Revert,
        Phase::Abort,
    ];

    /// The phase of that name.
    pub fn named(name: &str) -> Option<Phase> {
        Phase::ALL.into_iter().find(|phase| phase.name() == name)
    }

    /// Its name in messages and traces.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Begin => "begin",
            Phase::Validate => "validate",
            Phase::Complete => "complete",
            Phase::Commit => "commit",
            Phase::CommitDone => "commit_done",
            Phase::End => "end",
            Phase::Revert => "revert",
            Phase::Abort => "abort",
        }
    }
}

/// Why a participant does not agree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The participant's name.
    pub participant: Arc<str>,
    /// What is wrong, why, and what to do, in one sentence.
    pub message: String,
    /// The errors behind it, each in full (a device's own rpc-errors, for instance); may be empty.
    pub reports: Vec<Report>,
}

impl Refusal {
    /// A refusal with a message and without further reports.
    pub fn new(participant: impl Into<Arc<str>>, message: impl Into<String>) -> Self {
        Refusal {
            participant: participant.into(),
            message: message.into(),
            reports: Vec::new(),
        }
    }

    /// Adds the errors behind it.
    pub fn with_reports(mut self, reports: impl IntoIterator<Item = Report>) -> Self {
        self.reports.extend(reports);
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.participant, self.message)
    }
}

impl std::error::Error for Refusal {}

/// What a participant hears of a start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AtStart {
    /// All phases of one transaction: from nothing to all that running is.
    Whole,
    /// Nothing: it finds out by itself what has to be done.
    Nothing,
}

/// A participant's answer.
pub type Answer = Result<(), Refusal>;

fn agree<'a>() -> BoxFuture<'a, Answer> {
    Box::pin(std::future::ready(Ok(())))
}

fn nothing<'a>() -> BoxFuture<'a, ()> {
    Box::pin(std::future::ready(()))
}

/// Takes part in commits.
///
/// Participants are called in the order of their registration, phase by phase; `revert` and `abort` in
/// the reverse order. A panic or a missed deadline counts as a refusal; in the phases that cannot refuse
/// it is logged. Exactly one of `end` and `abort` follows a `begin` that was called.
pub trait Participant: Send + Sync {
    /// Its name, unique in the engine: `controller`, `kicker`, ...
    fn name(&self) -> &str;

    /// Whether it takes part in this transaction; when not, no phase is called. Must be cheap.
    fn interested(&self, transaction: &Transaction) -> bool {
        let _ = transaction;
        true
    }

    /// What it hears of a start. Whoever keeps what it did elsewhere hears of all of it by default, because running may
    /// be another than when the program ended: a confirmed commit was taken back, a file was edited, modules were
    /// upgraded. It is called whatever it is interested in.
    fn at_start(&self) -> AtStart {
        AtStart::Whole
    }

    /// How long it may take for a phase.
    fn deadline(&self, phase: Phase) -> Duration {
        let _ = phase;
        Duration::from_secs(60)
    }

    /// The transaction begins.
    fn begin<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, Answer> {
        let _ = transaction;
        agree()
    }

    /// Check the change.
    fn validate<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, Answer> {
        let _ = transaction;
        agree()
    }

    /// All have validated.
    fn complete<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, Answer> {
        let _ = transaction;
        agree()
    }

    /// Go as far as can be undone.
    fn commit<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, Answer> {
        let _ = transaction;
        agree()
    }

    /// The commit is durable and published; [`Transaction::seq`] is known.
    fn commit_done<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, ()> {
        let _ = transaction;
        nothing()
    }

    /// The transaction is over and was committed.
    fn end<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, ()> {
        let _ = transaction;
        nothing()
    }

    /// Undo what `commit` did. Called for those whose `commit` agreed, and for the one that refused it,
    /// first. An error says what remains where: the transaction's result is then not a clean failure.
    fn revert<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, Answer> {
        let _ = transaction;
        agree()
    }

    /// The transaction is over and was not committed.
    fn abort<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, ()> {
        let _ = transaction;
        nothing()
    }
}

/// Typed wishes that an in-process caller attaches to a commit for one participant, by type: the
/// controller's choice of devices, the mark of a pull. At most one of each type.
#[derive(Clone, Default)]
pub struct Options(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl Options {
    /// No wishes.
    pub fn none() -> Self {
        Options::default()
    }

    /// Adds or replaces the wish of its type.
    pub fn with<T: Any + Send + Sync>(mut self, wish: T) -> Self {
        self.0.insert(TypeId::of::<T>(), Arc::new(wish));
        self
    }

    /// The wish of type `T`.
    pub fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.0.get(&TypeId::of::<T>())?.downcast_ref()
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Options({})", self.0.len())
    }
}

/// One attempt at a change, as participants see it. Both trees are immutable.
#[derive(Debug)]
pub struct Transaction {
    /// The attempt's number.
    pub tid: Tid,
    /// Running before, with its place in the log.
    pub before: Tree,
    /// The place of `before` in the log.
    pub base: Seq,
    /// Running after, if it is committed.
    pub after: Tree,
    /// The difference.
    pub changes: Arc<ChangeSet>,
    /// What the commit was told.
    pub parameters: CommitParameters,
    /// Wishes of in-process callers.
    pub options: Options,
    /// Who commits.
    pub principal: Principal,
    /// How the committer came in.
    pub source: Source,
    /// The call behind it, for its deadline, its cancellation and its listener.
    pub call: Call,
    start: bool,
    notes: Mutex<Notes>,
    seq: OnceLock<Seq>,
}

/// What participants add to a transaction while it runs.
#[derive(Debug, Default, Clone)]
pub(crate) struct Notes {
    /// Entries for the log record: kind and value, in order.
    pub entries: Vec<(Arc<str>, serde_json::Value)>,
    /// Lines for [`crate::backend::Committed::trace`].
    pub trace: Vec<String>,
}

/// What a new [`Transaction`] is made of.
#[derive(Debug)]
pub struct TransactionParts {
    /// See [`Transaction::tid`].
    pub tid: Tid,
    /// See [`Transaction::before`].
    pub before: Tree,
    /// See [`Transaction::base`].
    pub base: Seq,
    /// See [`Transaction::after`].
    pub after: Tree,
    /// See [`Transaction::changes`].
    pub changes: Arc<ChangeSet>,
    /// See [`Transaction::parameters`].
    pub parameters: CommitParameters,
    /// See [`Transaction::options`].
    pub options: Options,
    /// See [`Transaction::source`].
    pub source: Source,
    /// See [`Transaction::call`]; its principal is the transaction's.
    pub call: Call,
}

impl Transaction {
    /// A transaction that nobody has seen yet; public so that participants can be tested alone.
    pub fn new(parts: TransactionParts) -> Self {
        Transaction {
            tid: parts.tid,
            before: parts.before,
            base: parts.base,
            after: parts.after,
            changes: parts.changes,
            parameters: parts.parameters,
            options: parts.options,
            principal: parts.call.principal.clone(),
            source: parts.source,
            call: parts.call,
            start: false,
            notes: Mutex::default(),
            seq: OnceLock::new(),
        }
    }

    /// The transaction of a start: before it is nothing, after it all that running is.
    pub fn of_start(parts: TransactionParts) -> Self {
        Transaction {
            start: true,
            ..Transaction::new(parts)
        }
    }

    /// Whether it is that of a start ([`Participant::at_start`]).
    pub fn is_start(&self) -> bool {
        self.start
    }

    fn notes(&self) -> std::sync::MutexGuard<'_, Notes> {
        // Notes are only pushed to, so a panic elsewhere cannot leave them half written.
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an entry to the log record (`kicks`, `devices`, ...). Has no effect once the record is written.
    pub fn record(&self, kind: impl Into<Arc<str>>, value: serde_json::Value) {
        self.notes().entries.push((kind.into(), value));
    }

    /// Adds a line to the trace that the committer asked for.
    pub fn trace(&self, line: impl Into<String>) {
        self.notes().trace.push(line.into());
    }

    /// Tells the committer, while it waits, how far things are.
    pub fn report(&self, progress: impl Into<String>) {
        self.call.report(progress);
    }

    /// The place in the log; known from `commit_done` on.
    pub fn seq(&self) -> Option<Seq> {
        self.seq.get().copied()
    }

    /// What participants have added so far.
    pub(crate) fn noted(&self) -> Notes {
        self.notes().clone()
    }

    /// Sets the place in the log; the first call counts.
    pub(crate) fn committed_at(&self, seq: Seq) {
        let _ = self.seq.set(seq);
    }
}
