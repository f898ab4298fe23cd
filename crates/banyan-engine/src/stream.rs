//! Notification streams (RFC 5277, RFC 8639): what happens, kept for a while, for who subscribes to it.
//!
//! A stream is a ring of events ([`ring`]); to publish is O(1) and waits for nobody. Subscriptions read at their own pace
//! and render in their own tasks ([`event`]). Must never be in the way of a commit: what it publishes holds what is at
//! hand by reference, and is made into a document when somebody reads it.

mod change;
mod event;
mod filter;
pub(crate) mod notice;
pub(crate) mod notify;
mod own;
mod ring;
mod state;
pub(crate) mod subscribe;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use banyan_yang::schema::Schema;
use jiff::Timestamp;

pub(crate) use change::ConfigChange;
pub(crate) use event::Event;
pub(crate) use filter::{EventFilter, Passes};
pub(crate) use own::{By, ConfirmEvent};
pub(crate) use ring::{Cursor, Next, Stream};
pub(crate) use state::{RFC5277, RFC8639, described};
pub(crate) use subscribe::Subscribed;

use crate::backend::Result;
use crate::clock::Clock;
use crate::error::{BackendError, ErrorLayer, ErrorTag, Report};
use crate::reaper::Reaper;

/// The stream that every server has, with all events (RFC 5277 3.2.3).
pub const NETCONF: &str = "NETCONF";

/// What streams there are, and how much they keep.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StreamOptions {
    /// How long events are kept for replay (`CLICON_STREAM_RETENTION`); with zero there is no replay.
    pub retention: Duration,
    /// How many events a stream keeps at most.
    pub events: usize,
    /// How much memory the events of a stream may hold, in bytes, as far as that can be told: the text of a change stands
    /// for the tree that it keeps alive.
    pub bytes: u64,
    /// Streams beside [`NETCONF`]: name and description.
    pub streams: Vec<(Arc<str>, Arc<str>)>,
}

impl Default for StreamOptions {
    fn default() -> Self {
        StreamOptions {
            retention: Duration::from_secs(3600),
            events: 10_000,
            bytes: 32 << 20,
            streams: Vec::new(),
        }
    }
}

impl StreamOptions {
    /// Whether the streams can be made.
    ///
    /// # Errors
    /// Two have one name.
    pub fn check(&self) -> std::result::Result<(), String> {
        let mut names = vec![NETCONF];
        for (name, _) in &self.streams {
            if names.contains(&&**name) {
                return Err(format!("there are two streams called {name}"));
            }
            names.push(name);
        }
        Ok(())
    }
}

/// All streams of an engine.
pub(crate) struct Streams {
    /// The one with all events.
    all: Arc<Stream>,
    others: BTreeMap<Arc<str>, Arc<Stream>>,
    /// Whether the schema has the notifications of the server itself.
    own: bool,
    /// The subscriptions of RFC 5277.
    pub subscribed: Subscribed,
    pub counts: Arc<Counts>,
}

/// What subscriptions of RFC 5277 have come to since the start.
#[derive(Default, Debug)]
pub(crate) struct Counts {
    /// Notifications that front ends were given.
    pub delivered: AtomicU64,
    /// Events that had gone before their subscriber took them.
    pub missed: AtomicU64,
}

impl Streams {
    /// The streams, empty.
    ///
    /// # Errors
    /// Two have one name.
    pub fn new(
        options: &StreamOptions,
        schema: &Schema,
        clock: &Arc<dyn Clock>,
        reaper: &Reaper,
    ) -> std::result::Result<Streams, String> {
        let stream = |name: &Arc<str>, description: &Arc<str>| {
            let bounds = ring::Bounds::of(options);
            let (clock, reaper) = (clock.clone(), reaper.clone());
            let (name, description) = (name.clone(), description.clone());
            Arc::new(Stream::new(name, description, bounds, clock, reaper))
        };
        let all = stream(&NETCONF.into(), &"All events of the server.".into());
        let mut others = BTreeMap::new();
        options.check()?;
        for (name, description) in &options.streams {
            others.insert(name.clone(), stream(name, description));
        }
        Ok(Streams {
            all,
            others,
            own: own::notification(schema, "netconf-config-change").is_some(),
            subscribed: Subscribed::default(),
            counts: Arc::default(),
        })
    }

    /// All streams, the one of RFC 5277 3.2.3 first.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Stream>> {
        std::iter::once(&self.all).chain(self.others.values())
    }

    /// The stream of that name.
    ///
    /// # Errors
    /// `invalid-value`: there is none; the message names those that there are.
    pub fn named(&self, name: &str) -> Result<&Arc<Stream>> {
        let found = self.all().find(|stream| *stream.name == *name);
        found.ok_or_else(|| {
            let names: Vec<&str> = self.all().map(|stream| &*stream.name).collect();
            let message = format!("there is no stream {name:?}; there is {}", names.join(", "));
            Report::new(ErrorLayer::Protocol, ErrorTag::InvalidValue, message)
                .with_info("bad-element", "stream")
                .into()
        })
    }

    /// Publishes an event on a stream, and on the one that has all. O(1); waits for nobody.
    ///
    /// # Errors
    /// There is no such stream; nothing is published then.
    pub fn publish(&self, stream: &str, event: Event) -> Result<()> {
        let stream = self.named(stream)?;
        let event = Arc::new(event);
        if !Arc::ptr_eq(stream, &self.all) {
            stream.publish(event.clone());
        }
        self.all.publish(event);
        Ok(())
    }

    /// As [`Streams::publish`], on the stream that has all.
    pub fn tell(&self, event: Event) {
        self.all.publish(Arc::new(event));
    }

    /// Reads a stream from now on, or first what it has since `replay_from`.
    ///
    /// # Errors
    /// There is no such stream; or `operation-failed`: it keeps no past (RFC 5277 2.1.1).
    pub fn cursor(&self, name: &str, replay_from: Option<Timestamp>) -> Result<Cursor> {
        let stream = self.named(name)?;
        if replay_from.is_some() && !stream.replays() {
            return Err(BackendError::from(Report::new(
                ErrorLayer::Protocol,
                ErrorTag::OperationFailed,
                format!(
                    "the stream {name} keeps no past events, so none can be replayed; subscribe without a start time, or let it keep some (`stream.retention`)"
                ),
            )));
        }
        Ok(Cursor::new(stream.clone(), replay_from))
    }
}
