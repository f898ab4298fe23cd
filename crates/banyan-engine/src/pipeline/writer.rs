//! The one writer: what is queued becomes one durable append, and then running (DESIGN section 3, steps 5 and 6).
//!
//! Blocking; runs on the pool while something is queued. A batch is written whole or not at all.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use banyan_data::change::ChangeSet;
use tokio::sync::oneshot;

use super::queue::{Head, Queued, Settled, TakenBack};
use crate::backend::{Datastore, Result};
use crate::bind;
use crate::blocking::panic_text;
use crate::engine::Core;
use crate::error::{BackendError, ErrorTag};
use crate::keeper::Printed;
use crate::log::{Appended, LogError, Record, RecordHead};
use crate::number::{Seq, Tid};
use crate::observe::{Batch, Watch};
use crate::snapshot::Snapshot;
use crate::stream::{By, ConfigChange};
use crate::tids::Promise;

/// A commit that has its place.
#[derive(Debug)]
pub(crate) struct Placed {
    /// The state below it.
    pub before: Seq,
    pub head: RecordHead,
    pub changes: Arc<ChangeSet>,
    /// Whose it is; `None` is the server itself.
    pub by: Option<By>,
    /// What is kept with the record: a name and its new value.
    pub fact: Option<(&'static str, Option<String>)>,
    /// That of the commit, and when it got its place, on the monotonic clock.
    pub watch: Watch,
    pub queued: Duration,
}

/// What became of a batch.
enum Written {
    /// It is durable. The file of a small store, to be written now.
    All(Option<Printed>),
    /// Others have written: the log's head is not what the batch stands on.
    Nothing,
}

/// Starts a writer, which writes until nothing is queued.
pub(crate) fn start(core: Arc<Core>) {
    tokio::task::spawn_blocking(move || {
        let mut working = Some(core);
        while let Some(core) = working.take() {
            working = batch(core);
        }
    });
}

/// Writes what is queued, on this thread; what comes meanwhile is left to a writer of its own, so that nobody works for
/// others while his own answer waits.
pub(crate) fn run_once(core: &Arc<Core>) {
    if let Some(core) = batch(core.clone()) {
        start(core);
    }
}

/// Writes one batch; gives the engine back when there is more to do.
fn batch(core: Arc<Core>) -> Option<Arc<Core>> {
    let batch = core.queue.take();
    let count = batch.len();
    let undone = settle(&core, batch);
    let order = core.order.clone();
    // Who has his answer may drop the engine and open its directory again: it is not held here any longer then.
    let more = core.queue.more_after(count).then_some(core);
    order.start();
    undone.into_iter().for_each(Undone::answer);
    more
}

/// One whose commit was taken back.
struct Undone(oneshot::Sender<Settled>, Settled);

impl Undone {
    fn answer(self) {
        // Who has gone needs no answer.
        let _ = self.0.send(self.1);
    }
}

/// Writes a batch and publishes it; on a failure takes back all that stands above running, and returns whom to tell.
fn settle(core: &Core, batch: Vec<Queued<Placed>>) -> Vec<Undone> {
    let mut measured = core.observed.batch();
    let writing = || write(core, &batch, &mut measured);
    let written = catch_unwind(AssertUnwindSafe(writing)).unwrap_or_else(|panic| {
        Err(BackendError::new(
            ErrorTag::OperationFailed,
            format!(
                "the commit could not be written because of an internal error ({}), running is unchanged; see the server's log",
                panic_text(&panic)
            ),
        ))
    });
    if !matches!(written, Ok(Written::All(_))) {
        tell(core, &batch, &measured);
    }
    match written {
        Ok(Written::All(small)) => {
            publish(core, batch, small, measured);
            Vec::new()
        }
        Ok(Written::Nothing) => match core.follow() {
            Ok(running) => {
                let above = core.queue.move_to(&batch, running);
                undone(core, batch, || Settled::Moved)
                    .chain(undone(core, above, || Settled::Moved))
                    .collect()
            }
            Err(error) => fail(core, batch, &error),
        },
        Err(error) => fail(core, batch, &error),
    }
}

/// Step 6: running is what the batch made; its commits are told in the order of the log.
fn publish(core: &Core, batch: Vec<Queued<Placed>>, small: Option<Printed>, mut measured: Batch) {
    let newest = batch.iter().rev().find_map(|queued| queued.place.as_ref());
    let old = core.running.load_full();
    if let Some((_, newest)) = newest {
        if let Some(keeper) = &core.keeper {
            let kept = || keeper.committed(small, &newest.snapshot);
            // The log has it, so whatever is wrong with the file, the commit stands.
            if let Err(panic) = catch_unwind(AssertUnwindSafe(kept)) {
                tracing::error!("writing the file of running failed: {}", panic_text(&panic));
            }
        }
        core.running.store(Arc::new(newest.snapshot.clone()));
        core.committed.notify_waiters();
        core.announced.tell();
        core.queue.written(newest);
        if let Some(keeper) = &core.keeper {
            // Who looks what is behind sees this commit.
            keeper.behind.notify_one();
        }
    }
    measured.published();
    tell(core, &batch, &measured);
    announce(core, &old, &batch, &measured);
    core.reaper.bury(old);
    let mut done = Vec::with_capacity(batch.len());
    for queued in batch {
        core.order.add(queued.answer, queued.ordered);
        done.push(queued.place);
    }
    core.reaper.bury(done);
}

/// Publishes the commits of a batch on the stream of all events: O(1) for each, and in the order of the log.
fn announce(core: &Core, old: &Snapshot, batch: &[Queued<Placed>], measured: &Batch) {
    let mut before = &old.tree;
    let placed = batch.iter().filter_map(|queued| queued.place.as_ref());
    for (index, (placed, head)) in placed.enumerate() {
        let after = &head.snapshot.tree;
        let changes = Some(placed.changes.clone());
        let change = ConfigChange {
            by: placed.by.clone(),
            datastore: Datastore::Running,
            trees: Some((before.clone(), after.clone(), changes)),
        };
        let bytes = measured.bytes_of(index);
        core.streams.changed(change, placed.head.time, bytes);
        before = after;
    }
}

/// Tells metrics, and each commit of the batch, what was measured.
fn tell(core: &Core, batch: &[Queued<Placed>], measured: &Batch) {
    core.observed.metrics.batch(measured);
    let placed = batch.iter().filter_map(|queued| queued.place.as_ref());
    for (index, (placed, _)) in placed.enumerate() {
        measured.tell(&placed.watch, index, placed.queued);
    }
}

/// The head is running again: nothing is written of the batch, nor of what was queued above it.
fn fail(core: &Core, batch: Vec<Queued<Placed>>, error: &BackendError) -> Vec<Undone> {
    let above = core.queue.take_back(&batch, TakenBack::Failed);
    let withdrawn = BackendError::new(
        ErrorTag::OperationFailed,
        format!("the commit is withdrawn with those that it stands on: {error}"),
    );
    let batch = undone(core, batch, || Settled::Failed(error.clone()));
    let above = undone(core, above, || Settled::Failed(withdrawn.clone()));
    batch.chain(above).collect()
}

fn undone(
    core: &Core,
    queued: Vec<Queued<Placed>>,
    settled: impl Fn() -> Settled,
) -> impl Iterator<Item = Undone> {
    queued.into_iter().map(move |queued| {
        core.reaper.bury(queued.place);
        Undone(queued.answer, settled())
    })
}

/// Step 5: all records of the batch in one append and, for a small store, its file.
fn write(core: &Core, batch: &[Queued<Placed>], measured: &mut Batch) -> Result<Written> {
    let placed: Vec<&(Placed, Head)> = batch
        .iter()
        .filter_map(|queued| queued.place.as_ref())
        .collect();
    let (Some((first, _)), Some((last, newest))) = (placed.first(), placed.last()) else {
        return Ok(Written::All(None));
    };
    let records = placed
        .iter()
        .map(|(placed, _)| record(placed.head.clone(), &placed.changes))
        .collect::<Result<Vec<Record>>>()?;
    let small = core
        .keeper
        .as_ref()
        .and_then(|keeper| keeper.print(&newest.snapshot));
    let promise = core.tids.promise_due();
    let mut facts: Vec<_> = promise.iter().map(|promise| promise.fact()).collect();
    let kept = placed.iter().filter_map(|(placed, _)| placed.fact.as_ref());
    facts.extend(kept.map(|(name, value)| (*name, value.as_deref())));
    facts.extend(small.iter().map(|small| small.fact()));
    let bytes = |record: &Record| (record.change.len() + record.reverse.len()) as u64;
    measured.printed(records.iter().map(bytes).collect());
    let log = &*core.seams.log;
    let appended = log.append(first.before, &records, &facts);
    measured.appended(appended.is_err(), log.last_sync());
    let appended = match appended {
        Ok(appended) => appended,
        Err(error) => in_doubt(core, &COMMIT, first.before, &last.head, error)?,
    };
    match appended {
        Appended::HeadMoved(head) => {
            tracing::info!("the log has moved to {head}: catching up");
            Ok(Written::Nothing)
        }
        Appended::At(_) => {
            promise.into_iter().for_each(Promise::keep);
            Ok(Written::All(small))
        }
    }
}

/// What was to be written, in the words of an error.
pub(crate) struct Doubtful {
    /// What it is.
    pub what: &'static str,
    /// What one does when it was not written.
    pub again: &'static str,
    /// What one looks at the history before, when nobody knows.
    pub before: &'static str,
}

const COMMIT: Doubtful = Doubtful {
    what: "the commit",
    again: "commit again",
    before: "committing again",
};

/// After a failed append: the disk may have taken the batch and failed later. The log is opened again and asked
/// for the batch's last record; a batch is there as a whole or not at all.
///
/// # Errors
/// It is not there, or the log cannot be read: then whoever writes next finds out, and running follows.
pub(crate) fn in_doubt(
    core: &Core,
    doubtful: &Doubtful,
    before: Seq,
    last: &RecordHead,
    error: LogError,
) -> Result<Appended> {
    tracing::error!("{error}");
    let Doubtful {
        what,
        again,
        before: looking,
    } = doubtful;
    let newest = core.seams.log.history(last.seq, 1);
    match newest {
        Ok(heads) => match heads.first() {
            Some(head) if head.seq == last.seq && head.tid == last.tid => {
                Ok(Appended::At(head.seq))
            }
            _ => Err(BackendError::new(
                ErrorTag::OperationFailed,
                format!(
                    "{what} could not be written, running is unchanged: {error}; free space or repair the disk, and {again} (no restart is needed)"
                ),
            )),
        },
        Err(unread) => Err(BackendError::new(
            ErrorTag::OperationFailed,
            format!(
                "{what} could not be written, and the log cannot be read either ({unread}), so running stays at commit {before} until it can: {error}; repair the disk, then look at the history before {looking}"
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

/// Promises a transaction number; a disk that refuses is left to the commit itself to report.
pub(super) fn promise(core: &Core, tid: Tid) {
    let Some(promise) = core.tids.promise_of(tid) else {
        return;
    };
    match core.seams.log.set(&[promise.fact()]) {
        Ok(()) => promise.keep(),
        Err(error) => {
            tracing::error!("transaction numbers may repeat after a restart: {error}");
        }
    }
}
