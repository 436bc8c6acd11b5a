//! One message of each channel, from a real agent, a real hub and a real broker between them.

use e2e::{Agent, HubOptions, Listener, Message, Mosquitto, eventually};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    time::{SystemTime, UNIX_EPOCH},
};

/// Few metrics, and a sensor with a fault.
const CONFIG: &str = "
[host]
cpu = false
memory = false
swap = false
network = false
disk = false
disk_io = false
soc = false
power = false
system = false
[[sensor]]
kind = 'bh1750'
bus = '/dev/i2c-199'
[commands]
enabled = ['read_now']
trust_clock = true
";

/// The messages that are JSON, by channel.
pub fn everything() -> BTreeMap<String, Value> {
    let mut mosquitto = Mosquitto::start();
    let broker = format!("mqtt://127.0.0.1:{}", mosquitto.port);
    // Two windows without a broker make a backlog. The agent waits until somebody listens.
    mosquitto.program.terminate();
    let agent = Agent::start_with("roof", &broker, CONFIG);
    std::thread::sleep(std::time::Duration::from_secs(6));
    let signal = |signal| {
        let agent = i32::try_from(agent.program.id()).ok().and_then(Pid::from_raw);
        kill_process(agent.expect("it has an id"), signal).expect("the agent runs");
    };
    signal(Signal::STOP);
    mosquitto.restart();
    let listener = Listener::start(mosquitto.port, "edgewise/roof/#");
    signal(Signal::CONT);

    let mut found = BTreeMap::new();
    let is = |message: &Message, channel: &str| message.topic == format!("edgewise/roof/{channel}");
    let mut await_one = |channel: &str| {
        let message = listener.await_message(channel, |message| is(message, channel));
        found.insert(channel.to_owned(), message.json());
    };
    await_one("birth");
    await_one("backlog");
    await_one("state");
    await_one("summary");
    let options = HubOptions::external(mosquitto.port);
    let _hub = options.start();
    await_one("ack");

    // One that comes just after a sample is refused, which is right but no example.
    for attempt in 1.. {
        let command = command(attempt);
        listener.publish("edgewise/roof/command", false, command.to_string().as_bytes());
        let mut said = |channel: &str| {
            let message = listener.await_message(channel, |message| is(message, channel)).json();
            found.insert(channel.to_owned(), message.clone());
            message
        };
        assert_eq!(said("command"), command);
        let result = said("result");
        if result["outcome"] == "done" {
            break;
        }
        assert!(attempt < 20 && result["message"].to_string().contains("ms ago"), "{result}");
    }
    let status = Listener::start(mosquitto.port, "edgewise/roof/status");
    let status = eventually("a status", || status.pending().pop());
    assert_eq!((status.payload.as_slice(), status.retained), (&b"online"[..], true));

    if let Some(Value::Array(summaries)) = found.get_mut("backlog").map(|backlog| &mut backlog["summaries"]) {
        // One is as good as many, and shorter.
        assert!(summaries.len() > 1);
        summaries.truncate(1);
    }
    if let Some(birth) = found.get_mut("birth") {
        as_on_a_pi(birth);
    }
    found
}

fn command(attempt: u32) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is set");
    let expires_ms = u64::try_from(now.as_millis()).expect("it fits") + 30_000;
    json!({ "version": 1, "id": format!("kitchen-{attempt}"), "name": "read_now", "arguments": {}, "expires_ms": expires_ms })
}

/// What the machine is called is no business of the document's readers.
fn as_on_a_pi(birth: &mut Value) {
    birth["hostname"] = json!("roof");
    birth["model"] = json!("Raspberry Pi 4 Model B Rev 1.4");
    birth["serial"] = json!("10000000abcdef01");
    birth["arch"] = json!("aarch64");
    birth["os"] = json!("Debian GNU/Linux 13 (trixie)");
}
