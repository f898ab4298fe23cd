//! What ends commits before their point of no return, and who is in progress when the program stops.
//!
//! Knows nothing of what a commit does: the pipeline asks between its steps, and while it waits.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::backend::{Call, Cancel, Result};
use crate::engine::Core;
use crate::error::{BackendError, ErrorTag};

/// Why a commit does not go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CutShort {
    /// Its session was killed (RFC 6241 7.9).
    Killed,
    /// Whoever called gave it up.
    GivenUp,
    /// The program stops, and the time for commits in progress is over.
    Stopping,
}

impl fmt::Display for CutShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CutShort::Killed => "its session was ended with kill-session",
            CutShort::GivenUp => "the request was cancelled",
            CutShort::Stopping => {
                "the server stops, and the time for commits in progress is over; commit again when it is back"
            }
        })
    }
}

impl CutShort {
    /// The answer to a commit that did not get to its participants.
    pub(crate) fn error(self) -> BackendError {
        BackendError::new(
            ErrorTag::OperationFailed,
            format!("the commit is given up, running is unchanged: {self}"),
        )
    }
}

/// Tells a commit that it must end, as long as it can.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    killed: Cancel,
    given_up: Cancel,
    stopping: Cancel,
}

impl Cut {
    /// Why the commit must end; `None`: it goes on.
    pub fn has_come(&self) -> Option<CutShort> {
        [
            (&self.killed, CutShort::Killed),
            (&self.given_up, CutShort::GivenUp),
            (&self.stopping, CutShort::Stopping),
        ]
        .into_iter()
        .find_map(|(cancel, why)| cancel.is_cancelled().then_some(why))
    }

    /// Completes when the commit must end.
    pub async fn comes(&self) -> CutShort {
        tokio::select! {
            biased;
            () = self.killed.cancelled() => CutShort::Killed,
            () = self.given_up.cancelled() => CutShort::GivenUp,
            () = self.stopping.cancelled() => CutShort::Stopping,
        }
    }

    /// Fails when the commit must end.
    ///
    /// # Errors
    /// Why it must.
    pub fn check(&self) -> Result<()> {
        self.has_come().map_or(Ok(()), |why| Err(why.error()))
    }

    /// Waits for something, but not when the commit must end.
    ///
    /// # Errors
    /// Why it must.
    pub async fn unless<T>(&self, wait: impl Future<Output = T>) -> Result<T> {
        tokio::select! {
            biased;
            why = self.comes() => Err(why.error()),
            result = wait => Ok(result),
        }
    }
}

impl Core {
    /// What ends the work of a call. It is asked for once, before anything else, and passed on: a session that is killed
    /// later is not in the table any more.
    ///
    /// # Errors
    /// The session is not open.
    pub fn cut_of(&self, call: &Call) -> Result<Cut> {
        Ok(Cut {
            killed: self.sessions.killed(call.session)?,
            given_up: call.cancel.clone(),
            stopping: self.in_progress.cut.clone(),
        })
    }
}

/// The commits in progress, and whether more may begin.
#[derive(Default)]
pub(crate) struct InProgress {
    state: Mutex<State>,
    /// Told when one ends.
    ended: Notify,
    /// Ends those before their point of no return.
    pub cut: Cancel,
}

#[derive(Default)]
struct State {
    count: usize,
    closed: bool,
}

fn stopping() -> BackendError {
    BackendError::new(
        ErrorTag::ResourceDenied,
        "the server is stopping: no commit begins any more; commit again when it is back",
    )
}

/// One commit in progress; over when it is dropped.
pub(crate) struct Entered<'a>(&'a InProgress);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.state().count -= 1;
        self.0.ended.notify_waiters();
    }
}

impl InProgress {
    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A commit begins.
    ///
    /// # Errors
    /// The program stops, and it is not one that `settles` what is pending.
    pub fn enter(&self, settles: bool) -> Result<Entered<'_>> {
        let mut state = self.state();
        if state.closed && !settles {
            return Err(stopping());
        }
        state.count += 1;
        Ok(Entered(self))
    }

    /// Fails when no commit begins any more.
    ///
    /// # Errors
    /// The program stops.
    pub fn check(&self) -> Result<()> {
        match self.state().closed {
            true => Err(stopping()),
            false => Ok(()),
        }
    }

    /// From now on no commit begins; returns how many are in progress.
    pub fn close(&self) -> usize {
        let mut state = self.state();
        state.closed = true;
        state.count
    }

    /// Waits until none is in progress.
    pub async fn none(&self) {
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            // Registered before the look, so an end in between is not missed.
            ended.as_mut().enable();
            if self.state().count == 0 {
                return;
            }
            ended.await;
        }
    }
}
