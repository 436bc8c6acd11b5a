//! What Home Assistant is told, by a real agent through real brokers. What it makes of it:
//! `cargo xtask test home-assistant`.

use e2e::{Agent, Hub, HubOptions, Listener, Message, Mosquitto, eventually};
use serde_json::{Value, json};
use std::time::Duration;

const CONFIG: &str = "homeassistant/device/roof/config";
/// A second sensor, which some agents have and others have not.
const OUTDOOR: &str = "[[sensor]]\nkind = 'bme280'\nname = 'outdoor'\nbus = 'simulated'\naddress = 0x77\n";
/// Long enough for a message that must not come: the agent waits 2 s for what the broker has kept.
const SILENCE: Duration = Duration::from_secs(4);

/// A broker, and what keeps it alive.
struct Broker {
    port: u16,
    _hub: Option<(Hub, HubOptions)>,
    mosquitto: Option<Mosquitto>,
}

impl Broker {
    fn embedded() -> Self {
        let options = HubOptions::embedded();
        Self { port: options.mqtt, _hub: Some((options.start(), options)), mosquitto: None }
    }

    fn mosquitto() -> Self {
        let mosquitto = Mosquitto::start();
        Self { port: mosquitto.port, _hub: None, mosquitto: Some(mosquitto) }
    }

    fn agent(&self, config: &str) -> Agent {
        Agent::start_with("roof", &format!("mqtt://127.0.0.1:{}", self.port), config)
    }

    fn listener(&self) -> Listener {
        Listener::start(self.port, "homeassistant/#")
    }

    /// What the broker has kept on the device's topic, once there is something.
    fn kept(&self) -> Value {
        eventually("a retained announcement", || {
            let listener = self.listener();
            std::thread::sleep(Duration::from_millis(300));
            listener.pending().into_iter().find(|message| message.topic == CONFIG)
        })
        .json()
    }
}

fn announcement(listener: &Listener) -> Message {
    listener.await_message("an announcement", |message| message.topic == CONFIG)
}

macro_rules! with_both_brokers {
    ($($case:ident),* $(,)?) => {
        mod embedded {
            $(#[test] fn $case() { super::$case(&super::Broker::embedded()); })*
        }
        mod mosquitto {
            $(#[test] fn $case() { super::$case(&super::Broker::mosquitto()); })*
        }
    };
}

with_both_brokers!(
    every_metric_is_a_component_and_the_broker_keeps_the_message,
    a_removed_sensor_is_removed_and_forgotten_once_home_assistant_has_started,
    a_restart_that_changes_nothing_sends_nothing,
    turned_off_the_announcement_is_taken_back,
);

fn every_metric_is_a_component_and_the_broker_keeps_the_message(broker: &Broker) {
    let births = Listener::start(broker.port, "edgewise/+/birth");
    let _agent = broker.agent("");
    let message = broker.kept();
    let birth = births.await_message("a birth", |_| true).json();
    let components = message["components"].as_object().unwrap();
    let metrics = birth["metrics"].as_array().unwrap();
    assert_eq!(components.len(), metrics.len());
    for metric in metrics {
        let component = &components[metric["name"].as_str().unwrap()];
        assert_eq!(component["name"], metric["label"]);
        assert!(component["unique_id"].is_string() && component["platform"].is_string(), "{component}");
    }
    assert_eq!(message["device"]["identifiers"], json!(["edgewise_roof"]));
    let temperature = &components["temperature_celsius"];
    assert!(temperature.get("entity_category").is_none(), "{temperature}");
    assert_eq!(components["cpu_percent"]["entity_category"], "diagnostic");
}

fn a_removed_sensor_is_removed_and_forgotten_once_home_assistant_has_started(broker: &Broker) {
    let mut agent = broker.agent(OUTDOOR);
    let with = broker.kept();
    assert_eq!(with["components"]["outdoor_temperature_celsius"]["platform"], "sensor");
    agent.program.terminate();

    let listener = broker.listener();
    announcement(&listener);
    let _agent = broker.agent("");
    let removing = announcement(&listener).json();
    for gone in ["temperature_celsius", "humidity_percent", "pressure_hectopascal"] {
        let gone = &removing["components"][format!("outdoor_{gone}")];
        assert_eq!(*gone, json!({"platform": "sensor"}));
    }
    assert_eq!(broker.kept(), removing, "kept for a Home Assistant that is away");

    listener.publish("homeassistant/status", false, b"online");
    let clean = announcement(&listener).json();
    assert!(clean["components"].get("outdoor_temperature_celsius").is_none());
    assert_eq!(clean["components"]["temperature_celsius"]["platform"], "sensor");
}

fn a_restart_that_changes_nothing_sends_nothing(broker: &Broker) {
    let mut agent = broker.agent("");
    broker.kept();
    agent.program.terminate();
    let listener = broker.listener();
    assert!(announcement(&listener).retained);
    let agent = broker.agent("");
    eventually("a connection", || agent.program.log().contains("INFO connected").then_some(()));
    std::thread::sleep(SILENCE);
    assert_eq!(listener.pending(), []);
    listener.publish("homeassistant/status", false, b"online");
    announcement(&listener);
}

fn turned_off_the_announcement_is_taken_back(broker: &Broker) {
    let mut agent = broker.agent("");
    broker.kept();
    agent.program.terminate();
    let listener = broker.listener();
    announcement(&listener);
    let _agent = broker.agent("[home_assistant]\nenabled = false\n");
    assert_eq!(announcement(&listener).payload, b"");
    let listener = broker.listener();
    std::thread::sleep(SILENCE);
    assert_eq!(listener.pending(), [], "nothing is kept, and nothing follows");
}

#[test]
fn what_somebody_else_left_on_the_topic_stays_when_discovery_is_off() {
    let broker = Broker::mosquitto();
    let listener = broker.listener();
    let mine = br#"{"device":{"identifiers":["x"]},"origin":{"name":"mine"},"components":{}}"#;
    listener.publish(CONFIG, true, mine);
    announcement(&listener);
    let agent = broker.agent("[home_assistant]\nenabled = false\n");
    eventually("a connection", || agent.program.log().contains("INFO connected").then_some(()));
    std::thread::sleep(SILENCE);
    assert_eq!(listener.pending(), []);
}

#[test]
fn the_prefix_can_be_another() {
    let broker = Broker::mosquitto();
    let listener = Listener::start(broker.port, "home/ha/#");
    let _agent =
        broker.agent("[home_assistant]\ndiscovery_prefix = 'home/ha'\nstatus_topic = 'home/ha/status'\n");
    let first = listener.await_message("an announcement", |_| true);
    assert_eq!(first.topic, "home/ha/device/roof/config");
    listener.publish("home/ha/status", false, b"online");
    let again = listener.await_message("it again", |message| message.topic == first.topic);
    assert_eq!(again.payload, first.payload);
}

#[test]
fn a_broker_that_forgot_is_told_again() {
    let mut broker = Broker::mosquitto();
    let _agent = broker.agent("");
    broker.kept();
    let mosquitto = broker.mosquitto.as_mut().unwrap();
    mosquitto.restart_empty();
    broker.kept();
}
