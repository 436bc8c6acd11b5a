//! Where messages go: one type spells every topic and reads it back.

use crate::DeviceId;
use std::{fmt, str::FromStr};

/// What a message of a device is about: the last level of its topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// `online` or `offline`; retained; also the will.
    Status,
    /// Who the device is and what it measures; retained.
    Birth,
    /// The live values, every interval; retained.
    State,
    /// The durable record of a minute.
    Summary,
    /// Many summaries in one message, after an outage.
    Backlog,
    /// What the hub has committed, told to the agent.
    Ack,
    /// A request to the agent.
    Command,
    /// The outcome of a request.
    Result,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Channel; 8] = [
        Channel::Status,
        Channel::Birth,
        Channel::State,
        Channel::Summary,
        Channel::Backlog,
        Channel::Ack,
        Channel::Command,
        Channel::Result,
    ];

    /// The channels that agents write and the hub reads.
    pub const FROM_AGENT: [Channel; 6] = [
        Channel::Status,
        Channel::Birth,
        Channel::State,
        Channel::Summary,
        Channel::Backlog,
        Channel::Result,
    ];

    /// The channels that an agent reads.
    pub const TO_AGENT: [Channel; 2] = [Channel::Ack, Channel::Command];

    /// The level of the topic.
    pub fn as_str(self) -> &'static str {
        match self {
            Channel::Status => "status",
            Channel::Birth => "birth",
            Channel::State => "state",
            Channel::Summary => "summary",
            Channel::Backlog => "backlog",
            Channel::Ack => "ack",
            Channel::Command => "command",
            Channel::Result => "result",
        }
    }

    /// Whether the broker keeps the last message for later subscribers.
    pub fn retained(self) -> bool {
        matches!(self, Channel::Status | Channel::Birth | Channel::State)
    }

    /// The MQTT quality of service: 0 (may be lost, replaced by the next) or 1 (arrives, maybe twice).
    pub fn qos(self) -> u8 {
        if self == Channel::State { 0 } else { 1 }
    }
}

/// A topic of the contract.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Topic {
    /// `<prefix>/<device>/<channel>`
    Device(DeviceId, Channel),
    /// `<discovery prefix>/device/<device>/config`: Home Assistant's device-based discovery.
    Discovery(DeviceId),
}

/// Why a text is no prefix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no topic prefix: it takes levels separated by '/', none empty, without '+', '#' and control characters, not starting with '$'"
)]
pub struct PrefixError(String);

/// The first levels of every topic of ours, `edgewise` unless configured.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Prefix(String);

impl TryFrom<String> for Prefix {
    type Error = PrefixError;
    fn try_from(text: String) -> Result<Self, PrefixError> {
        let level =
            |l: &str| !l.is_empty() && !l.contains(|c: char| matches!(c, '+' | '#') || c.is_control());
        if text.split('/').all(level) && !text.starts_with('$') && text.len() <= 128 {
            Ok(Self(text))
        } else {
            Err(PrefixError(text))
        }
    }
}

impl FromStr for Prefix {
    type Err = PrefixError;
    fn from_str(text: &str) -> Result<Self, PrefixError> {
        text.to_owned().try_into()
    }
}

impl From<Prefix> for String {
    fn from(prefix: Prefix) -> String {
        prefix.0
    }
}

impl Default for Prefix {
    fn default() -> Self {
        Self("edgewise".to_owned())
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Home Assistant's default discovery prefix.
const DISCOVERY: &str = "homeassistant";

/// Writes and reads the topics below one prefix.
#[derive(Debug, Clone)]
pub struct Topics {
    prefix: Prefix,
    discovery: Prefix,
}

impl Default for Topics {
    fn default() -> Self {
        Self::new(Prefix::default())
    }
}

impl Topics {
    /// The topics below `prefix`, and Home Assistant's below `homeassistant`.
    pub fn new(prefix: Prefix) -> Self {
        Self { prefix, discovery: Prefix(DISCOVERY.to_owned()) }
    }

    /// The same, but with Home Assistant's below `discovery`.
    #[must_use]
    pub fn with_discovery(self, discovery: Prefix) -> Self {
        Self { discovery, ..self }
    }

    /// The name of a topic, as it stands in an MQTT packet.
    pub fn name(&self, topic: &Topic) -> String {
        match topic {
            Topic::Device(device, channel) => format!("{}/{device}/{}", self.prefix, channel.as_str()),
            Topic::Discovery(device) => format!("{}/device/{device}/config", self.discovery),
        }
    }

    /// The name of a device's topic.
    pub fn device(&self, device: &DeviceId, channel: Channel) -> String {
        self.name(&Topic::Device(device.clone(), channel))
    }

    /// The filter that matches one channel of all devices.
    pub fn filter(&self, channel: Channel) -> String {
        format!("{}/+/{}", self.prefix, channel.as_str())
    }

    /// Reads a topic's name back. `None` is somebody else's topic.
    pub fn parse(&self, name: &str) -> Option<Topic> {
        self.parse_device(name).or_else(|| {
            let below = name.strip_prefix(&self.discovery.0)?;
            let device = below.strip_prefix("/device/")?.strip_suffix("/config")?;
            device.parse().ok().map(Topic::Discovery)
        })
    }

    fn parse_device(&self, name: &str) -> Option<Topic> {
        let (device, last) = name.strip_prefix(&self.prefix.0)?.strip_prefix('/')?.split_once('/')?;
        let channel = Channel::ALL.into_iter().find(|c| c.as_str() == last)?;
        Some(Topic::Device(device.parse().ok()?, channel))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn topics() -> impl Strategy<Value = (Prefix, Topic)> {
        let device = "[A-Za-z0-9][A-Za-z0-9_-]{0,63}".prop_map(|t| t.parse::<DeviceId>().unwrap());
        let prefix = "[a-z0-9 ._-]{1,12}(/[a-zA-Z0-9$ ._-]{1,12}){0,3}".prop_map(|t| t.parse().unwrap());
        let channel = proptest::sample::select(Channel::ALL.as_slice());
        (prefix, device, proptest::option::of(channel)).prop_map(|(prefix, device, channel)| match channel {
            Some(channel) => (prefix, Topic::Device(device, channel)),
            None => (prefix, Topic::Discovery(device)),
        })
    }

    proptest! {
        #[test]
        fn every_topic_reads_back((prefix, topic) in topics()) {
            let topics = Topics::new(prefix);
            prop_assert_eq!(topics.parse(&topics.name(&topic)), Some(topic));
        }

        #[test]
        fn whatever_parses_is_spelled_the_same(name in "(edgewise|homeassistant|x)(/[a-z+#$é]{0,9}){0,4}") {
            let topics = Topics::default();
            if let Some(topic) = topics.parse(&name) {
                prop_assert_eq!(topics.name(&topic), name);
            }
        }
    }

    #[test]
    fn topics_are_spelled_as_the_contract_says() {
        let topics = Topics::default();
        let roof: DeviceId = "roof".parse().unwrap();
        assert_eq!(topics.device(&roof, Channel::State), "edgewise/roof/state");
        let discovery = Topic::Discovery(roof);
        assert_eq!(topics.name(&discovery), "homeassistant/device/roof/config");
        let moved = topics.clone().with_discovery("home/ha".parse().unwrap());
        assert_eq!(moved.name(&discovery), "home/ha/device/roof/config");
        assert_eq!(moved.parse("home/ha/device/roof/config"), Some(discovery));
        assert_eq!(moved.parse("homeassistant/device/roof/config"), None);
        assert_eq!(topics.filter(Channel::Summary), "edgewise/+/summary");
    }

    #[test]
    fn topics_of_others_are_none() {
        let topics = Topics::default();
        for name in [
            "edgewise",
            "edgewise/",
            "edgewise/roof",
            "edgewise/roof/other",
            "edgewise/a/b/state",
            "edgewise/a+/state",
            "edgewiser/roof/state",
            "$SYS/broker",
            "",
            "homeassistant/sensor/x/config",
        ] {
            assert_eq!(topics.parse(name), None, "{name:?}");
        }
    }

    #[test]
    fn prefixes_that_would_break_topics_are_refused() {
        for bad in ["", "/", "a//b", "a/", "+", "a/#", "$SYS"] {
            assert!(bad.parse::<Prefix>().is_err(), "{bad:?}");
        }
        let inside = Topics::new("homeassistant/device".parse().unwrap());
        assert!(matches!(inside.parse("homeassistant/device/roof/config"), Some(Topic::Discovery(_))));
        assert_eq!("home/pis".parse::<Prefix>().unwrap().to_string(), "home/pis");
    }
}
