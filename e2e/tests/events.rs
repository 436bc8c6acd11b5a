//! What happened to devices, over restarts of a real hub with a real broker: nothing twice, nothing invented.

use e2e::{Agent, Hub, HubOptions, Mosquitto, eventually};
use serde_json::Value;

const ID: &str = "roof";

fn events(hub: &Hub) -> Vec<Value> {
    let page = hub.get("/api/v1/events").expect("the hub tells");
    page["events"].as_array().expect("a list").clone()
}

fn kinds(hub: &Hub) -> Vec<String> {
    events(hub).iter().rev().map(|event| event["kind"].as_str().expect("text").to_owned()).collect()
}

fn await_kinds(hub: &Hub, wanted: &[&str]) {
    eventually(&format!("the events {wanted:?}"), || (kinds(hub) == wanted).then_some(()));
}

/// The hub is killed and stopped, the agent goes and comes.
fn story(options: &HubOptions) {
    let mut hub = options.start();
    let agent = Agent::start(ID, &options.broker());
    hub.await_news(ID);
    await_kinds(&hub, &["online"]);
    let told = events(&hub);

    for kill in [true, false] {
        if kill {
            hub.program.kill();
        } else {
            hub.program.terminate();
        }
        hub = options.start();
        hub.await_status(ID, "online");
        hub.await_news(ID);
        assert_eq!(events(&hub), told, "after a restart");
    }
    drop(agent);
    await_kinds(&hub, &["online", "offline"]);
    let told = events(&hub);
    hub.program.kill();
    let hub = options.start();
    let agent = Agent::start(ID, &options.broker());
    hub.await_news(ID);
    await_kinds(&hub, &["online", "offline", "online"]);
    assert_eq!(events(&hub)[1..], told);
    drop(agent);
}

#[test]
fn with_the_hubs_own_broker_a_restart_changes_nothing_of_what_happened() {
    story(&HubOptions::embedded());
}

#[test]
fn with_a_broker_that_replays_what_it_kept_a_restart_changes_nothing_of_what_happened() {
    let mosquitto = Mosquitto::start();
    story(&HubOptions::external(mosquitto.port));
}
