//! A message on its way through the broker, the same for both versions of MQTT.

use bytes::Bytes;
use mqtt_protocol_core::mqtt::packet::{PropertiesSize, Property};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What was published. Subscribers share it.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) topic: String,
    pub(super) payload: Bytes,
    pub(super) qos: u8,
    /// Whether its publisher wanted it kept.
    pub(super) retain: bool,
    /// Those that are handed on to subscribers as they are.
    pub(super) properties: Vec<Property>,
    /// When nobody wants it any more.
    pub(super) expires: Option<Instant>,
    /// The client id of its publisher.
    pub(super) from: Arc<str>,
}

impl Message {
    /// What it takes in memory, in bytes, roughly.
    pub(super) fn size(&self) -> usize {
        std::mem::size_of::<Self>() + self.topic.len() + self.payload.len() + self.properties.size()
    }

    pub(super) fn is_expired(&self, now: Instant) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }

    /// Splits the properties of a PUBLISH or a will into those that subscribers get, and the time until it expires.
    pub(super) fn sort_properties(properties: &[Property]) -> (Vec<Property>, Option<Duration>) {
        let mut expiry = None;
        let handed_on = properties
            .iter()
            .filter(|property| match property {
                Property::MessageExpiryInterval(interval) => {
                    expiry = Some(Duration::from_secs(interval.val().into()));
                    false
                }
                Property::PayloadFormatIndicator(_)
                | Property::ContentType(_)
                | Property::ResponseTopic(_)
                | Property::CorrelationData(_)
                | Property::UserProperty(_) => true,
                _ => false,
            })
            .cloned()
            .collect();
        (handed_on, expiry)
    }
}

/// A message for one session.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    pub(super) message: Arc<Message>,
    /// The lower one of what was published and what was granted.
    pub(super) qos: u8,
    /// Whether it is marked as one that was kept.
    pub(super) retain: bool,
    /// The numbers that the session gave to the subscriptions that it is sent for.
    pub(super) identifiers: Vec<u32>,
}
