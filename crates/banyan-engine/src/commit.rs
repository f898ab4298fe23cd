//! Commits of candidates, and the confirmed commits that take themselves back.

use std::time::Duration;

use banyan_data::Tree;
use tokio::sync::MutexGuard;

use crate::backend::{Call, CommitParameters, Committed, Datastore, Result, Source};
use crate::bind;
use crate::blocking::{on_pool, to_its_end_from_pool, where_it_may_block};
use crate::candidate::Candidate;
use crate::confirm::{self, Pending, Step};
use crate::cut::Cut;
use crate::engine::{Engine, log_failed};
use crate::error::{BackendError, ErrorTag};
use crate::in_progress::Entered;
use crate::number::{SessionId, Tid};
use crate::observe::Stage;
use crate::participant::Options;
use crate::pipeline::{self, Attempt, Outcome, Until};
use crate::session::{INTERNAL, internal_source};
use crate::stream::{By, ConfirmEvent};

/// How long to wait before a take-back that was refused is tried again.
const AGAIN: Duration = Duration::from_secs(30);

/// Why a confirmed commit is taken back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TakenBack {
    /// Nobody confirmed in time.
    Timeout,
    /// The session that had to confirm is gone (RFC 6241 8.4.1).
    SessionEnded,
    /// By request (RFC 6241 8.4.4).
    Cancelled,
}

/// A commit whose turn it is; given on when it is dropped.
struct Admitted<'a> {
    /// What it means for a confirmed one.
    step: Step,
    entered: Entered,
    _settling: Option<MutexGuard<'a, ()>>,
    _turn: MutexGuard<'a, ()>,
}

impl TakenBack {
    fn comment(self, pending: &Pending) -> String {
        let why = match self {
            TakenBack::Timeout => "was not confirmed in time",
            TakenBack::SessionEnded => "was not confirmed before its session ended",
            TakenBack::Cancelled => "was cancelled",
        };
        format!("takes back transaction {}, which {why}", pending.tid)
    }
}

impl Engine {
    pub(crate) fn source_of(&self, session: SessionId) -> Source {
        match self.0.sessions.get(session) {
            Some(session) => session.source,
            None => internal_source(),
        }
    }

    /// Commits what the session's candidate holds. Runs to its end.
    pub(crate) async fn commit_work(
        &self,
        call: &Call,
        cut: &Cut,
        parameters: CommitParameters,
        options: Options,
        until: Until,
    ) -> Result<Committed> {
        let core = &self.0;
        let candidate = core.candidate_of(call.session);
        let watch = core.observed.begin();
        let admitted = {
            let lap = watch.begin(Stage::Turn);
            lap.seen(self.admitted(call, cut, &candidate, &parameters).await)
        };
        let Admitted {
            step,
            entered,
            _settling,
            _turn,
        } = admitted.inspect_err(|_| core.observed.turned_away(&watch, call))?;
        let work = core.work_on(&candidate);
        let dry_run = parameters.dry_run;
        let attempt = Attempt {
            call: call.clone(),
            source: self.source_of(call.session),
            parameters,
            options,
            base: work.base.clone(),
            mine: work.tree.clone(),
            until,
            step: step.clone(),
            cut: cut.clone(),
            watch,
        };
        let outcome = pipeline::commit(core, &entered, attempt).await?;
        if until == Until::Complete {
            return self.rehearsed(call, dry_run, outcome).await;
        }
        let after = outcome.snapshots.as_ref().map(|(_, after)| after);
        core.settle_candidate(&candidate, &work, after).await;
        if candidate.modified().is_none() {
            core.sessions.unlock_after_edit(call.session);
        }
        self.confirm(call, &entered, &step, &outcome).await?;
        Ok(outcome.committed)
    }

    /// Waits for the turn of a commit, and finds that no lock keeps it out.
    async fn admitted<'a>(
        &'a self,
        call: &Call,
        cut: &Cut,
        candidate: &'a Candidate,
        parameters: &CommitParameters,
    ) -> Result<Admitted<'a>> {
        let core = &self.0;
        // Before it waits for those in progress, which may take long to end.
        core.in_progress.check()?;
        // Commits of one candidate follow each other; those of others do not wait here.
        let turn = self.turn_of(call, cut, candidate).await?;
        let now = core.seams.clock.now();
        for store in [Datastore::Running, Datastore::Candidate] {
            core.sessions.require_free(call.session, store, now)?;
        }
        let (step, settling) = self.step_of(call, cut, parameters).await?;
        Ok(Admitted {
            step,
            entered: core.in_progress.enter(false)?,
            _settling: settling,
            _turn: turn,
        })
    }

    /// What a commit means for a confirmed one. Those that begin, extend, confirm or take one back follow each other; all
    /// others pass beside them.
    async fn step_of(
        &self,
        call: &Call,
        cut: &Cut,
        parameters: &CommitParameters,
    ) -> Result<(Step, Option<MutexGuard<'_, ()>>)> {
        let core = &self.0;
        let step = || {
            Step::of(
                parameters,
                call.session,
                core.pending().as_ref(),
                |id| core.sessions.described(id),
                core.seams.clock.now(),
            )
        };
        if step()? == Step::Plain {
            return Ok((Step::Plain, None));
        }
        let settling = self.settling(call, cut).await?;
        // What was pending may be over by now.
        match step()? {
            Step::Plain => Ok((Step::Plain, None)),
            step => Ok((step, Some(settling))),
        }
    }

    /// Waits until nobody else begins, confirms or takes back a confirmed commit, nor puts another history under it; none of
    /// them does as long as the guard lives. Who wants the lock of the places as well takes that one later.
    pub(crate) async fn settling(&self, call: &Call, cut: &Cut) -> Result<MutexGuard<'_, ()>> {
        let core = &self.0;
        tokio::select! {
            biased;
            why = cut.comes() => Err(why.error()),
            settling = core.confirming.lock() => Ok(settling),
            () = core.seams.clock.sleep(pipeline::patience(call)) => Err(pipeline::busy(
                "a confirmed commit that begins or ends, or the import of a history",
            )),
        }
    }

    /// As [`Engine::change`], under the rules for commits while a confirmed one is pending: that of another is in the way,
    /// and the own one is confirmed by it.
    pub(crate) async fn change_in_turn(
        &self,
        call: &Call,
        parameters: CommitParameters,
        edit: impl FnOnce(&Tree) -> Result<Tree> + Send + 'static,
    ) -> Result<Committed> {
        let cut = self.0.cut_of(call)?;
        let (engine, call) = (self.clone(), call.clone());
        to_its_end_from_pool(async move {
            let core = &engine.0;
            let now = core.seams.clock.now();
            core.in_progress.check()?;
            core.sessions
                .require_free(call.session, Datastore::Running, now)?;
            let (step, _settling) = engine.step_of(&call, &cut, &parameters).await?;
            let base = engine.running();
            let tree = base.tree.clone();
            let mine = where_it_may_block(move || edit(&tree)).await??;
            let attempt = Attempt {
                source: engine.source_of(call.session),
                parameters,
                options: Options::none(),
                base,
                mine,
                until: Until::Commit,
                step: step.clone(),
                cut,
                watch: core.observed.begin(),
                call: call.clone(),
            };
            let entered = core.in_progress.enter(false)?;
            let outcome = pipeline::commit(core, &entered, attempt).await?;
            engine.confirm(&call, &entered, &step, &outcome).await?;
            Ok(outcome.committed)
        })
        .await?
    }

    /// Fails while a confirmed commit waits for its confirmation, whoever made it.
    ///
    /// # Errors
    /// `in-use`, with the ways out.
    pub(crate) fn require_nothing_pending(&self) -> Result<()> {
        let core = &self.0;
        let pending = core.pending().clone();
        match pending {
            None => Ok(()),
            Some(pending) => {
                let described = core.sessions.described(pending.session);
                Err(pending.in_the_way(described, core.seams.clock.now()).into())
            }
        }
    }

    /// Waits until no other commit of the candidate is in progress.
    async fn turn_of<'a>(
        &self,
        call: &Call,
        cut: &Cut,
        candidate: &'a Candidate,
    ) -> Result<MutexGuard<'a, ()>> {
        let core = &self.0;
        let patience = pipeline::patience(call);
        tokio::select! {
            biased;
            why = cut.comes() => Err(why.error()),
            turn = candidate.commit_turn(call.session) => Ok(turn),
            () = core.seams.clock.sleep(patience) => Err(pipeline::busy(&format!(
                "the commit of the candidate by {}",
                core.sessions.describe(candidate.committer())
            ))),
        }
    }

    /// After a commit: begins, extends or ends the wait for a confirmation.
    async fn confirm(
        &self,
        call: &Call,
        entered: &Entered,
        step: &Step,
        outcome: &Outcome,
    ) -> Result<()> {
        let core = &self.0;
        let tell = |event| {
            let by = By::caller(call, &self.source_of(call.session));
            core.streams.confirmed(event, by, core.seams.clock.now());
        };
        match step {
            Step::Plain => Ok(()),
            Step::Settle => {
                // The disk first: a confirmation that is answered must hold after a restart. Where the commit
                // made a record, that has taken the fact away with it.
                if outcome.snapshots.is_none() {
                    self.write_fact(entered, None).await?;
                }
                *core.pending() = None;
                tell(ConfirmEvent::Complete);
                self.keep_rollback();
                Ok(())
            }
            Step::Await { wanted, extends } => {
                let (before, after) = match &outcome.snapshots {
                    Some(snapshots) => snapshots.clone(),
                    None => (self.running(), self.running()),
                };
                let now = core.seams.clock.now();
                let pending = {
                    let mut slot = core.pending();
                    let old = slot.take();
                    let pending = Pending {
                        revert: old.map_or(before, |old| old.revert),
                        made: after,
                        tid: outcome.committed.tid,
                        principal: call.principal.clone(),
                        session: call.session,
                        persist: wanted.persist.clone(),
                        since: now,
                        timeout: Duration::from_secs(u64::from(wanted.timeout)),
                    };
                    *slot = Some(pending.clone());
                    pending
                };
                tell(match extends {
                    None => ConfirmEvent::Start(wanted.timeout),
                    Some(_) => ConfirmEvent::Extend(wanted.timeout),
                });
                // Before anything can fail: without a timer it would be pending for ever.
                self.watch(pending.tid, pending.timeout);
                // Its session may have ended after the point of no return, when nothing was pending yet.
                if pending.persist.is_none()
                    && call.session != INTERNAL
                    && !core.sessions.is_open(call.session)
                {
                    self.forsaken(call.session);
                }
                self.keep_rollback();
                if outcome.snapshots.is_none() {
                    let kept = confirm::Kept {
                        revert_to: pending.revert.seq,
                        tid: pending.tid,
                        until: confirm::later(now, wanted.timeout),
                        persist: wanted.persist.clone(),
                        user: call.principal.effective().clone(),
                    };
                    self.write_fact(entered, serde_json::to_string(&kept).ok())
                        .await?;
                }
                Ok(())
            }
        }
    }

    /// Takes back what a session that is gone has left, as soon as whoever commits now has ended.
    fn forsaken(&self, session: SessionId) {
        let engine = self.clone();
        tokio::spawn(async move { engine.session_gone(session).await });
    }

    /// For a commit that has made no record, and is in progress.
    async fn write_fact(&self, _entered: &Entered, value: Option<String>) -> Result<()> {
        let core = self.0.clone();
        on_pool(move || core.seams.log.set(&[(confirm::FACT, value.as_deref())]))
            .await?
            .map_err(log_failed)
    }

    /// Takes the pending commit of that attempt back when its time is over.
    fn watch(&self, attempt: Tid, timeout: Duration) {
        let weak = self.downgrade();
        let clock = self.0.seams.clock.clone();
        let stopping = self.0.stopping.clone();
        // The time runs from here: the task may come to it when whoever was answered has gone on for a while.
        let mut wait = clock.sleep(timeout);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = &mut wait => {}
                    () = stopping.cancelled() => return,
                }
                let Some(engine) = weak.upgrade() else { return };
                let current = engine
                    .0
                    .pending()
                    .as_ref()
                    .is_some_and(|pending| pending.tid == attempt);
                if !current {
                    return;
                }
                match engine.take_back(TakenBack::Timeout, attempt, None).await {
                    Ok(()) => return,
                    // The next start takes it back.
                    Err(_) if stopping.is_cancelled() => return,
                    Err(error) => tracing::error!(
                        "the confirmed commit cannot be taken back, trying again in {} s: {error}",
                        AGAIN.as_secs()
                    ),
                }
                wait = clock.sleep(AGAIN);
            }
        });
    }

    /// Takes the pending confirmed commit of that attempt back, unless it has been confirmed or extended since;
    /// it stays pending when that fails. `by` is who wants it; the one who committed it when nobody says so.
    pub(crate) async fn take_back(
        &self,
        why: TakenBack,
        attempt: Tid,
        by: Option<By>,
    ) -> Result<()> {
        let core = self.0.clone();
        // A commit in progress may be the one that confirms: look again when it is over.
        let _turn = self.0.confirming.lock().await;
        let pending = core.pending().clone();
        let Some(pending) = pending.filter(|pending| pending.tid == attempt) else {
            return Ok(());
        };
        let entered = core.in_progress.enter(true)?;
        let base = self.running();
        let mine = {
            let (pending, running) = (pending.clone(), base.tree.clone());
            on_pool(move || {
                bind::rebase(&pending.made.tree, &pending.revert.tree, &running).unwrap_or_else(
                    || {
                        // RFC 6241 8.4.1 wants the state before, whatever was committed since.
                        tracing::warn!("commits after transaction {} are taken back with it: they changed the same", pending.tid);
                        pending.revert.tree.clone()
                    },
                )
            })
            .await?
        };
        let call = Call::new(INTERNAL, pending.principal.clone());
        let attempt = Attempt {
            cut: core.cut_of(&call)?,
            call,
            source: internal_source(),
            parameters: CommitParameters {
                comment: Some(why.comment(&pending)),
                ..CommitParameters::default()
            },
            options: Options::none(),
            base,
            mine,
            until: Until::Commit,
            step: Step::Settle,
            watch: core.observed.begin(),
        };
        let commit = async move {
            let outcome = pipeline::commit(&core, &entered, attempt).await;
            outcome.map(|outcome| (outcome, entered))
        };
        let (outcome, entered) = to_its_end_from_pool(commit).await??;
        // The disk first, so that a take-back that fails there can be repeated.
        if outcome.snapshots.is_none() {
            self.write_fact(&entered, None).await?;
        }
        let mut slot = self.0.pending();
        if slot.as_ref().is_some_and(|now| now.tid == pending.tid) {
            *slot = None;
        }
        drop(slot);
        let event = match why {
            TakenBack::Timeout => ConfirmEvent::Timeout,
            TakenBack::SessionEnded | TakenBack::Cancelled => ConfirmEvent::Cancel,
        };
        let by = by
            .or_else(|| By::session(pending.session, &pending.principal, &internal_source()))
            .filter(|_| event != ConfirmEvent::Timeout);
        let now = self.0.seams.clock.now();
        self.0.streams.confirmed(event, by, now);
        self.keep_rollback();
        Ok(())
    }

    /// Takes the pending commit back by request (RFC 6241 8.4.4).
    pub(crate) async fn cancel_pending(&self, call: &Call, persist_id: Option<&str>) -> Result<()> {
        let core = &self.0;
        let attempt = {
            let pending = core.pending();
            let Some(pending) = pending.as_ref() else {
                return Err(match persist_id {
                    // RFC 6241 8.4.4.1: an id that is not that of the pending one.
                    Some(id) => confirm::unknown_id(id),
                    None => BackendError::new(
                        ErrorTag::OperationFailed,
                        "no confirmed commit is pending; there is nothing to cancel",
                    ),
                });
            };
            pending.require_right(
                call.session,
                persist_id,
                |id| core.sessions.described(id),
                core.seams.clock.now(),
            )?;
            pending.tid
        };
        let by = By::caller(call, &self.source_of(call.session));
        self.take_back(TakenBack::Cancelled, attempt, by).await
    }

    /// A session is gone: its unconfirmed commit is taken back, unless it persists (RFC 6241 8.4.1).
    pub(crate) async fn session_gone(&self, session: SessionId) {
        let attempt = self
            .0
            .pending()
            .as_ref()
            .filter(|pending| pending.session == session && pending.persist.is_none())
            .map(|pending| pending.tid);
        let Some(attempt) = attempt else { return };
        let (why, by) = (TakenBack::SessionEnded, None);
        if let Err(error) = self.take_back(why, attempt, by).await {
            tracing::error!(
                "the confirmed commit of session {session} cannot be taken back: {error}"
            );
            self.watch(attempt, AGAIN);
        }
    }
}
