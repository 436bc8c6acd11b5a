//! The whole path on real parts: sensors of this machine, agent, broker, hub, API and stream. Each case
//! runs with the hub's own broker and with a real mosquitto.

use e2e::{Agent, Hub, HubOptions, Mosquitto, eventually, stored_sequences};
use serde_json::Value;
use std::{
    io::Write,
    process::{Command, Stdio},
    time::Duration,
};

/// A broker and a hub that uses it.
struct Stage {
    hub: Hub,
    options: HubOptions,
    mosquitto: Option<Mosquitto>,
}

impl Stage {
    fn embedded() -> Self {
        let options = HubOptions::embedded();
        Self { hub: options.start(), options, mosquitto: None }
    }

    fn mosquitto() -> Self {
        let mosquitto = Mosquitto::start();
        let options = HubOptions::external(mosquitto.port);
        Self { hub: options.start(), options, mosquitto: Some(mosquitto) }
    }

    fn agent(&self, device: &str) -> Agent {
        Agent::start(device, &self.options.broker())
    }

    fn restart_hub(&mut self) {
        self.hub.program.kill();
        self.hub = self.options.start();
    }
}

macro_rules! with_both_brokers {
    ($($case:ident),* $(,)?) => {
        mod embedded {
            $(#[test] fn $case() { super::$case(&mut super::Stage::embedded()); })*
        }
        mod mosquitto {
            $(#[test] fn $case() { super::$case(&mut super::Stage::mosquitto()); })*
        }
    };
}

with_both_brokers!(
    a_reading_arrives_at_rest_and_stream,
    a_killed_agent_is_offline_and_a_new_one_online,
    a_clean_exit_says_offline_itself,
    a_killed_hub_heals_and_still_knows_the_state,
    a_hub_that_is_stopped_and_started_knows_the_latest_of_who_was_online,
    summaries_are_stored_once_each_through_kills,
);

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn a_reading_arrives_at_rest_and_stream(stage: &mut Stage) {
    let stream = stage.hub.stream();
    let _agent = stage.agent("roof");

    let event = stream.await_event("state", |event| event["device"] == "roof");
    let temperature = number(&event["state"]["now"]["temperature_celsius"]);
    assert!((-40.0..=85.0).contains(&temperature), "{temperature}");

    let device = stage.hub.await_news("roof");
    assert_eq!(device["status"], "online");
    let mean = &device["state"]["mean"];
    assert!((0.0..=100.0).contains(&number(&mean["memory_cache_percent"])));
    assert!((0.0..=100.0).contains(&number(&mean["network_egress_percent"])));
    assert!((300.0..=1100.0).contains(&number(&mean["pressure_hectopascal"])));
    let names = |device: &Value| -> Vec<String> {
        let metrics = device["birth"]["metrics"].as_array().expect("a birth lists its metrics");
        metrics.iter().map(|m| m["name"].as_str().expect("each has a name").to_owned()).collect()
    };
    for measured in mean.as_object().expect("a map").keys() {
        assert!(names(&device).contains(measured), "{measured} is described in the birth");
    }
    let cpus = names(&device).iter().filter(|n| n.starts_with("cpu") && *n != "cpu_percent").count();
    assert_eq!(cpus, std::thread::available_parallelism().unwrap().get());

    let path = "/api/v1/devices/roof/history?metric=temperature_celsius";
    let points = eventually("two minutes of history", || {
        let history = stage.hub.get(path)?;
        history["series"][0]["points"].as_array().filter(|points| points.len() >= 2).cloned()
    });
    for point in points {
        let [min, mean, max] = ["min", "mean", "max"].map(|figure| number(&point[figure]));
        assert!(min <= mean && mean <= max && number(&point["count"]) >= 1.0, "{point}");
    }
}

fn a_killed_agent_is_offline_and_a_new_one_online(stage: &mut Stage) {
    let mut agent = stage.agent("roof");
    stage.hub.await_news("roof");
    agent.program.kill();
    stage.hub.await_status("roof", "offline");
    let _agent = stage.agent("roof");
    stage.hub.await_status("roof", "online");
    stage.hub.await_news("roof");
}

fn a_clean_exit_says_offline_itself(stage: &mut Stage) {
    let mut agent = stage.agent("roof");
    stage.hub.await_news("roof");
    assert_eq!(agent.program.terminate().code(), Some(0));
    assert!(agent.program.log().contains("said goodbye"), "{}", agent.program.log());
    stage.hub.await_status("roof", "offline");
}

fn a_killed_hub_heals_and_still_knows_the_state(stage: &mut Stage) {
    let mut away = stage.agent("away");
    let _agent = stage.agent("roof");
    stage.hub.await_news("roof");
    stage.hub.await_news("away");
    away.program.terminate();
    stage.hub.await_status("away", "offline");
    // Going offline is saved within ten seconds, and the latest values with it.
    std::thread::sleep(Duration::from_secs(12));

    stage.restart_hub();
    let device = stage.hub.device("away").expect("a hub knows its devices after a restart");
    assert!(device["state"]["now"]["temperature_celsius"].is_number(), "{device}");
    assert!(device["birth"]["hostname"].is_string(), "{device}");
    assert_eq!(device["status"], "offline");
    stage.hub.await_news("roof");
    stage.hub.await_status("roof", "online");
}

fn summaries_are_stored_once_each_through_kills(stage: &mut Stage) {
    let mut agent = stage.agent("roof");
    let stored = |stage: &Stage| stored_sequences(&stage.options.store(), "roof");
    let count = |stage: &Stage| stored(stage).iter().map(|(_, sequences)| sequences.len()).sum::<usize>();
    for _ in 0..2 {
        let before = count(stage);
        eventually("more summaries", || (count(stage) >= before + 2).then_some(()));
        stage.restart_hub();
    }
    if let Some(mosquitto) = &mut stage.mosquitto {
        mosquitto.restart();
    }
    let before = count(stage);
    eventually("summaries after the last restart", || (count(stage) >= before + 2).then_some(()));
    agent.program.terminate();

    let boots = eventually("a store without holes", || {
        let boots = stored(stage);
        let whole = |sequences: &Vec<i64>| sequences.iter().copied().eq(1..=sequences.len() as i64);
        boots.iter().all(|(_, sequences)| whole(sequences)).then_some(boots)
    });
    assert_eq!(boots.len(), 1, "one run of the agent: {boots:?}");
}

fn a_hub_that_is_stopped_and_started_knows_the_latest_of_who_was_online(stage: &mut Stage) {
    let mut agent = stage.agent("roof");
    stage.hub.await_news("roof");
    stage.hub.program.terminate();
    agent.program.kill();
    stage.hub = stage.options.start();
    let device = stage.hub.device("roof").expect("a hub knows its devices after a restart");
    assert!(device["state"]["now"]["temperature_celsius"].is_number(), "{device}");
    stage.hub.await_status("roof", "offline");
}

#[test]
fn a_message_too_large_for_an_agent_does_not_keep_it_away() {
    let stage = Stage::mosquitto();
    let agent = stage.agent("roof");
    stage.hub.await_news("roof");
    let port = stage.options.mqtt.to_string();
    let mut publish = Command::new("mosquitto_pub");
    publish.args(["-p", &port, "-q", "1", "-t", "edgewise/roof/ack", "-s"]).stdin(Stdio::piped());
    let mut publish = publish.spawn().expect("mosquitto-clients is installed");
    publish.stdin.take().expect("it is piped").write_all(&vec![b' '; 2 << 20]).unwrap();
    assert!(publish.wait().unwrap().success());

    eventually("the agent to come back", || {
        (agent.program.log().matches("INFO connected").count() >= 2).then_some(())
    });
    stage.hub.await_news("roof");
    // Were it sent again, it would be within the moment of the connect.
    std::thread::sleep(Duration::from_secs(2));
    let losses = agent.program.log().matches("not connected").count();
    assert_eq!(losses, 1, "the message does not come again: {}", agent.program.log());
}

#[test]
fn a_restarted_mosquitto_heals() {
    let mut stage = Stage::mosquitto();
    let _agent = stage.agent("roof");
    stage.hub.await_news("roof");
    stage.mosquitto.as_mut().expect("it has one").restart();
    stage.hub.await_news("roof");
    stage.hub.await_status("roof", "online");
}
