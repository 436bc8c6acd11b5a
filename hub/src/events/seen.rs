//! What the log last knew of a device, and what is news against it.

use super::{Event, Kind, word_of};
use crate::ingest::decode::{Body, Message};
use protocol::{Birth, BootId, DeviceId, Fault, SensorId, Stamp, State, Status};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Longest subject or detail, in characters: both may be a device's own text.
const MAX_TEXT: usize = 200;

/// What the log last knew of a device. Kept as JSON beside the events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its status.
    pub status: Option<Status>,
    /// The kernel's id of the machine's start.
    machine_boot: Option<String>,
    /// Its sensors in fault.
    #[serde(default)]
    faults: BTreeMap<SensorId, Fault>,
    /// Boot and monotonic time of the state that changed the faults last: a broker may have kept an older one.
    faults_of: Option<(BootId, u64)>,
}

impl Seen {
    /// Learns from a message, and tells what is news. Equal messages are news once.
    pub fn learn(&mut self, message: &Message, received_ms: i64) -> Vec<Event> {
        let news = match &message.body {
            Body::Status(status) => self.status(*status).into_iter().collect(),
            Body::Birth(birth, _) => self.birth(birth).into_iter().collect(),
            Body::State(state, _) => self.state(state),
            Body::Result(result) if !message.retained => {
                let outcome = word_of(result.outcome);
                let detail = match result.message.as_str() {
                    "" => outcome.to_owned(),
                    message => format!("{outcome}: {message}"),
                };
                vec![(Kind::Command, Some(result.id.clone()), detail)]
            }
            Body::Result(_) | Body::Summaries(_) => Vec::new(),
        };
        let event = |(kind, subject, detail): News| Event {
            time_ms: received_ms,
            device: message.device.clone(),
            kind,
            subject: subject.map(|text| short(&text)),
            detail: short(&detail),
            late: message.retained,
        };
        news.into_iter().map(event).collect()
    }

    /// The device is still away some time after the hub's start, which it did not tell itself.
    pub fn stayed_away(&mut self, device: &DeviceId, now_ms: i64) -> Option<Event> {
        let (kind, subject, detail) = self.status(Status::Offline)?;
        Some(Event { time_ms: now_ms, device: device.clone(), kind, subject, detail, late: true })
    }

    fn status(&mut self, status: Status) -> Option<News> {
        let before = self.status.replace(status);
        match (before, status) {
            (Some(Status::Offline) | None, Status::Online) => Some((Kind::Online, None, String::new())),
            (Some(Status::Online), Status::Offline) => Some((Kind::Offline, None, String::new())),
            // A device that the hub has never known otherwise.
            (None, Status::Offline) | (Some(Status::Online), Status::Online) => None,
            (Some(Status::Offline), Status::Offline) => None,
        }
    }

    fn birth(&mut self, birth: &Birth) -> Option<News> {
        // A sensor that is no longer configured has not recovered.
        let sensors: BTreeSet<&SensorId> = birth.metrics.iter().map(|metric| &metric.sensor).collect();
        self.faults.retain(|sensor, _| sensors.contains(sensor));
        let boot = &birth.machine_boot;
        if self.machine_boot.as_ref() == Some(boot) {
            return None;
        }
        let before = self.machine_boot.replace(boot.clone());
        before.map(|_| (Kind::Reboot, None, format!("up for {} s", birth.stamp.monotonic_ms / 1000)))
    }

    fn state(&mut self, state: &State) -> Vec<News> {
        let Stamp { boot, monotonic_ms, .. } = &state.stamp;
        let is_older = |(known, at): &(BootId, u64)| known == boot && monotonic_ms < at;
        if state.faults == self.faults || self.faults_of.as_ref().is_some_and(is_older) {
            return Vec::new();
        }
        let mut news = Vec::new();
        for (sensor, fault) in &state.faults {
            if self.faults.get(sensor) != Some(fault) {
                news.push((Kind::Fault, Some(sensor.to_string()), fault.to_string()));
            }
        }
        for (sensor, fault) in &self.faults {
            if !state.faults.contains_key(sensor) {
                news.push((Kind::Recovered, Some(sensor.to_string()), format!("was {fault}")));
            }
        }
        self.faults = state.faults.clone();
        self.faults_of = Some((boot.clone(), *monotonic_ms));
        news
    }
}

/// Kind, subject and detail.
type News = (Kind, Option<String>, String);

/// A device's text on one line: shortened, and without control characters.
fn short(text: &str) -> String {
    text.chars().take(MAX_TEXT).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::decode::{Decoded, Decoder};
    use crate::mqtt::Incoming;
    use protocol::{Outcome, Prefix};
    use serde_json::json;

    fn message(channel: &str, payload: String, retained: bool) -> Message {
        let topic = format!("edgewise/roof/{channel}");
        let incoming = Incoming { topic, payload: payload.into(), retained };
        match Decoder::new(Prefix::default()).decode(&incoming) {
            Decoded::Message(message, refused) if refused.is_empty() => message,
            other => panic!("{other:?}"),
        }
    }

    fn birth(machine_boot: &str, sensors: &[&str]) -> Message {
        let metric = |s: &&str| json!({"name": format!("{s}_percent"), "unit": "percent", "sensor": s, "label": s, "kind": "gauge"});
        let birth = json!({
            "version": 1, "boot": "b1", "monotonic_ms": 90_000, "time_ms": 1, "clock": "synchronized",
            "machine_boot": machine_boot, "agent_version": "0", "hostname": "roof", "os": "o", "arch": "a",
            "interval_ms": 5000, "window_ms": 60000, "metrics": sensors.iter().map(metric).collect::<Vec<_>>(),
        });
        message("birth", birth.to_string(), false)
    }

    fn state(monotonic_ms: u64, faults: &serde_json::Value) -> Message {
        let state = json!({
            "version": 1, "boot": "b1", "monotonic_ms": monotonic_ms, "time_ms": 1, "clock": "synchronized",
            "now": {}, "mean": {}, "faults": faults,
        });
        message("state", state.to_string(), false)
    }

    /// Kind, subject and detail of the news in a message.
    fn news(seen: &mut Seen, message: &Message) -> Vec<(Kind, String, String)> {
        let events = seen.learn(message, 7);
        assert!(events.iter().all(|e| e.time_ms == 7 && e.late == message.retained));
        events.into_iter().map(|e| (e.kind, e.subject.unwrap_or_default(), e.detail)).collect()
    }

    fn kinds(seen: &mut Seen, message: &Message) -> Vec<Kind> {
        news(seen, message).into_iter().map(|(kind, ..)| kind).collect()
    }

    #[test]
    fn a_status_is_news_when_it_changes() {
        let mut seen = Seen::default();
        let say = |word: &str, retained| message("status", word.to_owned(), retained);
        assert_eq!(kinds(&mut seen, &say("offline", true)), [], "it was never known otherwise");
        assert_eq!(kinds(&mut seen, &say("online", false)), [Kind::Online]);
        assert_eq!(kinds(&mut seen, &say("online", true)), []);
        assert_eq!(kinds(&mut seen, &say("offline", true)), [Kind::Offline]);
        assert_eq!(kinds(&mut seen, &say("offline", false)), []);
        assert_eq!(kinds(&mut Seen::default(), &say("online", true)), [Kind::Online]);
    }

    #[test]
    fn only_another_start_of_the_machine_is_a_reboot() {
        let mut seen = Seen::default();
        assert_eq!(news(&mut seen, &birth("m1", &["a"])), [], "the first one is not known to follow another");
        assert_eq!(news(&mut seen, &birth("m1", &["a"])), []);
        let reboot = (Kind::Reboot, String::new(), "up for 90 s".to_owned());
        assert_eq!(news(&mut seen, &birth("m2", &["a"])), [reboot]);
    }

    #[test]
    fn a_fault_its_change_and_its_end_are_news_once() {
        let mut seen = Seen::default();
        let fault = |s: &str, d: &str| (Kind::Fault, s.to_owned(), d.to_owned());
        assert_eq!(news(&mut seen, &state(1, &json!({"a": "no_answer"}))), [fault("a", "no answer")]);
        assert_eq!(news(&mut seen, &state(2, &json!({"a": "no_answer"}))), []);
        let both = state(3, &json!({"a": "stuck", "b": "absent"}));
        assert_eq!(news(&mut seen, &both), [fault("a", "stuck"), fault("b", "absent")]);
        let recovered = (Kind::Recovered, "a".to_owned(), "was stuck".to_owned());
        assert_eq!(news(&mut seen, &state(4, &json!({"b": "absent"}))), [recovered]);
        assert_eq!(
            news(&mut seen, &state(2, &json!({"a": "no_answer"}))),
            [],
            "a broker had kept an old one"
        );
    }

    #[test]
    fn a_sensor_that_is_configured_no_more_has_not_recovered() {
        let mut seen = Seen::default();
        seen.learn(&state(1, &json!({"a": "absent", "b": "absent"})), 7);
        seen.learn(&birth("m1", &["b"]), 7);
        assert_eq!(kinds(&mut seen, &state(2, &json!({}))), [Kind::Recovered]);
    }

    #[test]
    fn what_became_of_a_command_is_told_on_one_short_line() {
        let mut seen = Seen::default();
        let result = |text: &str, retained| {
            let result = json!({"version": 1, "id": "k-1", "outcome": "refused", "message": text});
            message("result", result.to_string(), retained)
        };
        let told = |detail: &str| [(Kind::Command, "k-1".to_owned(), detail.to_owned())];
        assert_eq!(news(&mut seen, &result("", false)), told("refused"));
        assert_eq!(news(&mut seen, &result("not\nenabled", false)), told("refused: not enabled"));
        assert_eq!(news(&mut seen, &result(&"x".repeat(5000), false))[0].2.len(), MAX_TEXT);
        let event = &seen.learn(&result("expired 3.0 s ago: late", false), 7)[0];
        assert_eq!(event.outcome(), Some(Outcome::Refused));
        let fault = Event { kind: Kind::Fault, ..event.clone() };
        assert_eq!(fault.outcome(), None);
        assert_eq!(news(&mut seen, &result("", true)), [], "a result is never retained by an agent");
    }

    #[test]
    fn who_stays_away_after_the_hubs_start_is_told_once_and_as_late() {
        let roof = "roof".parse().unwrap();
        let mut seen = Seen { status: Some(Status::Online), ..Seen::default() };
        let event = seen.stayed_away(&roof, 9).unwrap();
        assert!(event.kind == Kind::Offline && event.late && event.time_ms == 9, "{event:?}");
        assert_eq!(seen.stayed_away(&roof, 10), None);
    }
}
