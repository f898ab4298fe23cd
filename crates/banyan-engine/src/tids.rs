//! Transaction numbers: ascending, and not used again after a restart.

use std::sync::{Mutex, PoisonError};

use crate::log::{CommitLog, LogError};
use crate::number::Tid;

/// The fact that keeps the first number which was not handed out, or promised, before a restart.
const FACT: &str = "tid";

/// How many numbers are promised at a time, so that not every attempt costs a disk sync.
const BLOCK: u32 = 64;

struct State {
    next: u32,
    promised: u32,
}

/// The source of transaction numbers.
pub struct Tids(Mutex<State>);

impl Tids {
    /// Goes on where the log says.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn recover(log: &dyn CommitLog) -> Result<Tids, LogError> {
        let facts = log.facts(FACT)?;
        let next = facts
            .get(FACT)
            .and_then(|text| text.parse().ok())
            .unwrap_or(1);
        Ok(Tids(Mutex::new(State {
            next,
            promised: next,
        })))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next number, and whether [`Tids::promise`] should be written before it is used.
    pub fn next(&self) -> (Tid, bool) {
        let mut state = self.state();
        let tid = Tid(state.next);
        // uint32 by the model; after four thousand million attempts it starts again.
        state.next = state.next.checked_add(1).unwrap_or(1);
        (tid, tid.0 >= state.promised)
    }

    /// The fact to write: with a commit's record, or alone.
    pub fn promise(&self) -> (&'static str, String) {
        let mut state = self.state();
        state.promised = state.next.saturating_add(BLOCK);
        (FACT, state.promised.to_string())
    }

    /// The fact to write at a clean stop: no number is skipped.
    pub fn exact(&self) -> (&'static str, String) {
        (FACT, self.state().next.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::MemoryLog;

    #[test]
    fn numbers_go_on_after_a_restart() {
        let log = MemoryLog::default();
        let tids = Tids::recover(&log).unwrap();
        assert_eq!(tids.next(), (Tid(1), true));
        let (name, value) = tids.promise();
        log.set(&[(name, Some(&value))]).unwrap();
        assert_eq!(tids.next(), (Tid(2), false));

        let after_a_crash = Tids::recover(&log).unwrap();
        assert_eq!(after_a_crash.next().0, Tid(66));
        let (name, value) = after_a_crash.exact();
        log.set(&[(name, Some(&value))]).unwrap();
        assert_eq!(Tids::recover(&log).unwrap().next().0, Tid(67));
    }
}
