//! The history as lines of JSON, one record a line: out of one store, and into an empty one or one that it continues.

use std::sync::Arc;

use banyan_data::Tree;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::backend::{Call, CommitParameters, Datastore, Result};
use crate::bind;
use crate::blocking::{on_pool, to_its_end};
use crate::engine::{Core, Engine, log_failed};
use crate::error::{BackendError, ErrorTag};
use crate::log::{Appended, Record, RecordHead};
use crate::number::Seq;
use crate::participant::{Options, Transaction, TransactionParts};
use crate::phases::Phases;
use crate::pipeline::{Doubtful, in_doubt, refused, with_remains};
use crate::snapshot::Snapshot;

/// A record as it is exported: its head, and both patches.
#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    head: RecordHead,
    /// The net change, a YANG Patch (RFC 8072).
    change: Value,
    /// Its reverse.
    reverse: Value,
}

const IMPORT: Doubtful = Doubtful {
    what: "the import",
    again: "import again",
    before: "importing again",
};

fn wrong(message: impl Into<String>) -> BackendError {
    BackendError::new(ErrorTag::OperationFailed, message)
}

impl Line {
    fn of(record: &Record) -> Result<String> {
        let patch = |text: &str| {
            serde_json::from_str(text).map_err(|error| {
                wrong(format!(
                    "commit {} cannot be exported: {error}",
                    record.head.seq
                ))
            })
        };
        let line = Line {
            change: patch(&record.change)?,
            reverse: patch(&record.reverse)?,
            head: record.head.clone(),
        };
        serde_json::to_string(&line).map_err(|error| wrong(error.to_string()))
    }

    fn record(self) -> Record {
        Record {
            head: self.head,
            change: self.change.to_string().into(),
            reverse: self.reverse.to_string().into(),
        }
    }
}

/// A record as a line of JSON, without its end.
///
/// # Errors
/// Its patches are no JSON.
pub(crate) fn line_of(record: &Record) -> Result<String> {
    Line::of(record)
}

/// The record of a line.
///
/// # Errors
/// It is none.
pub(crate) fn record_of(line: &str) -> serde_json::Result<Record> {
    serde_json::from_str(line).map(Line::record)
}

/// Some lines of an export.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Exported {
    /// Lines, each with its end.
    pub text: String,
    /// Where it goes on; `None` when this was all.
    pub next: Option<Seq>,
}

/// Reads an export.
///
/// # Errors
/// A line is no record; blank lines are passed over.
fn records(text: &str) -> Result<Vec<Record>> {
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            let line: Line = serde_json::from_str(line).map_err(|error| {
                wrong(format!(
                    "line {}, column {} is no record of a history: {error}; nothing was imported of what was sent with it",
                    number + 1,
                    error.column()
                ))
            })?;
            Ok(line.record())
        })
        .collect()
}

impl Engine {
    /// Records from `from` on, up to `to` and at most `limit`, as lines of JSON.
    ///
    /// # Errors
    /// The history does not reach there, or the caller may not read all that there may be: records hold everything, also
    /// what is gone.
    pub async fn export_history(
        &self,
        call: &Call,
        from: Option<Seq>,
        to: Option<Seq>,
        limit: usize,
    ) -> Result<Exported> {
        let running = self.running();
        if !self.0.reads_all(call)? {
            return Err(BackendError::new(
                ErrorTag::AccessDenied,
                "an export holds all data, those that are gone too, and not all are yours to read: it takes a rule that \
                 permits read of everything",
            ));
        }
        let core = self.0.clone();
        on_pool(move || {
            let log = &*core.seams.log;
            let tail = log.tail().map_err(log_failed)?;
            let from = from.unwrap_or(tail);
            let to = to.unwrap_or(running.seq).min(running.seq);
            if from < tail {
                return Err(BackendError::new(
                    ErrorTag::InvalidValue,
                    format!("the history begins with commit {tail}; export from there on"),
                ));
            }
            let wanted = (to.0 + 1).saturating_sub(from.0);
            let limit = usize::try_from(wanted).unwrap_or(usize::MAX).min(limit);
            let records = log.read(from, limit).map_err(log_failed)?;
            let mut exported = Exported::default();
            for record in &records {
                exported.text.push_str(&Line::of(record)?);
                exported.text.push('\n');
            }
            let last = records.last().map(|record| record.head.seq);
            exported.next = last.filter(|last| *last < to).map(|last| Seq(last.0 + 1));
            Ok(exported)
        })
        .await?
    }

    /// Appends exported records, all or nothing, and makes running what they lead to. To participants they are one
    /// transaction. Returns how many those were, and the head.
    ///
    /// # Errors
    /// They do not continue the head exactly, are of other modules, do not fit running or lead to what is not valid, running
    /// is locked or not the caller's to change so, or a participant refuses; nothing was imported then.
    pub async fn import_history(&self, call: &Call, text: &str) -> Result<(usize, Seq)> {
        let core = &self.0;
        let now = core.seams.clock.now();
        core.sessions
            .require_free(call.session, Datastore::Running, now)?;
        core.in_progress.check()?;
        self.require_nothing_pending()?;
        let records = records(text)?;
        let (engine, call) = (self.clone(), call.clone());
        to_its_end(async move { engine.take_in(&call, records).await }).await?
    }

    async fn take_in(&self, call: &Call, records: Vec<Record>) -> Result<(usize, Seq)> {
        let core = &self.0;
        let _entered = core.in_progress.enter(false)?;
        let cut = core.cut_of(call);
        let (Some(first), Some(last)) = (records.first(), records.last()) else {
            return Ok((0, self.running().seq));
        };
        let head = last.head.seq;
        let count = records.len();
        let before = self.running();
        continues(core, &before, &first.head, &records)?;
        let records: Arc<[Record]> = records.into();
        let after = {
            let (core, call) = (core.clone(), call.clone());
            let (before, records) = (before.clone(), records.clone());
            on_pool(move || led_to(&core, &call, &before, &records)).await??
        };
        let (tid, _) = core.tids.next();
        let changes = bind::diff(&before.tree, &after);
        let transaction = Transaction::new(TransactionParts {
            tid,
            before: before.tree.clone(),
            base: before.seq,
            after,
            changes: Arc::new(changes),
            parameters: CommitParameters::default(),
            options: Options::none(),
            source: self.source_of(call.session),
            call: call.clone(),
        });
        let mut phases =
            Phases::of(&core.participants, &transaction, &core.seams.clock).cut_by(&cut);
        phases.prepare().await.map_err(refused)?;
        phases.commit().await.map_err(refused)?;
        if let Err(error) = self
            .append_imported(&before, &transaction.after, records)
            .await
        {
            let remains = phases.take_back().await;
            return Err(with_remains(error, remains));
        }
        transaction.committed_at(head);
        phases.finish().await;
        core.warned(call, &before.tree, &transaction.after, false);
        Ok((count, head))
    }

    /// The point of no return, under the lock under which commits get their places.
    async fn append_imported(
        &self,
        before: &Snapshot,
        after: &Tree,
        records: Arc<[Record]>,
    ) -> Result<()> {
        let core = &self.0;
        let _turn = core.publishing.lock().await;
        core.queue.idle().await;
        if self.running().seq != before.seq {
            return Err(wrong(
                "running was changed by another commit meanwhile, so the records do not continue it any more",
            ));
        }
        for record in records.iter() {
            core.tids.pass(record.head.tid);
        }
        let (core, before, after) = (core.clone(), before.clone(), after.clone());
        on_pool(move || take_over(&core, &before, after, &records)).await?
    }
}

/// Appends records and makes running what they lead to. Blocking.
fn take_over(core: &Core, before: &Snapshot, after: Tree, records: &[Record]) -> Result<()> {
    let Some(last) = records.last() else {
        return Ok(());
    };
    let (name, value) = core.tids.exact();
    let facts = [(name, Some(value.as_str()))];
    let appended = match core.seams.log.append(before.seq, records, &facts) {
        Ok(appended) => appended,
        Err(error) => in_doubt(core, &IMPORT, before.seq, &last.head, error)?,
    };
    match appended {
        Appended::HeadMoved(head) => {
            // An import, or a commit, whose outcome nobody knew: now it is known.
            let running = core.follow()?;
            core.reaper.bury(core.queue.move_to(&[], running));
            Err(wrong(format!(
                "the log has moved to commit {head} meanwhile; look at the history, and export again from there on"
            )))
        }
        Appended::At(_) => {
            let indexes = before.indexes().after(&before.tree, &after);
            let running = Snapshot::indexed(after, last.head.seq, indexes);
            core.running.store(Arc::new(running.clone()));
            core.committed.notify_waiters();
            if let Some(keeper) = &core.keeper {
                keeper.committed(None, &running);
            }
            core.reaper.bury(core.queue.move_to(&[], running));
            Ok(())
        }
    }
}

/// Whether records can be appended: their places follow the head without a gap, and their modules are ours.
fn continues(
    core: &Core,
    running: &Snapshot,
    first: &RecordHead,
    records: &[Record],
) -> Result<()> {
    let next = Seq(running.seq.0 + 1);
    if first.seq != next {
        let remedy = match running.seq {
            Seq(0) => "an empty store takes a history from its first commit on: export without --from, from a store whose history was not trimmed".to_owned(),
            _ if first.seq > next => format!("export again with --from {next}"),
            _ => format!("import into an empty store, or export with --from {next} if both have the same past"),
        };
        return Err(wrong(format!(
            "the records begin with commit {}, but the history here ends with {}: {remedy}",
            first.seq, running.seq
        )));
    }
    let digest = bind::hex(core.schema.digest());
    for (record, place) in records.iter().zip(next.0..) {
        if record.head.seq != Seq(place) {
            return Err(wrong(format!(
                "commit {} follows where {place} is expected: the lines are not in order, or one is missing; export again",
                record.head.seq
            )));
        }
        if record.head.schema != digest {
            return Err(wrong(format!(
                "commit {} was made under other modules or revisions than those that are loaded; load the same ones for the import",
                record.head.seq
            )));
        }
    }
    Ok(())
}

/// The tree that records lead to from running; it is as valid as that of a commit. Blocking.
fn led_to(core: &Core, call: &Call, before: &Snapshot, records: &[Record]) -> Result<Tree> {
    let mut tree = before.tree.clone();
    for record in records {
        tree = bind::apply_patch(&tree, &record.change, &core.mounts).map_err(|error| {
            wrong(format!(
                "commit {} does not fit what is running here, so the two stores have another past: {error}; import into an empty store",
                record.head.seq
            ))
        })?;
    }
    let (settled, indexes) = bind::settled(before, tree.clone())?;
    let changes = bind::diff(&before.tree, &settled);
    core.permit_changes(call, &changes)?;
    core.sound_rules(&before.tree, &settled)?;
    // After a start in mode `none` nobody has looked at what was there before.
    match before.is_validated() {
        true => bind::validate(&settled, &indexes, &changes)?,
        false => bind::validate_full(&settled)?,
    }
    if !bind::diff(&tree, &settled).is_empty() {
        return Err(wrong(
            "the records lead to data whose `when` is false, so they were changed after their export",
        ));
    }
    Ok(tree)
}
