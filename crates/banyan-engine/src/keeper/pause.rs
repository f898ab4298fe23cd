//! When a file that is behind is written: when commits have paused for as long as it is worth.
//!
//! The pause follows from what the last write of that file took, so that writing takes at most a twentieth of the time,
//! whatever the file's size; and a person who commits now and then finds small files current at once.

use std::time::Duration;

use super::Keeper;
use crate::number::Seq;

/// A file waits for so many times as long as its last write took.
const TIMES: u32 = 20;
/// And at least for so long.
const LEAST: Duration = Duration::from_millis(50);
/// What a megabyte is believed to take before its file has been written.
const MEGABYTE: Duration = Duration::from_millis(50);
/// A file that lacks so many commits is written although they do not pause: a start replays them all.
const FAR: u64 = 10_000;
/// How many unsynced files in a row there may be; each leaves a fact in the log until a synced one.
const UNSYNCED: u64 = 256;

/// A file that is behind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Behind {
    /// The datastore.
    pub store: String,
    /// For how long commits must have paused; zero: it does not wait.
    pub pause: Duration,
    /// When it fell behind, if not by the last commit; on the monotonic clock.
    pub since: Option<Duration>,
}

/// How long a file waits, by what its last write took.
fn pause_after(cost: Duration, idle: Duration) -> Duration {
    cost.saturating_mul(TIMES).max(LEAST).min(idle)
}

impl Keeper {
    /// How long commits must pause before any file is written.
    pub fn idle(&self) -> Duration {
        self.form.options().idle
    }

    fn pause(&self, store: &str) -> Duration {
        let state = self.state();
        let guess = || {
            let kilobytes = u32::try_from(state.size >> 10).unwrap_or(u32::MAX);
            MEGABYTE.saturating_mul(kilobytes) / 1024
        };
        let cost = state.costs.get(store).copied().unwrap_or_else(guess);
        pause_after(cost, self.idle())
    }

    /// Notes what the write of a file has taken.
    pub(super) fn took(&self, store: &str, since: Duration) {
        let cost = self.clock.monotonic().saturating_sub(since);
        self.state().costs.insert(store.to_owned(), cost);
    }

    /// Running was rebuilt, and has no file that is worth anything: one is written at once.
    pub fn write_soon(&self) {
        self.state().at_once = true;
        self.behind.notify_one();
    }

    /// The files that are behind `running`, the newest durable commit.
    pub fn files_behind(&self, running: Seq) -> Vec<Behind> {
        let mut behind = Vec::new();
        if self.has_file("running") && self.state().synced < running {
            let pause = self.pause("running");
            let state = self.state();
            let lacks = running.0.saturating_sub(state.written.0);
            let pause = if state.at_once || state.unsynced > UNSYNCED || lacks > FAR {
                Duration::ZERO
            } else if lacks == 0 {
                // It is only not synced, and the log is.
                self.idle()
            } else {
                pause
            };
            behind.push(Behind {
                store: "running".to_owned(),
                pause,
                since: None,
            });
        }
        for (store, seq, since) in self.followers() {
            let pause = match running.0.saturating_sub(seq.0) > FAR {
                true => Duration::ZERO,
                false => self.pause(&store),
            };
            behind.push(Behind {
                store,
                pause,
                since: Some(since),
            });
        }
        behind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_waits_for_twenty_times_what_it_took_within_bounds() {
        let ms = Duration::from_millis;
        let idle = ms(2_000);
        for (took, waits) in [(0, 50), (2, 50), (3, 60), (99, 1_980), (3_000, 2_000)] {
            assert_eq!(pause_after(ms(took), idle), ms(waits), "{took} ms");
        }
        assert_eq!(pause_after(Duration::MAX, idle), idle);
        // Who asks for less gets less.
        assert_eq!(pause_after(ms(1), ms(3)), ms(3));
    }
}
