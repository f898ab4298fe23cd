//! Work on candidates: edits, replacement, discarding, and bringing them up to date.

use std::sync::Arc;

use banyan_data::Tree;

use crate::backend::{Call, CommitParameters, Committed, Datastore, Resolution, Result};
use crate::blocking::on_pool;
use crate::candidate::{Candidate, WorkTree};
use crate::conflict;
use crate::engine::Engine;
use crate::number::{Seq, SessionId};
use crate::participant::Options;
use crate::pipeline::Until;

impl Engine {
    /// Changes the session's candidate: `change` gets it and returns what it is to be. Where edits are committed at once,
    /// that comes after it, and is what is returned.
    pub(crate) async fn edit_candidate(
        &self,
        call: &Call,
        change: impl FnOnce(&Tree) -> Result<Tree> + Send + 'static,
    ) -> Result<Option<Committed>> {
        self.edit_candidate_and(call, None, change).await
    }

    /// As [`Engine::edit_candidate`], with a commit behind it in any case if there are parameters for one: when that is
    /// refused, the candidate is as it was.
    pub(crate) async fn edit_candidate_and(
        &self,
        call: &Call,
        commit: Option<CommitParameters>,
        change: impl FnOnce(&Tree) -> Result<Tree> + Send + 'static,
    ) -> Result<Option<Committed>> {
        let (before, after) = self.work(call.session, |_| Ok(None), change).await?;
        match commit {
            Some(parameters) => {
                self.committed_or_restored(call, before, after, parameters)
                    .await
            }
            None => self.committed_at_once(call, before, after).await,
        }
    }

    /// Replaces the session's candidate as a whole, on top of running as it is now.
    pub(crate) async fn replace_candidate(
        &self,
        call: &Call,
        tree: Tree,
    ) -> Result<Option<Committed>> {
        let (before, after) = self.replaced(call.session, tree).await?;
        self.committed_at_once(call, before, after).await
    }

    /// As [`Engine::replace_candidate`], but it is committed only if there are parameters for that: when the commit is
    /// refused, the candidate is as it was.
    pub(crate) async fn set_candidate(
        &self,
        call: &Call,
        tree: Tree,
        commit: Option<CommitParameters>,
    ) -> Result<Option<Committed>> {
        let (before, after) = self.replaced(call.session, tree).await?;
        match commit {
            Some(parameters) => {
                self.committed_or_restored(call, before, after, parameters)
                    .await
            }
            None => Ok(None),
        }
    }

    async fn replaced(
        &self,
        session: SessionId,
        tree: Tree,
    ) -> Result<(Arc<WorkTree>, Arc<WorkTree>)> {
        let running = self.running();
        let fresh = move |by| Ok(Some(WorkTree::on(running, by)));
        self.work(session, fresh, move |_| Ok(tree)).await
    }

    /// Brings the session's candidate onto what is running now (draft-ietf-netconf-privcand, `update`).
    ///
    /// # Errors
    /// Both changed the same things and `resolution` does not decide: a report for each, and the candidate is as it was.
    ///
    /// Returns the last commits that it had and has taken in: equal when there was nothing to take in.
    pub async fn update_candidate(
        &self,
        call: &Call,
        resolution: Resolution,
    ) -> Result<(Seq, Seq)> {
        let core = self.0.clone();
        let session = call.session;
        let candidate = core.candidate_of(session);
        let _turn = candidate.turn().await;
        core.sessions
            .require_free(session, Datastore::Candidate, core.seams.clock.now())?;
        let work = core.work_on(&candidate);
        let base = self.running();
        let onto = base.clone();
        let (from, caller) = (work.clone(), call.clone());
        let tree = on_pool(move || {
            conflict::resolved(&core, &from.base, &from.tree, &onto, resolution)
                .map_err(|error| core.hushed(&caller, &onto.tree, error))
        })
        .await??;
        let by = work.by;
        let taken_in = (work.base.seq, base.seq);
        candidate.put(WorkTree { base, tree, by });
        Ok(taken_in)
    }

    /// Makes the session's candidate equal to running (RFC 6241 8.3.4.2).
    pub(crate) async fn discard_work(&self, call: &Call) -> Result<()> {
        let core = &self.0;
        let candidate = core.candidate_of(call.session);
        let _turn = candidate.turn().await;
        let now = core.seams.clock.now();
        core.sessions
            .require_free(call.session, Datastore::Candidate, now)?;
        self.drop_work(&candidate);
        core.sessions.unlock_after_edit(call.session);
        Ok(())
    }

    /// Takes the uncommitted changes away; the caller has the turn.
    pub(crate) fn drop_work(&self, candidate: &Candidate) {
        if let Some(work) = candidate.take() {
            self.0.reaper.bury(work.tree.clone());
        }
    }

    /// One step of work: on what the candidate holds, or on what `fresh` gives. Returns what it held before and after.
    async fn work(
        &self,
        session: SessionId,
        fresh: impl FnOnce(SessionId) -> Result<Option<WorkTree>>,
        change: impl FnOnce(&Tree) -> Result<Tree> + Send + 'static,
    ) -> Result<(Arc<WorkTree>, Arc<WorkTree>)> {
        let core = self.0.clone();
        let candidate = core.candidate_of(session);
        // Locks are granted within a turn, so whoever has one meets no edit that began before it.
        let _turn = candidate.turn().await;
        let now = core.seams.clock.now();
        let locked = if core.editing.autolock {
            core.sessions.lock_by_edit(session, now)?
        } else {
            core.sessions
                .require_free(session, Datastore::Candidate, now)?;
            false
        };
        let done = self.changed(session, &candidate, fresh, change).await;
        // A lock goes with the edit for which it was taken.
        if locked && done.is_err() {
            core.sessions.unlock_after_edit(session);
        }
        done
    }

    async fn changed(
        &self,
        session: SessionId,
        candidate: &Candidate,
        fresh: impl FnOnce(SessionId) -> Result<Option<WorkTree>>,
        change: impl FnOnce(&Tree) -> Result<Tree> + Send + 'static,
    ) -> Result<(Arc<WorkTree>, Arc<WorkTree>)> {
        let before = self.0.work_on(candidate);
        let start = match fresh(session)? {
            Some(fresh) => Arc::new(fresh),
            None => before.clone(),
        };
        let tree = start.tree.clone();
        let after = on_pool(move || change(&tree)).await??;
        if after.ptr_eq(&before.tree) && Arc::ptr_eq(&start, &before) {
            return Ok((before.clone(), before));
        }
        let work = Arc::new(WorkTree {
            base: start.base.clone(),
            tree: after,
            by: session,
        });
        candidate.put(work.clone());
        self.0.reaper.bury(before.tree.clone());
        Ok((before, work))
    }

    /// Where edits are committed at once: commits what an edit has made; when that is refused, the edit is.
    async fn committed_at_once(
        &self,
        call: &Call,
        before: Arc<WorkTree>,
        after: Arc<WorkTree>,
    ) -> Result<Option<Committed>> {
        if !self.0.editing.autocommit {
            return Ok(None);
        }
        let parameters = CommitParameters::default();
        self.committed_or_restored(call, before, after, parameters)
            .await
    }

    /// Commits what a step of work has made; when that is refused, the step is taken back.
    async fn committed_or_restored(
        &self,
        call: &Call,
        before: Arc<WorkTree>,
        after: Arc<WorkTree>,
        parameters: CommitParameters,
    ) -> Result<Option<Committed>> {
        let refused = match self
            .commit_candidate(call, parameters, Options::none(), Until::Commit)
            .await
        {
            Ok(committed) => return Ok(Some(committed)),
            Err(refused) => refused,
        };
        let candidate = self.0.candidate_of(call.session);
        let _turn = candidate.turn().await;
        // What others have added since stays, with what it was added to.
        if candidate
            .work()
            .is_some_and(|now| Arc::ptr_eq(&now, &after))
        {
            candidate.put(before);
            self.0.sessions.unlock_after_edit(call.session);
        }
        Err(refused)
    }
}
