//! What the device publishes, as any subscriber sees it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::process::Process;
use crate::run;

pub(super) type Numbers = BTreeMap<String, f64>;

/// When a message was made.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Stamp {
    pub(super) monotonic_ms: u64,
    pub(super) time_ms: i64,
    pub(super) clock: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Birth {
    pub(super) hostname: String,
    pub(super) model: Option<String>,
    pub(super) arch: String,
    pub(super) metrics: Vec<Metric>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Metric {
    pub(super) name: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct State {
    #[serde(flatten)]
    pub(super) stamp: Stamp,
    pub(super) now: Numbers,
    pub(super) mean: Numbers,
    pub(super) faults: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Summary {
    #[serde(flatten)]
    pub(super) stamp: Stamp,
    pub(super) sequence: u64,
    pub(super) window_ms: u64,
    pub(super) mean: Numbers,
    pub(super) min: Numbers,
    pub(super) max: Numbers,
    pub(super) last: Numbers,
    pub(super) count: BTreeMap<String, u64>,
}

#[derive(Debug)]
pub(super) enum Message {
    Status(String),
    Birth(Box<Birth>),
    State(Box<State>),
    Summary(Box<Summary>),
}

/// A subscriber to everything below the prefix.
pub(super) struct Messages {
    received: Receiver<anyhow::Result<(String, Message)>>,
    _subscriber: Process,
}

impl Messages {
    /// Subscribes by `mosquitto_sub`, whose complaints go to a file in `dir`.
    pub(super) fn subscribe(dir: &Path, port: u16) -> anyhow::Result<Self> {
        let port = port.to_string();
        let arguments = ["-h", "127.0.0.1", "-p", &port, "-t", "edgewise/#", "-F", "%t %p"];
        let mut command = run::command("mosquitto_sub", arguments);
        let (subscriber, output) =
            Process::piped("mosquitto_sub", &mut command, &dir.join("mosquitto_sub.log"))?;
        Ok(Self { received: follow(output), _subscriber: subscriber })
    }

    /// The next message and its device, if one comes in time.
    pub(super) fn next(&self, within: Duration) -> anyhow::Result<Option<(String, Message)>> {
        match self.received.recv_timeout(within) {
            Ok(message) => message.map(Some),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => bail!("mosquitto_sub ended"),
        }
    }
}

fn follow(output: impl Read + Send + 'static) -> Receiver<anyhow::Result<(String, Message)>> {
    let (sender, received) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let message = parse(&line).with_context(|| format!("not as in docs/mqtt.md: {line}")).transpose();
            if message.is_some_and(|message| sender.send(message).is_err()) {
                return;
            }
        }
    });
    received
}

/// `edgewise/DEVICE/CHANNEL PAYLOAD`. Channels that are not looked at give nothing.
fn parse(line: &str) -> anyhow::Result<Option<(String, Message)>> {
    let (topic, payload) = line.split_once(' ').context("no payload")?;
    let mut levels = topic.split('/').skip(1);
    let (device, channel) = (levels.next().context("no device")?, levels.next().context("no channel")?);
    let message = match channel {
        "status" => Message::Status(payload.to_owned()),
        "birth" => Message::Birth(serde_json::from_str(payload)?),
        "state" => Message::State(serde_json::from_str(payload)?),
        "summary" => Message::Summary(serde_json::from_str(payload)?),
        _ => return Ok(None),
    };
    Ok(Some((device.to_owned(), message)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_topic_and_payload() {
        let payload = r#"{"version":1,"boot":"b","monotonic_ms":7,"time_ms":9,"clock":"unsynchronized","now":{"a_percent":1.5},"mean":{},"faults":{"bme280":"absent"}}"#;
        let (device, message) = parse(&format!("edgewise/roof/state {payload}")).unwrap().unwrap();
        let Message::State(state) = message else { panic!("{message:?}") };
        assert_eq!((device.as_str(), state.stamp.monotonic_ms, state.now["a_percent"]), ("roof", 7, 1.5));
        assert_eq!(state.faults["bme280"], "absent");
        assert!(parse("edgewise/roof/ack {}").unwrap().is_none());
        assert!(parse("edgewise/roof/state {}").is_err());
    }
}
