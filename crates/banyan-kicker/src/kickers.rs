//! The kickers of an engine, as a participant of its commits.
//!
//! A change of the kickers themselves is checked in `validate`; what a change sets off is found in
//! `complete`, while nothing is decided yet, and goes into the log record; after the commit is published
//! the kicks are handed on. Evaluation uses the kickers of the tree *before* the change: a kicker is in
//! force from the commit after the one that creates it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use banyan_data::Tree;
use banyan_engine::backend::Principal;
use banyan_engine::engine::{Engine, EngineBuilder, WeakEngine};
use banyan_engine::error::{ErrorLayer, ErrorTag, Report};
use banyan_engine::participant::{Answer, AtStart, Participant, Refusal, Transaction};
use banyan_engine::state::{StateChange, StateListener};
use banyan_engine::{Tid, backend::BoxFuture};
use serde_json::json;

use crate::dispatch::{Dispatcher, Occasion};
use crate::evaluate::{Around, Kick, evaluate};
use crate::model::KickerSchema;
use crate::set::{KickerSet, same_kickers};

/// The kickers of one engine.
#[derive(Default)]
pub struct Kickers {
    engine: OnceLock<WeakEngine>,
    /// The set of the newest tree that was looked at.
    current: Mutex<Option<Arc<KickerSet>>>,
    /// Kicks of transactions that are not yet published.
    waiting: Mutex<HashMap<Tid, Vec<Kick>>>,
    dispatcher: Arc<Dispatcher>,
}

/// A lock whose data stay usable whatever happens to another holder: they are replaced as wholes.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Kickers {
    /// Kickers that wait for their engine.
    pub fn new() -> Arc<Kickers> {
        Arc::new(Kickers::default())
    }

    /// Gives an engine that is being built what kickers need, before it opens.
    pub fn join(self: &Arc<Self>, builder: EngineBuilder) -> EngineBuilder {
        builder
            .participant(self.clone())
            .meter(self.dispatcher.clone())
    }

    /// Tells which engine calls the actions. Kicks before this call are lost, so it comes right after the
    /// engine opens; only the first call counts.
    pub fn attach(self: &Arc<Self>, engine: &Engine) {
        if self.engine.set(engine.downgrade()).is_ok() {
            engine.state().listen(self.clone());
        }
    }

    /// The kickers in force for a change of this tree; compiled again only when they changed.
    fn in_force(&self, before: &Tree) -> Arc<KickerSet> {
        let mut current = locked(&self.current);
        match &*current {
            Some(set) if set.is_of(before) => set.clone(),
            _ => {
                let (set, errors) = KickerSet::of(before);
                for error in errors {
                    // They passed `validate` once; the schema must have changed since.
                    tracing::warn!(%error, "a kicker cannot work and is left out");
                }
                let set = Arc::new(set);
                *current = Some(set.clone());
                set
            }
        }
    }

    fn check(&self, transaction: &Transaction) -> Answer {
        let before = &transaction.before;
        let old = KickerSchema::find(before.schema()).and_then(|model| model.container(before));
        if same_kickers(old, &transaction.after) {
            return Ok(());
        }
        let (_, errors) = KickerSet::of(&transaction.after);
        if errors.is_empty() {
            return Ok(());
        }
        let reports = errors.iter().map(|error| {
            let mut report = Report::new(
                ErrorLayer::Application,
                ErrorTag::InvalidValue,
                error.message.clone(),
            );
            report.path = Some(error.path.0.clone());
            report.path_namespaces = vec![("banyan-kicker".into(), "urn:banyan:kicker".into())];
            report
        });
        let message = format!("{}: {}", errors[0].path, errors[0].message);
        Err(Refusal::new(self.name(), message).with_reports(reports))
    }

    fn find(&self, transaction: &Transaction) {
        let set = self.in_force(&transaction.before);
        if set.kickers().is_empty() {
            return;
        }
        let around = Around {
            before: &transaction.before,
            after: &transaction.after,
            changes: &transaction.changes,
        };
        let evaluated = evaluate(&set, around);
        if transaction.parameters.debug_kicker {
            let now = self
                .engine
                .get()
                .and_then(WeakEngine::upgrade)
                .map(|engine| format!("{:.3} ", engine.clock().now()))
                .unwrap_or_default();
            for line in &evaluated.trace {
                transaction.trace(format!("{now}{line}"));
            }
            for error in &evaluated.errors {
                transaction.trace(format!("{now}kicker: {error}"));
            }
        }
        for error in &evaluated.errors {
            tracing::warn!(%error, tid = %transaction.tid, "a kicker could not be evaluated");
        }
        if !evaluated.kicks.is_empty() {
            let entries: Vec<_> = evaluated
                .kicks
                .iter()
                .map(|kick| {
                    json!({
                        "kicker-id": kick.kicker,
                        "path": kick.path,
                        "kick-node": kick.target_text,
                        "action-name": kick.action,
                    })
                })
                .collect();
            transaction.record("kicks", entries.into());
            locked(&self.waiting).insert(transaction.tid, evaluated.kicks);
        }
    }
}

/// The transaction of kicks that no transaction has set off.
const NO_TRANSACTION: Tid = Tid(0);

impl StateListener for Kickers {
    /// A change of the state: monitors on operational data match, and the actions are called as after a commit, for the
    /// source of the state.
    fn changed(&self, change: &StateChange) {
        let set = self.in_force(&change.before);
        if set.kickers().is_empty() {
            return;
        }
        let around = Around {
            before: &change.before,
            after: &change.after,
            changes: &change.changes,
        };
        let evaluated = evaluate(&set, around);
        for error in &evaluated.errors {
            tracing::warn!(%error, source = %change.source, "a kicker could not be evaluated");
        }
        let kicks = evaluated.kicks;
        if let (Some(engine), false) = (self.engine.get(), kicks.is_empty()) {
            let occasion = Occasion {
                tid: NO_TRANSACTION,
                principal: Principal::user(change.source.clone()),
            };
            self.dispatcher.hand_on(engine, &occasion, kicks);
        }
    }
}

impl Participant for Kickers {
    fn name(&self) -> &str {
        "kicker"
    }

    /// What was so before the program ended is no change: a start kicks nobody.
    fn at_start(&self) -> AtStart {
        AtStart::Nothing
    }

    fn validate<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, Answer> {
        Box::pin(std::future::ready(self.check(transaction)))
    }

    fn complete<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, Answer> {
        self.find(transaction);
        Box::pin(std::future::ready(Ok(())))
    }

    fn commit_done<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, ()> {
        if let Some(kicks) = locked(&self.waiting).remove(&transaction.tid)
            && let Some(engine) = self.engine.get()
        {
            let occasion = Occasion {
                tid: transaction.tid,
                principal: transaction.principal.clone(),
            };
            self.dispatcher.hand_on(engine, &occasion, kicks);
        }
        Box::pin(std::future::ready(()))
    }

    fn abort<'a>(&'a self, transaction: &'a Transaction) -> BoxFuture<'a, ()> {
        locked(&self.waiting).remove(&transaction.tid);
        Box::pin(std::future::ready(()))
    }
}
