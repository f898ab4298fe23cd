//! What ends commits before their point of no return.
//!
//! Knows nothing of what a commit does: the pipeline asks between its steps, and while it waits.

use std::fmt;

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
