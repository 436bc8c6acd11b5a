use super::*;
use protocol::{ClockTrust, Kind, MetricDescription, Stamp, Unit, Version};
use serde_json::{Value, json};

const CONFIG: &str = "homeassistant/device/Roof-1/config";
const NEWS: &str = "homeassistant/status";

fn metric(name: &str, sensor: &str, unit: Unit, kind: Kind) -> MetricDescription {
    let (name, sensor) = (name.parse().unwrap(), sensor.parse().unwrap());
    MetricDescription { name, unit, sensor, label: format!("The {}", unit.suffix()), kind }
}

fn birth() -> Birth {
    let boot = "b1".parse().unwrap();
    Birth {
        version: Version,
        stamp: Stamp { boot, monotonic_ms: 1, time_ms: 2, clock: ClockTrust::Synchronized },
        machine_boot: "m1".to_owned(),
        agent_version: "1.2.3".to_owned(),
        hostname: "roof".to_owned(),
        model: Some("Raspberry Pi 4 Model B Rev 1.4".to_owned()),
        serial: Some("10000000c0ffee".to_owned()),
        os: "Debian".to_owned(),
        arch: "aarch64".to_owned(),
        interval_ms: 5_000,
        window_ms: 60_000,
        metrics: vec![
            metric("cpu_percent", "cpu", Unit::Percent, Kind::Gauge),
            metric("cpu0_percent", "cpu", Unit::Percent, Kind::Gauge),
            metric("outdoor_temperature_celsius", "outdoor", Unit::Celsius, Kind::Gauge),
            metric("rain_millimeters", "rain", Unit::Millimeters, Kind::Counter),
            metric("door_flag", "door", Unit::Flag, Kind::Gauge),
        ],
    }
}

fn without(mut birth: Birth, metric: &str) -> Birth {
    birth.metrics.retain(|m| m.name.as_str() != metric);
    birth
}

fn discovery(enabled: bool) -> Discovery {
    let config = HomeAssistantConfig {
        enabled,
        discovery_prefix: "homeassistant".parse().unwrap(),
        status_topic: NEWS.parse().unwrap(),
    };
    let host = BTreeSet::from(["cpu".parse().unwrap()]);
    Discovery::new(&config, &Topics::default(), "Roof-1".parse().unwrap(), host)
}

/// Connects to a broker that has kept `retained`, and says what is then published at a tick.
fn connect(discovery: &mut Discovery, retained: Option<&[u8]>, birth: &Birth) -> Option<Vec<u8>> {
    discovery.connected(1_000);
    if let Some(payload) = retained {
        discovery.hear(CONFIG, payload, true, birth);
    }
    tick(discovery, 1_000 + RECALL_MS, birth)
}

fn tick(discovery: &mut Discovery, now_ms: u64, birth: &Birth) -> Option<Vec<u8>> {
    let payload = discovery.due(now_ms, birth)?;
    discovery.sent();
    assert_eq!(discovery.due(now_ms + 1_000_000, birth), None, "once sent it is settled");
    Some(payload)
}

fn announced(birth: &Birth) -> Vec<u8> {
    connect(&mut discovery(true), None, birth).unwrap()
}

fn read(payload: &[u8]) -> Value {
    serde_json::from_slice(payload).unwrap()
}

#[test]
fn the_device_is_described_once_for_all_components() {
    let message = read(&announced(&birth()));
    assert_eq!(
        message["device"],
        json!({
            "identifiers": ["edgewise_Roof-1"], "name": "Roof-1", "manufacturer": "Raspberry Pi",
            "model": "Raspberry Pi 4 Model B Rev 1.4", "serial_number": "10000000c0ffee", "sw_version": "1.2.3",
        })
    );
    assert_eq!(message["origin"], json!({"name": "Edgewise", "sw_version": "1.2.3"}));
    assert_eq!(message["state_topic"], "edgewise/Roof-1/state");
}

#[test]
fn what_the_machine_does_not_say_is_left_out() {
    let mut birth = birth();
    (birth.model, birth.serial) = (None, None);
    let device = read(&announced(&birth))["device"].clone();
    for key in ["model", "manufacturer", "serial_number"] {
        assert!(device.get(key).is_none(), "{device}");
    }
}

#[test]
fn a_gauge_shows_its_mean() {
    let message = read(&announced(&birth()));
    assert_eq!(
        message["components"]["outdoor_temperature_celsius"],
        json!({
            "platform": "sensor",
            "unique_id": "edgewise_Roof-1_outdoor_temperature_celsius",
            "default_entity_id": "sensor.roof_1_outdoor_temperature_celsius",
            "name": "The celsius",
            "value_template":
                "{{ value_json.mean.get('outdoor_temperature_celsius') | round(1, default=none) }}",
            "device_class": "temperature",
            "state_class": "measurement",
            "unit_of_measurement": "°C",
            "expire_after": 30,
            "availability": [
                {"topic": "edgewise/Roof-1/status"},
                {
                    "topic": "edgewise/Roof-1/state",
                    "value_template":
                        "{{ 'online' if 'outdoor_temperature_celsius' in value_json.mean else 'offline' }}",
                },
            ],
            "availability_mode": "all",
        })
    );
}

#[test]
fn counters_and_flags_show_the_present() {
    let components = read(&announced(&birth()))["components"].clone();
    let rain = &components["rain_millimeters"];
    assert_eq!(rain["value_template"], "{{ value_json.now.get('rain_millimeters') }}");
    assert_eq!(rain["state_class"], "total_increasing");
    let door = &components["door_flag"];
    assert_eq!(door["platform"], "binary_sensor");
    assert_eq!(door["value_template"], "{{ {1: 'ON', 0: 'OFF'}.get(value_json.now.get('door_flag')) }}");
    assert_eq!(door["default_entity_id"], "binary_sensor.roof_1_door_flag");
    assert!(door.get("state_class").is_none() && door.get("unit_of_measurement").is_none());
}

#[test]
fn figures_of_the_machine_are_diagnostic_and_single_cpus_wait() {
    let components = read(&announced(&birth()))["components"].clone();
    assert_eq!(components["cpu_percent"]["entity_category"], "diagnostic");
    assert!(components["cpu_percent"].get("enabled_by_default").is_none());
    assert_eq!(components["cpu0_percent"]["enabled_by_default"], false);
    assert!(components["door_flag"].get("entity_category").is_none());
}

#[test]
fn a_reading_expires_after_a_few_intervals() {
    let mut birth = birth();
    birth.interval_ms = 60_000;
    assert_eq!(read(&announced(&birth))["components"]["door_flag"]["expire_after"], 300);
}

#[test]
fn the_broker_is_given_time_to_show_what_it_has() {
    let (mut discovery, birth) = (discovery(true), birth());
    discovery.connected(1_000);
    assert_eq!(discovery.due(1_000 + RECALL_MS - 1, &birth), None);
    assert!(discovery.due(1_000 + RECALL_MS, &birth).is_some());
}

#[test]
fn what_the_broker_has_already_is_not_sent_again() {
    let birth = birth();
    let before = announced(&birth);
    assert_eq!(connect(&mut discovery(true), Some(&before), &birth), None);
    let other = Birth { agent_version: "1.2.4".to_owned(), ..birth };
    assert!(connect(&mut discovery(true), Some(&before), &other).is_some());
}

#[test]
fn its_own_echo_is_no_news() {
    let (mut discovery, birth) = (discovery(true), birth());
    let sent = connect(&mut discovery, None, &birth).unwrap();
    discovery.hear(CONFIG, &sent, false, &birth);
    discovery.hear(CONFIG, b"", false, &birth);
    assert_eq!(discovery.due(9_999_999, &birth), None);
}

#[test]
fn a_removed_metric_is_removed_until_home_assistant_has_seen_it() {
    let (before, now) = (announced(&birth()), without(birth(), "door_flag"));
    let mut discovery = discovery(true);
    let removing = connect(&mut discovery, Some(&before), &now).unwrap();
    assert_eq!(read(&removing)["components"]["door_flag"], json!({"platform": "binary_sensor"}));
    assert!(read(&removing)["components"]["cpu_percent"]["unique_id"].is_string());

    // A restart, a reconnect: it stays so, and is not sent again.
    assert_eq!(connect(&mut discovery, Some(&removing), &now), None);
    discovery.hear(NEWS, b"online", false, &now);
    let clean = tick(&mut discovery, 9_000, &now).unwrap();
    assert!(read(&clean)["components"].get("door_flag").is_none());
    // A metric that comes back is a component again.
    let again = connect(&mut discovery, Some(&removing), &birth()).unwrap();
    assert!(read(&again)["components"]["door_flag"]["unique_id"].is_string());
}

#[test]
fn home_assistants_start_is_answered_once_and_its_retained_word_is_old_news() {
    let (mut discovery, birth) = (discovery(true), birth());
    let sent = connect(&mut discovery, None, &birth).unwrap();
    for (payload, retained) in [(b"online".as_slice(), true), (b"offline", false), (b"", false)] {
        discovery.hear(NEWS, payload, retained, &birth);
        assert_eq!(discovery.due(9_000, &birth), None, "{payload:?}");
    }
    discovery.hear(NEWS, b"online", false, &birth);
    assert_eq!(tick(&mut discovery, 9_000, &birth), Some(sent));
}

#[test]
fn turned_off_it_takes_back_its_own_announcement_and_nobody_elses() {
    let birth = birth();
    let ours = announced(&birth);
    assert_eq!(connect(&mut discovery(false), Some(&ours), &birth), Some(Vec::new()));
    assert_eq!(connect(&mut discovery(false), None, &birth), None);
    let others = br#"{"origin": {"name": "mine"}, "components": {"x": {"platform": "sensor"}}}"#;
    assert_eq!(connect(&mut discovery(false), Some(others), &birth), None);
    assert_eq!(connect(&mut discovery(false), Some(b"no json"), &birth), None);
    let mut off = discovery(false);
    assert_eq!(off.subscriptions().collect::<Vec<_>>(), [CONFIG]);
    off.hear(NEWS, b"online", false, &birth);
    assert_eq!(off.due(9_000, &birth), None);
}

#[test]
fn what_others_left_on_the_topic_is_replaced_whole() {
    let birth = birth();
    let others = br#"{"origin": {"name": "mine"}, "components": {"x": {"platform": "sensor"}}}"#;
    let message = connect(&mut discovery(true), Some(others), &birth).unwrap();
    assert!(read(&message)["components"].get("x").is_none());
}

#[test]
fn what_is_to_be_removed_is_bounded() {
    let components: serde_json::Map<String, Value> =
        (0..2_000).map(|n| (format!("x{n}_count"), json!({"platform": "sensor"}))).collect();
    let before = json!({"origin": {"name": "Edgewise"}, "components": components}).to_string();
    let message = connect(&mut discovery(true), Some(before.as_bytes()), &birth()).unwrap();
    assert_eq!(read(&message)["components"].as_object().unwrap().len(), MOST_GONE + birth().metrics.len());
}

#[test]
fn an_output_that_obeys_is_a_switch_and_else_a_flag() {
    let birth = birth();
    let flag = announced(&birth);
    let switching = || discovery(true).switching(BTreeSet::from(["door".parse().unwrap()]));
    let switch = connect(&mut switching(), Some(&flag), &birth).unwrap();
    let components = read(&switch)["components"].clone();
    assert_eq!(components["door_flag"], json!({"platform": "binary_sensor"}), "not both");
    let door = &components["door_switch"];
    assert_eq!(door["platform"], "switch");
    assert_eq!(door["default_entity_id"], "switch.roof_1_door_switch");
    assert_eq!(door["command_topic"], "edgewise/Roof-1/command");
    assert_eq!(door["value_template"], "{{ {1: 'ON', 0: 'OFF'}.get(value_json.now.get('door_flag')) }}");
    assert!(door.get("expire_after").is_none(), "switches have no such key");
    assert_eq!(
        door["command_template"],
        "{% set time = as_timestamp(now()) %}{\"version\": 1, \"id\": \"home-assistant-door-{{ time }}\", \
         \"name\": \"set_output\", \"arguments\": {\"door\": {{ 1 if value == 'ON' else 0 }}}, \
         \"expires_ms\": {{ ((time + 30) * 1000) | int }}}"
    );

    let back = connect(&mut discovery(true), Some(&switch), &birth).unwrap();
    assert_eq!(read(&back)["components"]["door_switch"], json!({"platform": "switch"}));
    assert!(read(&back)["components"]["door_flag"]["unique_id"].is_string());
}
