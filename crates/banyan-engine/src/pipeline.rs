//! The commit: rebase, diff, validate, participants, log, publish (DESIGN section 3).
//!
//! Nothing here walks a whole datastore but validation; slow work (participants) runs under a reservation
//! of what is touched, and only the last steps run under the lock that all commits share.

use std::sync::Arc;
use std::time::{Duration, Instant};

use banyan_data::Tree;
use banyan_data::change::ChangeSet;
use banyan_data::validate::Indexes;

use crate::backend::{Call, CommitParameters, Committed, Result, Source};
use crate::bind;
use crate::blocking::on_pool;
use crate::confirm::Step;
use crate::engine::Core;
use crate::error::{BackendError, ErrorLayer, ErrorTag, Report};
use crate::log::{Appended, Entry, LogError, Record, RecordHead};
use crate::number::Seq;
use crate::participant::{Options, Refusal, Transaction, TransactionParts};
use crate::phases::{Phases, Refused};
use crate::reserve::Touched;
use crate::session::source_line;
use crate::snapshot::Snapshot;

/// How long a commit waits for another that touches the same, when its caller sets no deadline.
const PATIENCE: Duration = Duration::from_secs(60);

/// How far a commit goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Until {
    /// All participants have validated and completed; then everything is aborted. A rehearsal.
    Complete,
    /// It is in force.
    Commit,
}

/// What is to be committed.
pub(crate) struct Attempt {
    pub call: Call,
    pub source: Source,
    pub parameters: CommitParameters,
    pub options: Options,
    /// What `mine` was made from.
    pub base: Snapshot,
    /// The tree that is wanted.
    pub mine: Tree,
    pub until: Until,
    /// What it means for a confirmed commit that is pending.
    pub step: Step,
}

/// The change of running that an attempt amounts to.
struct Change {
    before: Snapshot,
    after: Tree,
    /// Those of `after`.
    indexes: Indexes,
    changes: Arc<ChangeSet>,
}

/// What a commit came to.
pub(crate) struct Outcome {
    pub committed: Committed,
    /// Running as the commit left it, and before it; `None` when nothing had changed.
    pub snapshots: Option<(Snapshot, Snapshot)>,
}

/// Commits. Runs to its end once it is polled to the participants, so it must run in a task of its own.
pub(crate) async fn commit(core: &Arc<Core>, attempt: Attempt) -> Result<Outcome> {
    let (tid, must_promise) = core.tids.next();
    if must_promise {
        promise(core).await;
    }
    let holder = core.sessions.describe(attempt.call.session);
    let (change, _reserved) = loop {
        let change = prepare(core, &attempt.call, &attempt.base, &attempt.mine).await?;
        if change.changes.is_empty() {
            return Ok(Outcome {
                committed: Committed {
                    tid,
                    seq: None,
                    trace: Vec::new(),
                },
                snapshots: None,
            });
        }
        let touched = Touched::by(&change.changes);
        let reserved = core
            .reservations
            .take(
                tid,
                &touched,
                &holder,
                patience(&attempt.call),
                &*core.seams.clock,
            )
            .await
            .map_err(|in_the_way| busy(&in_the_way))?;
        // Who waited has looked at a tree of the past.
        if core.running.load().seq == change.before.seq {
            break (change, reserved);
        }
    };
    if attempt.call.cancel.is_cancelled() {
        return Err(BackendError::new(
            ErrorTag::OperationFailed,
            "the commit was cancelled before it began",
        ));
    }
    let transaction = Transaction::new(TransactionParts {
        tid,
        before: change.before.tree.clone(),
        base: change.before.seq,
        after: change.after.clone(),
        changes: change.changes.clone(),
        parameters: attempt.parameters.clone(),
        options: attempt.options.clone(),
        source: attempt.source.clone(),
        call: attempt.call.clone(),
    });
    let mut phases = Phases::of(&core.participants, &transaction, &core.seams.clock);
    phases.prepare().await.map_err(refused)?;
    if attempt.until == Until::Complete {
        phases.abort().await;
        return Ok(Outcome {
            committed: Committed {
                tid,
                seq: None,
                trace: transaction.noted().trace,
            },
            snapshots: None,
        });
    }
    phases.commit().await.map_err(refused)?;
    let published = match publish(core, &attempt, &transaction, change).await {
        Ok(published) => published,
        Err(error) => {
            let remains = phases.take_back().await;
            return Err(with_remains(error, remains));
        }
    };
    transaction.committed_at(published.1.seq);
    phases.finish().await;
    Ok(Outcome {
        committed: Committed {
            tid,
            seq: Some(published.1.seq),
            trace: transaction.noted().trace,
        },
        snapshots: Some(published),
    })
}

/// Steps 1 to 3: rebases on running, finds the difference, checks that the caller may make it, and validates the result.
async fn prepare(core: &Arc<Core>, call: &Call, base: &Snapshot, mine: &Tree) -> Result<Change> {
    let before = Snapshot::clone(&core.running.load());
    let base = base.clone();
    let mine = mine.clone();
    let (core, call) = (core.clone(), call.clone());
    on_pool(move || {
        let running = before.tree.clone();
        let prepared = || {
            let after = if base.tree.ptr_eq(&before.tree) {
                mine
            } else {
                bind::rebase(&base.tree, &mine, &before.tree)?
            };
            let (after, indexes) = bind::settled(&before, after)?;
            let changes = bind::diff(&before.tree, &after);
            if !changes.is_empty() {
                core.permit_changes(&call, &changes)?;
                core.sound_rules(&before.tree, &after)?;
                bind::validate(&after, &indexes, &changes)?;
            }
            Ok(Change {
                before,
                after,
                indexes,
                changes: Arc::new(changes),
            })
        };
        prepared().map_err(|error| core.hushed(&call, &running, error))
    })
    .await?
}

/// Steps 5 and 6, under the lock that all commits share: returns running before and after.
async fn publish(
    core: &Arc<Core>,
    attempt: &Attempt,
    transaction: &Transaction,
    mut change: Change,
) -> Result<(Snapshot, Snapshot)> {
    let _turn = core.publishing.lock().await;
    loop {
        if core.running.load().seq != change.before.seq {
            // Disjoint paths are not disjoint constraints, so the result is validated again.
            change = prepare(core, &attempt.call, &change.before, &change.after).await?;
        }
        let seq = Seq(change.before.seq.0 + 1);
        let notes = transaction.noted();
        let head = RecordHead {
            seq,
            tid: transaction.tid,
            time: core.seams.clock.now(),
            user: transaction.principal.effective().clone(),
            source: source_line(&transaction.source),
            comment: transaction.parameters.comment.clone(),
            label: transaction.parameters.label.clone(),
            schema: bind::hex(core.schema.digest()),
            changes: bind::count(&change.changes),
            entries: notes
                .entries
                .into_iter()
                .map(|(kind, value)| Entry { kind, value })
                .collect(),
        };
        let after = Snapshot::indexed(change.after.clone(), seq, change.indexes.clone());
        let pending = attempt
            .step
            .fact(&change.before, transaction, core.seams.clock.now());
        match append(core, head, &change, &after, pending).await? {
            Appended::At(_) => {
                let old = core.running.swap(Arc::new(after.clone()));
                core.reaper.bury(old);
                core.committed.notify_waiters();
                return Ok((change.before, after));
            }
            Appended::HeadMoved(head) => {
                tracing::info!("the log has moved to {head}: catching up");
                core.follow().await?;
            }
        }
    }
}

/// Writes the record and, for a small store, its file.
async fn append(
    core: &Arc<Core>,
    head: RecordHead,
    change: &Change,
    after: &Snapshot,
    pending: Option<(&'static str, Option<String>)>,
) -> Result<Appended> {
    let core = core.clone();
    let changes = change.changes.clone();
    let before = change.before.clone();
    let after = after.clone();
    on_pool(move || {
        let record = record(head, &changes)?;
        let small = core.keeper.as_ref().and_then(|keeper| keeper.print(&after));
        let promise = core.tids.promise();
        let mut facts = vec![(promise.0, Some(promise.1.as_str()))];
        facts.extend(
            pending
                .as_ref()
                .map(|(name, value)| (*name, value.as_deref())),
        );
        facts.extend(small.iter().map(|small| small.fact()));
        let appended = match core.seams.log.append(before.seq, &record, &facts) {
            Ok(appended) => appended,
            Err(error) => in_doubt(&core, &record, before.seq, error)?,
        };
        if let (Appended::At(_), Some(keeper)) = (appended, &core.keeper) {
            keeper.committed(small, &after);
        }
        Ok(appended)
    })
    .await?
}

/// After a failed append: the disk may have taken the record and failed later. The log is opened again
/// and asked.
fn in_doubt(core: &Core, record: &Record, before: Seq, error: LogError) -> Result<Appended> {
    tracing::error!("{error}");
    let newest = core.seams.log.history(record.head.seq, 1);
    match newest {
        Ok(heads) => match heads.first() {
            Some(head) if head.seq == record.head.seq && head.tid == record.head.tid => {
                Ok(Appended::At(head.seq))
            }
            _ => Err(BackendError::new(
                ErrorTag::OperationFailed,
                format!(
                    "the commit could not be written, running is unchanged: {error}; free space or repair the disk, and commit again (no restart is needed)"
                ),
            )),
        },
        Err(again) => Err(BackendError::new(
            ErrorTag::OperationFailed,
            format!(
                "the commit could not be written, and the log cannot be read either ({again}), so running stays at commit {before} until it can: {error}; repair the disk, then look at the history before committing again"
            ),
        )),
    }
}

/// The record of a change.
pub(crate) fn record(head: RecordHead, changes: &ChangeSet) -> Result<Record> {
    let name = format!("commit-{}", head.seq);
    Ok(Record {
        change: bind::patch_text(changes, &name)?.into(),
        reverse: bind::patch_text(&bind::reverse(changes), &name)?.into(),
        head,
    })
}

/// Promises transaction numbers; a disk that refuses is left to the commit itself to report.
async fn promise(core: &Arc<Core>) {
    let core = core.clone();
    let written = on_pool(move || {
        let (name, value) = core.tids.promise();
        core.seams.log.set(&[(name, Some(&value))])
    })
    .await;
    if let Ok(Err(error)) = written {
        tracing::error!("transaction numbers may repeat after a restart: {error}");
    }
}

/// How long a call waits for others.
pub(crate) fn patience(call: &Call) -> Duration {
    call.deadline.map_or(PATIENCE, |deadline| {
        deadline.saturating_duration_since(Instant::now())
    })
}

pub(crate) fn busy(in_the_way: &str) -> BackendError {
    Report::new(
        ErrorLayer::Application,
        ErrorTag::InUse,
        format!("another commit touches the same data: {in_the_way}; commit again when it is over"),
    )
    .into()
}

/// The error of a refused transaction: who refused, where, and what lies behind it.
fn refused(refused: Refused) -> BackendError {
    let Refused {
        phase,
        refusal,
        remains,
    } = refused;
    let mut reports = vec![Report::new(
        ErrorLayer::Application,
        ErrorTag::OperationFailed,
        format!(
            "{} refused the commit in {}: {}; running is unchanged",
            refusal.participant,
            phase.name(),
            refusal.message
        ),
    )];
    reports.extend(refusal.reports);
    with_remains(BackendError { reports }, remains)
}

/// Says what could not be undone; such a commit is never called a plain failure (RFC 6241 appendix A,
/// `rollback-failed`).
fn with_remains(mut error: BackendError, remains: Vec<Refusal>) -> BackendError {
    for refusal in remains {
        error.reports.push(Report::new(
            ErrorLayer::Application,
            ErrorTag::RollbackFailed,
            format!(
                "{} could not undo its part: {}",
                refusal.participant, refusal.message
            ),
        ));
        error.reports.extend(refusal.reports);
    }
    error
}
