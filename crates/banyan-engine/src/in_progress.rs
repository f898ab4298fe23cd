//! Who is in progress when the program stops, and whether more may begin.
//!
//! What holds: everything that writes the log or a file of a datastore is in progress while it does, as a *commit*
//! ([`InProgress::enter`]: from its first look at running to its last word, what is written after its point of no return
//! included) or as any other *write* ([`Core::writing`]); or it is refused. A stop ends first the one, then the other
//! ([`InProgress::end`]), and closes log and files when nobody is left. Who would come later all the same is refused there,
//! for good: [`CommitLog::close`](crate::log::CommitLog::close), [`Files::close`](crate::files::Files::close).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::backend::{Cancel, Result};
use crate::blocking::on_pool;
use crate::engine::Core;
use crate::error::{BackendError, ErrorTag};

/// Counts who is in progress.
#[derive(Default)]
pub(crate) struct InProgress {
    counts: Arc<Counts>,
    /// Ends commits before their point of no return.
    pub cut: Cancel,
}

#[derive(Default)]
struct Counts {
    state: Mutex<State>,
    /// Told when one ends.
    ended: Notify,
}

#[derive(Default)]
struct State {
    stage: Stage,
    commits: usize,
    writes: usize,
}

/// What may still begin.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Stage {
    #[default]
    Everything,
    /// No commit, unless it takes back what is pending.
    TakeBacks,
    /// No commit at all.
    Writes,
    Nothing,
}

impl Counts {
    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn are(&self, over: impl Fn(&State) -> bool) {
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            // Registered before the look, so an end in between is not missed.
            ended.as_mut().enable();
            if over(&self.state()) {
                return;
            }
            ended.await;
        }
    }
}

fn stopping() -> BackendError {
    BackendError::new(
        ErrorTag::ResourceDenied,
        "the server is stopping: no commit begins any more; commit again when it is back",
    )
}

fn stopped() -> BackendError {
    BackendError::new(
        ErrorTag::ResourceDenied,
        "the server has stopped, and nothing is written any more; repeat the request when it is back",
    )
}

/// One commit in progress; over when it is dropped.
#[must_use]
pub(crate) struct Entered(Arc<Counts>);

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.state().commits -= 1;
        self.0.ended.notify_waiters();
    }
}

/// One write in progress; over when it is dropped.
#[must_use]
pub(crate) struct Writing(Arc<Counts>);

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.state().writes -= 1;
        self.0.ended.notify_waiters();
    }
}

impl InProgress {
    /// A commit begins.
    ///
    /// # Errors
    /// The program stops, and it is not one that `settles` what is pending; or that has stopped.
    pub fn enter(&self, settles: bool) -> Result<Entered> {
        let mut state = self.counts.state();
        match state.stage {
            Stage::Everything => {}
            Stage::TakeBacks if settles => {}
            _ => return Err(stopping()),
        }
        state.commits += 1;
        Ok(Entered(self.counts.clone()))
    }

    /// A write begins that is no part of a commit. It must not wait for a commit, nor for who waits for one.
    ///
    /// # Errors
    /// The program has stopped.
    pub fn write(&self) -> Result<Writing> {
        let mut state = self.counts.state();
        if state.stage == Stage::Nothing {
            return Err(stopped());
        }
        state.writes += 1;
        Ok(Writing(self.counts.clone()))
    }

    /// Fails when no commit begins any more.
    ///
    /// # Errors
    /// The program stops.
    pub fn check(&self) -> Result<()> {
        match self.counts.state().stage {
            Stage::Everything => Ok(()),
            _ => Err(stopping()),
        }
    }

    /// From now on no commit begins; returns how many are in progress.
    pub fn close(&self) -> usize {
        self.advance(Stage::TakeBacks);
        self.counts.state().commits
    }

    /// Waits until no commit is in progress.
    pub async fn none(&self) {
        self.counts.are(|state| state.commits == 0).await;
    }

    /// From now on nothing begins. Waits until nothing is in progress, commits first: what they write belongs to them.
    /// Whether this is the first end.
    pub async fn end(&self) -> bool {
        self.advance(Stage::Writes);
        self.none().await;
        let first = self.advance(Stage::Nothing);
        self.counts.are(|state| state.writes == 0).await;
        first
    }

    /// There is no way back; whether it has not come so far before.
    fn advance(&self, stage: Stage) -> bool {
        let mut state = self.counts.state();
        let further = state.stage < stage;
        state.stage = state.stage.max(stage);
        further
    }
}

impl Core {
    /// Writes what is no part of a commit, on the blocking pool, to its end: also when the caller goes away, and when the
    /// program stops meanwhile.
    ///
    /// # Errors
    /// The program has stopped; it panicked.
    pub async fn writing<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Core) -> T + Send + 'static,
    ) -> Result<T> {
        let core = self.clone();
        on_pool(move || {
            let _writing = core.in_progress.write()?;
            Ok(work(&core))
        })
        .await?
    }
}
