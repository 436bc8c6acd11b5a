//! Who takes part: an agent with a relay, and an owner who commands it.

use e2e::{Mosquitto, PATIENCE, Program, binary, eventually};
use rumqttc::{Client, Event, MqttOptions, Packet, QoS};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::{
    cell::RefCell,
    fs,
    process::Command,
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tempfile::TempDir;

pub(crate) const RESULT: &str = "edgewise/roof/result";
/// A relay, and on the same line a counter of how often it was switched on.
pub(crate) const PINS: &str = "
[[output]]
role = 'relay'
name = 'pump'
pin = 'simulated:4'
[[sensor]]
kind = 'pulse_counter'
name = 'switched'
pin = 'simulated:4'
pull = 'down'
debounce_milliseconds = 0
";
pub(crate) const ALL: &str = "
[commands]
enabled = ['identify', 'set_output', 'set_interval', 'read_now', 'restart']
trust_clock = true
";

pub(crate) struct Agent {
    pub(crate) program: Program,
    _config: TempDir,
}

impl Agent {
    pub(crate) fn start(mosquitto: &Mosquitto, interval_seconds: f64, more: &str) -> Self {
        let config = tempfile::tempdir().expect("room in /tmp");
        let path = config.path().join("agent.toml");
        let host = "[host]\nnetwork = false\ndisk = false\n";
        let text = format!("interval_seconds = {interval_seconds}\n{host}{PINS}{more}");
        fs::write(&path, text).expect("room in /tmp");
        let broker = format!("mqtt://127.0.0.1:{}", mosquitto.port);
        let mut command = Command::new(binary("edge-agent"));
        command.args(["--hub", &broker, "--device", "roof", "--config"]).arg(path);
        command.env("EDGEWISE_SPOOL_DIRECTORY", config.path().join("spool"));
        Self { program: Program::start(&mut command), _config: config }
    }

    pub(crate) fn await_log(&self, what: &str) {
        eventually(what, || self.program.log().contains(what).then_some(()));
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.program.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits until it listens: it subscribes before it says that it is online.
    pub(crate) fn await_subscription(&self, owner: &Owner) {
        owner.await_message("edgewise/roof/status", |_, text| text == "online");
    }
}

/// Somebody who commands, and hears what comes of it.
pub(crate) struct Owner {
    pub(crate) client: Client,
    pub(crate) heard: Receiver<(String, String)>,
    /// Results that came while something else was waited for.
    results: RefCell<Vec<Value>>,
}

impl Owner {
    pub(crate) fn connect(mosquitto: &Mosquitto) -> Self {
        let mut options = MqttOptions::new("owner", "127.0.0.1", mosquitto.port);
        options.set_clean_session(false).set_max_packet_size(1 << 20, 1 << 20);
        let (client, mut connection) = Client::new(options, 1_000);
        let (sender, heard) = channel();
        client.subscribe("edgewise/roof/#", QoS::AtLeastOnce).unwrap();
        thread::spawn(move || {
            for event in connection.iter() {
                match event {
                    Ok(Event::Incoming(Packet::Publish(message))) => {
                        let text = String::from_utf8_lossy(&message.payload).into_owned();
                        if sender.send((message.topic, text)).is_err() {
                            return;
                        }
                    }
                    Ok(_) => {}
                    // A broker that is started again is back soon.
                    Err(_) => thread::sleep(Duration::from_millis(100)),
                }
            }
        });
        Self { client, heard, results: RefCell::default() }
    }

    pub(crate) fn publish(&self, payload: impl Into<Vec<u8>>, retain: bool) {
        self.client.publish("edgewise/roof/command", QoS::AtLeastOnce, retain, payload).unwrap();
    }

    pub(crate) fn command(&self, id: &str, name: &str, arguments: &Value) {
        self.publish(command(id, name, arguments), false);
    }

    /// Waits for a message on a topic that `wanted` accepts.
    pub(crate) fn await_message(&self, topic: &str, wanted: impl Fn(&Value, &str) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let (heard, text) =
                self.heard.recv_timeout(left).unwrap_or_else(|_| panic!("in vain on {topic}"));
            let value = serde_json::from_str(&text).unwrap_or(Value::Null);
            if heard == topic && wanted(&value, &text) {
                return value;
            }
            if heard == RESULT {
                self.results.borrow_mut().push(value);
            }
        }
    }

    pub(crate) fn result(&self, id: &str) -> (String, String) {
        let known = self.results.borrow().iter().position(|result| result["id"] == id);
        let result = match known {
            Some(place) => self.results.borrow_mut().remove(place),
            None => self.await_message(RESULT, |result, _| result["id"] == id),
        };
        let text = |key: &str| result[key].as_str().expect("a text").to_owned();
        (text("outcome"), text("message"))
    }

    pub(crate) fn refused(&self, id: &str, reason: &str) {
        let (outcome, message) = self.result(id);
        assert_eq!(outcome, "refused", "{id}: {message}");
        assert!(message.contains(reason), "{id}: {message}");
    }

    /// The latest state, and nothing from before the call.
    pub(crate) fn state(&self) -> Value {
        while let Ok((topic, text)) = self.heard.try_recv() {
            if topic == RESULT {
                self.results.borrow_mut().push(serde_json::from_str(&text).expect("a result is JSON"));
            }
        }
        self.await_message("edgewise/roof/state", |_, _| true)
    }

    /// Results of an id within a time.
    pub(crate) fn results_within(&self, id: &str, time: Duration) -> Vec<String> {
        let (deadline, mut results) = (Instant::now() + time, Vec::new());
        while let Ok((topic, text)) =
            self.heard.recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            let value: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
            if topic == RESULT && value["id"] == id {
                results.push(value["outcome"].as_str().expect("a text").to_owned());
            }
        }
        results
    }
}

pub(crate) fn now_ms() -> i64 {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(passed.as_millis()).expect("before the end of time")
}

pub(crate) fn command(id: &str, name: &str, arguments: &Value) -> Vec<u8> {
    let expires_ms = now_ms() + 60_000;
    let command =
        json!({ "version": 1, "id": id, "name": name, "arguments": arguments, "expires_ms": expires_ms });
    command.to_string().into_bytes()
}
