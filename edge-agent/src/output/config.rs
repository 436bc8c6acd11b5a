//! Outputs, as their owner writes them down.

use crate::{
    gpio::{OnOff, PinConfig},
    sensor::InstanceName,
};
use serde::Deserialize;
use std::fmt;

/// Something that the agent switches: `role` says what for, the other keys are those of the role.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum OutputConfig {
    /// Obeys the command `set_output`.
    Relay(RelayConfig),
    /// Shows that the agent lives, is connected and publishes.
    StatusLed(StatusLedConfig),
}

/// A relay, or whatever else is switched by command.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelayConfig {
    /// What it is called in commands; also its sensor id, and the beginning of its metric's name.
    pub name: InstanceName,
    /// What people call it.
    #[serde(default)]
    pub label: Option<String>,
    /// The line that it is wired to.
    pub pin: PinConfig,
    /// Whether it is on while the line is low, as many relay boards are.
    #[serde(default)]
    pub active_low: bool,
    /// What it is when the agent starts, when it ends, and when nobody is there any more to command it.
    #[serde(default)]
    pub safe: OnOff,
    /// Whose loss makes it safe.
    #[serde(default)]
    pub safe_on_loss_of: Peer,
    /// Seconds of that loss, 1 to 86400, before it is made safe.
    #[serde(default)]
    pub safe_after_seconds: SafeAfter,
}

/// A light on the case.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusLedConfig {
    /// The line that it is wired to.
    pub pin: PinConfig,
    /// Whether it shines while the line is low.
    #[serde(default)]
    pub active_low: bool,
}

/// Who has to be there for a relay to stay as commanded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// The broker, by the connection to it.
    #[default]
    Broker,
    /// The hub, by its acknowledgements, of which there is one for each summary.
    Hub,
    /// Nobody: it stays as commanded.
    Nobody,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Broker => "broker",
            Self::Hub => "hub",
            Self::Nobody => "nobody",
        })
    }
}

/// How long a loss has to last, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub struct SafeAfter(f64);

impl SafeAfter {
    /// In milliseconds.
    pub fn milliseconds(self) -> u64 {
        (self.0 * 1000.0) as u64
    }
}

impl Default for SafeAfter {
    fn default() -> Self {
        Self(300.0)
    }
}

impl TryFrom<f64> for SafeAfter {
    type Error = String;
    fn try_from(seconds: f64) -> Result<Self, String> {
        if (1.0..=86_400.0).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(format!("safe_after_seconds = {seconds} cannot be: it takes 1 to 86400"))
        }
    }
}

/// Why outputs cannot be as configured.
#[derive(Debug, thiserror::Error)]
pub enum OutputConfigError {
    /// Two relays of one name.
    #[error("two outputs are called `{0}`; give each [[output]] a `name` of its own")]
    SameName(String),
    /// Two status LEDs.
    #[error("two outputs have the role status_led; leave one of them out")]
    TwoLights,
    /// Silence of the hub that is none.
    #[error(
        "safe_after_seconds of output `{name}` is shorter than two windows, and the hub is heard once a window; give {least} or more"
    )]
    TooSoon {
        /// Of which output.
        name: String,
        /// What it has to be at least, in seconds.
        least: f64,
    },
}

/// Checks what one output alone cannot know.
///
/// # Errors
/// The first contradiction.
pub fn check(outputs: &[OutputConfig], window_ms: u64) -> Result<(), OutputConfigError> {
    let mut names = Vec::new();
    let mut lights = 0;
    for output in outputs {
        let relay = match output {
            OutputConfig::StatusLed(_) if lights > 0 => return Err(OutputConfigError::TwoLights),
            OutputConfig::StatusLed(_) => {
                lights += 1;
                continue;
            }
            OutputConfig::Relay(relay) => relay,
        };
        let name = relay.name.id().as_str();
        if names.contains(&name) {
            return Err(OutputConfigError::SameName(name.to_owned()));
        }
        names.push(name);
        let least_ms = 2 * window_ms;
        if relay.safe_on_loss_of == Peer::Hub && relay.safe_after_seconds.milliseconds() < least_ms {
            let least = least_ms as f64 / 1000.0;
            return Err(OutputConfigError::TooSoon { name: name.to_owned(), least });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Holder {
        output: Vec<OutputConfig>,
    }

    fn outputs(text: &str) -> Result<(), String> {
        let holder = toml::from_str::<Holder>(text).map_err(|error| error.to_string())?;
        check(&holder.output, 60_000).map_err(|error| error.to_string())
    }

    const RELAY: &str = "[[output]]\nrole = 'relay'\nname = 'pump'\npin = 17\n";
    const LIGHT: &str = "[[output]]\nrole = 'status_led'\npin = 27\n";

    #[test]
    fn a_relay_is_off_unless_commanded_and_heeds_the_broker() {
        let holder: Holder = toml::from_str(RELAY).unwrap();
        let [OutputConfig::Relay(relay)] = &holder.output[..] else { panic!("{holder:?}") };
        assert_eq!((relay.safe, relay.active_low, relay.safe_on_loss_of), (OnOff::Off, false, Peer::Broker));
        assert_eq!(relay.safe_after_seconds.milliseconds(), 300_000);
    }

    #[test]
    fn what_cannot_be_is_named_with_the_remedy() {
        let hub = "safe_on_loss_of = 'hub'\n";
        for (text, named) in [
            (format!("{RELAY}{RELAY}"), "two outputs are called `pump`"),
            (format!("{LIGHT}{LIGHT}"), "two outputs have the role status_led"),
            (format!("{RELAY}{hub}safe_after_seconds = 60\n"), "give 120 or more"),
            (format!("{RELAY}safe_after_seconds = 0\n"), "it takes 1 to 86400"),
            (format!("{RELAY}safe = 'up'\n"), "`on` or `off`"),
            (format!("{LIGHT}safe = 'on'\n"), "`active_low`"),
            ("[[output]]\nrole = 'lamp'\npin = 1\n".to_owned(), "`status_led`"),
            ("[[output]]\nrole = 'relay'\npin = 1\n".to_owned(), "`name`"),
        ] {
            let error = outputs(&text).unwrap_err();
            assert!(error.contains(named), "{text}: {error}");
        }
        assert_eq!(outputs(&format!("{RELAY}{hub}safe_after_seconds = 120\n{LIGHT}")), Ok(()));
    }
}
