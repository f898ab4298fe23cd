//! What a subscriber asks for, bound to nothing yet.

use std::time::Duration;

use jiff::Timestamp;

use crate::backend::{Datastore, Filter};
use crate::nmda::ReadFrom;

/// What was agreed on for a subscription.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Terms {
    /// What is subscribed to.
    pub target: Target,
    /// When it ends; `None` with its session.
    pub stop: Option<Timestamp>,
}

/// What is subscribed to.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Target {
    /// A stream.
    Events(Events),
    /// A datastore (RFC 8641).
    Data(Data),
}

/// A stream of events, or some of them.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Events {
    /// The stream's name.
    pub stream: String,
    /// Which events; `None` is all.
    pub filter: Option<Filter>,
    /// Events of the past since then come first.
    pub replay_from: Option<Timestamp>,
}

/// A datastore, or a part of it.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Data {
    /// Which.
    pub store: Store,
    /// What of it; `None` is everything.
    pub filter: Option<Filter>,
    /// When updates are sent.
    pub trigger: Trigger,
}

/// RFC 8641 3.1: what sets an update off.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Trigger {
    /// Time.
    Periodic(Periodic),
    /// A change.
    OnChange(OnChange),
}

/// Updates at intervals.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Periodic {
    /// The time between them.
    pub period: Duration,
    /// They come at this time, and at whole periods before and after; `None`: at the time when it was made.
    pub anchor: Option<Timestamp>,
}

/// Updates of what changed.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct OnChange {
    /// The least time between two.
    pub dampening: Duration,
    /// Whether the first one has all there is.
    pub sync_on_start: bool,
    /// Kinds of changes that are left out, by their names in a YANG Patch.
    pub excluded: Vec<String>,
}

/// What a `modify-subscription` brings: what it does not name stays.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Modified {
    /// `None`: it is about a stream.
    pub store: Option<Store>,
    pub filter: Option<Filter>,
    pub periodic: Option<Periodic>,
    /// The dampening period.
    pub on_change: Option<Duration>,
    pub stop: Option<Timestamp>,
}

/// A datastore as NMDA names it (RFC 8342).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Store {
    Running,
    Candidate,
    Startup,
    Intended,
    Operational,
}

impl Store {
    const ALL: [Store; 5] = [
        Store::Running,
        Store::Candidate,
        Store::Startup,
        Store::Intended,
        Store::Operational,
    ];

    /// The name of its identity in ietf-datastores.
    pub fn name(self) -> &'static str {
        match self {
            Store::Running => "running",
            Store::Candidate => "candidate",
            Store::Startup => "startup",
            Store::Intended => "intended",
            Store::Operational => "operational",
        }
    }

    /// The datastore of that name; `None` for one that is not here.
    pub fn named(name: &str) -> Option<Store> {
        Store::ALL.into_iter().find(|store| store.name() == name)
    }

    /// Where a read of it reads.
    pub fn read_from(self) -> ReadFrom {
        match self {
            Store::Running => ReadFrom::Store(Datastore::Running),
            Store::Candidate => ReadFrom::Store(Datastore::Candidate),
            Store::Startup => ReadFrom::Store(Datastore::Startup),
            Store::Intended => ReadFrom::Intended,
            Store::Operational => ReadFrom::Operational,
        }
    }
}

/// Hundredths of a second, as RFC 8641 counts time.
pub(super) fn centiseconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis() / 10).unwrap_or(u32::MAX)
}
