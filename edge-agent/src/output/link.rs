//! Since when nobody has been there.

use super::config::Peer;

/// What is known of broker and hub.
#[derive(Debug)]
pub(super) struct Link {
    /// Since when there has been no connection to the broker.
    broker_lost_ms: Option<u64>,
    /// When the hub was last heard.
    hub_heard_ms: u64,
}

impl Link {
    /// Nobody has been heard yet.
    pub(super) fn new(now_ms: u64) -> Self {
        Self { broker_lost_ms: Some(now_ms), hub_heard_ms: now_ms }
    }

    pub(super) fn broker(&mut self, connected: bool, now_ms: u64) {
        self.broker_lost_ms = match (connected, self.broker_lost_ms) {
            (true, _) => None,
            // Every failed attempt says so again.
            (false, Some(since)) => Some(since),
            (false, None) => Some(now_ms),
        };
    }

    pub(super) fn hub_heard(&mut self, now_ms: u64) {
        self.hub_heard_ms = now_ms;
    }

    /// Since when nothing was heard of somebody; `None` of who is there.
    pub(super) fn lost_since_ms(&self, peer: Peer) -> Option<u64> {
        match peer {
            Peer::Broker => self.broker_lost_ms,
            Peer::Hub => Some(self.hub_heard_ms),
            Peer::Nobody => None,
        }
    }
}
