//! Home Assistant finds the device by one retained message, which costs nothing while nothing changes.
//!
//! The agent has no disk to remember by what it announced before, but the broker has kept it: the agent
//! reads its own message back at every connect, before it writes. A component that is there and not in the
//! configuration any more is then told to be removed, and a message that says the same already is left
//! alone.

mod class;
mod config;
mod document;

pub use config::HomeAssistantConfig;

use crate::sensor::Lane;
use document::{Facts, Gone, components_of, document};
use protocol::{Birth, DeviceId, SensorId, Status, Topic, Topics};
use std::collections::BTreeSet;

/// How long the broker may take to show the message of before, in milliseconds. It sends it with its answer
/// to the subscription; one that it does not have cannot be waited for.
const RECALL_MS: u64 = 2_000;
/// Most removed components that one message carries. Real ones are a sensor's few.
const MOST_GONE: usize = 256;

/// What is left to do about the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing.
    Settled,
    /// To learn what the broker has, since this time.
    Recalling { since_ms: u64 },
    /// To publish.
    Due,
}

/// Announces the device to Home Assistant, or takes the announcement back when that is turned off.
#[derive(Debug)]
pub struct Discovery {
    enabled: bool,
    topic: String,
    /// Where Home Assistant says that it has started.
    news_topic: String,
    facts: Facts,
    /// Announced once and not measured any more.
    gone: Gone,
    phase: Phase,
}

impl Discovery {
    /// For the device whose messages go to `topics`. `host` are the sensors of the machine itself.
    pub fn new(
        config: &HomeAssistantConfig,
        topics: &Topics,
        device: DeviceId,
        host: BTreeSet<SensorId>,
    ) -> Self {
        let topics = topics.clone().with_discovery(config.discovery_prefix.clone());
        Self {
            enabled: config.enabled,
            topic: topics.name(&Topic::Discovery(device.clone())),
            news_topic: config.status_topic.to_string(),
            facts: Facts::new(&topics, device, host),
            gone: Gone::new(),
            phase: Phase::Settled,
        }
    }

    /// Lets Home Assistant switch these outputs, by the sensors that tell their states.
    pub fn switching(mut self, outputs: BTreeSet<SensorId>) -> Self {
        self.facts.switches = outputs;
        self
    }

    /// The topics to listen to.
    pub fn subscriptions(&self) -> impl Iterator<Item = String> {
        let news = self.enabled.then(|| self.news_topic.clone());
        [self.topic.clone()].into_iter().chain(news)
    }

    /// Where the message goes.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Notes that there is a new connection, so that the subscriptions are under way.
    pub fn connected(&mut self, now_ms: u64) {
        self.phase = Phase::Recalling { since_ms: now_ms };
    }

    /// Whether the device is announced.
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// The sensors of the machine itself.
    pub fn host_sensors(&self) -> &BTreeSet<SensorId> {
        &self.facts.host
    }

    /// The device is described by `birth` from now on and not as `before`: what is gone is told to be removed.
    /// `host` are the sensors of the machine itself.
    pub fn change(&mut self, before: &Birth, birth: &Birth, host: BTreeSet<SensorId>) {
        self.facts.host = host;
        if !self.enabled {
            return;
        }
        let announced = components_of(&document(&self.facts, before, &self.gone)).unwrap_or_default();
        let still = |id: &str| birth.metrics.iter().any(|metric| metric.name.as_str() == id);
        self.gone = announced.into_iter().filter(|(id, _)| !still(id)).take(MOST_GONE).collect();
        if self.phase == Phase::Settled {
            self.phase = Phase::Due;
        }
    }

    /// Takes in what came on one of the [subscriptions](Self::subscriptions), or any other topic.
    pub fn hear(&mut self, topic: &str, payload: &[u8], retained: bool, birth: &Birth) {
        if topic == self.topic && retained {
            self.recall(payload, birth);
        } else if topic == self.news_topic && !retained && payload == Status::Online.as_str().as_bytes() {
            self.started();
        }
    }

    /// The broker shows the message of before.
    fn recall(&mut self, payload: &[u8], birth: &Birth) {
        let before = components_of(payload);
        if !self.enabled {
            // Somebody else's is not ours to remove.
            self.phase = if before.is_some() { Phase::Due } else { Phase::Settled };
            return;
        }
        let here: BTreeSet<String> = birth.metrics.iter().map(|m| self.facts.component(m)).collect();
        let gone = before.unwrap_or_default().into_iter().filter(|(id, _)| !here.contains(id));
        self.gone = gone.take(MOST_GONE).collect();
        let same = payload == document(&self.facts, birth, &self.gone);
        self.phase = if same { Phase::Settled } else { Phase::Due };
    }

    /// Home Assistant has started. It says so once it has read what is retained, so what was to be removed is.
    fn started(&mut self) {
        if self.enabled && self.phase == Phase::Settled {
            self.gone.clear();
            self.phase = Phase::Due;
        }
    }

    /// The payload to publish now, if there is one; an empty one takes the announcement back.
    pub fn due(&self, now_ms: u64, birth: &Birth) -> Option<Vec<u8>> {
        match self.phase {
            Phase::Due if !self.enabled => Some(Vec::new()),
            Phase::Due => Some(document(&self.facts, birth, &self.gone)),
            Phase::Recalling { since_ms } if self.enabled && now_ms.saturating_sub(since_ms) >= RECALL_MS => {
                Some(document(&self.facts, birth, &self.gone))
            }
            Phase::Recalling { .. } | Phase::Settled => None,
        }
    }

    /// Notes that what was [due](Self::due) is on its way. Should it be lost with the connection, the next
    /// one shows that it is missing.
    pub fn sent(&mut self) {
        self.phase = Phase::Settled;
    }
}

/// The sensors of the machine itself among `lanes`.
pub fn host_sensors(lanes: &[Lane]) -> BTreeSet<SensorId> {
    let host = lanes.iter().filter(|lane| lane.name == crate::sensor::HOST_LANE);
    host.flat_map(|lane| &lane.sensors).map(|sensor| sensor.id().clone()).collect()
}

#[cfg(test)]
mod tests;
