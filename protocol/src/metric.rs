//! Metric names and their units.

use serde::{Deserialize, Serialize};
use std::{borrow::Borrow, fmt, str::FromStr};

/// Longest metric name, in bytes.
const MAX_LENGTH: usize = 80;

/// Why a text is no metric name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetricNameError {
    /// Not snake_case.
    #[error(
        "{0:?} is no metric name: it takes lower-case letters, digits and single '_', and starts with a letter"
    )]
    NotSnakeCase(String),
    /// Longer than 80 bytes.
    #[error("a metric name has at most {MAX_LENGTH} characters, this one has {0}")]
    TooLong(usize),
}

/// The name of a metric: snake_case with the unit last, such as `cpu0_percent`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(extend("pattern" = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"))
)]
pub struct MetricName(String);

impl MetricName {
    /// The name of `what` measured in `unit`: (`cpu0`, percent) is `cpu0_percent`.
    ///
    /// # Errors
    /// When `what` is not snake_case or the whole is too long.
    pub fn new(what: &str, unit: Unit) -> Result<Self, MetricNameError> {
        format!("{what}_{}", unit.suffix()).try_into()
    }

    /// The text of the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check(text: &str) -> Result<(), MetricNameError> {
    if text.len() > MAX_LENGTH {
        return Err(MetricNameError::TooLong(text.len()));
    }
    let word = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if text.starts_with(|c: char| c.is_ascii_lowercase()) && text.split('_').all(word) {
        Ok(())
    } else {
        Err(MetricNameError::NotSnakeCase(text.to_owned()))
    }
}

impl TryFrom<String> for MetricName {
    type Error = MetricNameError;
    fn try_from(text: String) -> Result<Self, MetricNameError> {
        check(&text).map(|()| Self(text))
    }
}

impl FromStr for MetricName {
    type Err = MetricNameError;
    fn from_str(text: &str) -> Result<Self, MetricNameError> {
        text.to_owned().try_into()
    }
}

impl From<MetricName> for String {
    fn from(name: MetricName) -> String {
        name.0
    }
}

impl Borrow<str> for MetricName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MetricName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Unit of a metric. Base units only: no kilobytes, no Fahrenheit; a reader converts for its people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Unit {
    /// Share of a whole, 0 to 100; also relative humidity.
    Percent,
    /// Degrees Celsius.
    Celsius,
    /// Hectopascal, which is the millibar of weather reports.
    Hectopascal,
    /// Bytes.
    Bytes,
    /// Bytes per second.
    BytesPerSecond,
    /// Seconds.
    Seconds,
    /// A number of things.
    Count,
    /// Hertz.
    Hertz,
    /// Volts.
    Volts,
    /// Amperes.
    Amperes,
    /// Watts.
    Watts,
    /// Lux.
    Lux,
    /// Parts of a gas in a million parts of air, by volume.
    PartsPerMillion,
    /// Grams in a cubic metre, of water in air for one.
    GramsPerCubicMeter,
    /// Millimetres, of rain for one.
    Millimeters,
    /// Millimetres in an hour.
    MillimetersPerHour,
    /// Metres in a second.
    MetersPerSecond,
    /// Yes or no, as 1 or 0. Its mean is the share of the time that it was yes.
    Flag,
    /// What a newer agent sends and this program does not know yet. Never sent by ours.
    #[serde(other)]
    Unknown,
}

impl Unit {
    /// How a metric name in this unit ends.
    pub fn suffix(self) -> &'static str {
        match self {
            Unit::Percent => "percent",
            Unit::Celsius => "celsius",
            Unit::Hectopascal => "hectopascal",
            Unit::Bytes => "bytes",
            Unit::BytesPerSecond => "bytes_per_second",
            Unit::Seconds => "seconds",
            Unit::Count => "count",
            Unit::Hertz => "hertz",
            Unit::Volts => "volts",
            Unit::Amperes => "amperes",
            Unit::Watts => "watts",
            Unit::Lux => "lux",
            Unit::PartsPerMillion => "parts_per_million",
            Unit::GramsPerCubicMeter => "grams_per_cubic_meter",
            Unit::Millimeters => "millimeters",
            Unit::MillimetersPerHour => "millimeters_per_hour",
            Unit::MetersPerSecond => "meters_per_second",
            Unit::Flag => "flag",
            Unit::Unknown => "unknown",
        }
    }
}

/// How the values of a metric behave over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Kind {
    /// Goes up and down; its mean means something.
    Gauge,
    /// Only grows, but for a restart at zero.
    Counter,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_snake_case_with_the_unit_last() {
        assert_eq!(MetricName::new("cpu0", Unit::Percent).unwrap().as_str(), "cpu0_percent");
        for bad in ["", "0cpu", "Cpu_percent", "cpu__percent", "cpu_", "_cpu", "cpu percent", "cpu/percent"] {
            assert!(bad.parse::<MetricName>().is_err(), "{bad:?}");
        }
        assert!("a".repeat(81).parse::<MetricName>().is_err());
    }

    #[test]
    fn the_suffix_of_a_unit_is_its_name_on_the_wire() {
        for unit in [
            Unit::Percent,
            Unit::Celsius,
            Unit::Hectopascal,
            Unit::Bytes,
            Unit::BytesPerSecond,
            Unit::Seconds,
            Unit::Count,
            Unit::Hertz,
            Unit::Volts,
            Unit::Amperes,
            Unit::Watts,
            Unit::Lux,
            Unit::PartsPerMillion,
            Unit::GramsPerCubicMeter,
            Unit::Millimeters,
            Unit::MillimetersPerHour,
            Unit::MetersPerSecond,
            Unit::Flag,
        ] {
            assert_eq!(serde_json::to_value(unit).unwrap(), unit.suffix());
        }
    }

    #[test]
    fn a_unit_from_the_future_is_unknown_and_no_error() {
        assert_eq!(serde_json::from_str::<Unit>("\"parsec\"").unwrap(), Unit::Unknown);
    }
}
