//! What kicks came to, by kicker: how many there were, how many failed, how long they took.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use banyan_engine::observe::{Durations, Readings};

/// The kicks of one kicker.
#[derive(Default)]
struct Kicks {
    count: u64,
    failures: u64,
    durations: Durations,
}

/// All kicks since the start.
#[derive(Default)]
pub struct Counted(Mutex<BTreeMap<String, Kicks>>);

impl Counted {
    fn kicks(&self) -> MutexGuard<'_, BTreeMap<String, Kicks>> {
        // Numbers are whole whatever happens to who holds them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An action was called, or could not be.
    pub fn kicked(&self, kicker: &str, took: Duration, failed: bool) {
        let mut all = self.kicks();
        let kicks = all.entry(kicker.to_owned()).or_default();
        kicks.count += 1;
        kicks.failures += u64::from(failed);
        kicks.durations.observe(took);
    }

    /// Says it to the metrics of the engine.
    pub fn read(&self, readings: &mut Readings) {
        for (kicker, kicks) in &*self.kicks() {
            let labels = [("kicker", kicker.as_str())];
            readings.counter(
                "kicks",
                "Actions that kickers called, by kicker",
                &labels,
                kicks.count,
            );
            readings.counter(
                "kick_failures",
                "Kicks whose action failed, or could not be called",
                &labels,
                kicks.failures,
            );
            readings.durations(
                "kick_duration_seconds",
                "Time that kicked actions took",
                &labels,
                &kicks.durations,
            );
        }
    }
}
