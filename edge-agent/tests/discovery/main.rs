//! The announcement of a device that has a metric of every kind, as a file that `cargo xtask test
//! home-assistant` hands to Home Assistant. `UPDATE=1 cargo test -p edge-agent --test discovery` writes it.

use edge_agent::discovery::{Discovery, HomeAssistantConfig};
use protocol::{Birth, ClockTrust, Kind, MetricDescription, MetricName, Stamp, Topics, Unit, Version};
use std::{collections::BTreeSet, fs, path::PathBuf};

/// Every unit, with the words in a name that change what it is taken for.
const UNITS: [(Unit, &[&str]); 19] = [
    (Unit::Percent, &["soil", "humidity"]),
    (Unit::Celsius, &["temperature", "dew_point"]),
    (Unit::Hectopascal, &["pressure", "pressure_tendency"]),
    (Unit::Bytes, &["memory"]),
    (Unit::BytesPerSecond, &["network"]),
    (Unit::Seconds, &["uptime"]),
    (Unit::Count, &["processes"]),
    (Unit::Hertz, &["clock"]),
    (Unit::Volts, &["supply"]),
    (Unit::Amperes, &["solar"]),
    (Unit::Watts, &["solar"]),
    (Unit::Lux, &["light"]),
    (Unit::PartsPerMillion, &["gas", "co2"]),
    (Unit::GramsPerCubicMeter, &["dust", "absolute_humidity"]),
    (Unit::Millimeters, &["level", "rain"]),
    (Unit::MillimetersPerHour, &["rain"]),
    (Unit::MetersPerSecond, &["belt", "wind"]),
    (Unit::Flag, &["door", "power_undervoltage"]),
    (Unit::Unknown, &["future"]),
];
/// The units of what is counted.
const COUNTED: [Unit; 4] = [Unit::Bytes, Unit::Seconds, Unit::Count, Unit::Millimeters];

fn metrics() -> Vec<MetricDescription> {
    let mut metrics = Vec::new();
    for (unit, words) in UNITS {
        let kinds = if COUNTED.contains(&unit) { &[Kind::Gauge, Kind::Counter][..] } else { &[Kind::Gauge] };
        for (what, &kind) in words.iter().flat_map(|what| kinds.iter().map(move |kind| (what, kind))) {
            let what = if kind == Kind::Counter { format!("total_{what}") } else { (*what).to_owned() };
            let name = MetricName::new(&what, unit).unwrap();
            let sensor = "sensor".parse().unwrap();
            metrics.push(MetricDescription { name, unit, sensor, label: what.replace('_', " "), kind });
        }
    }
    metrics
}

#[test]
fn the_announcement_of_every_unit_is_the_one_that_home_assistant_was_shown() {
    let topics = Topics::default();
    let config = HomeAssistantConfig {
        enabled: true,
        discovery_prefix: "homeassistant".parse().unwrap(),
        status_topic: "homeassistant/status".parse().unwrap(),
    };
    let (boot, clock) = ("b1".parse().unwrap(), ClockTrust::Synchronized);
    let birth = Birth {
        version: Version,
        stamp: Stamp { boot, monotonic_ms: 0, time_ms: 0, clock },
        machine_boot: "m1".to_owned(),
        agent_version: "1.0.0".to_owned(),
        hostname: "sample".to_owned(),
        model: Some("Raspberry Pi 5 Model B Rev 1.0".to_owned()),
        serial: Some("1000000000000000".to_owned()),
        os: "Debian".to_owned(),
        arch: "aarch64".to_owned(),
        interval_ms: 5_000,
        window_ms: 60_000,
        metrics: metrics(),
    };
    let mut discovery = Discovery::new(&config, &topics, "sample".parse().unwrap(), BTreeSet::new());
    discovery.connected(0);
    let payload = discovery.due(u64::MAX, &birth).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    let made = serde_json::to_string_pretty(&value).unwrap() + "\n";

    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/discovery/every-unit.json");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let shown = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        shown == made,
        "every-unit.json is out of date: UPDATE=1 cargo test -p edge-agent --test discovery"
    );
}

#[test]
fn no_unit_is_left_out() {
    let units: BTreeSet<&str> = UNITS.iter().map(|(unit, _)| unit.suffix()).collect();
    let source = include_str!("../../../protocol/src/metric.rs");
    let suffixes = source.split("pub fn suffix").nth(1).unwrap().split("\n    }\n").next().unwrap();
    let known = suffixes.matches("=> \"").count();
    assert_eq!(units.len(), known);
}
