//! A configuration that changes while the agent runs: on a real broker, with the real program.

use e2e::{Agent, HubOptions, Listener, Mosquitto, eventually, stored_sequences};
use serde_json::Value;
use std::fs;

const QUICK: &str = "interval_seconds = 0.2\nwindow_seconds = 2\n";
/// A window that nothing leaves while the test runs, so that what is in it is seen in the first summary.
const LONG: &str = "interval_seconds = 0.2\nwindow_seconds = 14\n";
const ATTIC: &str = "[[sensor]]\nkind = \"bme280\"\nname = \"attic\"\nbus = \"simulated\"\naddress = 0x77\n";

fn measures(birth: &Value, metric: &str) -> bool {
    birth["metrics"].as_array().expect("a birth lists its metrics").iter().any(|one| one["name"] == metric)
}

fn await_birth(listener: &Listener, device: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let topic = format!("edgewise/{device}/birth");
    listener.await_message(what, |message| message.topic == topic && wanted(&message.json())).json()
}

fn await_line(agent: &Agent, needle: &str) {
    eventually(&format!("a line with {needle:?}"), || agent.program.log().contains(needle).then_some(()));
}

#[test]
fn a_sensor_that_is_added_leaves_the_windows_of_the_others_alone() {
    let mosquitto = Mosquitto::start();
    let listener = Listener::start(mosquitto.port, "edgewise/roof/#");
    let agent = Agent::start_by("roof", &format!("mqtt://127.0.0.1:{}", mosquitto.port), LONG);
    let first = await_birth(&listener, "roof", "a birth", |_| true);
    assert!(!measures(&first, "attic_temperature_celsius"));
    let state = |message: &e2e::Message| message.topic == "edgewise/roof/state";
    for _ in 0..10 {
        listener.await_message("a state", state);
    }

    agent.configure(&format!("{LONG}{ATTIC}"));
    let second = await_birth(&listener, "roof", "the new sensor in the birth", |birth| {
        measures(birth, "attic_temperature_celsius")
    });
    assert_eq!(first["boot"], second["boot"], "it is the same run");
    let summary =
        listener.await_message("a summary", |message| message.topic == "edgewise/roof/summary").json();
    assert_eq!((&summary["sequence"], &summary["boot"]), (&Value::from(1), &first["boot"]));
    let count = |metric: &str| summary["count"][metric].as_u64().unwrap_or(0);
    let (old, new) = (count("temperature_celsius"), count("attic_temperature_celsius"));
    // 14 s of samples, of which the new one has those since it is there: at least 10 fewer.
    assert!(new > 0 && old >= new + 10, "{old} {new}");
    let span_ms = summary["window_ms"].as_u64().unwrap();
    assert!(old >= span_ms / 200 - 10, "no window was emptied: {old} samples in {span_ms} ms");
    let log = agent.program.log();
    assert!(log.contains("reloaded (the file changed)"), "{log}");
}

#[test]
fn nothing_is_missing_at_the_hub_over_many_changes() {
    let options = HubOptions::embedded();
    let hub = options.start();
    let agent = Agent::start_by("roof", &options.broker(), QUICK);
    hub.await_news("roof");
    for round in 0..6 {
        let (sensor, window) = (["", ATTIC][round % 2], [2.0, 3.0, 2.5][round % 3]);
        agent.configure(&format!("interval_seconds = 0.2\nwindow_seconds = {window}\n{sensor}"));
        agent.program.hang_up();
        eventually("the reload", || {
            (agent.program.log().matches("reloaded (SIGHUP)").count() > round).then_some(())
        });
        std::thread::sleep(std::time::Duration::from_millis(700));
    }
    eventually("summaries without a hole", || {
        let stored = stored_sequences(&options.store(), "roof");
        let [(_, sequences)] = stored.as_slice() else { return None };
        let whole = sequences.iter().copied().eq(1..=sequences.len() as i64);
        (whole && sequences.len() >= 8).then_some(())
    });
    let ledger = hub.get("/api/v1/devices/roof/ledger").expect("a ledger");
    assert_eq!(ledger["missing_count"], 0, "{ledger}");
}

#[test]
fn a_bad_edit_is_told_line_by_line_and_the_old_goes_on() {
    let mosquitto = Mosquitto::start();
    let listener = Listener::start(mosquitto.port, "edgewise/roof/#");
    let agent = Agent::start_by("roof", &format!("mqtt://127.0.0.1:{}", mosquitto.port), QUICK);
    await_birth(&listener, "roof", "a birth", |_| true);
    agent.configure("interval_seconds = 0.01\nwindow_second = 2\n");
    agent.program.hang_up();
    await_line(&agent, "not reloaded (SIGHUP)");
    let log = agent.program.log();
    for line in [
        "agent.toml:1: interval_seconds: 0.01 cannot be",
        "agent.toml:2: window_second: there is no such key",
    ] {
        assert!(log.contains(line), "{line}: {log}");
    }
    listener.pending();
    for _ in 0..3 {
        listener.await_message("a state", |message| message.topic == "edgewise/roof/state");
    }
    let status = e2e::ask(&agent.socket());
    assert_eq!(status["config"]["problems"].as_array().map(Vec::len), Some(2), "{status}");

    agent.configure(&format!("{QUICK}{ATTIC}"));
    await_birth(&listener, "roof", "a birth of the good one", |birth| {
        measures(birth, "attic_humidity_percent")
    });
    let status = e2e::ask(&agent.socket());
    assert_eq!(status["config"]["problems"].as_array().map(Vec::len), Some(0), "{status}");
}

#[test]
fn another_broker_gets_what_the_first_did_not_acknowledge() {
    let (first, options) = (Mosquitto::start(), HubOptions::embedded());
    let hub = options.start();
    let text = |broker: &str| format!("{QUICK}[mqtt]\nurl = \"{broker}\"\n");
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("agent.toml");
    // Nobody acknowledges there: no hub listens.
    fs::write(&path, text(&format!("mqtt://127.0.0.1:{}", first.port))).unwrap();
    let mut command = std::process::Command::new(e2e::binary("edge-agent"));
    command.args(["--device", "roof", "--simulate", "--config"]).arg(&path);
    command.env("EDGEWISE_SPOOL_ENABLED", "false").env("EDGEWISE_STATUS_ENABLED", "false");
    let listener = Listener::start(first.port, "edgewise/roof/#");
    let agent = e2e::Program::start(&mut command);
    for _ in 0..2 {
        listener.await_message("a summary", |message| message.topic == "edgewise/roof/summary");
    }
    fs::write(&path, text(&options.broker())).unwrap();
    agent.hang_up();
    let offline =
        |message: &e2e::Message| message.topic == "edgewise/roof/status" && message.payload == b"offline";
    listener.await_message("a goodbye to the first broker", offline);
    hub.await_news("roof");
    eventually("all summaries from the first on", || {
        let stored = stored_sequences(&options.store(), "roof");
        let [(_, sequences)] = stored.as_slice() else { return None };
        sequences.starts_with(&[1, 2, 3]).then_some(())
    });
}

#[test]
fn a_removed_sensor_is_gone_from_birth_state_and_home_assistant() {
    let mosquitto = Mosquitto::start();
    let listener = Listener::start(mosquitto.port, "#");
    let agent =
        Agent::start_by("roof", &format!("mqtt://127.0.0.1:{}", mosquitto.port), &format!("{QUICK}{ATTIC}"));
    let discovery = |message: &e2e::Message| message.topic == "homeassistant/device/roof/config";
    let component = |message: &e2e::Message| message.json()["components"]["attic_humidity_percent"].clone();
    let announced = listener.await_message("the announcement", discovery);
    assert!(component(&announced)["unique_id"].is_string());
    agent.configure(QUICK);
    agent.program.hang_up();
    let removed = listener.await_message("the removal", discovery);
    assert_eq!(component(&removed), serde_json::json!({ "platform": "sensor" }));
    let state = listener.await_message("a state", |message| message.topic == "edgewise/roof/state").json();
    assert!(state["now"].get("attic_humidity_percent").is_none(), "{state}");
}
