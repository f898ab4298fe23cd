//! One stream: a ring of events with bounds, and cursors that read it.
//!
//! Events have numbers in the order in which they were published. What is published wakes who waits; what leaves the ring
//! before a cursor has read it is counted, and the cursor says so.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use super::{Event, StreamOptions};
use crate::clock::Clock;
use crate::reaper::Reaper;

/// How long events are kept at least, so that subscribers come to them, also where nothing is kept for replay.
const LIVE: Duration = Duration::from_secs(60);

/// How much a ring keeps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    age: Duration,
    events: usize,
    bytes: u64,
    replay: bool,
}

impl Bounds {
    pub fn of(options: &StreamOptions) -> Bounds {
        Bounds {
            age: options.retention.max(LIVE),
            // The newest event is always there.
            events: options.events.max(1),
            bytes: options.bytes,
            replay: !options.retention.is_zero(),
        }
    }
}

/// An event in a ring.
struct Kept {
    event: Arc<Event>,
    /// When it was published, on the monotonic clock.
    since: Duration,
}

#[derive(Default)]
struct Ring {
    kept: VecDeque<Kept>,
    /// The number of the first one that is kept, or of the next one.
    first: u64,
    bytes: u64,
    /// The time of the last event that left.
    aged: Option<Timestamp>,
}

impl Ring {
    /// The number that the next event will have.
    fn end(&self) -> u64 {
        self.first + self.kept.len() as u64
    }

    /// Takes out what is beyond the bounds, and returns it: what it keeps alive may be large, and is not to be dropped here.
    /// O(what goes).
    #[must_use]
    fn trim(&mut self, bounds: &Bounds, now: Duration) -> Vec<Arc<Event>> {
        let mut gone = Vec::new();
        while let Some(oldest) = self.kept.front() {
            let old = now.saturating_sub(oldest.since) > bounds.age;
            let many = self.kept.len() > bounds.events;
            let large = self.bytes > bounds.bytes && self.kept.len() > 1;
            if !(old || many || large) {
                break;
            }
            self.bytes -= oldest.event.size();
            self.aged = Some(oldest.event.time());
            gone.extend(self.kept.pop_front().map(|kept| kept.event));
            self.first += 1;
        }
        gone
    }
}

/// A stream of events.
pub(crate) struct Stream {
    /// Its name.
    pub name: Arc<str>,
    /// What it carries, for people.
    pub description: Arc<str>,
    /// Since when it keeps events (RFC 5277 `replayLogCreationTime`).
    pub created: Timestamp,
    bounds: Bounds,
    clock: Arc<dyn Clock>,
    reaper: Reaper,
    ring: Mutex<Ring>,
    /// The number that the next event will have: who waits for one looks here.
    end: watch::Sender<u64>,
}

impl Stream {
    pub(super) fn new(
        name: Arc<str>,
        description: Arc<str>,
        bounds: Bounds,
        clock: Arc<dyn Clock>,
        reaper: Reaper,
    ) -> Stream {
        Stream {
            name,
            description,
            created: clock.now(),
            bounds,
            clock,
            reaper,
            ring: Mutex::default(),
            end: watch::Sender::new(0),
        }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        // Numbers and bytes follow from what is pushed and popped, so a panic elsewhere leaves it whole.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ring, without what is too old.
    fn trimmed(&self) -> MutexGuard<'_, Ring> {
        let now = self.clock.monotonic();
        let mut ring = self.ring();
        let gone = ring.trim(&self.bounds, now);
        self.bury(gone);
        ring
    }

    fn bury(&self, gone: Vec<Arc<Event>>) {
        if !gone.is_empty() {
            self.reaper.bury(gone);
        }
    }

    /// Whether past events can be had.
    pub fn replays(&self) -> bool {
        self.bounds.replay
    }

    /// The time of the last event that is not kept any more (RFC 8639 `replay-log-aged-time`).
    pub fn aged(&self) -> Option<Timestamp> {
        let ring = self.trimmed();
        ring.aged
    }

    /// Adds an event. O(1); waits for nobody.
    pub(super) fn publish(&self, event: Arc<Event>) {
        let since = self.clock.monotonic();
        let mut ring = self.ring();
        ring.bytes += event.size();
        ring.kept.push_back(Kept { event, since });
        let gone = ring.trim(&self.bounds, since);
        self.bury(gone);
        // Under the lock, so that it never goes back.
        self.end.send_replace(ring.end());
    }

    /// The number that the next event will have.
    pub fn end(&self) -> u64 {
        self.ring().end()
    }
}

/// What a cursor finds next.
#[derive(Clone, Debug)]
pub(crate) enum Next {
    /// An event.
    Event(Arc<Event>),
    /// All events of the past were given; comes once, and only if past ones were asked for.
    ReplayComplete,
    /// So many events have left the ring before they were read.
    Missed(u64),
}

/// The events of the past that a cursor gives first.
#[derive(Clone, Copy)]
struct Replay {
    since: Timestamp,
    /// The number of the first event that is not of the past.
    until: u64,
}

/// A place in a stream: gives each event once, in their order.
pub(crate) struct Cursor {
    stream: Arc<Stream>,
    /// The number of the next event.
    at: u64,
    replay: Option<Replay>,
    end: watch::Receiver<u64>,
}

impl Cursor {
    /// At the end of a stream; with `replay_from` at its beginning, and events before that time are passed over.
    pub(super) fn new(stream: Arc<Stream>, replay_from: Option<Timestamp>) -> Cursor {
        let end = stream.end.subscribe();
        let (at, replay) = {
            let ring = stream.trimmed();
            let until = ring.end();
            match replay_from {
                None => (until, None),
                Some(since) => (ring.first, Some(Replay { since, until })),
            }
        };
        Cursor {
            stream,
            at,
            replay,
            end,
        }
    }

    /// The stream.
    pub fn stream(&self) -> &Arc<Stream> {
        &self.stream
    }

    /// Whether events of the past are still to come, or the word that they were all.
    pub fn replays(&self) -> bool {
        self.replay.is_some()
    }

    /// The number of the event that comes next, if none is missed.
    pub fn position(&self) -> u64 {
        self.at
    }

    /// The next event, when there is one. May be dropped while it waits: nothing is lost.
    pub async fn next(&mut self) -> Next {
        loop {
            // Before the look, so that what comes in between is seen.
            self.end.borrow_and_update();
            if let Some(next) = self.try_next() {
                return next;
            }
            if self.end.changed().await.is_err() {
                // Not as long as the stream is held here.
                std::future::pending::<()>().await;
            }
        }
    }

    /// The next event, if there is one now. O(events before the start of a replay).
    pub fn try_next(&mut self) -> Option<Next> {
        let ring = self.stream.ring();
        loop {
            if self.at < ring.first {
                let missed = ring.first - self.at;
                self.at = ring.first;
                return Some(Next::Missed(missed));
            }
            if self.replay.is_some_and(|replay| self.at >= replay.until) {
                self.replay = None;
                return Some(Next::ReplayComplete);
            }
            let index = usize::try_from(self.at - ring.first).ok()?;
            let event = &ring.kept.get(index)?.event;
            self.at += 1;
            let before = |replay: Replay| event.time() < replay.since;
            if !self.replay.is_some_and(before) {
                return Some(Next::Event(event.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests;
