//! A device that is forgotten stays so: over a restart of the hub, and though the broker replays what it kept.

use e2e::{Agent, HubOptions, Listener, Mosquitto, eventually};

use std::cell::Cell;

const ID: &str = "roof";

fn story(options: &HubOptions) {
    let hub = options.start();
    let mut agent = Agent::start(ID, &options.broker());
    hub.await_news(ID);
    let url = format!("{}/api/v1/devices/{ID}", hub.url());
    let delete = || {
        let request = ureq::delete(&url).config().http_status_as_error(false).build();
        request.call().expect("the hub answers").status().as_u16()
    };
    assert_eq!(delete(), 409, "it is online");
    agent.program.terminate();
    hub.await_status(ID, "offline");
    assert_eq!(delete(), 204);
    assert_eq!(hub.status(&format!("/api/v1/devices/{ID}")), Some(404));

    // The broker has nothing of it for who comes new; what it still had would come before our own message.
    eventually("the broker to have forgotten it", || {
        let listener = Listener::start(options.mqtt, "#");
        listener.publish("test/done", false, b"");
        let kept = Cell::new(false);
        listener.await_message("our own message", |message| {
            kept.set(kept.get() || (message.retained && message.topic.contains(ID)));
            message.topic == "test/done"
        });
        (!kept.get()).then_some(())
    });
    drop(hub);
    let hub = options.start();
    let devices = hub.get("/api/v1/devices").expect("the hub tells");
    assert_eq!(devices["devices"].as_array().map(Vec::len), Some(0), "{devices}");

    agent.restart();
    hub.await_news(ID);
    // Events are recorded beside the live values, so the one may come a moment after the other.
    let events = eventually("the event that it is there", || {
        let events = hub.get("/api/v1/events")?["events"].as_array()?.clone();
        (!events.is_empty()).then_some(events)
    });
    assert_eq!(events.len(), 1, "it is new: {events:?}");
}

#[test]
fn with_the_hubs_own_broker_a_forgotten_device_stays_forgotten() {
    story(&HubOptions::embedded());
}

#[test]
fn with_a_broker_that_keeps_messages_a_forgotten_device_stays_forgotten() {
    let mosquitto = Mosquitto::start();
    story(&HubOptions::external(mosquitto.port));
}
