//! The past: which commits there were, and what running was after each.

mod anew;
mod replaced;
mod retention;
mod sealed;
mod select;
mod selective;
mod transfer;
mod walk;

use std::sync::Arc;

use banyan_data::Tree;

use crate::backend::{Call, CommitParameters, Committed, Datastore, Result};
use crate::bind;
use crate::blocking::on_pool;
use crate::engine::{Engine, log_failed};
use crate::error::{BackendError, ErrorLayer, ErrorTag, Report};
use crate::log::{CommitLog, LogError, RecordHead};
use crate::number::{Seq, Tid};
use crate::snapshot::Snapshot;
use crate::upgrade;
use crate::upgrade::epochs::Epochs;

pub(crate) use anew::{anew_entry, began, began_at, begins_anew, never_began};
pub(crate) use replaced::Replacing;
pub(crate) use retention::Sizes;
pub use retention::{Retention, Trim, Trimmed};
pub use select::Selection;
pub use transfer::Exported;
pub(crate) use transfer::{line_of, record_of};
pub use walk::{Compared, Walk};
pub(crate) use walk::{Wanted, compared};

/// How many records are taken from the log at a time.
const PIECE: usize = 64;

/// Running as it was after commit `seq` (0: before the first), under the schema that it had: the reverses of what came
/// later, applied from the newest back; or, where that is nearer and nothing was trimmed, the changes from the first on.
/// Cost: what these records changed, and all of it where the schema did; forward also a look at what differs from `now`.
pub(crate) fn state_at(
    log: &dyn CommitLog,
    now: &Snapshot,
    seq: Seq,
    epochs: &Epochs,
) -> Result<Tree> {
    let tail = log.tail().map_err(log_failed)?;
    if seq > now.seq || seq.0 + 1 < tail.0 {
        return Err(Report::new(
            ErrorLayer::Application,
            ErrorTag::InvalidValue,
            format!(
                "the history has no commit {seq}: it reaches from {} to {}",
                tail.0.saturating_sub(1),
                now.seq
            ),
        )
        .into());
    }
    let nearer = tail == Seq(1) && seq.0 < now.seq.0 - seq.0;
    // What leads to a commit that stands on nothing may not fit together.
    if nearer && began(log).map_err(log_failed)?.is_none() {
        return from_the_beginning(log, now, seq, epochs);
    }
    let mut tree = now.tree.clone();
    let mut above = now.seq;
    while above > seq {
        let from = Seq(above.0.saturating_sub(PIECE as u64).max(seq.0));
        let wanted = (above.0 - from.0) as usize;
        let records = log.read(Seq(from.0 + 1), wanted).map_err(log_failed)?;
        for record in records.iter().rev() {
            tree = epochs.back(&tree, record)?;
        }
        above = from;
    }
    Ok(tree)
}

/// Running as it was after commit `seq`, from the first commit on; it shares with `now` what is the same.
fn from_the_beginning(
    log: &dyn CommitLog,
    now: &Snapshot,
    seq: Seq,
    epochs: &Epochs,
) -> Result<Tree> {
    let first = log.read(Seq(1), 1).map_err(log_failed)?;
    let schema = match first.first() {
        Some(first) => epochs.before(&first.head)?,
        None => now.tree.schema().clone(),
    };
    let mut tree = Tree::empty(schema);
    let mut at = Seq(0);
    while at < seq {
        let wanted = (seq.0 - at.0).min(PIECE as u64) as usize;
        let records = log.read(Seq(at.0 + 1), wanted).map_err(log_failed)?;
        let Some(last) = records.last() else { break };
        at = last.head.seq;
        for record in &records {
            tree = epochs.forward(&tree, record)?;
        }
    }
    // Records say values as texts.
    let tree = bind::resolved(&tree);
    Ok(match tree.schema().digest() == now.tree.schema().digest() {
        true => tree.reshared(&now.tree),
        false => tree,
    })
}

/// Which state of the past is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Past {
    /// As it was after this commit.
    After(Seq),
    /// As it was this many commits ago.
    Steps(u64),
    /// As it was before this transaction.
    Before(Tid),
    /// As it was after this transaction.
    AfterTid(Tid),
}

impl Engine {
    /// The newest commits first, from `newest` (or the head) down, at most `limit`.
    ///
    /// # Errors
    /// The log cannot be read.
    pub async fn history(&self, newest: Option<Seq>, limit: usize) -> Result<Vec<RecordHead>> {
        let core = self.0.clone();
        on_pool(move || {
            let newest = newest.unwrap_or(Seq(u64::MAX));
            core.seams.log.history(newest, limit)
        })
        .await?
        .map_err(log_failed)
    }

    /// The change of one commit: the trees around it, under one schema.
    ///
    /// # Errors
    /// The history does not reach there.
    pub async fn around(&self, seq: Seq) -> Result<(Tree, Tree)> {
        let compared = self.walk_back().around(seq).await?;
        Ok((compared.before, compared.after))
    }

    /// The place of a transaction's commit.
    ///
    /// # Errors
    /// The history has none.
    pub async fn seq_of(&self, tid: Tid) -> Result<Seq> {
        let core = self.0.clone();
        on_pool(move || found_tid(&*core.seams.log, tid)).await?
    }

    /// Running as it was after two commits. The comparison of the two costs what changed between them.
    ///
    /// # Errors
    /// The history does not reach there.
    pub async fn two_states(&self, one: Seq, other: Seq) -> Result<Compared> {
        let core = self.0.clone();
        on_pool(move || {
            let log = &*core.seams.log;
            let now = Snapshot::clone(&core.running.load());
            let (older, newer) = (one.min(other), one.max(other));
            // One is made from the other, so that they share what did not change between them.
            let newer = Snapshot::new(state_at(log, &now, newer, &core.epochs)?, newer);
            let older = state_at(log, &newer, older, &core.epochs)?;
            match one <= other {
                true => compared(&core, older, newer.tree),
                false => compared(&core, newer.tree, older),
            }
        })
        .await?
    }

    /// Running as it was.
    ///
    /// # Errors
    /// The history does not reach there.
    pub async fn past(&self, past: Past) -> Result<Snapshot> {
        let core = self.0.clone();
        on_pool(move || {
            let log = &*core.seams.log;
            let now = Snapshot::clone(&core.running.load());
            let seq = match past {
                Past::After(seq) => seq,
                Past::Steps(steps) => match now.seq.0.checked_sub(steps) {
                    Some(seq) => Seq(seq),
                    None => {
                        return Err(BackendError::new(
                            ErrorTag::InvalidValue,
                            format!("there have been only {} commits, not {steps}", now.seq),
                        ));
                    }
                },
                Past::Before(tid) => Seq(found_tid(log, tid)?.0.saturating_sub(1)),
                Past::AfterTid(tid) => found_tid(log, tid)?,
            };
            let tree = state_at(log, &now, seq, &core.epochs)?;
            Ok(Snapshot::new(tree, seq))
        })
        .await?
    }

    /// Makes the candidate what running was; the commit is the caller's business.
    ///
    /// # Errors
    /// The history does not reach there, the candidate is locked by another session, or the caller may not change what
    /// differs.
    pub async fn rollback(&self, call: &Call, past: Past) -> Result<Seq> {
        Ok(self.rolled_back(call, past, None).await?.0)
    }

    /// As [`Engine::rollback`], with a commit behind it if there are parameters for one: when that is refused, the candidate
    /// is as it was before.
    pub(crate) async fn rolled_back(
        &self,
        call: &Call,
        past: Past,
        commit: Option<CommitParameters>,
    ) -> Result<(Seq, Option<Committed>)> {
        let state = self.past(past).await?;
        let (core, caller) = (self.0.clone(), call.clone());
        let candidate = self.tree_of(call.session, Datastore::Candidate);
        let tree = on_pool(move || {
            // What was written under other modules is brought to those that are loaded, or it is said why not.
            let tree = upgrade::of_the_past(&state.tree, &core.epochs, &core.upgrade)
                .map_err(|error| core.hushed(&caller, &core.running.load().tree, error))?;
            core.permit_changes(&caller, &bind::diff(&candidate, &tree))?;
            Ok::<Tree, BackendError>(tree)
        })
        .await??;
        let committed = self.set_candidate(call, tree, commit).await?;
        Ok((state.seq, committed))
    }
}

/// The place of a transaction's commit. Transactions get their numbers when they begin and their places when they end, so
/// numbers ascend but for those that were under way together: O(log n) looks, and a few around; where that was not
/// enough (a history with numbers of two stores, or a number that none has), all heads, some at a time.
fn found_tid(log: &dyn CommitLog, tid: Tid) -> Result<Seq> {
    let unknown = || {
        BackendError::new(
            ErrorTag::InvalidValue,
            format!("the history has no commit of transaction {tid}"),
        )
    };
    let found = nearest_tid(log, tid).map_err(log_failed)?;
    if let Some(seq) = found {
        return Ok(seq);
    }
    let mut newest = Seq(u64::MAX);
    loop {
        let heads = log.history(newest, PIECE).map_err(log_failed)?;
        if let Some(found) = heads.iter().find(|head| head.tid == tid) {
            return Ok(found.seq);
        }
        match heads.last() {
            Some(last) if last.seq > Seq(1) => newest = Seq(last.seq.0 - 1),
            _ => return Err(unknown()),
        }
    }
}

/// The place of a transaction's commit, if it is about where it would be if numbers ascended with places.
fn nearest_tid(log: &dyn CommitLog, tid: Tid) -> std::result::Result<Option<Seq>, LogError> {
    let (mut low, mut high) = (log.tail()?.0, log.head()?.0 + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        match log.history(Seq(middle), 1)?.first() {
            Some(head) if head.tid == tid => return Ok(Some(head.seq)),
            Some(head) if head.tid > tid => high = middle,
            _ => low = middle + 1,
        }
    }
    let around = log.history(Seq(low.saturating_add(PIECE as u64 / 2)), PIECE)?;
    let found = around.iter().find(|head| head.tid == tid);
    Ok(found.map(|head| head.seq))
}

/// Who waits for the next commit.
impl Engine {
    /// Completes at a commit after `seq`, at once if there was one.
    pub async fn committed_after(&self, seq: Seq) -> Arc<Snapshot> {
        loop {
            let next = self.0.committed.notified();
            tokio::pin!(next);
            next.as_mut().enable();
            let running = self.0.running.load_full();
            if running.seq > seq {
                return running;
            }
            next.await;
        }
    }
}
