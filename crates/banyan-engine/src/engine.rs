//! The engine's handle, for in-process users: the kicker, the controller, the program.
//!
//! Cheap to clone; clones share the engine. Front ends do not come through here but through
//! [`crate::backend::Backend`].

use std::sync::Arc;

use arc_swap::ArcSwap;
use banyan_yang::schema::Schema;

use crate::clock::Clock;
use crate::files::Files;
use crate::log::CommitLog;
use crate::operation::Operations;
use crate::participant::Participant;
use crate::provider::Provider;
use crate::snapshot::Snapshot;

/// A running engine.
#[derive(Clone)]
pub struct Engine(pub(crate) Arc<Core>);

/// A handle that does not keep the engine alive: what participants and timers hold.
#[derive(Clone)]
pub struct WeakEngine(std::sync::Weak<Core>);

/// The boundaries to disk and time.
#[derive(Clone)]
pub struct Seams {
    /// Files.
    pub files: Arc<dyn Files>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The commit log.
    pub log: Arc<dyn CommitLog>,
}

/// What the engine is made of.
pub(crate) struct Core {
    pub schema: Arc<Schema>,
    pub participants: Vec<Arc<dyn Participant>>,
    pub operations: Operations,
    pub providers: Vec<Arc<dyn Provider>>,
    pub seams: Seams,
    pub running: ArcSwap<Snapshot>,
}

impl Engine {
    /// The schema of the datastores.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.0.schema
    }

    /// Running, now. O(1), never blocks.
    pub fn running(&self) -> Snapshot {
        Snapshot::clone(&self.0.running.load())
    }

    /// The engine's clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.seams.clock
    }

    /// A handle that does not keep the engine alive.
    pub fn downgrade(&self) -> WeakEngine {
        WeakEngine(Arc::downgrade(&self.0))
    }
}

impl WeakEngine {
    /// The engine, unless it is gone.
    pub fn upgrade(&self) -> Option<Engine> {
        self.0.upgrade().map(Engine)
    }
}
