//! Reservations: a commit that touches what another commit in progress touches waits for it; all others pass.
//!
//! A reservation is a set of instance prefixes, coarse where a change is wide. Being too coarse costs
//! waiting, never correctness.
//!
//! Who comes later steps back for who waits already, for a moment: else a wide change would never find its moment among
//! many small ones. Not for longer, because it may wait for a slow device that the small ones do not touch.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use banyan_data::change::{Change, ChangeKind, ChangeSet, Instance};
use banyan_yang::schema::SchemaId;
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::number::Tid;
use crate::session::age;

/// How deep a prefix goes at most: `/devices/device[name]/config` and one more.
const DEPTH: usize = 4;

/// How long who comes later steps back for those who wait.
const COURTESY: Duration = Duration::from_secs(1);

/// How many prefixes a reservation holds at most; wider changes get shorter prefixes.
const WIDTH: usize = 64;

/// The way from the root to an instance; the empty one is all there is.
pub(crate) type Prefix = Vec<(SchemaId, Instance)>;

/// What a change touches.
#[derive(Clone, PartialEq, Debug)]
pub struct Touched(Vec<Prefix>);

impl Touched {
    /// These instances, each with all beneath it.
    pub(crate) fn at(prefixes: Vec<Prefix>) -> Touched {
        Touched(prefixes)
    }

    /// The prefixes of a change set. Cost: at most the number of prefixes kept, times the depth.
    pub fn by(changes: &ChangeSet) -> Touched {
        for depth in (2..=DEPTH).rev() {
            let mut prefixes = Vec::new();
            if collect(
                &changes.changes,
                &mut Vec::new(),
                depth,
                WIDTH,
                &mut prefixes,
            ) {
                return Touched(prefixes);
            }
        }
        let tops = changes
            .changes
            .iter()
            .map(|change| vec![(change.id, Instance::Whole)])
            .fold(Vec::new(), |mut tops: Vec<Prefix>, top| {
                if tops.last() != Some(&top) {
                    tops.push(top);
                }
                tops
            });
        Touched(tops)
    }

    /// Whether all that the other touches is within what this one touches.
    pub fn covers(&self, other: &Touched) -> bool {
        other.0.iter().all(|theirs| {
            self.0
                .iter()
                .any(|mine| mine.len() <= theirs.len() && mine.iter().zip(theirs).all(within))
        })
    }

    fn meets(&self, other: &Touched) -> bool {
        self.0.iter().any(|mine| {
            other
                .0
                .iter()
                .any(|theirs| one_holds_the_other(mine, theirs))
        })
    }
}

/// Collects prefixes; `false` when there are more than `width`.
fn collect(
    changes: &[Change],
    at: &mut Prefix,
    depth: usize,
    width: usize,
    into: &mut Vec<Prefix>,
) -> bool {
    for change in changes {
        at.push((change.id, change.instance.clone()));
        let fits = match &change.kind {
            // The order of a user-ordered list is one thing: who moves an entry touches all of it.
            ChangeKind::Moved(_) | ChangeKind::Inside { moved: Some(_), .. } => {
                let mut whole = at.clone();
                if let Some(last) = whole.last_mut() {
                    last.1 = Instance::Whole;
                }
                into.push(whole);
                into.len() <= width
            }
            ChangeKind::Inside { changes, .. } if at.len() < depth => {
                collect(changes, at, depth, width, into)
            }
            _ => {
                into.push(at.clone());
                into.len() <= width
            }
        };
        at.pop();
        if !fits {
            return false;
        }
    }
    true
}

/// Whether the second step is one that the first names.
fn within((mine, theirs): (&(SchemaId, Instance), &(SchemaId, Instance))) -> bool {
    mine.0 == theirs.0 && (mine.1 == theirs.1 || mine.1 == Instance::Whole)
}

fn one_holds_the_other(a: &Prefix, b: &Prefix) -> bool {
    a.iter()
        .zip(b)
        .all(|((a_id, a_instance), (b_id, b_instance))| {
            a_id == b_id
                && (a_instance == b_instance
                    || *a_instance == Instance::Whole
                    || *b_instance == Instance::Whole)
        })
}

struct Held {
    touched: Touched,
    holder: String,
    since: Timestamp,
}

#[derive(Default)]
struct State {
    held: BTreeMap<Tid, Held>,
    /// Those who wait, by when they came.
    waiting: BTreeMap<u64, Held>,
    /// How many have waited so far.
    came: u64,
}

impl State {
    /// Who is in the way of who came as this number: holders, and then those who came before.
    fn in_the_way(&self, touched: &Touched, came: u64, courtesy: bool) -> Option<InTheWay> {
        let holder = self
            .held
            .iter()
            .find(|(_, held)| held.touched.meets(touched))
            .map(|(tid, held)| InTheWay::Holds(*tid, held.holder.clone(), held.since));
        let before = || {
            let mut before = self.waiting.range(..came);
            let (_, held) = before.find(|(_, waits)| waits.touched.meets(touched))?;
            Some(InTheWay::Waits(held.holder.clone(), held.since))
        };
        holder.or_else(|| before().filter(|_| courtesy))
    }
}

/// Who is in the way, and since when.
enum InTheWay {
    Holds(Tid, String, Timestamp),
    Waits(String, Timestamp),
}

impl InTheWay {
    fn describe(&self, now: Timestamp) -> String {
        match self {
            InTheWay::Holds(tid, holder, since) => format!(
                "transaction {tid} of {holder}, which has been running for {}",
                age(*since, now)
            ),
            InTheWay::Waits(holder, since) => format!(
                "a commit of {holder}, which has been waiting for {}",
                age(*since, now)
            ),
        }
    }
}

#[derive(Default)]
struct All {
    state: Mutex<State>,
    released: Notify,
}

impl All {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among those who wait; given up when it is dropped.
struct Waiting<'a> {
    all: &'a All,
    came: u64,
}

impl<'a> Waiting<'a> {
    fn join(all: &'a All, touched: &Touched, holder: &str, since: Timestamp) -> Waiting<'a> {
        let mut state = all.state();
        let came = state.came;
        state.came += 1;
        let waits = Held {
            touched: touched.clone(),
            holder: holder.to_owned(),
            since,
        };
        state.waiting.insert(came, waits);
        Waiting { all, came }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.all.state().waiting.remove(&self.came);
        self.all.released.notify_waiters();
    }
}

/// All commits in progress. Clones share them.
#[derive(Clone, Default)]
pub struct Reservations(Arc<All>);

/// A reservation; ends when it is dropped.
pub struct Reserved {
    all: Reservations,
    tid: Tid,
    touched: Touched,
}

impl Reserved {
    /// What is reserved.
    pub fn touched(&self) -> &Touched {
        &self.touched
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.all.0.state().held.remove(&self.tid);
        self.all.0.released.notify_waiters();
    }
}

impl Reservations {
    /// How many commits are in progress, and since when the oldest is.
    pub fn in_progress(&self) -> (usize, Option<Timestamp>) {
        let state = self.0.state();
        let oldest = state.held.values().map(|held| held.since).min();
        (state.held.len(), oldest)
    }

    /// How many wait.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.0.state().waiting.len()
    }

    /// Takes the reservation, or says who is in the way. A transaction has one reservation at a time.
    ///
    /// # Errors
    /// Who is in the way, and since when.
    pub fn try_take(
        &self,
        tid: Tid,
        touched: &Touched,
        holder: &str,
        now: Timestamp,
    ) -> Result<Reserved, String> {
        self.take_as(u64::MAX, true, tid, touched, holder, now)
            .map_err(|in_the_way| in_the_way.describe(now))
    }

    fn take_as(
        &self,
        came: u64,
        courtesy: bool,
        tid: Tid,
        touched: &Touched,
        holder: &str,
        now: Timestamp,
    ) -> Result<Reserved, InTheWay> {
        let mut state = self.0.state();
        if let Some(in_the_way) = state.in_the_way(touched, came, courtesy) {
            return Err(in_the_way);
        }
        let held = Held {
            touched: touched.clone(),
            holder: holder.to_owned(),
            since: now,
        };
        state.held.insert(tid, held);
        Ok(Reserved {
            all: self.clone(),
            tid,
            touched: touched.clone(),
        })
    }

    /// Waits for the reservation, at most `patience`.
    ///
    /// # Errors
    /// Who is still in the way.
    pub async fn take(
        &self,
        tid: Tid,
        touched: &Touched,
        holder: &str,
        patience: Duration,
        clock: &dyn Clock,
    ) -> Result<Reserved, String> {
        let timeout = clock.sleep(patience);
        let courtesy = clock.sleep(COURTESY);
        tokio::pin!(timeout, courtesy);
        let mut courteous = true;
        let waiting = Waiting::join(&self.0, touched, holder, clock.now());
        loop {
            let released = self.0.released.notified();
            tokio::pin!(released);
            // Registered before the look, so a release in between is not missed.
            released.as_mut().enable();
            let now = clock.now();
            let taken = self.take_as(waiting.came, courteous, tid, touched, holder, now);
            let in_the_way = match taken {
                Ok(reserved) => return Ok(reserved),
                Err(in_the_way) => in_the_way,
            };
            tokio::select! {
                () = &mut released => {}
                () = &mut courtesy, if courteous => courteous = false,
                () = &mut timeout => return Err(in_the_way.describe(clock.now())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::clock::ManualClock;
    use banyan_data::Value;

    fn touched(steps: &[(u32, Option<u64>)]) -> Touched {
        let step = |(id, key): &(u32, Option<u64>)| {
            let instance = match key {
                Some(key) => Instance::Entry(vec![Value::Uint(*key)]),
                None => Instance::Whole,
            };
            (SchemaId(*id), instance)
        };
        Touched(vec![steps.iter().map(step).collect()])
    }

    #[test]
    fn who_reserved_an_entry_covers_what_is_in_it_and_not_the_list() {
        let entry = touched(&[(1, None), (2, Some(7))]);
        let inside = touched(&[(1, None), (2, Some(7)), (3, None)]);
        let other = touched(&[(1, None), (2, Some(8))]);
        let list = touched(&[(1, None), (2, None)]);
        assert!(entry.covers(&entry) && entry.covers(&inside));
        assert!(!entry.covers(&other) && !entry.covers(&list) && !inside.covers(&entry));
        assert!(list.covers(&entry) && list.covers(&inside) && list.covers(&other));
    }

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn entry(key: u64) -> Touched {
        touched(&[(1, None), (2, Some(key))])
    }

    fn now(all: &Reservations, tid: u32, touched: &Touched) -> Result<Reserved, String> {
        all.try_take(Tid(tid), touched, "alice", NOW)
    }

    type Wait = std::pin::Pin<Box<dyn Future<Output = Result<Reserved, String>>>>;

    fn wait(all: &Reservations, clock: &ManualClock, tid: u32, touched: Touched) -> Wait {
        let (all, clock) = (all.clone(), clock.clone());
        Box::pin(async move {
            let patience = Duration::from_secs(60);
            all.take(Tid(tid), &touched, "bob", patience, &clock).await
        })
    }

    fn poll(wait: &mut Wait) -> Option<Result<Reserved, String>> {
        let mut context = Context::from_waker(Waker::noop());
        match wait.as_mut().poll(&mut context) {
            Poll::Ready(taken) => Some(taken),
            Poll::Pending => None,
        }
    }

    #[test]
    fn a_wide_change_finds_its_moment_among_small_ones() {
        let (all, clock) = (Reservations::default(), ManualClock::at(NOW));
        let first = now(&all, 1, &entry(1)).unwrap();
        let mut wide = wait(&all, &clock, 2, touched(&[(1, None), (2, None)]));
        assert!(poll(&mut wide).is_none());
        // Who comes now would keep the wide one out, and steps back; what is elsewhere passes.
        let refused = now(&all, 3, &entry(2)).err().unwrap();
        assert!(refused.contains("a commit of bob"), "{refused}");
        now(&all, 4, &touched(&[(9, None)])).unwrap();
        let mut small = wait(&all, &clock, 3, entry(2));
        assert!(poll(&mut small).is_none());
        drop(first);
        assert!(poll(&mut small).is_none());
        let wide = poll(&mut wide).unwrap().unwrap();
        assert!(poll(&mut small).is_none());
        drop(wide);
        poll(&mut small).unwrap().unwrap();
    }

    #[test]
    fn small_changes_step_back_for_a_moment_only() {
        let (all, clock) = (Reservations::default(), ManualClock::at(NOW));
        // A device that takes long.
        let _slow = now(&all, 1, &entry(1)).unwrap();
        let mut wide = wait(&all, &clock, 2, touched(&[(1, None), (2, None)]));
        let mut small = wait(&all, &clock, 3, entry(2));
        assert!(poll(&mut wide).is_none());
        assert!(poll(&mut small).is_none());
        clock.advance(COURTESY);
        poll(&mut small).unwrap().unwrap();
        assert!(poll(&mut wide).is_none());
    }

    #[test]
    fn who_gives_up_waiting_is_in_nobodys_way() {
        let (all, clock) = (Reservations::default(), ManualClock::at(NOW));
        let _held = now(&all, 1, &entry(1)).unwrap();
        let mut wide = wait(&all, &clock, 2, touched(&[(1, None), (2, None)]));
        assert!(poll(&mut wide).is_none());
        drop(wide);
        now(&all, 3, &entry(2)).unwrap();
    }
}
