//! Being asked to end, by a service manager or by Ctrl-C.

use std::io;
use tokio::signal::unix::{SignalKind, signal};

/// A future that completes at the first SIGTERM or SIGINT. Both are caught from this call on, which must be
/// made within a tokio runtime.
///
/// # Errors
/// When the system does not let signals be caught.
pub fn requested() -> io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tracing::info!("asked to stop");
    })
}
