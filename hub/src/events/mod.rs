//! What happened to devices: recorded for good, once each.
//!
//! Messages repeat: a broker replays what it kept at every start of the hub. So an event is the difference
//! between a message and what the log last knew of the device, and both are written together.

mod file;
mod log;
mod recorder;
mod seen;

pub use log::{Filter, Log, News, PRUNE_CHUNK, Place, Records};
pub use recorder::{Counters, Recorder, RecorderThread};
pub use seen::Seen;

use protocol::{DeviceId, Outcome};
use serde::Serialize;
use std::{fmt, str::FromStr};
use utoipa::ToSchema;

/// Most events kept of one device; the oldest go first.
pub const MAX_PER_DEVICE: usize = 10_000;

/// Something that happened to a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When the hub learnt it, in milliseconds since 1970-01-01 UTC.
    pub time_ms: i64,
    /// The device.
    pub device: DeviceId,
    /// What happened.
    pub kind: Kind,
    /// What it happened to: the sensor of a fault, the id of a command.
    pub subject: Option<String>,
    /// More about it, in a few words; may be empty.
    pub detail: String,
    /// It happened earlier, while the hub was away: `time_ms` is only the latest that it can have been.
    pub late: bool,
}

impl Event {
    /// What became of a command, which its detail begins with; `None` for what is none.
    pub fn outcome(&self) -> Option<Outcome> {
        let word = self.detail.split(':').next()?;
        let all = [Outcome::Done, Outcome::Refused, Outcome::Failed];
        all.into_iter().find(|outcome| self.kind == Kind::Command && word_of(*outcome) == word)
    }
}

/// The word with which the detail of a command begins.
fn word_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Refused => "refused",
        Outcome::Failed => "failed",
    }
}

/// What can happen to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = EventKind)]
pub enum Kind {
    /// It connected.
    Online,
    /// It said goodbye, or the broker lost it.
    Offline,
    /// The machine was started anew.
    Reboot,
    /// A sensor stopped giving readings, or for another reason than before.
    Fault,
    /// A sensor gives readings again.
    Recovered,
    /// It answered a command.
    Command,
}

/// Not the name of a kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no kind of event: there are online, offline, reboot, fault, recovered and command")]
pub struct UnknownKind(String);

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 6] =
        [Kind::Online, Kind::Offline, Kind::Reboot, Kind::Fault, Kind::Recovered, Kind::Command];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Online => "online",
            Kind::Offline => "offline",
            Kind::Reboot => "reboot",
            Kind::Fault => "fault",
            Kind::Recovered => "recovered",
            Kind::Command => "command",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;
    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let found = Kind::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| UnknownKind(text.chars().take(40).collect()))
    }
}
