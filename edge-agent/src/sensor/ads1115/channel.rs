//! What hangs on an input of an ADS1115, as its owner writes it down.

use ads1x1x::FullScaleRange;
use protocol::Unit;
use serde::Deserialize;

/// One of the things that an ADS1115 measures.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelConfig {
    /// What is measured, which begins the metric's name: `soil_moisture`.
    pub name: ChannelName,
    /// Where it is measured: `a0` to `a3` against ground, or a difference such as `a0-a1`.
    pub input: Input,
    /// The largest voltage that can be measured: 6.144, 4.096, 2.048, 1.024, 0.512 or 0.256. Less is finer.
    #[serde(default)]
    pub full_scale_volts: FullScale,
    /// The unit of the value.
    #[serde(default)]
    pub unit: ChannelUnit,
    /// What a volt is in that unit.
    #[serde(default = "one")]
    pub scale: f64,
    /// What no voltage is in that unit.
    #[serde(default)]
    pub offset: f64,
}

fn one() -> f64 {
    1.0
}

/// The name of a channel: snake_case, of at most 16 characters.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ChannelName(String);

impl ChannelName {
    /// The text of the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ChannelName {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        // With the longest instance name and unit it still makes a metric name.
        if text.len() <= 16 && protocol::MetricName::new(&text, Unit::Volts).is_ok() {
            Ok(Self(text))
        } else {
            Err(format!(
                "{text:?} is no channel name: it takes at most 16 lower-case letters, digits and single '_', and starts with a letter, such as \"soil_moisture\""
            ))
        }
    }
}

/// Where a voltage is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Input {
    /// A0 against A1.
    #[serde(rename = "a0-a1")]
    A0A1,
    /// A0 against A3.
    #[serde(rename = "a0-a3")]
    A0A3,
    /// A1 against A3.
    #[serde(rename = "a1-a3")]
    A1A3,
    /// A2 against A3.
    #[serde(rename = "a2-a3")]
    A2A3,
    /// A0 against ground.
    #[serde(rename = "a0")]
    A0,
    /// A1 against ground.
    #[serde(rename = "a1")]
    A1,
    /// A2 against ground.
    #[serde(rename = "a2")]
    A2,
    /// A3 against ground.
    #[serde(rename = "a3")]
    A3,
}

/// The end of a measuring range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "f64")]
pub struct FullScale(FullScaleRange);

/// The ranges in the order of their codes, with their ends in volts.
const RANGES: [(FullScaleRange, f64); 6] = [
    (FullScaleRange::Within6_144V, 6.144),
    (FullScaleRange::Within4_096V, 4.096),
    (FullScaleRange::Within2_048V, 2.048),
    (FullScaleRange::Within1_024V, 1.024),
    (FullScaleRange::Within0_512V, 0.512),
    (FullScaleRange::Within0_256V, 0.256),
];

impl FullScale {
    /// The range, as the driver calls it.
    pub(super) fn range(self) -> FullScaleRange {
        self.0
    }

    /// Its three bits in the config register.
    pub(super) fn bits(self) -> u16 {
        (0..).zip(RANGES).find(|(_, (range, _))| *range == self.0).map_or(0, |(bits, _)| bits)
    }

    /// Its end in volts.
    pub fn volts(self) -> f64 {
        RANGES[usize::from(self.bits())].1
    }
}

impl TryFrom<f64> for FullScale {
    type Error = String;
    fn try_from(volts: f64) -> Result<Self, String> {
        let found = RANGES.into_iter().find(|(_, end)| *end == volts);
        found.map(|(range, _)| Self(range)).ok_or_else(|| {
            format!("{volts} V is no range: it takes 6.144, 4.096, 2.048, 1.024, 0.512 or 0.256")
        })
    }
}

/// The unit of a channel's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ChannelUnit(Unit);

const UNITS: [Unit; 14] = [
    Unit::Volts,
    Unit::Amperes,
    Unit::Watts,
    Unit::Percent,
    Unit::Celsius,
    Unit::Hectopascal,
    Unit::Lux,
    Unit::PartsPerMillion,
    Unit::GramsPerCubicMeter,
    Unit::Millimeters,
    Unit::MetersPerSecond,
    Unit::Hertz,
    Unit::Count,
    Unit::Seconds,
];

impl ChannelUnit {
    /// The unit.
    pub fn get(self) -> Unit {
        self.0
    }
}

impl Default for ChannelUnit {
    fn default() -> Self {
        Self(Unit::Volts)
    }
}

impl TryFrom<String> for ChannelUnit {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        UNITS.into_iter().find(|unit| unit.suffix() == text).map(Self).ok_or_else(|| {
            let known: Vec<&str> = UNITS.iter().map(|unit| unit.suffix()).collect();
            format!("{text:?} is no unit: it takes one of {}", known.join(", "))
        })
    }
}

impl From<FullScaleRange> for FullScale {
    fn from(range: FullScaleRange) -> Self {
        Self(range)
    }
}
