//! Events of a stream, one notification for each that a filter and access control let pass.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::Timestamp;

use super::Subscription;
use super::delivery::Outcome;
use crate::blocking::on_pool;
use crate::engine::Engine;
use crate::stream::{Cursor, Event, EventFilter, Next};

/// What feeds a subscription to a stream.
pub(super) struct Reading {
    cursor: Cursor,
    filter: Option<Arc<EventFilter>>,
    /// What waits for room.
    held: Option<Arc<Event>>,
}

/// What the stream has beside events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Beside {
    /// All events of the past were given.
    ReplayCompleted,
    /// So many events are gone before they were read.
    Missed(u64),
}

impl Reading {
    pub fn new(cursor: Cursor, filter: Option<EventFilter>) -> Reading {
        Reading {
            cursor,
            filter: filter.map(Arc::new),
            held: None,
        }
    }

    /// Another filter, from the next event on.
    pub fn modify(&mut self, filter: EventFilter) {
        self.filter = Some(Arc::new(filter));
    }

    /// Whether an event waits to be sent.
    pub fn is_due(&self) -> bool {
        self.held.is_some()
    }

    /// Waits for what comes next; asked for while nothing is held. May be dropped while it waits.
    pub async fn next(&mut self) -> Option<Beside> {
        let next = self.cursor.next().await;
        self.take(next)
    }

    /// Whether nothing is left that happened before `stop`; or what comes next beside events.
    pub fn is_spent(&mut self, stop: Timestamp) -> Result<bool, Beside> {
        if self.held.is_none()
            && let Some(next) = self.cursor.try_next()
            && let Some(beside) = self.take(next)
        {
            return Err(beside);
        }
        Ok(self.held.as_ref().is_none_or(|event| event.time() >= stop))
    }

    fn take(&mut self, next: Next) -> Option<Beside> {
        match next {
            Next::Event(event) => {
                self.held = Some(event);
                None
            }
            Next::ReplayComplete => Some(Beside::ReplayCompleted),
            Next::Missed(count) => Some(Beside::Missed(count)),
        }
    }

    /// The event that is held, as the user may see it now.
    pub async fn update(&mut self, engine: &Engine, subscription: &Arc<Subscription>) -> Outcome {
        let Some(event) = self.held.take() else {
            return Outcome::Nothing;
        };
        let (engine, filter) = (engine.clone(), self.filter.clone());
        let (call, encoding) = (subscription.call.clone(), subscription.encoding);
        let time = event.time();
        let rendered =
            on_pool(move || event.render(&engine, &call, filter.as_deref(), encoding)).await;
        match rendered.and_then(|rendered| rendered) {
            Ok(Some(document)) => Outcome::Send(time, document),
            Ok(None) => {
                subscription.excluded.fetch_add(1, Ordering::Relaxed);
                Outcome::Nothing
            }
            Err(error) => Outcome::Failed(error),
        }
    }
}
