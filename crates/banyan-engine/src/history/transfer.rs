//! The history as lines of JSON, one record a line: out of one store, and into an empty one or one that it continues.

use std::collections::HashSet;
use std::sync::Arc;

use banyan_data::Tree;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{began_at, begins_anew, never_began, replaced, sealed};
use crate::backend::{Call, CommitParameters, Datastore, Result};
use crate::bind;
use crate::blocking::{on_pool, to_its_end};
use crate::cut::Cut;
use crate::engine::{Core, Engine, log_failed};
use crate::error::{BackendError, ErrorTag};
use crate::log::{Appended, Record, RecordHead};
use crate::number::Seq;
use crate::participant::{Options, Transaction, TransactionParts};
use crate::phases::Phases;
use crate::pipeline::{Doubtful, in_doubt, refused, with_remains};
use crate::snapshot::Snapshot;
use crate::upgrade::epochs::pin_failed;

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

pub(super) const IMPORT: Doubtful = Doubtful {
    what: "the import",
    again: "import again",
    before: "importing again",
};

/// A line that brings the modules that later records were made under.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct SetLine {
    module_set: Value,
}

pub(super) fn wrong(message: impl Into<String>) -> BackendError {
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

/// What an export brings.
#[derive(Default)]
struct Brought {
    records: Vec<Record>,
    /// Module sets, and their lines.
    sets: Vec<(usize, Value)>,
}

/// Reads an export.
///
/// # Errors
/// A line is no record; blank lines are passed over.
fn brought(text: &str) -> Result<Brought> {
    let mut brought = Brought::default();
    let mut tids = HashSet::new();
    let lines = text.lines().enumerate();
    for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        if let Ok(set) = serde_json::from_str::<SetLine>(line) {
            brought.sets.push((number + 1, set.module_set));
            continue;
        }
        if let Some(fault) = sealed::fault(line) {
            return Err(wrong(format!(
                "line {}: {fault}; nothing was imported of what was sent with it; export again",
                number + 1
            )));
        }
        let line: Line = serde_json::from_str(line).map_err(|error| {
            wrong(format!(
                "line {}, column {} is no record of a history: {error}; nothing was imported of what was sent with it",
                number + 1,
                error.column()
            ))
        })?;
        if !tids.insert(line.head.tid) {
            return Err(wrong(format!(
                "line {}: transaction {} is that of another commit before it, so one of them was changed after the export; \
                 nothing was imported of what was sent with it; export again",
                number + 1,
                line.head.tid
            )));
        }
        brought.records.push(line.record());
    }
    Ok(brought)
}

/// Why a range that was asked for holds no commit, or not all of those that it names.
fn nothing_between(tail: Seq, head: Seq, from: Option<Seq>, to: Option<Seq>) -> Option<String> {
    match (from, to) {
        (Some(from), _) if from < tail => Some(format!(
            "the history begins with commit {tail}; export from there on"
        )),
        // What comes next: nothing yet, for who exports again and again.
        (Some(from), _) if from.0 > head.0 + 1 => {
            Some(format!("there is no commit {from}; the newest is {head}"))
        }
        (Some(from), Some(to)) if to < from => Some(format!(
            "commit {to} comes before commit {from}: name the older one first"
        )),
        _ => None,
    }
}

/// The module sets that whoever takes this record after `last` cannot have yet.
fn sets_for(core: &Core, last: Option<&str>, record: &Record) -> Result<String> {
    let mut lines = String::new();
    let from = crate::upgrade::upgraded_from(&record.head);
    let wanted = from.into_iter().chain([record.head.schema.as_str()]);
    let loaded = bind::hex(core.schema.digest());
    for digest in wanted.filter(|digest| Some(*digest) != last && *digest != loaded) {
        // Programs of old kept none.
        if let Some(module_set) = core.epochs.pins.to_json(digest).map_err(pin_failed)? {
            let line = serde_json::to_string(&SetLine { module_set });
            lines.push_str(&line.map_err(|error| wrong(error.to_string()))?);
            lines.push('\n');
        }
    }
    Ok(lines)
}

impl Engine {
    /// Records from `from` on, up to `to` and at most `limit`, as lines of JSON; before a record that was made under other
    /// modules than the one before it, and than those that are loaded, a line with these modules.
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
            if let Some(why) = nothing_between(tail, running.seq, from, to) {
                return Err(BackendError::new(ErrorTag::InvalidValue, why));
            }
            let from = from.unwrap_or(tail);
            let to = to.unwrap_or(running.seq).min(running.seq);
            let wanted = (to.0 + 1).saturating_sub(from.0);
            let limit = usize::try_from(wanted).unwrap_or(usize::MAX).min(limit);
            let records = log.read(from, limit).map_err(log_failed)?;
            let mut exported = Exported::default();
            let before = match from.0.checked_sub(1) {
                Some(before) if Seq(before) >= tail => {
                    log.history(Seq(before), 1).map_err(log_failed)?
                }
                _ => Vec::new(),
            };
            let mut last = before.first().map(|head| head.schema.as_str());
            for record in &records {
                exported.text.push_str(&sets_for(&core, last, record)?);
                last = Some(&record.head.schema);
                exported.text.push_str(&sealed::sealed(&Line::of(record)?));
                exported.text.push('\n');
            }
            let last = records.last().map(|record| record.head.seq);
            exported.next = last.filter(|last| *last < to).map(|last| Seq(last.0 + 1));
            Ok(exported)
        })
        .await?
    }

    /// Appends exported records, all or nothing, and makes running what they lead to. To participants they are one
    /// transaction. Into a store that has only what its start has made they go in the place of that. Returns how many
    /// those were, and the head.
    ///
    /// # Errors
    /// The session is not open; they do not continue the head exactly, end under other modules than the loaded ones, do not fit running, are not
    /// undone by their own reverses, or lead to what is not valid; running is locked or not the caller's to change so, a
    /// confirmed commit waits for its confirmation, or a participant refuses; nothing was imported then.
    pub async fn import_history(&self, call: &Call, text: &str) -> Result<(usize, Seq)> {
        let core = &self.0;
        let cut = core.cut_of(call)?;
        let now = core.seams.clock.now();
        core.sessions
            .require_free(call.session, Datastore::Running, now)?;
        core.in_progress.check()?;
        let brought = brought(text)?;
        let (engine, call) = (self.clone(), call.clone());
        to_its_end(async move { engine.take_in(&call, &cut, brought).await }).await?
    }

    async fn take_in(&self, call: &Call, cut: &Cut, brought: Brought) -> Result<(usize, Seq)> {
        let core = &self.0;
        let _entered = core.in_progress.enter(false)?;
        // Until all of it is over no confirmed commit begins: it would go back to a commit of the history that was.
        let _settling = self.settling(call, cut).await?;
        self.require_nothing_pending()?;
        let Brought { records, sets } = brought;
        let (Some(first), Some(last)) = (records.first(), records.last()) else {
            return Ok((0, self.running().seq));
        };
        let head = last.head.seq;
        let count = records.len();
        let before = self.running();
        let place = match first.head.seq == Seq(1) && before.seq > Seq(0) {
            true => {
                let (core, before) = (core.clone(), before.clone());
                on_pool(move || replaced::permitted(&core, &before, head)).await??;
                Place::Anew
            }
            false => Place::AfterHead,
        };
        continues(core, place, &before, &records)?;
        let records: Arc<[Record]> = records.into();
        let after = {
            let (core, call) = (core.clone(), call.clone());
            let (before, records) = (before.clone(), records.clone());
            on_pool(move || {
                keep_sets(&core, sets)?;
                led_to(&core, &call, place, &before, &records)
            })
            .await??
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
            Phases::of(&core.participants, &transaction, &core.seams.clock).cut_by(cut);
        phases.prepare().await.map_err(refused)?;
        phases.commit().await.map_err(refused)?;
        if let Err(error) = self
            .append_imported(place, &before, &transaction.after, records)
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
        place: Place,
        before: &Snapshot,
        after: &Tree,
        records: Arc<[Record]>,
    ) -> Result<()> {
        let core = &self.0;
        let _turn = core.publishing.lock().await;
        core.queue.idle().await;
        self.require_nothing_pending()?;
        if self.running().seq != before.seq {
            return Err(wrong(
                "running was changed by another commit meanwhile, so the records do not continue it any more",
            ));
        }
        for record in records.iter() {
            core.tids.pass(record.head.tid);
        }
        let (core, before, after) = (core.clone(), before.clone(), after.clone());
        on_pool(move || take_over(&core, place, &before, after, &records)).await?
    }
}

/// Appends records and makes running what they lead to. Blocking.
fn take_over(
    core: &Core,
    place: Place,
    before: &Snapshot,
    after: Tree,
    records: &[Record],
) -> Result<()> {
    let Some(last) = records.last() else {
        return Ok(());
    };
    // The numbers go on: less than what is promised in memory would hand some out twice after a crash.
    let promise = core.tids.promise();
    let mut facts = vec![promise.fact()];
    let began = records.iter().rev().find(|it| begins_anew(&it.head));
    let began = match (began, place) {
        (Some(record), _) => Some(began_at(record.head.seq)),
        // What is replaced may have begun anew; what takes its place is whole.
        (None, Place::Anew) => Some(never_began()),
        (None, Place::AfterHead) => None,
    };
    facts.extend(
        began
            .iter()
            .map(|(name, at)| (name.as_str(), at.as_deref())),
    );
    let written = match place {
        Place::AfterHead => core.seams.log.append(before.seq, records, &facts),
        Place::Anew => {
            replaced::replace(core, before, after, records, &facts)?;
            promise.keep();
            return Ok(());
        }
    };
    let appended = match written {
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
            promise.keep();
            published(core, before, after, last.head.seq);
            Ok(())
        }
    }
}

/// Running is what was imported.
pub(super) fn published(core: &Core, before: &Snapshot, after: Tree, seq: Seq) {
    let indexes = before.indexes().after(&before.tree, &after);
    let running = Snapshot::indexed(after, seq, indexes);
    core.running.store(Arc::new(running.clone()));
    core.committed.notify_waiters();
    core.announced.tell();
    core.tell_replaced(&before.tree, &running.tree);
    if let Some(keeper) = &core.keeper {
        keeper.committed(None, &running);
    }
    core.reaper.bury(core.queue.move_to(&[], running));
}

/// Where records go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// Behind the newest commit.
    AfterHead,
    /// In the place of what the start of a store has made.
    Anew,
}

/// Keeps the modules that records were made under. They stay although the records may be refused: the next start removes
/// what nothing needs.
fn keep_sets(core: &Core, sets: Vec<(usize, Value)>) -> Result<()> {
    for (line, set) in sets {
        let kept = core.epochs.pins.keep_json(set).map_err(pin_failed)?;
        kept.map_err(|reason| {
            wrong(format!(
                "the modules in line {line} cannot be used: {reason}; nothing was imported of what was sent with them; export again"
            ))
        })?;
    }
    Ok(())
}

/// Whether records can be appended: their places follow the head without a gap, and they end under our modules.
fn continues(core: &Core, place: Place, running: &Snapshot, records: &[Record]) -> Result<()> {
    let (Some(first), Some(last)) = (records.first(), records.last()) else {
        return Ok(());
    };
    let next = match place {
        Place::AfterHead => Seq(running.seq.0 + 1),
        Place::Anew => Seq(1),
    };
    if first.head.seq != next {
        let remedy = match running.seq {
            Seq(0) => "an empty store takes a history from its first commit on: export without --from, from a store whose history was not trimmed".to_owned(),
            _ if first.head.seq > next => format!("export again with --from {next}"),
            _ => format!("import into an empty store, or export with --from {next} if both have the same past"),
        };
        return Err(wrong(format!(
            "the records begin with commit {}, but the history here ends with {}: {remedy}",
            first.head.seq, running.seq
        )));
    }
    for (record, place) in records.iter().zip(next.0..) {
        if record.head.seq != Seq(place) {
            return Err(wrong(format!(
                "commit {} follows where {place} is expected: the lines are not in order, or one is missing; export again",
                record.head.seq
            )));
        }
    }
    if last.head.schema != bind::hex(core.schema.digest()) {
        return Err(wrong(format!(
            "commit {} was made under other modules or revisions than those that are loaded; load the same ones for the import",
            last.head.seq
        )));
    }
    Ok(())
}

/// The modules that a record was made under, and those before it.
fn sets_are_known(core: &Core, head: &RecordHead) -> Result<()> {
    let from = crate::upgrade::upgraded_from(head);
    for digest in from.into_iter().chain([head.schema.as_str()]) {
        core.epochs.pins.schema(digest).map_err(|error| {
            wrong(format!(
                "commit {} was made under other modules than those that are loaded, and the export does not bring them: {error}; \
                 export again from a store that has them, with the commit that it begins with",
                head.seq
            ))
        })?;
    }
    Ok(())
}

/// Whether two trees hold the same; records say values as texts, so that members of unions are looked at when it matters.
fn are_same(one: &Tree, other: &Tree) -> bool {
    bind::diff(one, other).is_empty()
        || bind::diff(&bind::resolved(one), &bind::resolved(other)).is_empty()
}

/// The tree that records lead to from running; it is as valid as that of a commit. Each record's reverse must lead back.
/// Blocking.
fn led_to(
    core: &Core,
    call: &Call,
    place: Place,
    before: &Snapshot,
    records: &[Record],
) -> Result<Tree> {
    let mut tree = match (place, records.first()) {
        (Place::Anew, Some(first)) => {
            sets_are_known(core, &first.head)?;
            Tree::empty(core.epochs.before(&first.head)?)
        }
        _ => before.tree.clone(),
    };
    for record in records {
        let seq = record.head.seq;
        sets_are_known(core, &record.head)?;
        let after = core.epochs.forward(&tree, record).map_err(|error| {
            wrong(format!(
                "commit {seq} does not fit what is running here, so the two stores have another past: {error}; import into an empty store"
            ))
        })?;
        // Nothing leads back behind one that stands on nothing.
        if begins_anew(&record.head) {
            tree = after;
            continue;
        }
        let undone = core.epochs.back(&after, record);
        let undone = undone.map_err(|error| {
            wrong(format!(
                "the reverse of commit {seq} does not fit what its change makes: {error}; export again"
            ))
        })?;
        if !are_same(&core.epochs.rebind(&tree, undone.schema())?, &undone) {
            return Err(wrong(format!(
                "the reverse of commit {seq} does not undo its change, so one of them was changed after the export; export again"
            )));
        }
        tree = after;
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
