//! Work that takes long or blocks, on tokio's blocking pool.

use crate::backend::Result;
use crate::error::{BackendError, ErrorTag};

/// Runs `work` on the blocking pool.
///
/// # Errors
/// It panicked, or the runtime stops.
pub(crate) async fn on_pool<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!("a blocking task failed: {error}");
        BackendError::new(
            ErrorTag::OperationFailed,
            "an internal error ended the operation; see the server's log",
        )
    })
}

/// Runs `work` as a task of its own, so that it comes to its end even when the caller goes away.
///
/// # Errors
/// It panicked, or the runtime stops.
pub(crate) async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T> {
    tokio::spawn(work).await.map_err(|error| {
        tracing::error!("a task failed: {error}");
        BackendError::new(
            ErrorTag::OperationFailed,
            "an internal error ended the operation; see the server's log",
        )
    })
}
