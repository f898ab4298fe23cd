//! Time comes from here alone, so that timers are tested without waiting.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::backend::BoxFuture;

/// The seam for time.
pub trait Clock: Send + Sync {
    /// The time of day, for records.
    fn now(&self) -> Timestamp;

    /// Time since some moment before the first call, for measurements: it never goes back.
    fn monotonic(&self) -> Duration;

    /// Completes after `duration` of monotonic time.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// The machine's clock.
#[derive(Clone, Copy, Default, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic(&self) -> Duration {
        static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
        BEGIN.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A clock that stands still until a test moves it. Clones share the time.
#[derive(Clone)]
pub struct ManualClock(Arc<Mutex<Manual>>);

struct Manual {
    now: Timestamp,
    /// How far it was moved.
    elapsed: Duration,
    sleepers: Vec<(Timestamp, oneshot::Sender<()>)>,
}

impl ManualClock {
    /// A clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        ManualClock(Arc::new(Mutex::new(Manual {
            now,
            elapsed: Duration::ZERO,
            sleepers: Vec::new(),
        })))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, Manual> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets time pass: who sleeps less than that wakes up.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state();
        state.now = after(state.now, by);
        state.elapsed += by;
        let now = state.now;
        let (awake, asleep) = std::mem::take(&mut state.sleepers)
            .into_iter()
            .partition(|(until, _)| *until <= now);
        state.sleepers = asleep;
        drop(state);
        let awake: Vec<(Timestamp, oneshot::Sender<()>)> = awake;
        for (_, sleeper) in awake {
            // Who was dropped need not be woken.
            let _ = sleeper.send(());
        }
    }

    /// Somebody puts the clock back: no time passes.
    pub fn put_back(&self, by: Duration) {
        let mut state = self.state();
        let earlier = jiff::SignedDuration::try_from(by).ok();
        let earlier = earlier.and_then(|by| state.now.checked_sub(by).ok());
        state.now = earlier.unwrap_or(Timestamp::MIN);
    }

    /// How many sleep now.
    pub fn sleepers(&self) -> usize {
        let mut state = self.state();
        state.sleepers.retain(|(_, sleeper)| !sleeper.is_closed());
        state.sleepers.len()
    }
}

fn after(now: Timestamp, by: Duration) -> Timestamp {
    jiff::SignedDuration::try_from(by)
        .ok()
        .and_then(|by| now.checked_add(by).ok())
        .unwrap_or(Timestamp::MAX)
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.state().now
    }

    fn monotonic(&self) -> Duration {
        self.state().elapsed
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let (sender, woken) = oneshot::channel();
        {
            let mut state = self.state();
            let until = after(state.now, duration);
            state.sleepers.push((until, sender));
        }
        Box::pin(async move {
            // An error means that the clock is gone: nothing will wake anybody.
            if woken.await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}
