//! Reading what is on disk, without holding up anybody else.

use super::{Problem, ProblemCode, Shared};
use crate::store::StoreError;
use axum::http::StatusCode;

/// Reads on a thread that may block, a few at a time; others wait. `what` is read, for the log and the problem.
pub(super) async fn from_store<T: Send + 'static>(
    shared: &Shared,
    what: &str,
    read: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Problem> {
    // The semaphore is never closed.
    let _turn = shared.reads.acquire().await;
    let failure: String = match tokio::task::spawn_blocking(read).await {
        Ok(Ok(answer)) => return Ok(answer),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    tracing::error!("{what} cannot be read: {failure}");
    let detail = format!("{what} cannot be read now; the hub's log says why");
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).code(ProblemCode::StoreUnreadable))
}
