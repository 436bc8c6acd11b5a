//! Who may publish what. Pure rules; the broker asks them for every message and, at CONNECT, for the will.

use crate::mqtt::{below, is_for_hub};
use protocol::{Channel, DeviceId, Prefix, Topic, Topics};
use std::fmt;

/// How an agent's client id begins; its device follows.
const AGENT: &str = "edgewise-";

/// Why a message is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// `$...` is the broker's own.
    Reserved,
    /// A topic with a wildcard, or an empty one.
    NoTopic,
    /// Only the hub says what it has committed.
    OnlyTheHub,
    /// An agent below the prefix, but not on a topic that agents write.
    NotForAgents,
    /// An agent that speaks for another device.
    AnotherDevice,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Reserved => "topics that start with '$' belong to the broker",
            Refusal::NoTopic => "a topic to publish to is not empty and has neither '+' nor '#'",
            Refusal::OnlyTheHub => "only the hub publishes acknowledgements",
            Refusal::NotForAgents => "agents publish status, birth, state, summary, backlog and result only",
            Refusal::AnotherDevice => "an agent publishes for the device in its own client id only",
        })
    }
}

/// The rules, for one prefix.
#[derive(Debug)]
pub(super) struct Rules {
    topics: Topics,
    prefix: String,
}

impl Rules {
    pub(super) fn new(prefix: Prefix) -> Self {
        Self { prefix: prefix.to_string(), topics: Topics::new(prefix) }
    }

    /// Whether `client_id` may publish to `topic`.
    ///
    /// A client id `edgewise-<device>` is an agent and bound to its device. Everybody else (Home
    /// Assistant, tools) may publish anywhere but to acknowledgements.
    pub(super) fn may_publish(&self, client_id: &str, topic: &str) -> Result<(), Refusal> {
        if topic.is_empty() || topic.contains(['+', '#', '\0']) {
            return Err(Refusal::NoTopic);
        }
        if topic.starts_with('$') {
            return Err(Refusal::Reserved);
        }
        let ours = below(&self.prefix, topic);
        if ours.and_then(|rest| rest.split_once('/')).is_some_and(|(_, last)| last == Channel::Ack.as_str()) {
            return Err(Refusal::OnlyTheHub);
        }
        let Some(device) = client_id.strip_prefix(AGENT) else {
            return Ok(());
        };
        let own =
            |other: &DeviceId| if other.as_str() == device { Ok(()) } else { Err(Refusal::AnotherDevice) };
        match self.topics.parse(topic) {
            Some(Topic::Device(other, channel)) if Channel::FROM_AGENT.contains(&channel) => own(&other),
            Some(Topic::Discovery(other)) => own(&other),
            Some(Topic::Device(..)) => Err(Refusal::NotForAgents),
            None if ours.is_some() => Err(Refusal::NotForAgents),
            None => Ok(()),
        }
    }

    /// Whether the hub wants to see what is published to `topic`.
    pub(super) fn is_for_hub(&self, topic: &str) -> bool {
        is_for_hub(&self.prefix, topic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(client_id: &str, topic: &str) -> Result<(), Refusal> {
        Rules::new(Prefix::default()).may_publish(client_id, topic)
    }

    #[test]
    fn an_agent_writes_its_own_topics() {
        for channel in Channel::FROM_AGENT {
            let topic = format!("edgewise/roof/{}", channel.as_str());
            assert_eq!(check("edgewise-roof", &topic), Ok(()), "{topic}");
            assert_eq!(check("edgewise-cellar", &topic), Err(Refusal::AnotherDevice), "{topic}");
        }
        assert_eq!(check("edgewise-roof", "homeassistant/device/roof/config"), Ok(()));
        assert_eq!(check("edgewise-roof", "somewhere/else"), Ok(()));
    }

    #[test]
    fn an_agent_writes_nothing_else_below_the_prefix() {
        for topic in ["edgewise/roof/command", "edgewise/roof/x", "edgewise/x", "edgewise/roof/a/state"] {
            assert_eq!(check("edgewise-roof", topic), Err(Refusal::NotForAgents), "{topic}");
        }
        let discovery = "homeassistant/device/cellar/config";
        assert_eq!(check("edgewise-roof", discovery), Err(Refusal::AnotherDevice));
    }

    #[test]
    fn acknowledgements_are_the_hubs_alone() {
        for client_id in ["edgewise-roof", "homeassistant", ""] {
            assert_eq!(check(client_id, "edgewise/roof/ack"), Err(Refusal::OnlyTheHub));
            assert_eq!(check(client_id, "edgewise/not an id/ack"), Err(Refusal::OnlyTheHub));
        }
    }

    #[test]
    fn others_may_command_and_write_anywhere_else() {
        for topic in ["edgewise/roof/command", "edgewise/roof/state", "zigbee2mqtt/lamp/set", "/"] {
            assert_eq!(check("homeassistant", topic), Ok(()), "{topic}");
        }
    }

    #[test]
    fn nobody_writes_reserved_or_impossible_topics() {
        for client_id in ["edgewise-roof", "homeassistant"] {
            assert_eq!(check(client_id, "$SYS/x"), Err(Refusal::Reserved));
            for topic in ["", "edgewise/+/state", "edgewise/#", "a\0b"] {
                assert_eq!(check(client_id, topic), Err(Refusal::NoTopic), "{topic:?}");
            }
        }
    }

    #[test]
    fn a_client_id_that_is_no_device_speaks_for_none() {
        for client_id in ["edgewise-", "edgewise-a/b", "edgewise-+", "edgewise-#"] {
            assert_eq!(check(client_id, "edgewise/a/state"), Err(Refusal::AnotherDevice));
            assert!(check(client_id, "edgewise/a/b/state").is_err());
        }
    }
}
