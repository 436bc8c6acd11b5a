//! What a metric is in Home Assistant's terms.
//!
//! The words are Home Assistant's own: which unit a device class may have stands in its
//! `homeassistant/components/sensor/const.py`, and `cargo xtask test home-assistant` holds ours against it.

use protocol::{Kind, MetricDescription, Unit};
use serde::Serialize;

/// How Home Assistant is to show a metric.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Class {
    pub(super) platform: Platform,
    /// What it is, where Home Assistant has a word for it.
    pub(super) device_class: Option<&'static str>,
    pub(super) unit: Option<&'static str>,
    pub(super) state_class: Option<&'static str>,
    /// Decimals that are shown; `None` for all that there are. Home Assistant records a state that differs
    /// from the one before, so digits that only carry noise would fill its database.
    pub(super) decimals: Option<u8>,
}

/// The kind of an entity, which is the first part of its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Platform {
    Sensor,
    BinarySensor,
    Switch,
}

impl Platform {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Platform::Sensor => "sensor",
            Platform::BinarySensor => "binary_sensor",
            Platform::Switch => "switch",
        }
    }
}

impl Class {
    pub(super) fn of(metric: &MetricDescription) -> Self {
        let says = |word: &str| metric.name.as_str().split('_').any(|part| part == word);
        let (device_class, unit, decimals) = match metric.unit {
            Unit::Percent if says("humidity") => (Some("humidity"), Some("%"), Some(1)),
            Unit::Percent => (None, Some("%"), Some(1)),
            Unit::Celsius => (Some("temperature"), Some("°C"), Some(1)),
            // A change of it over hours is a pressure, but none that the air has.
            Unit::Hectopascal if says("tendency") => (Some("pressure"), Some("hPa"), Some(1)),
            Unit::Hectopascal => (Some("atmospheric_pressure"), Some("hPa"), Some(1)),
            Unit::Bytes => (Some("data_size"), Some("B"), Some(0)),
            Unit::BytesPerSecond => (Some("data_rate"), Some("B/s"), Some(0)),
            Unit::Seconds => (Some("duration"), Some("s"), Some(0)),
            Unit::Hertz => (Some("frequency"), Some("Hz"), None),
            Unit::Volts => (Some("voltage"), Some("V"), None),
            Unit::Amperes => (Some("current"), Some("A"), None),
            Unit::Watts => (Some("power"), Some("W"), None),
            Unit::Lux => (Some("illuminance"), Some("lx"), Some(1)),
            Unit::PartsPerMillion if says("co2") || says("dioxide") => {
                (Some("carbon_dioxide"), Some("ppm"), Some(0))
            }
            Unit::PartsPerMillion => (None, Some("ppm"), Some(0)),
            Unit::GramsPerCubicMeter if says("humidity") => {
                (Some("absolute_humidity"), Some("g/m³"), Some(1))
            }
            Unit::GramsPerCubicMeter => (None, Some("g/m³"), Some(1)),
            Unit::Millimeters if says("rain") => (Some("precipitation"), Some("mm"), None),
            Unit::Millimeters => (Some("distance"), Some("mm"), None),
            Unit::MillimetersPerHour => (Some("precipitation_intensity"), Some("mm/h"), Some(1)),
            Unit::MetersPerSecond if says("wind") => (Some("wind_speed"), Some("m/s"), Some(1)),
            Unit::MetersPerSecond => (Some("speed"), Some("m/s"), Some(1)),
            Unit::Flag => return Self::flag(says("power").then_some("problem")),
            Unit::Count | Unit::Unknown => (None, None, None),
        };
        let state_class = match metric.kind {
            Kind::Gauge => "measurement",
            Kind::Counter => "total_increasing",
        };
        let state_class = Some(state_class);
        Self { platform: Platform::Sensor, device_class, unit, state_class, decimals }
    }

    /// An output that can be commanded.
    pub(super) fn switch() -> Self {
        Self { platform: Platform::Switch, ..Self::flag(None) }
    }

    fn flag(device_class: Option<&'static str>) -> Self {
        Self { platform: Platform::BinarySensor, device_class, unit: None, state_class: None, decimals: None }
    }
}

/// Whether Home Assistant shows a metric of the machine itself from the start. Those that change with every
/// message and say little that another does not say wait until they are wanted: its database is often on an
/// SD card.
pub(super) fn is_shown_at_first(metric: &MetricDescription) -> bool {
    let single_cpu = metric.sensor.as_str() == "cpu" && metric.name.as_str() != "cpu_percent";
    !(single_cpu || matches!(metric.unit, Unit::Bytes | Unit::Seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(name: &str, unit: Unit, kind: Kind) -> MetricDescription {
        let name = name.parse().unwrap();
        MetricDescription { name, unit, sensor: "cpu".parse().unwrap(), label: "Label".to_owned(), kind }
    }

    fn device_class(name: &str, unit: Unit) -> Option<&'static str> {
        Class::of(&metric(name, unit, Kind::Gauge)).device_class
    }

    #[test]
    fn the_name_tells_what_the_unit_leaves_open() {
        for (name, unit, class) in [
            ("outdoor_humidity_percent", Unit::Percent, Some("humidity")),
            ("cpu_percent", Unit::Percent, None),
            ("pressure_hectopascal", Unit::Hectopascal, Some("atmospheric_pressure")),
            ("roof_pressure_tendency_hectopascal", Unit::Hectopascal, Some("pressure")),
            ("absolute_humidity_grams_per_cubic_meter", Unit::GramsPerCubicMeter, Some("absolute_humidity")),
            ("co2_parts_per_million", Unit::PartsPerMillion, Some("carbon_dioxide")),
            ("office_carbon_dioxide_parts_per_million", Unit::PartsPerMillion, Some("carbon_dioxide")),
            ("rain_millimeters", Unit::Millimeters, Some("precipitation")),
            ("level_millimeters", Unit::Millimeters, Some("distance")),
            ("wind_meters_per_second", Unit::MetersPerSecond, Some("wind_speed")),
            ("belt_meters_per_second", Unit::MetersPerSecond, Some("speed")),
            ("power_undervoltage_flag", Unit::Flag, Some("problem")),
            ("door_flag", Unit::Flag, None),
        ] {
            assert_eq!(device_class(name, unit), class, "{name}");
        }
    }

    #[test]
    fn a_flag_is_a_binary_sensor_and_everything_else_a_sensor() {
        let flag = Class::of(&metric("door_flag", Unit::Flag, Kind::Gauge));
        assert_eq!((flag.platform, flag.state_class), (Platform::BinarySensor, None));
        let rain = Class::of(&metric("rain_millimeters", Unit::Millimeters, Kind::Counter));
        assert_eq!((rain.platform, rain.state_class), (Platform::Sensor, Some("total_increasing")));
    }

    #[test]
    fn single_cpus_and_bytes_wait_until_they_are_wanted() {
        let shown = |name, unit| is_shown_at_first(&metric(name, unit, Kind::Gauge));
        assert!(shown("cpu_percent", Unit::Percent) && !shown("cpu0_percent", Unit::Percent));
        assert!(!shown("memory_used_bytes", Unit::Bytes) && !shown("uptime_seconds", Unit::Seconds));
    }
}
