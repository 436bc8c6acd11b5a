//! The MQTT side of the hub: messages of agents come in, acknowledgements and commands go out.
//!
//! Two brokers are possible behind one interface: the [`embedded`] one, which lives in this process and
//! hands messages over without a network hop, and an [`external`] one, whose client the hub is. What the
//! hub sees is the same: every message that an agent may write (see [`protocol::Channel::FROM_AGENT`]),
//! at least once at QoS 1, and only after it was allowed.

mod counters;
mod credentials;
pub mod embedded;
pub mod external;
mod frame;

pub use counters::Counters;
pub use credentials::Credentials;

use bytes::Bytes;
use protocol::Channel;
use std::{fmt, sync::Arc};
use tokio::sync::mpsc;

/// Largest MQTT packet that either side accepts, in bytes. A backlog of a day is far below it.
pub const MAX_PACKET_BYTES: u32 = 1024 * 1024;

/// Room that a packet needs beside topic and payload (headers, properties), in bytes, generously.
const PACKET_OVERHEAD_BYTES: usize = 256;

/// A message that reached the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// The full topic, below the prefix, of one of the channels that agents write.
    pub topic: String,
    /// What was published, undecoded.
    pub payload: Bytes,
    /// Whether the broker replays what it had kept from earlier. A message published right now is not
    /// "retained", even when its publisher asked the broker to keep it.
    pub retained: bool,
}

/// A message that the hub publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Where to; no wildcards.
    pub topic: String,
    /// What; empty and retained clears what the broker keeps for the topic.
    pub payload: Bytes,
    /// 0 or 1; anything above counts as 1.
    pub qos: u8,
    /// Whether the broker keeps it for later subscribers.
    pub retained: bool,
}

/// Why the MQTT side did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The embedded broker did not start.
    #[error(transparent)]
    Embedded(#[from] embedded::StartError),
    /// The client of the external broker did not start.
    #[error(transparent)]
    External(#[from] common::tls::TlsError),
}

/// Why a message was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// No broker would take it.
    #[error("a message to {topic:?} of {bytes} bytes is above the limit of {MAX_PACKET_BYTES}")]
    TooLarge {
        /// Its topic.
        topic: String,
        /// Its payload's length in bytes.
        bytes: usize,
    },
    /// The external broker is away or slow, and as much waits for it already as may wait.
    #[error("a message to {0:?} was dropped: too many wait for the external broker already")]
    QueueFull(String),
    /// The broker did not take it.
    #[error("a message to {topic:?} was not published: {reason}")]
    Refused {
        /// Its topic.
        topic: String,
        /// What the broker said.
        reason: String,
    },
}

/// Which broker, and how.
#[derive(Debug, Clone)]
pub enum Settings {
    /// The broker inside the hub.
    Embedded(embedded::Settings),
    /// Somebody's broker, by URL.
    External(external::Settings),
}

/// A running MQTT side.
pub enum Broker {
    /// The broker inside the hub.
    Embedded(embedded::Embedded),
    /// The client of somebody's broker.
    External(external::External),
}

/// Starts the MQTT side. What agents write goes to `incoming`; while that is full, their messages wait
/// unacknowledged.
///
/// # Errors
/// When the address cannot be listened on, or the settings make no sense. An external broker that is
/// merely away is no error: it is tried again until it is there.
pub async fn start(settings: Settings, incoming: mpsc::Sender<Incoming>) -> Result<Broker, StartError> {
    Ok(match settings {
        Settings::Embedded(settings) => {
            Broker::Embedded(embedded::Embedded::start(settings, incoming).await?)
        }
        Settings::External(settings) => Broker::External(external::External::start(settings, incoming)?),
    })
}

impl fmt::Display for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broker::Embedded(broker) => write!(f, "mqtt://{}", broker.local_addr()),
            Broker::External(client) => client.url().fmt(f),
        }
    }
}

impl Broker {
    /// Publishes a message.
    ///
    /// # Errors
    /// When it is too large, or the broker does not take it in time.
    pub async fn publish(&self, message: Outgoing) -> Result<(), PublishError> {
        let bytes = message.payload.len();
        if message.topic.len() + bytes + PACKET_OVERHEAD_BYTES > MAX_PACKET_BYTES as usize {
            return Err(PublishError::TooLarge { topic: message.topic, bytes });
        }
        match self {
            Broker::Embedded(broker) => broker.publish(message).await,
            Broker::External(client) => client.publish(message).await,
        }
    }

    /// Whether messages can come and go right now.
    pub fn connected(&self) -> bool {
        match self {
            Broker::Embedded(broker) => broker.listening(),
            Broker::External(client) => client.connected(),
        }
    }

    /// Whether each message's payload has memory of its own, and is not a part of all that was read at once.
    pub fn payloads_stand_alone(&self) -> bool {
        matches!(self, Broker::Embedded(_))
    }

    /// What was refused or dropped since the start.
    pub fn counters(&self) -> Arc<Counters> {
        match self {
            Broker::Embedded(broker) => broker.counters(),
            Broker::External(client) => client.counters(),
        }
    }

    /// Ends it: connections are closed, the port is free afterwards. Wills of connected agents do not
    /// reach the hub then, since it is the hub that went away.
    pub async fn shutdown(self) {
        match self {
            Broker::Embedded(broker) => broker.shutdown().await,
            Broker::External(client) => client.shutdown().await,
        }
    }
}

/// Whether a topic is one that the hub listens to: `<prefix>/<device>/<channel of agents>`. The device may
/// still be misspelt, with a '/' in it for one; saying so is up to the reader of the message.
pub(crate) fn is_for_hub(prefix: &str, topic: &str) -> bool {
    below(prefix, topic)
        .and_then(|rest| rest.rsplit_once('/'))
        .is_some_and(|(_, last)| Channel::FROM_AGENT.iter().any(|channel| channel.as_str() == last))
}

/// What follows the prefix and its slash.
fn below<'t>(prefix: &str, topic: &'t str) -> Option<&'t str> {
    topic.strip_prefix(prefix)?.strip_prefix('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hub_listens_to_what_agents_write_and_to_nothing_else() {
        for topic in [
            "edgewise/roof/state",
            "edgewise/roof/summary",
            "edgewise/misspelt device/birth",
            "edgewise/a/b/state",
        ] {
            assert!(is_for_hub("edgewise", topic), "{topic}");
        }
        for topic in [
            "edgewise/roof/ack",
            "edgewise/roof/command",
            "edgewise/state",
            "edgewiser/roof/state",
            "other/roof/state",
            "homeassistant/device/roof/config",
        ] {
            assert!(!is_for_hub("edgewise", topic), "{topic}");
        }
    }
}
