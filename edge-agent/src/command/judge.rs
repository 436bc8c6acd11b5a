//! Whether a command is carried out. Pure.

use super::{CommandsConfig, memory::Memory};
use crate::clock::Moment;
use protocol::{ClockTrust, Command, CommandName, CommandResult, Outcome, Version};
use serde::Deserialize;

/// Longest payload of a command, in bytes: a few hundred outputs.
pub(super) const LONGEST_BYTES: usize = 4096;
/// Longest id, in bytes: a UUID and a name fit.
const LONGEST_ID: usize = 128;
/// Furthest expiry, in milliseconds: a command of tomorrow is a mistake, and would be remembered for ever.
const FURTHEST_MS: i64 = 24 * 3600 * 1000;

/// A message on the command topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// What it says.
    pub payload: Vec<u8>,
    /// Whether the broker had kept it from before we subscribed.
    pub retained: bool,
    /// Whether the broker has sent it before.
    pub again: bool,
}

/// What is done with a message.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// It is carried out.
    Carry(Command),
    /// It is not, and whoever sent it is told.
    Answer(CommandResult),
    /// It is not, and there is nobody to tell, for want of an id.
    Ignore(String),
}

/// Judges messages one after the other.
#[derive(Debug)]
pub(super) struct Judge {
    config: CommandsConfig,
    memory: Memory,
}

/// The part of a command that an answer needs.
#[derive(Deserialize)]
struct Addressed {
    id: String,
}

impl Judge {
    pub(super) fn new(config: CommandsConfig) -> Self {
        Self { config, memory: Memory::default() }
    }

    /// What to do with a message that comes at `at`. One that is to be carried out is remembered already.
    pub(super) fn judge(&mut self, received: &Received, at: Moment) -> Verdict {
        if received.payload.len() > LONGEST_BYTES {
            let bytes = received.payload.len();
            return Verdict::Ignore(format!("{bytes} bytes; a command has at most {LONGEST_BYTES}"));
        }
        let id = match serde_json::from_slice::<Addressed>(&received.payload) {
            Ok(Addressed { id }) if (1..=LONGEST_ID).contains(&id.len()) => id,
            Ok(_) => return Verdict::Ignore(format!("an id has 1 to {LONGEST_ID} bytes")),
            Err(error) => return Verdict::Ignore(format!("no command with an id: {error}")),
        };
        let command = match serde_json::from_slice::<Command>(&received.payload) {
            Ok(command) => command,
            Err(error) => return refused(&id, format!("not understood: {error}")),
        };
        match self.objection(received, &command, at) {
            Some(objection) => refused(&id, objection),
            None => Verdict::Carry(command),
        }
    }

    fn objection(&mut self, received: &Received, command: &Command, at: Moment) -> Option<String> {
        if received.retained {
            return Some("retained: a command is for now; publish it without the retain flag".to_owned());
        }
        if command.name == CommandName::Unknown {
            return Some("no such command here; a newer agent may know it".to_owned());
        }
        if !self.config.allows(command.name) {
            return Some("not enabled: name it in commands.enabled of the device's config".to_owned());
        }
        if at.clock == ClockTrust::Unsynchronized && !self.config.trust_clock {
            return Some("the device's clock is not synchronised yet, so expiry cannot be judged".to_owned());
        }
        if let Some(outcome) = self.memory.outcome(&command.id) {
            let before = match outcome {
                Some(Outcome::Done) => "done",
                Some(Outcome::Failed) => "tried, and failed",
                Some(Outcome::Refused) => "refused",
                None => "begun",
            };
            return Some(format!("repeated: a command of this id was {before} before"));
        }
        if received.again {
            return Some(
                "sent again by the broker, and whether an earlier run carried it out is not known".to_owned(),
            );
        }
        let late_ms = at.time_ms.saturating_sub(command.expires_ms);
        if late_ms >= 0 {
            return Some(format!("expired {:.1} s ago by the device's clock", late_ms as f64 / 1000.0));
        }
        if late_ms < -FURTHEST_MS {
            return Some("expires more than 24 hours from now by the device's clock".to_owned());
        }
        let remembered = self.memory.begin(&command.id, command.expires_ms, at.time_ms);
        remembered.is_err().then(|| "too many commands that have not expired yet".to_owned())
    }

    /// Remembers what became of a command that was carried out.
    pub(super) fn end(&mut self, id: &str, outcome: Outcome) {
        self.memory.end(id, outcome);
    }
}

fn refused(id: &str, message: String) -> Verdict {
    Verdict::Answer(CommandResult { version: Version, id: id.to_owned(), outcome: Outcome::Refused, message })
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
