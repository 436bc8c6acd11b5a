//! Retained messages, in memory. The hub stores the latest state of every device anyway and publishes it
//! again after a restart, so nothing is written to disk here.

use crate::mqtt::counters::worth_a_line;
use async_trait::async_trait;
use rmqtt::retain::{DefaultRetainStorage, RetainStorage};
use rmqtt::types::{Retain, TopicFilter, TopicName};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Most topics that keep a message: 10,000 devices with status, birth, state and discovery, twice over.
const MAX_RETAINED: isize = 100_000;

/// The retained messages of the embedded broker.
pub(super) struct InMemory {
    messages: DefaultRetainStorage,
    refused: AtomicU64,
}

impl InMemory {
    pub(super) fn new() -> Self {
        Self { messages: DefaultRetainStorage::new(), refused: AtomicU64::new(0) }
    }

    async fn has_room(&self) -> bool {
        self.messages.count().await < MAX_RETAINED || self.messages.remove_expired_messages().await > 0
    }
}

#[async_trait]
impl RetainStorage for InMemory {
    fn enable(&self) -> bool {
        true
    }

    async fn set(
        &self,
        topic: &TopicName,
        retain: Retain,
        expiry: Option<Duration>,
    ) -> Result<(), rmqtt::Error> {
        if !retain.publish.payload.is_empty()
            && !self.has_room().await
            && self.messages.get_message(topic).await?.is_empty()
        {
            if worth_a_line(self.refused.fetch_add(1, Ordering::Relaxed)) {
                tracing::warn!(%topic, limit = MAX_RETAINED, "not retained: too many topics retain a message");
            }
            return Ok(());
        }
        // Zero is the broker's word for "no expiry asked for".
        let expiry = expiry.filter(|time| !time.is_zero());
        self.messages.set_with_timeout(topic, retain, expiry).await
    }

    async fn get(&self, filter: &TopicFilter) -> Result<Vec<(TopicName, Retain)>, rmqtt::Error> {
        self.messages.get_message(filter).await
    }

    async fn count(&self) -> isize {
        self.messages.count().await
    }

    async fn max(&self) -> isize {
        MAX_RETAINED
    }
}
