//! Time comes from here alone, so that timers are tested without waiting.

use std::time::Duration;

use jiff::Timestamp;

use crate::backend::BoxFuture;

/// The seam for time.
pub trait Clock: Send + Sync {
    /// The time of day, for records.
    fn now(&self) -> Timestamp;

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

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
