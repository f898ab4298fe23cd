//! Dynamic subscriptions (RFC 8639) to streams of events and, with YANG-Push (RFC 8641), to datastores.
//!
//! A subscription belongs to a session and ends with it. It is a task of its own that puts notices into the session's
//! mailbox and waits there for room: who reads slowly holds up nobody, and of a datastore gets fewer, larger updates. One
//! to changes keeps the tree that it has reported last, which costs a reference count, and tells what differs from it.
//! Must not know the wire format of any protocol.

mod delivery;
mod establish;
mod events;
mod message;
mod on_change;
mod periodic;
mod refusal;
mod state;
mod terms;
mod watch;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use crate::backend::{Call, Encoding};
use crate::bind::Selection;
use crate::number::SessionId;
use crate::stream::EventFilter;

pub(crate) use refusal::{About, Refusal, Why};
pub(crate) use state::{PATH, subscriptions};
pub(crate) use terms::{Data, Events, Modified, OnChange, Periodic, Store, Target, Terms, Trigger};

/// How many subscriptions a session may have when nobody said so.
const MOST: usize = 100;

/// All subscriptions of an engine.
pub(crate) struct Subscriptions {
    /// How many a session may have.
    most: usize,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    last: u32,
    open: BTreeMap<u32, Arc<Subscription>>,
}

/// Tells subscriptions that a datastore or pushed state changed, and, when it is dropped, that the engine is gone.
pub(crate) struct Announced(tokio::sync::watch::Sender<()>);

impl Default for Announced {
    fn default() -> Announced {
        Announced(tokio::sync::watch::Sender::new(()))
    }
}

impl Announced {
    /// Something changed. O(those who wait); waits for nobody.
    pub fn tell(&self) {
        self.0.send_replace(());
    }

    fn listen(&self) -> tokio::sync::watch::Receiver<()> {
        self.0.subscribe()
    }
}

/// A subscription.
pub(crate) struct Subscription {
    /// Its number, which no other one that is open has.
    pub id: u32,
    /// The session that it is of, and its user.
    pub call: Call,
    /// How its notifications are written.
    pub encoding: Encoding,
    terms: Mutex<Terms>,
    /// Notifications that were sent.
    sent: AtomicU64,
    /// Those that a filter or access control held back.
    excluded: AtomicU64,
    orders: mpsc::UnboundedSender<Order>,
}

/// What the task of a subscription is told to do.
enum Order {
    /// Go on under other terms.
    Modify(Box<Terms>, Option<Bound>),
    /// Send all there is once more.
    Resync,
    /// End; say so when somebody else wanted it.
    End { told: bool },
}

/// A filter that is ready to be used.
enum Bound {
    /// Of a datastore.
    Selection(Selection),
    /// Of a stream.
    Events(EventFilter),
}

// What these guard is replaced as a whole, so a panic elsewhere leaves it usable.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Subscription {
    /// What was agreed on.
    fn terms(&self) -> Terms {
        locked(&self.terms).clone()
    }

    fn session(&self) -> SessionId {
        self.call.session
    }

    /// Tells the task; one that has ended needs nothing more.
    fn order(&self, order: Order) {
        let _ = self.orders.send(order);
    }
}

impl Subscriptions {
    /// None yet; a session may have `most`, or as many as are usual.
    pub fn new(most: Option<usize>) -> Subscriptions {
        Subscriptions {
            most: most.unwrap_or(MOST),
            table: Mutex::default(),
        }
    }

    /// Makes a subscription of what `make` returns for a number. `None`: the session has as many as it may.
    fn add(
        &self,
        session: SessionId,
        make: impl FnOnce(u32) -> Subscription,
    ) -> Option<Arc<Subscription>> {
        let mut table = locked(&self.table);
        let own = table.open.values().filter(|open| open.session() == session);
        if own.count() >= self.most {
            return None;
        }
        let mut id = table.last;
        loop {
            id = id.checked_add(1).unwrap_or(1);
            if !table.open.contains_key(&id) {
                break;
            }
        }
        table.last = id;
        let made = Arc::new(make(id));
        table.open.insert(id, made.clone());
        Some(made)
    }

    fn remove(&self, id: u32) {
        locked(&self.table).open.remove(&id);
    }

    fn get(&self, id: u32) -> Option<Arc<Subscription>> {
        locked(&self.table).open.get(&id).cloned()
    }

    /// All of them, by number.
    fn all(&self) -> Vec<Arc<Subscription>> {
        locked(&self.table).open.values().cloned().collect()
    }
}
