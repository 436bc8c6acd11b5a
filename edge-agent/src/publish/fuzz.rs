//! The body of a fuzz target.

use super::{
    outbox::{Outbox, Parcel},
    rival::Rival,
};
use crate::discovery::{Discovery, HomeAssistantConfig};
use protocol::{Ack, Birth, BootId, ClockTrust, Kind, MetricDescription, Stamp, Topics, Unit, Version};
use std::collections::BTreeSet;

/// What comes from the broker: an ack, somebody's birth, or what is announced to Home Assistant, as the first
/// byte says.
pub fn heard(bytes: &[u8]) {
    let Some((which, payload)) = bytes.split_first() else { return };
    match which % 3 {
        0 => ack(payload),
        1 => {
            let (mut rival, ours) = (Rival::default(), id("ours"));
            let first = rival.hear(payload, &ours);
            assert!(first.is_none() && rival.hear(payload, &ours).is_none(), "the same birth is no rival");
        }
        _ => announced(payload),
    }
}

fn id(text: &str) -> BootId {
    text.parse().expect("an id of ours")
}

fn ack(payload: &[u8]) {
    let Ok(ack) = serde_json::from_slice::<Ack>(payload) else { return };
    let mut outbox = Outbox::new(10_000);
    let sequences = [1, 2, 3, 5, 8, 100, 1_000_000, u64::MAX];
    for boot in [id("b"), ack.boot.clone()] {
        for sequence in sequences {
            outbox.push(Parcel::new(boot.clone(), sequence, vec![b'x'; 10], 0));
        }
    }
    let expected: Vec<(BootId, u64)> = outbox
        .due(100, 10_000)
        .iter()
        .map(|parcel| (parcel.boot.clone(), parcel.sequence))
        .filter(|(boot, sequence)| *boot != ack.boot || !ack.covers(*sequence))
        .collect();
    outbox.mark_sent(100, 5);
    outbox.acknowledge(&ack, 6, 1);
    let left: Vec<(BootId, u64)> =
        outbox.due(100, 10_000).iter().map(|parcel| (parcel.boot.clone(), parcel.sequence)).collect();
    assert_eq!(left, expected, "it lets go of what the ack covers, and of nothing else");
    assert_eq!((outbox.dropped(), outbox.refused()), (0, 0));
    assert!(!sequences.iter().any(|s| *s > ack.sequence && ack.covers(*s)));
}

fn announced(payload: &[u8]) {
    let birth = birth();
    for enabled in [true, false] {
        let config = HomeAssistantConfig {
            enabled,
            discovery_prefix: "homeassistant".parse().expect("a prefix"),
            status_topic: "homeassistant/status".parse().expect("a topic"),
        };
        let device = "roof".parse().expect("an id");
        let mut discovery = Discovery::new(&config, &Topics::default(), device, BTreeSet::new());
        discovery.connected(0);
        let topic = discovery.topic().to_owned();
        discovery.hear(&topic, payload, true, &birth);
        discovery.hear("homeassistant/status", payload, false, &birth);
        if let Some(document) = discovery.due(1_000_000, &birth) {
            let bounded = document.len() <= 20_000 + 4 * payload.len();
            assert!(bounded, "{} bytes after {}", document.len(), payload.len());
            let is_json = serde_json::from_slice::<serde_json::Value>(&document).is_ok();
            assert!(document.is_empty() != is_json, "it takes the announcement back, or makes it");
        }
    }
}

fn birth() -> Birth {
    let metric = |name: &str, sensor: &str, unit| MetricDescription {
        name: name.parse().expect("a metric"),
        unit,
        sensor: sensor.parse().expect("an id"),
        label: name.to_owned(),
        kind: Kind::Gauge,
    };
    Birth {
        version: Version,
        stamp: Stamp { boot: id("ours"), monotonic_ms: 1, time_ms: 2, clock: ClockTrust::Synchronized },
        machine_boot: "m".to_owned(),
        agent_version: "0.1.0".to_owned(),
        hostname: "roof".to_owned(),
        model: None,
        serial: None,
        os: "Debian".to_owned(),
        arch: "aarch64".to_owned(),
        interval_ms: 5_000,
        window_ms: 60_000,
        metrics: vec![
            metric("cpu_percent", "cpu", Unit::Percent),
            metric("outdoor_temperature_celsius", "outdoor", Unit::Celsius),
        ],
    }
}
