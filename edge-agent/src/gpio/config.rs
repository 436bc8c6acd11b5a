//! What all pins have in common in the configuration.

use serde::Deserialize;
use std::fmt;

/// Highest number of a GPIO on the header of any Pi with 40 pins.
const HIGHEST: u8 = 27;

/// A line: the number of its GPIO, or `"simulated:N"` for one without hardware. A simulated output and a
/// simulated input of the same number are wired together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "Written")]
pub enum PinConfig {
    /// A line of this machine.
    Line(u8),
    /// A line without hardware.
    Simulated(u8),
}

impl PinConfig {
    /// Its number, which says nothing about whether it is real.
    pub fn number(self) -> u8 {
        match self {
            Self::Line(number) | Self::Simulated(number) => number,
        }
    }
}

impl fmt::Display for PinConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(number) => write!(f, "GPIO{number}"),
            Self::Simulated(number) => write!(f, "simulated GPIO{number}"),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a pin is the number of its GPIO, such as 17, or \"simulated:17\"")]
enum Written {
    Number(i64),
    Text(String),
}

impl TryFrom<Written> for PinConfig {
    type Error = String;
    fn try_from(written: Written) -> Result<Self, String> {
        let line = |number: i64| u8::try_from(number).ok().filter(|number| *number <= HIGHEST);
        let (pin, said) = match written {
            Written::Number(number) => (line(number).map(Self::Line), number.to_string()),
            Written::Text(text) => {
                let number = text.strip_prefix("simulated:").and_then(|number| number.parse().ok());
                (number.and_then(line).map(Self::Simulated), format!("{text:?}"))
            }
        };
        pin.ok_or_else(|| {
            format!("{said} is no pin: give the number of its GPIO, 0 to {HIGHEST}, or \"simulated:N\"")
        })
    }
}

/// The resistor inside the processor that gives a line a level while nothing drives it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pull {
    /// To 3.3 V: for a contact between the line and ground.
    #[default]
    Up,
    /// To ground: for a contact between the line and 3.3 V.
    Down,
    /// None: for a line that is always driven, or has a resistor of its own.
    Off,
}

/// Yes or no, as people say it of a lamp.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnOff {
    /// On.
    On,
    /// Off.
    #[default]
    Off,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Holder {
        pin: PinConfig,
    }

    fn pin(value: &str) -> Result<PinConfig, String> {
        let parsed = toml::from_str::<Holder>(&format!("pin = {value}"));
        parsed.map(|holder| holder.pin).map_err(|error| error.to_string())
    }

    #[test]
    fn a_pin_is_a_number_or_simulated() {
        assert_eq!(pin("17"), Ok(PinConfig::Line(17)));
        assert_eq!(pin("'simulated:4'"), Ok(PinConfig::Simulated(4)));
        for bad in ["28", "-1", "'17'", "'simulated'", "'simulated:99'", "'GPIO4'"] {
            let error = pin(bad).unwrap_err();
            assert!(error.contains("is no pin: give the number of its GPIO, 0 to 27"), "{bad}: {error}");
        }
        let error = pin("true").unwrap_err();
        assert!(error.contains("such as 17"), "{error}");
    }
}
