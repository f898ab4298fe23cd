//! Transaction numbers: ascending, and not used again after a restart.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::log::{CommitLog, LogError};
use crate::number::Tid;

/// The fact that keeps the first number which was not handed out, or promised, before a restart.
const FACT: &str = "tid";

/// How many numbers are promised at a time, so that not every attempt costs a disk sync.
const BLOCK: u32 = 1024;

struct State {
    next: u32,
    promised: u32,
}

/// The source of transaction numbers.
pub struct Tids {
    state: Mutex<State>,
    /// Held by who writes a promise, so that a smaller one never replaces a larger one.
    promising: Mutex<()>,
}

/// Numbers below this one are not used again after a restart, once it is written: with a batch of commits, or alone.
/// There is one at a time.
pub struct Promise<'a> {
    tids: &'a Tids,
    below: u32,
    text: String,
    _turn: MutexGuard<'a, ()>,
}

impl Promise<'_> {
    /// It is on the disk.
    pub fn keep(self) {
        self.tids.state().promised = self.below;
    }

    /// The fact to write.
    pub fn fact(&self) -> (&'static str, Option<&str>) {
        (FACT, Some(&self.text))
    }
}

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
        Ok(Tids {
            state: Mutex::new(State {
                next,
                promised: next,
            }),
            promising: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next number, and whether its promise should be written before it is used.
    pub fn next(&self) -> (Tid, bool) {
        let mut state = self.state();
        let tid = Tid(state.next);
        // uint32 by the model; after four thousand million attempts it starts again.
        state.next = state.next.checked_add(1).unwrap_or(1);
        (tid, tid.0 >= state.promised)
    }

    /// The numbers go on above this one, which another engine has handed out.
    pub fn pass(&self, tid: Tid) {
        let mut state = self.state();
        state.next = state.next.max(tid.0.saturating_add(1));
    }

    /// A promise to be written, and then kept. Waits while another is being written.
    pub fn promise(&self) -> Promise<'_> {
        let turn = self
            .promising
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let below = self.state().next.saturating_add(BLOCK);
        Promise {
            tids: self,
            below,
            text: below.to_string(),
            _turn: turn,
        }
    }

    /// A promise to be written with something else, when the last one will not last long.
    pub fn promise_due(&self) -> Option<Promise<'_>> {
        let promise = self.promise();
        let left = {
            let state = self.state();
            state.promised.saturating_sub(state.next)
        };
        (left < BLOCK / 2).then_some(promise)
    }

    /// The promise that a number needs, unless another has it by now.
    pub fn promise_of(&self, tid: Tid) -> Option<Promise<'_>> {
        let promise = self.promise();
        let needed = tid.0 >= self.state().promised;
        needed.then_some(promise)
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
        drop(tids.promise_of(Tid(1)).expect("it was not promised yet"));
        assert_eq!(tids.next(), (Tid(2), true));
        let promise = tids.promise();
        log.set(&[promise.fact()]).unwrap();
        promise.keep();
        assert_eq!(tids.next(), (Tid(3), false));
        assert!(tids.promise_of(Tid(3)).is_none());

        let after_a_crash = Tids::recover(&log).unwrap();
        assert_eq!(after_a_crash.next().0, Tid(3 + BLOCK));
        let (name, value) = after_a_crash.exact();
        log.set(&[(name, Some(&value))]).unwrap();
        assert_eq!(Tids::recover(&log).unwrap().next().0, Tid(4 + BLOCK));
    }
}
