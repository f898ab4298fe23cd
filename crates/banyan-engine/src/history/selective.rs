//! Going back in part: without one commit, or one subtree alone. What comes of it is a change of the candidate.

use banyan_data::path::InstancePath;

use super::Past;
use crate::backend::{Call, CommitParameters, Committed, Resolution, Result};
use crate::bind;
use crate::blocking::on_pool;
use crate::conflict;
use crate::engine::Engine;
use crate::error::{BackendError, ErrorTag};
use crate::number::Seq;
use crate::snapshot::Snapshot;
use crate::upgrade;

impl Engine {
    /// Takes what one commit has changed out of the candidate, which is brought onto running first: the commit's reverse,
    /// rebased on what is there now. Returns its place; and the commit of the edit, where edits are committed at once.
    ///
    /// # Errors
    /// The history has no such commit, later commits have changed the same things (each place is listed with what both did,
    /// and with the commit that did it), or the candidate has changed them and is not committed.
    pub async fn rollback_only(&self, call: &Call, seq: Seq) -> Result<(Seq, Option<Committed>)> {
        self.taken_out(call, seq, None).await
    }

    /// As [`Engine::rollback_only`], with a commit behind it if there are parameters for one: when that is refused, what was
    /// taken out is in the candidate again.
    pub(crate) async fn taken_out(
        &self,
        call: &Call,
        seq: Seq,
        commit: Option<CommitParameters>,
    ) -> Result<(Seq, Option<Committed>)> {
        let (before, after) = self.around(seq).await?;
        self.update_candidate(call, Resolution::RevertOnConflict)
            .await?;
        let running = self.running();
        let (core, caller) = (self.0.clone(), call.clone());
        let onto = running.clone();
        let without = on_pool(move || {
            // What was written under other modules is read under those that are loaded.
            let loaded = &core.epochs.loaded;
            let before = core.epochs.rebind(&before, loaded)?;
            let after = core.epochs.rebind(&after, loaded)?;
            let commit = Snapshot::new(after, seq);
            conflict::taken_out(&core, &commit, &before, &onto)
                .map_err(|error| core.hushed(&caller, &onto.tree, error))
        })
        .await??;
        let change = move |candidate: &banyan_data::Tree| {
            bind::rebase(&running.tree, &without, candidate).ok_or_else(|| {
                BackendError::new(
                    ErrorTag::OperationFailed,
                    "the candidate has changes of the same things that are not committed; commit or discard them first",
                )
            })
        };
        let committed = self
            .edit_candidate_and(call, commit, self.guarded(call, change))
            .await?;
        Ok((seq, committed))
    }

    /// Makes one subtree of the candidate what it was; all else stays. A path that selects no entry of a list means all of
    /// them. Returns as [`Engine::rollback_only`].
    ///
    /// # Errors
    /// The history does not reach there, the candidate is locked by another session, what is around the subtree is not there
    /// any more in a way that it needs, or the caller may not change what differs.
    pub async fn rollback_subtree(
        &self,
        call: &Call,
        past: Past,
        path: InstancePath,
    ) -> Result<(Seq, Option<Committed>)> {
        self.subtree_rolled_back(call, past, path, None).await
    }

    /// As [`Engine::rollback_subtree`], with a commit behind it if there are parameters for one: when that is refused, the
    /// candidate is as it was before.
    pub(crate) async fn subtree_rolled_back(
        &self,
        call: &Call,
        past: Past,
        path: InstancePath,
        commit: Option<CommitParameters>,
    ) -> Result<(Seq, Option<Committed>)> {
        let state = self.past(past).await?;
        let seq = state.seq;
        let (core, caller) = (self.0.clone(), call.clone());
        // As for a whole rollback.
        let past = on_pool(move || {
            upgrade::of_the_past(&state.tree, &core.epochs, &core.upgrade)
                .map_err(|error| core.hushed(&caller, &core.running.load().tree, error))
        })
        .await??;
        let change = move |candidate: &banyan_data::Tree| {
            let changes = bind::diff(candidate, &past);
            let part = bind::part(&changes, std::slice::from_ref(&path));
            bind::apply_changes(&part, candidate)
        };
        let committed = self
            .edit_candidate_and(call, commit, self.guarded(call, change))
            .await?;
        Ok((seq, committed))
    }
}
