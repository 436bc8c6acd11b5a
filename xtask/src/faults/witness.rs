//! What a subscriber of the broker saw: `mosquitto_sub`, which knows nothing of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use serde_json::Value;

use super::account::{AckSeen, Key, Source};
use crate::run;

/// What was seen.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Summaries, and how often each.
    pub(super) summaries: BTreeMap<Key, u64>,
    pub(super) acks: BTreeSet<AckSeen>,
    /// Messages that are none of the contract: something is wrong with them, or with this reader.
    pub(super) unreadable: u64,
}

/// A subscriber on this port of the loopback that writes a line for each message and comes back by itself.
pub(super) fn command(port: u16) -> Command {
    let mut command = run::command("mosquitto_sub", ["-h", "127.0.0.1", "-p", &port.to_string()]);
    command.args(["-i", "faults.witness", "-c", "-q", "1", "-k", "10", "-F", "%t %x"]);
    for channel in ["summary", "backlog", "ack"] {
        command.args(["-t", &format!("edgewise/+/{channel}")]);
    }
    command
}

pub(super) fn read(logs: impl Iterator<Item = PathBuf>) -> anyhow::Result<Seen> {
    let mut seen = Seen::default();
    for log in logs {
        let text = read_text(&log)?;
        // The last line may be on its way to the file.
        for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            seen.note(line.trim_end());
        }
    }
    Ok(seen)
}

fn read_text(log: &Path) -> anyhow::Result<String> {
    fs::read_to_string(log).with_context(|| format!("cannot read {}", log.display()))
}

impl Seen {
    /// Takes a line; what the subscriber says of itself begins with no topic of ours.
    fn note(&mut self, line: &str) {
        let Some((topic, payload)) = line.split_once(' ') else { return };
        let Some((device, channel)) = topic.strip_prefix("edgewise/").and_then(|rest| rest.split_once('/'))
        else {
            return;
        };
        let json = bytes(payload).and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        let understood = json.and_then(|json| match channel {
            "summary" => self.summary(device, &json),
            "backlog" => json["summaries"].as_array()?.iter().try_for_each(|one| self.summary(device, one)),
            _ => {
                self.acks.insert(ack(device, &json)?);
                Some(())
            }
        });
        self.unreadable += u64::from(understood.is_none());
    }

    fn summary(&mut self, device: &str, json: &Value) -> Option<()> {
        let key = (source(device, json)?, json["sequence"].as_u64()?);
        *self.summaries.entry(key).or_default() += 1;
        Some(())
    }
}

fn source(device: &str, json: &Value) -> Option<Source> {
    Some(Source { device: device.to_owned(), boot: json["boot"].as_str()?.to_owned() })
}

fn ack(device: &str, json: &Value) -> Option<AckSeen> {
    let range = |range: &Value| Some((range["first"].as_u64()?, range["last"].as_u64()?));
    let missing = json["missing"].as_array()?.iter().map(range).collect::<Option<_>>()?;
    Some(AckSeen { source: source(device, json)?, sequence: json["sequence"].as_u64()?, missing })
}

fn bytes(hexadecimal: &str) -> Option<Vec<u8>> {
    let pair = |at| u8::from_str_radix(hexadecimal.get(at..at + 2)?, 16).ok();
    (0..hexadecimal.len()).step_by(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(topic: &str, payload: &str) -> String {
        let hexadecimal: String = payload.bytes().map(|byte| format!("{byte:02x}")).collect();
        format!("{topic} {hexadecimal}")
    }

    #[test]
    fn summaries_alone_and_in_a_backlog_and_acks_are_read() {
        let mut seen = Seen::default();
        let one = r#"{"boot":"b","sequence":7}"#;
        seen.note(&line("edgewise/roof/summary", one));
        seen.note(&line(
            "edgewise/roof/backlog",
            &format!(r#"{{"summaries":[{{"boot":"a","sequence":2}},{one}]}}"#),
        ));
        seen.note(&line(
            "edgewise/roof/ack",
            r#"{"boot":"b","sequence":9,"missing":[{"first":3,"last":4}]}"#,
        ));
        seen.note("Error: Connection refused");
        let source = |boot: &str| Source { device: "roof".into(), boot: boot.into() };
        assert_eq!(seen.summaries, BTreeMap::from([((source("a"), 2), 1), ((source("b"), 7), 2)]));
        let ack = AckSeen { source: source("b"), sequence: 9, missing: vec![(3, 4)] };
        assert_eq!(seen.acks, BTreeSet::from([ack]));
        assert_eq!(seen.unreadable, 0);
        seen.note(&line("edgewise/roof/summary", "{}"));
        seen.note("edgewise/roof/ack 7b2");
        assert_eq!(seen.unreadable, 2);
    }
}
