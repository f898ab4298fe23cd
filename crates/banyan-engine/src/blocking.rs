//! Work that takes long or blocks, on tokio's blocking pool.
//!
//! Handing work to another thread and waiting for it costs more than a small commit does in all. So a commit begins on
//! the pool ([`to_its_end_from_pool`]) and does there, one after the other, all that may block; it leaves when it has
//! to wait for somebody.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::task::JoinHandle;

use crate::backend::Result;
use crate::error::{BackendError, ErrorTag};

thread_local! {
    /// Whether what runs here is on the pool, so that it may block.
    static MAY_BLOCK: Cell<bool> = const { Cell::new(false) };
}

/// Whether the thread is one of the pool, where a task that began there has not waited yet.
pub(crate) fn may_block() -> bool {
    MAY_BLOCK.get()
}

fn internal_error() -> BackendError {
    BackendError::new(
        ErrorTag::OperationFailed,
        "an internal error ended the operation; see the server's log",
    )
}

/// Runs `work` on the blocking pool.
///
/// # Errors
/// It panicked, or the runtime stops.
pub(crate) async fn on_pool<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!("a blocking task failed: {error}");
        internal_error()
    })
}

/// Runs `work` where it may block: in place when the task is on the pool already, else as [`on_pool`].
///
/// # Errors
/// As [`on_pool`].
pub(crate) async fn where_it_may_block<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    if !may_block() {
        return on_pool(work).await;
    }
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        tracing::error!("blocking work failed: {}", panic_text(&panic));
        internal_error()
    })
}

/// Runs `work` as a task of its own, so that it comes to its end even when the caller goes away.
///
/// # Errors
/// It panicked, or the runtime stops.
pub(crate) async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T> {
    to_its_end_of(tokio::spawn(work)).await
}

async fn to_its_end_of<T>(task: JoinHandle<T>) -> Result<T> {
    task.await.map_err(|error| {
        tracing::error!("a task failed: {error}");
        internal_error()
    })
}

/// As [`to_its_end`], for a task most of which blocks: it begins on the pool, and goes on as a task of its own only if it
/// has to wait.
///
/// # Errors
/// As [`to_its_end`].
pub(crate) async fn to_its_end_from_pool<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T> {
    let work = Box::pin(work);
    // Whoever listens where it was called hears of it.
    let listener = tracing::dispatcher::get_default(Clone::clone);
    let begin = move || tracing::dispatcher::with_default(&listener, || begun(work));
    match on_pool(begin).await? {
        Begun::Over(result) => Ok(result),
        Begun::GoesOn(task) => to_its_end_of(task).await,
    }
}

/// How far a task has come.
enum Begun<T> {
    Over(T),
    /// It waits for something.
    GoesOn(JoinHandle<T>),
}

/// Runs a task until it waits for the first time. Whoever wakes it then is not heard, and need not be: the task that it
/// becomes looks for itself first.
fn begun<T: Send + 'static>(
    mut work: Pin<Box<impl Future<Output = T> + Send + 'static>>,
) -> Begun<T> {
    let polled = {
        let _here = MayBlock::begin();
        work.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    };
    match polled {
        Poll::Ready(result) => Begun::Over(result),
        Poll::Pending => Begun::GoesOn(tokio::spawn(work)),
    }
}

/// While it lives, the thread may block.
struct MayBlock;

impl MayBlock {
    fn begin() -> MayBlock {
        MAY_BLOCK.set(true);
        MayBlock
    }
}

impl Drop for MayBlock {
    fn drop(&mut self) {
        MAY_BLOCK.set(false);
    }
}

/// What a panic said.
pub(crate) fn panic_text(payload: &Box<dyn Any + Send>) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panic")
}
