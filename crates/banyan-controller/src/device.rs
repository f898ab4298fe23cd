//! A managed device as the rest of the controller sees it: what it last had, how its connection stands,
//! who uses it, and where its orders go.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use banyan_data::Tree;
use banyan_engine::clock::Clock;
use banyan_netconf::hello::Hello;
use banyan_netconf::names;
use banyan_yang::schema::Schema;
use jiff::Timestamp;
use tokio::sync::{OwnedMutexGuard, mpsc};

use crate::job::Job;
use crate::machine::{Goal, Order, Push, Report, Way};
use crate::model::Settings;
use crate::transaction::DeviceName;

/// Where a device's reports go.
pub type Reports = mpsc::UnboundedSender<(DeviceName, Report)>;

/// An order, with what it needs.
pub struct Work {
    /// What is to be done.
    pub order: Order,
    /// The trees and documents of a push.
    pub job: Option<Arc<Job>>,
    /// Who gives the order; `None` where it continues what has begun.
    pub reports: Option<Reports>,
}

/// What a device can do, by its hello.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Abilities {
    /// How it takes changes.
    pub way: Way,
    /// Whether it can validate first.
    pub validate: bool,
    /// Whether running can be written to beside the candidate.
    pub lock_running: bool,
}

impl Abilities {
    /// What the hello promises; `None` when the device's configuration cannot be written at all.
    pub fn of(hello: &Hello) -> Option<Abilities> {
        let candidate = hello.offers(names::CANDIDATE);
        let running = hello.offers(names::WRITABLE_RUNNING);
        let validate_1_1 = hello.offers(names::VALIDATE_1_1);
        let way = if candidate && hello.offers(names::CONFIRMED_COMMIT_1_1) {
            Way::ConfirmedPersist
        } else if candidate && hello.offers(names::CONFIRMED_COMMIT_1_0) {
            Way::Confirmed
        } else if candidate {
            Way::Candidate
        } else if running {
            Way::Running
        } else {
            return None;
        };
        Some(Abilities {
            way,
            // `test-only` came with :validate:1.1 (RFC 6241 8.6).
            validate: validate_1_1 || (candidate && hello.offers(names::VALIDATE_1_0)),
            lock_running: candidate && running,
        })
    }

    /// A push to such a device.
    pub fn push(self, goal: Goal) -> Push {
        Push::new(self.way, self.validate, self.lock_running, goal)
    }
}

/// How a connection stands, for people.
#[derive(Clone, Debug)]
pub struct Status {
    /// The name of the machine's state.
    pub state: &'static str,
    /// When it last changed between CLOSED and OPEN.
    pub since: Option<Timestamp>,
    /// When controller and device last had the same.
    pub synced_at: Option<Timestamp>,
    /// Why it is not open, or what is to be known.
    pub message: Option<String>,
    /// What the device said in its hello.
    pub capabilities: Vec<String>,
    /// What follows from it.
    pub abilities: Option<Abilities>,
}

/// What is known of a device's configuration.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The schema of its module set.
    pub schema: Option<Arc<Schema>>,
    /// What it had when it and the controller last agreed.
    pub synced: Option<Arc<Tree>>,
    /// What it had when it was last asked.
    pub seen: Option<Arc<Tree>>,
}

/// A managed device.
pub struct Device {
    /// Its name.
    pub name: DeviceName,
    /// How it is reached; a device whose settings change becomes a new `Device`.
    pub settings: Settings,
    orders: mpsc::UnboundedSender<Work>,
    status: Mutex<Status>,
    known: Mutex<Known>,
    turn: Arc<tokio::sync::Mutex<()>>,
    holder: Mutex<String>,
    writing: tokio::sync::Mutex<()>,
    /// The agreement that is on disk.
    written: Mutex<Option<Arc<Tree>>>,
}

/// Keeps a device for one transaction until it is dropped.
pub struct Claim {
    _turn: OwnedMutexGuard<()>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change under these locks is one assignment, so a panic elsewhere leaves them whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Device {
    /// A device that is not connected, and where its orders arrive.
    pub fn new(
        name: DeviceName,
        settings: Settings,
        known: Known,
    ) -> (Arc<Device>, mpsc::UnboundedReceiver<Work>) {
        let (orders, receiver) = mpsc::unbounded_channel();
        let device = Device {
            name,
            settings,
            orders,
            status: Mutex::new(Status {
                state: "CLOSED",
                since: None,
                synced_at: None,
                message: None,
                capabilities: Vec::new(),
                abilities: None,
            }),
            written: Mutex::new(known.synced.clone()),
            known: Mutex::new(known),
            turn: Arc::default(),
            holder: Mutex::default(),
            writing: tokio::sync::Mutex::default(),
        };
        (Arc::new(device), receiver)
    }

    /// Gives an order. It is lost if the device is being removed; then the reports' sender is dropped too.
    pub fn order(&self, work: Work) {
        let _ = self.orders.send(work);
    }

    /// How the connection stands.
    pub fn status(&self) -> Status {
        lock(&self.status).clone()
    }

    /// Changes the status.
    pub fn update_status(&self, change: impl FnOnce(&mut Status)) {
        change(&mut lock(&self.status));
    }

    /// Whether the device can be given a push.
    pub fn is_open(&self) -> bool {
        lock(&self.status).state == "OPEN"
    }

    /// What is known of its configuration.
    pub fn known(&self) -> Known {
        lock(&self.known).clone()
    }

    /// Changes what is known.
    pub fn update_known(&self, change: impl FnOnce(&mut Known)) {
        change(&mut lock(&self.known));
    }

    /// Waits until nobody writes the device's files.
    pub async fn writing(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.writing.lock().await
    }

    /// What the device and the controller agree on, unless that is on disk already; the caller writes it.
    pub fn unwritten(&self) -> Option<Arc<Tree>> {
        let synced = lock(&self.known).synced.clone()?;
        let mut written = lock(&self.written);
        if written.as_ref().is_some_and(|w| Arc::ptr_eq(w, &synced)) {
            return None;
        }
        *written = Some(synced.clone());
        Some(synced)
    }

    /// Waits until the device is free, and keeps it.
    ///
    /// # Errors
    /// It is still in use after `patience`; by whom.
    pub async fn claim(
        &self,
        who: &str,
        patience: Duration,
        clock: &dyn Clock,
    ) -> Result<Claim, String> {
        let turn = tokio::select! {
            biased;
            turn = self.turn.clone().lock_owned() => turn,
            () = clock.sleep(patience) => {
                return Err(format!(
                    "the device is in use by {}; try again when that is over",
                    lock(&self.holder)
                ));
            }
        };
        *lock(&self.holder) = who.to_owned();
        Ok(Claim { _turn: turn })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(capabilities: &[&str]) -> Hello {
        Hello {
            capabilities: capabilities.iter().map(|c| (*c).to_owned()).collect(),
            session_id: Some(1),
        }
    }

    #[test]
    fn the_safest_way_that_the_hello_offers_is_taken() {
        let way = |capabilities: &[&str]| Abilities::of(&hello(capabilities)).map(|a| a.way);
        assert_eq!(
            way(&[names::CANDIDATE, names::CONFIRMED_COMMIT_1_1]),
            Some(Way::ConfirmedPersist)
        );
        assert_eq!(
            way(&[names::CANDIDATE, names::CONFIRMED_COMMIT_1_0]),
            Some(Way::Confirmed)
        );
        assert_eq!(way(&[names::CANDIDATE]), Some(Way::Candidate));
        assert_eq!(way(&[names::WRITABLE_RUNNING]), Some(Way::Running));
        assert_eq!(way(&[names::CONFIRMED_COMMIT_1_1]), None);
    }
}
