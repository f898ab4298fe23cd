//! One device's session: a task that carries the machine's actions out and feeds it what comes back.
//!
//! All I/O with a device happens here. One request is under way at a time; orders are taken while it
//! is. Decisions belong to [`crate::machine`].

mod answer;
mod driver;
mod request;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use banyan_data::Tree;
use banyan_engine::clock::Clock;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::device::{Device, Work};
use crate::dial::Dial;
use crate::library::Library;
use crate::store::Store;

/// Finds what the controller wants a device to have.
pub type Intended = Box<dyn Fn(&str) -> Option<Arc<Tree>> + Send + Sync>;

/// Hears of a device that has less than the controller wants it to have.
pub type Behind = Box<dyn Fn(&str) + Send + Sync>;

/// What all sessions share.
pub struct Surroundings {
    /// Makes connections.
    pub dial: Arc<dyn Dial>,
    /// Module texts and schemas.
    pub library: Arc<Library>,
    /// The controller's directory.
    pub store: Store,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// `device-timeout` in seconds.
    timeout: AtomicU64,
    intended: OnceLock<Intended>,
    behind: OnceLock<Behind>,
}

impl Surroundings {
    /// Surroundings with the default timeout.
    pub fn new(
        dial: Arc<dyn Dial>,
        library: Arc<Library>,
        store: Store,
        clock: Arc<dyn Clock>,
    ) -> Surroundings {
        Surroundings {
            dial,
            library,
            store,
            clock,
            timeout: AtomicU64::new(60),
            intended: OnceLock::new(),
            behind: OnceLock::new(),
        }
    }

    /// Says where to find what devices are wanted to have; the first call counts.
    pub fn set_intended(&self, intended: Intended) {
        let _ = self.intended.set(intended);
    }

    /// Says who hears of devices that were connected again and have less than the controller holds; the first call counts.
    pub fn set_behind(&self, behind: Behind) {
        let _ = self.behind.set(behind);
    }

    /// A device was connected again, and has what it had, which is not what the controller holds.
    pub fn is_behind(&self, device: &str) {
        if let Some(behind) = self.behind.get() {
            behind(device);
        }
    }

    /// What the controller wants a device to have, as far as it knows.
    pub fn intended(&self, device: &str) -> Option<Arc<Tree>> {
        self.intended.get().and_then(|find| find(device))
    }

    /// How long a device may take for one answer.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.load(Ordering::Relaxed))
    }

    /// Sets `device-timeout`.
    pub fn set_timeout(&self, timeout: Duration) {
        self.timeout
            .store(timeout.as_secs().max(1), Ordering::Relaxed);
    }

    /// After how long a device takes an unconfirmed commit back (RFC 6241 8.4.5.1). Twice what one answer
    /// may take: the time is extended when half of it has passed.
    pub fn confirm_timeout(&self) -> Duration {
        self.timeout() * 2
    }
}

/// A running session; it ends when this is dropped.
pub struct Session(AbortHandle);

impl Session {
    /// Starts the task of a device.
    pub fn start(
        device: Arc<Device>,
        orders: mpsc::UnboundedReceiver<Work>,
        surroundings: Arc<Surroundings>,
    ) -> Session {
        let driver = driver::Driver::new(device, orders, surroundings);
        Session(tokio::spawn(driver.run()).abort_handle())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.0.abort();
    }
}
