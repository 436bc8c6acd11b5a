//! The log of events, read past the hub. What is promised: each change is there once. So changes of one thing alternate,
//! the last one is how it ended, and the log knows it.

use std::collections::BTreeMap;

use serde_json::Value;

/// Whose, what happened, and to what of it; `NULL` as an empty text.
pub(super) const EVENTS: &str =
    "SELECT device, kind, coalesce(subject, ''), replace(detail, '|', ' ') FROM events ORDER BY id";
/// What the log believes of each device.
pub(super) const MARKS: &str = "SELECT device, seen FROM event_marks";

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) device: String,
    pub(super) kind: String,
    pub(super) subject: String,
    pub(super) detail: String,
}

/// What the store says of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Log {
    /// In the order in which they were written.
    pub(super) events: Vec<Event>,
    /// The status that the log last knew of each device.
    pub(super) marks: BTreeMap<String, String>,
}

impl Log {
    /// Of the lines that the two statements give.
    pub(super) fn read(events: &[String], marks: &[String]) -> Option<Self> {
        let event = |line: &String| {
            let [device, kind, subject, detail] =
                line.split('|').map(str::to_owned).collect::<Vec<_>>().try_into().ok()?;
            Some(Event { device, kind, subject, detail })
        };
        let mark = |line: &String| {
            let (device, seen) = line.split_once('|')?;
            let seen: Value = serde_json::from_str(seen).ok()?;
            Some((device.to_owned(), seen["status"].as_str().unwrap_or_default().to_owned()))
        };
        Some(Self {
            events: events.iter().map(event).collect::<Option<_>>()?,
            marks: marks.iter().map(mark).collect::<Option<_>>()?,
        })
    }

    /// What is not as promised, a line each; all devices came and have said goodbye at least so often.
    pub(super) fn complaints(&self, devices: &[String], goodbyes: usize) -> Vec<String> {
        let mut told = Vec::new();
        let mut last: BTreeMap<(&str, &str), &Event> = BTreeMap::new();
        for event in &self.events {
            let Event { device, kind, subject, detail } = event;
            let before = last.insert((device, subject), event);
            let is_again = before.is_some_and(|before| before.kind == *kind && before.detail == *detail);
            if is_again {
                told.push(format!(
                    "event {kind} {subject} of {device} twice in a row: one is doubled, or one lost"
                ));
            }
            if before.is_none() && (kind == "offline" || kind == "recovered") {
                told.push(format!("the first event {subject} of {device} is {kind}: the one before is lost"));
            }
            if kind == "reboot" {
                told.push(format!("a reboot of {device}, and nobody started this machine anew"));
            }
        }
        for device in devices {
            let is_goodbye = |event: &&Event| event.device == *device && event.kind == "offline";
            let number = self.events.iter().filter(is_goodbye).count();
            if number < goodbyes {
                told.push(format!("{device} said goodbye {goodbyes} times at least, the log has {number}"));
            }
            let kind = last.get(&(device.as_str(), "")).map_or("none", |event| event.kind.as_str());
            if kind != "offline" {
                told.push(format!("{device} is gone, and its last event is {kind}"));
            }
            let known = self.marks.get(device).map_or("nothing", String::as_str);
            if known != kind {
                told.push(format!("the last event of {device} is {kind}, and the log knows {known}"));
            }
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(lines: &[&str], mark: &str) -> Vec<String> {
        let lines: Vec<String> = lines.iter().map(|line| format!("roof|{line}")).collect();
        let log = Log::read(&lines, &[format!("roof|{{\"status\":\"{mark}\"}}")]).unwrap();
        log.complaints(&["roof".to_owned()], 2)
    }

    const SOUND: [&str; 6] =
        ["online||", "fault|a|stuck", "offline||", "online||", "recovered|a|was stuck", "offline||"];

    #[test]
    fn what_alternates_and_ends_as_it_should_is_sound() {
        assert_eq!(complaints(&SOUND, "offline"), [""; 0]);
    }

    #[test]
    fn a_doubled_one_a_lost_one_and_one_that_nobody_made_are_told() {
        let with = |at: usize, line: &'static str| {
            let mut lines = SOUND.to_vec();
            lines.insert(at, line);
            complaints(&lines, "offline").join("; ")
        };
        assert!(with(3, "offline||").contains("event offline  of roof twice in a row"));
        assert!(with(2, "fault|a|stuck").contains("event fault a of roof twice in a row"));
        assert!(with(1, "reboot||up for 3 s").contains("nobody started this machine anew"));
        let without = |at: usize| {
            let mut lines = SOUND.to_vec();
            lines.remove(at);
            complaints(&lines, "offline").join("; ")
        };
        assert!(without(0).contains("the first event  of roof is offline"));
        assert!(without(1).contains("the first event a of roof is recovered"));
        assert!(without(2).contains("event online  of roof twice in a row"));
        assert!(without(5).contains("roof is gone, and its last event is online"));
        assert!(complaints(&SOUND, "online").join("").contains("and the log knows online"));
        assert!(complaints(&SOUND[3..], "offline")[1].contains("said goodbye 2 times at least"));
    }
}
