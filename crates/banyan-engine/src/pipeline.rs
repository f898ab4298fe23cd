//! The commit: rebase, diff, validate, participants, log, publish (DESIGN section 3).
//!
//! Nothing here walks a whole datastore; slow work (participants) runs under a reservation of what is touched. Only
//! to get its place does a commit take the lock that all share: it is rebased on the head, which is ahead of running
//! by what waits for the disk, and queued. One writer makes all that is queued durable together, and then running.

mod order;
mod queue;
mod refusal;
#[cfg(test)]
mod tests;
mod writer;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use banyan_data::Tree;
use banyan_data::change::ChangeSet;
use banyan_data::validate::Indexes;

pub(crate) use self::order::{Order, Turn};
use self::queue::{Head, Joined, Settled, TakenBack};
pub(crate) use self::queue::{Pressure, Queue};
use self::refusal::stops;
pub(crate) use self::refusal::{busy, refused, with_remains};
pub(crate) use self::writer::{Doubtful, Placed, in_doubt, record};
use crate::backend::{Call, CommitParameters, Committed, Result, Source};
use crate::bind;
use crate::blocking::{may_block, where_it_may_block};
use crate::confirm::Step;
use crate::conflict;
use crate::cut::Cut;
use crate::engine::Core;
use crate::error::{BackendError, ErrorTag};
use crate::in_progress::Entered;
use crate::log::{Entry, RecordHead};
use crate::number::{Seq, Tid};
use crate::observe::{self, Count, Lap, Stage, Watch};
use crate::participant::{Options, Transaction, TransactionParts};
use crate::phases::Phases;
use crate::reserve::{Reserved, Touched};
use crate::session::{INTERNAL, source_line};
use crate::snapshot::{Snapshot, ValidateChangedOnly};
use crate::stream::By;

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
    /// Ends it before its point of no return. That of the beginning: a session that is gone tells nothing any more.
    pub cut: Cut,
    /// Runs since the wish to commit.
    pub watch: Watch,
}

impl Attempt {
    /// Whether the whole result is to be validated, and not only what changed.
    fn validates_all(&self, before: &Snapshot) -> bool {
        !before.is_validated() && self.options.get::<ValidateChangedOnly>().is_none()
    }

    /// Locks that were granted since the commit began keep it out, as it keeps out those that are asked for from here on
    /// to its end. What must be taken back is taken back (RFC 6241 8.4.1).
    fn require_unlocked(&self, core: &Core, changes: &ChangeSet) -> Result<()> {
        if self.call.session == INTERNAL && self.step == Step::Settle {
            return Ok(());
        }
        let now = core.seams.clock.now();
        core.sessions
            .require_unlocked(self.call.session, changes, now)
    }
}

/// The change of running that an attempt amounts to.
#[derive(Clone)]
struct Change {
    /// The head that it stands on.
    on: Head,
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
    /// For a rehearsal: running, and what it would have been.
    pub rehearsed: Option<(Tree, Tree)>,
}

impl Outcome {
    /// Nothing was to be changed, or it was a rehearsal.
    fn nothing(tid: Tid, trace: Vec<String>) -> Outcome {
        Outcome {
            committed: Committed {
                tid,
                seq: None,
                changes: 0,
                trace,
                diff: None,
                warnings: Vec::new(),
            },
            snapshots: None,
            rehearsed: None,
        }
    }
}

/// Commits, for one who has entered: he is in progress until all is written that follows from the outcome. Runs to its end
/// once it is polled to the participants, so it must run in a task of its own; one that begins on the pool changes the
/// thread only if it has to wait.
pub(crate) async fn commit(
    core: &Arc<Core>,
    _entered: &Entered,
    attempt: Attempt,
) -> Result<Outcome> {
    if core.stopping.is_cancelled() {
        return Err(stops());
    }
    let attempt = Arc::new(attempt);
    let result = attempted(core, &attempt).await;
    let rehearsal = attempt.until == Until::Complete;
    let ended = observe::ended(&result, |outcome| outcome.committed.seq, rehearsal);
    core.observed
        .ended(&attempt.watch, &attempt.call, &attempt.source, ended);
    result
}

async fn attempted(core: &Arc<Core>, attempt: &Arc<Attempt>) -> Result<Outcome> {
    let (tid, must_promise) = core.tids.next();
    attempt.watch.is_of(tid);
    if must_promise {
        let _lap = attempt.watch.begin(Stage::Promise);
        let core = core.clone();
        where_it_may_block(move || writer::promise(&core, tid)).await?;
    }
    let Some((change, _reserved)) = reserve(core, attempt, tid).await? else {
        // What there was to change may have gone with its killed session.
        attempt.cut.check()?;
        return Ok(Outcome::nothing(tid, Vec::new()));
    };
    attempt.require_unlocked(core, &change.changes)?;
    attempt.cut.check()?;
    let transaction = Transaction::new(TransactionParts {
        tid,
        before: change.on.snapshot.tree.clone(),
        base: change.on.snapshot.seq,
        after: change.after.clone(),
        changes: change.changes.clone(),
        parameters: attempt.parameters.clone(),
        options: attempt.options.clone(),
        source: attempt.source.clone(),
        call: attempt.call.clone(),
    });
    let mut phases = Phases::of(&core.participants, &transaction, &core.seams.clock)
        .measured_by(&attempt.watch)
        .cut_by(&attempt.cut);
    phases.prepare().await.map_err(refused)?;
    if attempt.until == Until::Complete {
        phases.abort().await;
        let (before, after) = (transaction.before.clone(), transaction.after.clone());
        let trace = core.heard(&attempt.call, transaction.noted().trace);
        let mut outcome = Outcome::nothing(tid, trace);
        outcome.committed.warnings = core.warned(&attempt.call, &before, &after, true);
        outcome.rehearsed = Some((before, after));
        return Ok(outcome);
    }
    phases.commit().await.map_err(refused)?;
    let participants = !phases.is_empty();
    let (published, turn) = match publish(core, attempt, &transaction, change, participants).await {
        Ok(published) => published,
        Err(error) => {
            let remains = phases.take_back().await;
            return Err(with_remains(error, remains));
        }
    };
    transaction.committed_at(published.at);
    finish(&mut phases, turn).await;
    let trace = core.heard(&attempt.call, transaction.noted().trace);
    Ok(match published.snapshots {
        Some(snapshots) => Outcome {
            committed: Committed {
                tid,
                seq: Some(published.at),
                changes: bind::count(&transaction.changes),
                trace,
                diff: None,
                warnings: {
                    let (before, after) = &snapshots;
                    core.warned(&attempt.call, &before.tree, &after.tree, false)
                },
            },
            snapshots: Some(snapshots),
            rehearsed: None,
        },
        None => Outcome::nothing(tid, trace),
    })
}

/// The number of an attempt that is no commit.
pub(crate) async fn number(core: &Arc<Core>, _entered: &Entered) -> Result<Tid> {
    let (tid, must_promise) = core.tids.next();
    if must_promise {
        let core = core.clone();
        where_it_may_block(move || writer::promise(&core, tid)).await?;
    }
    Ok(tid)
}

/// Step 7. What is said first is said in the order of the log; who takes longer holds up nobody.
async fn finish(phases: &mut Phases<'_>, turn: Turn) {
    let mut finish = pin!(phases.finish());
    let begun = poll_fn(|context| Poll::Ready(finish.as_mut().poll(context))).await;
    drop(turn);
    if begun.is_pending() {
        finish.await;
    }
}

/// Steps 1 to 3 and the reservation of what is touched; `None` when there is nothing to change.
async fn reserve(
    core: &Arc<Core>,
    attempt: &Arc<Attempt>,
    tid: Tid,
) -> Result<Option<(Change, Reserved)>> {
    let holder: Arc<str> = core.sessions.describe(attempt.call.session).into();
    let (mut held, mut again) = (None, false);
    loop {
        let found = {
            let (core, attempt, holder) = (core.clone(), attempt.clone(), holder.clone());
            let held = held.take();
            let look = move || try_reserve(&core, &attempt, tid, &holder, held);
            where_it_may_block(look).await?
        };
        match found {
            Found::Change(change, reserved) => return Ok(Some((*change, reserved))),
            Found::InTheWay(touched) => {
                let patience = patience(&attempt.call);
                let clock = &*core.seams.clock;
                let lap = attempt.watch.begin(Stage::Reservation);
                let waiting = core
                    .reservations
                    .take(tid, &touched, &holder, patience, clock);
                let waiting = attempt.cut.unless(waiting).await;
                let reserved = match waiting {
                    Ok(reserved) => reserved.map_err(|in_the_way| busy(&in_the_way)),
                    Err(cut) => Err(cut),
                };
                held = Some(lap.seen(reserved)?);
            }
            // An answer as well: it must not rest on what may never have been.
            Found::Nothing(on) if durable(core, &on).await? => return Ok(None),
            Found::Wrong(on, error) if durable(core, &on).await? => {
                // Who made a conflicting change is known once the log has it.
                if again || !conflict::is_anonymous(&error) {
                    return Err(error);
                }
                again = true;
            }
            Found::Nothing(_) | Found::Wrong(..) => {}
        }
    }
}

/// What a look at the head has found.
enum Found {
    Change(Box<Change>, Reserved),
    /// Another commit in progress touches this.
    InTheWay(Touched),
    /// The head is what is wanted.
    Nothing(Head),
    /// It cannot be, on this head.
    Wrong(Head, BackendError),
}

/// Reserves what the change touches, and only then looks at the head: nobody else changes it there from then on.
fn try_reserve(
    core: &Core,
    attempt: &Attempt,
    tid: Tid,
    holder: &str,
    mut held: Option<Reserved>,
) -> Found {
    let mut touched = match &held {
        Some(reserved) => reserved.touched().clone(),
        None => Touched::by(&bind::diff(&attempt.base.tree, &attempt.mine)),
    };
    loop {
        let reserved = match held.take() {
            Some(reserved) => reserved,
            None => {
                let now = core.seams.clock.now();
                match core.reservations.try_take(tid, &touched, holder, now) {
                    Ok(reserved) => reserved,
                    Err(_) => return Found::InTheWay(touched),
                }
            }
        };
        let head = core.queue.head();
        let change = match prepare(core, attempt, &attempt.base, &attempt.mine, &head) {
            Ok(change) if change.changes.is_empty() => return Found::Nothing(head),
            Ok(change) => change,
            Err(error) => return Found::Wrong(head, error),
        };
        // What `when` takes out belongs to the change (RFC 7950 8.2), and may be elsewhere.
        let whole = Touched::by(&change.changes);
        if touched.covers(&whole) {
            return Found::Change(Box::new(change), reserved);
        }
        touched = whole;
    }
}

/// Steps 1 to 3: rebases on the head, finds the difference, checks that the caller may make it, and validates the
/// result. Blocking.
fn prepare(
    core: &Core,
    attempt: &Attempt,
    base: &Snapshot,
    mine: &Tree,
    on: &Head,
) -> Result<Change> {
    let before = &on.snapshot;
    let (call, watch) = (&attempt.call, &attempt.watch);
    let prepared = |_: &Lap| {
        let after = watch.time(Stage::Rebase, |lap| {
            let (rebased, visited) = conflict::rebased_counted(core, base, mine, before);
            lap.count(Count::Nodes, visited);
            rebased.inspect_err(|error| {
                lap.count(Count::Conflicts, error.reports.len() as u64);
            })
        })?;
        let changes = difference(watch, &before.tree, &after);
        let (settled, indexes) = watch.time(Stage::Settle, |lap| {
            let (settled, indexes, visited) = bind::settle(before, after.clone(), &changes)?;
            lap.count(Count::Nodes, visited);
            Ok::<_, BackendError>((settled, indexes))
        })?;
        let (after, changes) = match settled.ptr_eq(&after) {
            true => (after, changes),
            false => {
                let changes = difference(watch, &before.tree, &settled);
                (settled, changes)
            }
        };
        if !changes.is_empty() {
            watch.time(Stage::Access, |_| core.permit_changes(call, &changes))?;
            watch.time(Stage::Validate, |lap| {
                core.sound_rules(&before.tree, &after)?;
                if attempt.validates_all(before) {
                    return bind::validate_full(&after);
                }
                let (valid, counters) = bind::validate_counted(&after, &indexes, &changes);
                lap.count(Count::Considered, counters.considered);
                lap.count(Count::Evaluated, counters.evaluated);
                lap.count(Count::Nodes, counters.visited);
                valid
            })?;
        } else if attempt.validates_all(before) {
            bind::validate_full(&after)?;
        }
        Ok(Change {
            on: on.clone(),
            after,
            indexes,
            changes: Arc::new(changes),
        })
    };
    watch
        .time(Stage::Prepare, prepared)
        .map_err(|error| core.hushed(call, &before.tree, error))
}

fn difference(watch: &Watch, before: &Tree, after: &Tree) -> ChangeSet {
    let lap = watch.begin(Stage::Diff);
    let (changes, visited) = bind::diff_counted(before, after);
    lap.count(Count::Changes, bind::count(&changes));
    lap.count(Count::Nodes, visited);
    changes
}

/// Waits until a state is durable; `false` when it was taken back.
async fn durable(core: &Arc<Core>, on: &Head) -> Result<bool> {
    let Some(joined) = core.queue.join_without_work(on, false) else {
        return Ok(on.taken_back().is_none());
    };
    Ok(matches!(settled(core, joined).await?, Settled::Durable(_)))
}

/// What becomes of a place in the queue.
async fn settled(core: &Arc<Core>, joined: Joined) -> Result<Settled> {
    if joined.start_writer {
        match may_block() {
            true => writer::run_once(core),
            false => writer::start(core.clone()),
        }
    }
    joined.settled.await.map_err(|_| {
        BackendError::new(
            ErrorTag::OperationFailed,
            "the program stops; look at the history before committing again",
        )
    })
}

/// What a commit came to in step 6.
struct Published {
    /// The commit; for a change that others had made already, theirs.
    at: Seq,
    /// Running before and after; `None` when nothing was left to change.
    snapshots: Option<(Snapshot, Snapshot)>,
}

/// Steps 5 and 6: gets a place on the head, and waits until the disk has the commit.
async fn publish(
    core: &Arc<Core>,
    attempt: &Arc<Attempt>,
    transaction: &Transaction,
    mut change: Change,
    participants: bool,
) -> Result<(Published, Turn)> {
    let watch = &attempt.watch;
    loop {
        let lap = watch.begin(Stage::Place);
        let placed = place(core, attempt, transaction, &mut change, participants).await;
        let placed = lap.seen(placed)?;
        drop(lap);
        let (published, joined) = match placed {
            Place::Waits(published, joined) => (published, joined),
            Place::Durable(published) => return Ok((published, Turn::default())),
            Place::Gone => continue,
            Place::Wrong(on, error) if durable(core, &on).await? => return Err(error),
            Place::Wrong(..) => continue,
        };
        let lap = watch.begin(Stage::Durable);
        let settled = lap.seen(settled(core, joined).await)?;
        if matches!(settled, Settled::Failed(_)) {
            lap.fail();
        }
        drop(lap);
        match settled {
            Settled::Durable(turn) => return Ok((published, turn)),
            Settled::Failed(error) if published.snapshots.is_some() => return Err(error),
            // It must be rebased on what running is now.
            Settled::Moved | Settled::Failed(_) => {}
        }
    }
}

/// What came of the wish for a place.
enum Place {
    /// It has one.
    Waits(Published, Joined),
    /// Nothing is left to change, nor to wait for.
    Durable(Published),
    /// The head was taken back meanwhile.
    Gone,
    /// The change does not go with this head.
    Wrong(Head, BackendError),
}

/// Gives a change its place, under the short lock; `change` is rebased if the head has moved.
async fn place(
    core: &Arc<Core>,
    attempt: &Arc<Attempt>,
    transaction: &Transaction,
    change: &mut Change,
    participants: bool,
) -> Result<Place> {
    let _turn = attempt.cut.unless(core.publishing.lock()).await?;
    // The log is closed after the last one that has a place, and may be another program's then.
    if core.stopping.is_cancelled() {
        return Err(stops());
    }
    let head = core.queue.head();
    // Participants have acted on what they saw, which was more than what they did themselves.
    if participants && change.on.taken_back() == Some(TakenBack::Failed) {
        return Err(BackendError::new(
            ErrorTag::OperationFailed,
            format!(
                "the commit is withdrawn: it was prepared on commit {}, which could not be written; running is unchanged, so commit again",
                change.on.snapshot.seq
            ),
        ));
    }
    if !head.is(&change.on) {
        match again(core, attempt, change.clone(), head.clone()).await? {
            Ok(rebased) => *change = rebased,
            Err(error) => return Ok(Place::Wrong(head, error)),
        }
    }
    let before = &change.on.snapshot;
    if change.changes.is_empty() {
        let published = Published {
            at: before.seq,
            snapshots: None,
        };
        return Ok(
            match core.queue.join_without_work(&change.on, participants) {
                Some(joined) => Place::Waits(published, joined),
                None if change.on.taken_back().is_none() => Place::Durable(published),
                None => Place::Gone,
            },
        );
    }
    // The last look: from here on it is only the disk that can refuse.
    attempt.cut.check()?;
    let (placed, after) = placed(core, attempt, transaction, change);
    let published = Published {
        at: after.seq,
        snapshots: Some((before.clone(), after.clone())),
    };
    Ok(
        match core.queue.join(&change.on, after, placed, participants) {
            Some(joined) => Place::Waits(published, joined),
            None => Place::Gone,
        },
    )
}

/// Prepares a change for another head. Disjoint paths are not disjoint constraints, so the result is validated again.
async fn again(
    core: &Arc<Core>,
    attempt: &Arc<Attempt>,
    change: Change,
    head: Head,
) -> Result<Result<Change>> {
    let (core, attempt) = (core.clone(), attempt.clone());
    where_it_may_block(move || {
        let (base, mine) = match change.on.taken_back() {
            None => (&change.on.snapshot, &change.after),
            // What followed from what was taken back is left out.
            Some(_) => (&attempt.base, &attempt.mine),
        };
        prepare(&core, &attempt, base, mine, &head)
    })
    .await
}

/// The record of a change, at the place after the head that it stands on, and the state that it makes.
fn placed(
    core: &Core,
    attempt: &Attempt,
    transaction: &Transaction,
    change: &Change,
) -> (Placed, Snapshot) {
    let before = &change.on.snapshot;
    let seq = Seq(before.seq.0 + 1);
    let now = core.seams.clock.now();
    let head = RecordHead {
        seq,
        tid: transaction.tid,
        time: now,
        user: transaction.principal.effective().clone(),
        source: source_line(&transaction.source),
        comment: transaction.parameters.comment.clone(),
        label: transaction.parameters.label.clone(),
        schema: bind::hex(core.schema.digest()),
        changes: bind::count(&change.changes),
        entries: transaction
            .noted()
            .entries
            .into_iter()
            .map(|(kind, value)| Entry { kind, value })
            .collect(),
    };
    let placed = Placed {
        before: before.seq,
        head,
        changes: change.changes.clone(),
        by: By::caller(&attempt.call, &attempt.source),
        watch: attempt.watch.clone(),
        queued: core.observed.now(),
        fact: attempt.step.fact(before, transaction, now),
    };
    let mut after = Snapshot::indexed(change.after.clone(), seq, change.indexes.clone());
    if !before.is_validated() && !attempt.validates_all(before) {
        after = after.not_validated();
    }
    (placed, after)
}

/// How long a call waits for others.
pub(crate) fn patience(call: &Call) -> Duration {
    call.deadline.map_or(PATIENCE, |deadline| {
        deadline.saturating_duration_since(Instant::now())
    })
}
