//! One client id, one connection after the other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long a new connection waits for the end of the one it replaces.
const PATIENCE: Duration = Duration::from_secs(5);

/// The open connections by client id.
///
/// The broker answers a client that takes its own session over before it has published the will of the old
/// connection; the `offline` of the old would overtake the `online` of the new. So a new connection waits
/// here until the old one has ended.
#[derive(Default)]
pub(super) struct Connections {
    /// Closed when the connection has ended.
    open: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Connections {
    /// A connection begins: waits for the end of an earlier one with the same client id.
    pub(super) async fn opened(&self, client_id: &str) {
        let earlier = self.lock().get(client_id).cloned();
        if let Some(earlier) = earlier {
            // Waiting for a permit that nobody hands out ends with the closing.
            if tokio::time::timeout(PATIENCE, earlier.acquire()).await.is_err() {
                tracing::warn!(client_id, "the client's previous connection did not end in time");
            }
        }
        self.lock().insert(client_id.to_owned(), Arc::new(Semaphore::new(0)));
    }

    /// A connection has ended, its will is published.
    pub(super) fn closed(&self, client_id: &str) {
        if let Some(connection) = self.lock().remove(client_id) {
            connection.close();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Semaphore>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_new_connection_waits_for_the_end_of_the_old_one() {
        let connections = Arc::new(Connections::default());
        connections.opened("a").await;
        let second = tokio::spawn({
            let connections = connections.clone();
            async move { connections.opened("a").await }
        });
        connections.opened("b").await;
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        connections.closed("a");
        second.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn it_does_not_wait_for_ever() {
        let connections = Connections::default();
        connections.opened("a").await;
        connections.opened("a").await;
        connections.closed("a");
        assert!(connections.lock().is_empty());
    }
}
