//! The speculative head, and the queue of commits that have their place there and wait for the disk.
//!
//! Running is what the disk has; the head is what it will have when all that is queued is written. Lives here:
//! who stands where, and what is left when a write fails. Must not know the log, nor what a change means.

use std::mem;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::order::Turn;
use crate::error::BackendError;
use crate::snapshot::Snapshot;

/// The newest state that has a place in the log, durable or not yet.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    /// The state.
    pub snapshot: Snapshot,
    /// One for each time that a place was given, also when the same place is given again.
    fate: Arc<AtomicU8>,
}

/// Why a head is taken back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TakenBack {
    /// The write failed.
    Failed = 1,
    /// Others have written to the log meanwhile.
    Moved = 2,
}

impl Head {
    fn new(snapshot: Snapshot) -> Head {
        Head {
            snapshot,
            fate: Arc::default(),
        }
    }

    /// Whether the other is the same state.
    pub fn is(&self, other: &Head) -> bool {
        Arc::ptr_eq(&self.fate, &other.fate)
    }

    /// Whether it was taken back: what was seen on it has never been. If not, it is at or below the head.
    pub fn taken_back(&self) -> Option<TakenBack> {
        match self.fate.load(Ordering::Acquire) {
            0 => None,
            1 => Some(TakenBack::Failed),
            _ => Some(TakenBack::Moved),
        }
    }

    fn take_back(&self, why: TakenBack) {
        self.fate.store(why as u8, Ordering::Release);
    }
}

/// What became of who waited.
#[derive(Debug)]
pub(crate) enum Settled {
    /// It is on the disk and in running, with all below it. Those that come after wait for the turn.
    Durable(Turn),
    /// Nothing was written, because others have written meanwhile: rebase, and queue again.
    Moved,
    /// Nothing was written.
    Failed(BackendError),
}

/// One who waits: a commit with a place, or somebody who depends on those before him.
#[derive(Debug)]
pub(crate) struct Queued<T> {
    /// What is to be written, and the state that it makes; `None` for who only waits.
    pub place: Option<(T, Head)>,
    /// Whether what follows the answer must begin in the order of the log.
    pub ordered: bool,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Settled>,
}

struct State<T> {
    head: Head,
    /// The newest head that was written.
    durable: Head,
    waiting: Vec<Queued<T>>,
    /// A writer is at work: it takes what is queued until nothing is left.
    writing: bool,
}

/// How many commits wait for the disk now; who does other work on the disk looks at it and steps aside.
#[derive(Clone, Default, Debug)]
pub(crate) struct Pressure(Arc<AtomicUsize>);

impl Pressure {
    /// How many wait.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Whether a commit waits.
    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}

/// The queue.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    /// Told when a writer has nothing left.
    idle: Notify,
    pressure: Pressure,
}

/// How a place was given.
#[derive(Debug)]
pub(crate) struct Joined {
    /// The answer comes here.
    pub settled: oneshot::Receiver<Settled>,
    /// Nobody writes: the caller must start a writer.
    pub start_writer: bool,
}

impl<T> Queue<T> {
    /// Nothing waits: the head is running.
    pub fn new(running: Snapshot) -> Self {
        let head = Head::new(running);
        Queue {
            state: Mutex::new(State {
                durable: head.clone(),
                head,
                waiting: Vec::new(),
                writing: false,
            }),
            idle: Notify::new(),
            pressure: Pressure::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        // Every change of the state is a few moves that cannot panic, so it is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether commits wait.
    pub fn pressure(&self) -> Pressure {
        self.pressure.clone()
    }

    /// Where the next commit stands.
    pub fn head(&self) -> Head {
        self.state().head.clone()
    }

    /// Gives the place after `on` to a commit that makes `after`, which is the head from now on; `None` when `on` is
    /// the head no longer.
    pub fn join(&self, on: &Head, after: Snapshot, work: T, ordered: bool) -> Option<Joined> {
        let mut state = self.state();
        if !state.head.is(on) {
            return None;
        }
        state.head = Head::new(after);
        let place = (work, state.head.clone());
        Some(self.wait(&mut state, Some(place), ordered))
    }

    /// Waits for all that is at or below `on`; `None` when nothing has to be waited for: it is durable, or was taken
    /// back.
    pub fn join_without_work(&self, on: &Head, ordered: bool) -> Option<Joined> {
        let mut state = self.state();
        if on.taken_back().is_some() || !state.writing {
            return None;
        }
        Some(self.wait(&mut state, None, ordered))
    }

    fn wait(&self, state: &mut State<T>, place: Option<(T, Head)>, ordered: bool) -> Joined {
        let (answer, settled) = oneshot::channel();
        state.waiting.push(Queued {
            place,
            ordered,
            answer,
        });
        self.pressure.0.fetch_add(1, Ordering::Relaxed);
        Joined {
            settled,
            start_writer: !mem::replace(&mut state.writing, true),
        }
    }

    /// All that waits, for the writer, in the order of the places.
    pub fn take(&self) -> Vec<Queued<T>> {
        mem::take(&mut self.state().waiting)
    }

    /// How many wait behind the batch that is being written.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.state().waiting.len()
    }

    /// So many that a writer took are settled. Whether more wait; if not, the writer's work is over.
    pub fn more_after(&self, settled: usize) -> bool {
        self.pressure.0.fetch_sub(settled, Ordering::Relaxed);
        let mut state = self.state();
        state.writing = !state.waiting.is_empty();
        let more = state.writing;
        drop(state);
        if !more {
            self.idle.notify_waiters();
        }
        more
    }

    /// A batch was written: this is its newest state.
    pub fn written(&self, newest: &Head) {
        self.state().durable = newest.clone();
    }

    /// A batch was not written: the head is what is durable again. Returns who stood above it.
    pub fn take_back(&self, batch: &[Queued<T>], why: TakenBack) -> Vec<Queued<T>> {
        let mut state = self.state();
        let above = mem::take(&mut state.waiting);
        let places = batch.iter().chain(&above);
        for (_, head) in places.filter_map(|queued| queued.place.as_ref()) {
            head.take_back(why);
        }
        state.head = state.durable.clone();
        self.pressure.0.fetch_sub(above.len(), Ordering::Relaxed);
        above
    }

    /// As [`Queue::take_back`], when others have made running something new meanwhile.
    pub fn move_to(&self, batch: &[Queued<T>], running: Snapshot) -> Vec<Queued<T>> {
        self.state().durable = Head::new(running);
        self.take_back(batch, TakenBack::Moved)
    }

    /// Waits until nothing is written.
    pub async fn idle(&self) {
        loop {
            let idle = self.idle.notified();
            tokio::pin!(idle);
            // Registered before the look, so an end in between is not missed.
            idle.as_mut().enable();
            if !self.state().writing {
                return;
            }
            idle.await;
        }
    }
}
