//! What ingest and the broker hand each other.

use bytes::Bytes;

/// A message that a device, or the broker for it, published.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// Its topic.
    pub topic: String,
    /// What it carries.
    pub payload: Bytes,
    /// Whether the broker kept it from earlier, so that it says nothing about now.
    pub retained: bool,
}

/// A message that the hub publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its topic.
    pub topic: String,
    /// What it carries.
    pub payload: Bytes,
    /// MQTT quality of service, 0 or 1.
    pub qos: u8,
    /// Whether the broker keeps it for later subscribers.
    pub retained: bool,
}
