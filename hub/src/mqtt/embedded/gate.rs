//! Who may come in and what may pass, and the way to the hub.

use super::acl::Rules;
use super::connect::{Connect, Denial};
use crate::mqtt::{Counters, Credentials, Incoming};
use crate::{clock, complaints::Complaints};
use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use protocol::Prefix;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::mpsc::{self, error::TrySendError};

/// Longest client id, in bytes.
const MAX_CLIENT_ID: usize = 256;
/// The same refusal of the same client is logged once in this time, in milliseconds.
const COMPLAINT_INTERVAL_MS: u64 = 60_000;

/// What a client was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Refused {
    Login,
    Will,
    Message,
}

/// What became of a message on its way to the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The hub has it, or does not want it.
    Passed,
    /// Its publisher may not.
    Refused,
    /// The hub is going away.
    Closed,
}

/// The way of an allowed message to a hub that is full.
pub(super) type Waiting = Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// The rules, and the hub behind them.
pub(super) struct Gate {
    rules: Rules,
    credentials: Option<Credentials>,
    /// Gone when the broker ends: what clients then lose is not their doing.
    incoming: RwLock<Option<mpsc::Sender<Incoming>>>,
    pub(super) counters: Arc<Counters>,
    complaints: Mutex<Complaints<(String, Refused)>>,
}

impl Gate {
    pub(super) fn new(
        prefix: Prefix,
        credentials: Option<Credentials>,
        incoming: mpsc::Sender<Incoming>,
    ) -> Self {
        Self {
            rules: Rules::new(prefix),
            credentials,
            incoming: RwLock::new(Some(incoming)),
            counters: Arc::default(),
            complaints: Mutex::new(Complaints::new(COMPLAINT_INTERVAL_MS)),
        }
    }

    /// From now on nothing reaches the hub, which sees its channel end once it has read what is there.
    pub(super) fn close(&self) {
        *self.incoming.write() = None;
    }

    /// Counts a refusal. `Some` asks for a line about it, with the number of those that got none.
    fn refused(&self, who: &str, what: Refused) -> Option<u64> {
        self.counters.count_refused();
        self.complaints.lock().note((who.to_owned(), what), clock::now_ms())
    }

    /// Whether a client may connect.
    ///
    /// # Errors
    /// What it is told instead.
    pub(super) fn admit(&self, connect: &Connect, peer: SocketAddr) -> Result<(), Denial> {
        let (client_id, address) = (&*connect.client_id, peer.ip().to_string());
        if let Some(credentials) = &self.credentials {
            let user = connect.user.as_deref().map(str::as_bytes);
            if !credentials.matches(user, connect.password.as_deref()) {
                // By address: who guesses may give another client id each time.
                if let Some(more) = self.refused(&address, Refused::Login) {
                    tracing::warn!(
                        client_id,
                        address,
                        more,
                        "connection refused: wrong MQTT user or password"
                    );
                }
                return Err(Denial::Login);
            }
        }
        if connect.wants_authentication {
            return Err(Denial::Authentication);
        }
        if client_id.len() > MAX_CLIENT_ID {
            return Err(Denial::ClientId);
        }
        if let Some(will) = &connect.will
            && let Err(refusal) = self.rules.may_publish(client_id, &will.topic)
        {
            if let Some(more) = self.refused(client_id, Refused::Will) {
                let topic = &*will.topic;
                tracing::warn!(client_id, address, topic, %refusal, more, "connection refused for its will");
            }
            return Err(Denial::NotAuthorized);
        }
        Ok(())
    }

    /// Decides on a message and, once it is allowed, hands it to the hub. The publisher is answered only
    /// afterwards, so a full channel slows it down.
    ///
    /// # Errors
    /// When the hub has no room: the message gets there while what is returned is waited for. That is rare, and apart so
    /// that not every connection has room for it all the time.
    pub(super) fn publish(&self, client_id: &str, topic: &str, payload: &Bytes) -> Result<Verdict, Waiting> {
        if let Err(refusal) = self.rules.may_publish(client_id, topic) {
            if let Some(more) = self.refused(client_id, Refused::Message) {
                tracing::warn!(client_id, topic, %refusal, more, "message refused");
            }
            return Ok(Verdict::Refused);
        }
        if !self.rules.is_for_hub(topic) {
            return Ok(Verdict::Passed);
        }
        let incoming = self.incoming.read();
        let Some(incoming) = &*incoming else { return Ok(Verdict::Closed) };
        let message = Incoming { topic: topic.to_owned(), payload: payload.clone(), retained: false };
        match incoming.try_send(message) {
            Ok(()) => Ok(Verdict::Passed),
            Err(TrySendError::Closed(_)) => Ok(Verdict::Closed),
            Err(TrySendError::Full(message)) => {
                let incoming = incoming.clone();
                Err(Box::pin(async move {
                    if incoming.send(message).await.is_ok() { Verdict::Passed } else { Verdict::Closed }
                }))
            }
        }
    }
}
