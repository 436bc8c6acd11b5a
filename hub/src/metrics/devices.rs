//! The latest values of all devices, in the units that Prometheus asks for.

use super::{Family, Kind};
use crate::state::Device;
use protocol::{Birth, DeviceId, Kind as Behaviour, State, Status, Unit};
use std::{cmp::max, collections::BTreeMap};

/// Live values that are older than so many intervals of their device are no longer its latest.
const FRESH_INTERVALS: u64 = 3;
/// But this old they may be in any case, in milliseconds.
const FRESH_MS: u64 = 15_000;

/// Names that no reading may take.
const UP: &str = "edgewise_device_up";
const WHO: &str = "edgewise_device";
const FAULT: &str = "edgewise_device_sensor_fault";
const HEARD: &str = "edgewise_device_last_heard_timestamp";

/// The families of what devices measure now. A device that is away, or silent, has no readings, and a sensor in
/// fault neither.
pub fn devices(devices: &[(DeviceId, Device)], now_ms: i64) -> Vec<Family> {
    let mut up = Family::new(Kind::Gauge, UP, None, "Whether the device is connected");
    let mut who = Family::new(Kind::Info, WHO, None, "Who the device is, as it says");
    let mut fault = Family::new(Kind::Gauge, FAULT, None, "Sensors that give no readings, and why");
    let mut heard = Family::new(Kind::Gauge, HEARD, Some("seconds"), "When the device last said something");
    let mut readings = BTreeMap::new();
    for (id, device) in devices {
        let label = || vec![("device", id.to_string())];
        let is_up = device.status == Some(Status::Online);
        up = up.with(label(), f64::from(u8::from(is_up)));
        if let Some(at_ms) = device.last_heard_ms {
            heard = heard.with(label(), at_ms as f64 / 1000.0);
        }
        let Some(birth) = device.birth.as_deref().and_then(|text| serde_json::from_str::<Birth>(text).ok())
        else {
            continue;
        };
        let mut labels = label();
        labels.extend([
            ("hostname", birth.hostname.clone()),
            ("model", birth.model.clone().unwrap_or_default()),
            ("os", birth.os.clone()),
            ("arch", birth.arch.clone()),
            ("agent_version", birth.agent_version.clone()),
        ]);
        who = who.with(labels, 1.0);
        let Some(state) = latest(device, &birth, now_ms).filter(|_| is_up) else { continue };
        for (sensor, why) in &state.faults {
            let labels = vec![("sensor", sensor.to_string()), ("fault", why.to_string())];
            fault = fault.with([label(), labels].concat(), 1.0);
        }
        read(&mut readings, id, &birth, &state);
    }
    [up, who, fault, heard].into_iter().chain(readings.into_values()).collect()
}

/// The live values, if they are fresh.
fn latest(device: &Device, birth: &Birth, now_ms: i64) -> Option<State> {
    let age_ms = now_ms.saturating_sub(device.state_received_ms?);
    let fresh_ms = max(FRESH_MS, birth.interval_ms.saturating_mul(FRESH_INTERVALS));
    // A clock of the hub that was set back makes nothing old.
    if u64::try_from(age_ms).is_ok_and(|age_ms| age_ms > fresh_ms) {
        return None;
    }
    serde_json::from_str(device.state.as_deref()?).ok()
}

fn read(families: &mut BTreeMap<String, Family>, id: &DeviceId, birth: &Birth, state: &State) {
    for metric in &birth.metrics {
        if state.faults.contains_key(&metric.sensor) {
            continue;
        }
        let Some(&value) = state.now.get(&metric.name) else { continue };
        let (name, unit, value) = expose(metric.name.as_str(), metric.unit, metric.kind, value);
        let whole = unit.map_or_else(|| name.clone(), |unit| format!("{name}_{unit}"));
        if [UP, WHO, FAULT, HEARD].contains(&name.as_str()) || whole.starts_with(HEARD) {
            continue;
        }
        let kind = match metric.kind {
            Behaviour::Gauge => Kind::Gauge,
            Behaviour::Counter => Kind::Counter,
        };
        let family = families.entry(whole).or_insert_with(|| Family::new(kind, &name, unit, &metric.label));
        let label = vec![("device", id.to_string())];
        // A device may name things so that two become one: Prometheus takes a series once, and a name for one kind.
        let is_new = family.series.last().is_none_or(|(labels, _)| *labels != label);
        if family.kind == kind && is_new {
            family.series.push((label, value));
        }
    }
}

/// A reading as Prometheus wants it: the name without unit, the base unit, the value in it.
fn expose(name: &str, unit: Unit, kind: Behaviour, value: f64) -> (String, Option<&'static str>, f64) {
    let stem = name.strip_suffix(unit.suffix()).and_then(|stem| stem.strip_suffix('_')).unwrap_or(name);
    let (suffix, value) = match unit {
        Unit::Percent => (Some("ratio"), value / 100.0),
        Unit::Hectopascal => (Some("pascals"), value * 100.0),
        Unit::Millimeters => (Some("meters"), value / 1000.0),
        Unit::Count | Unit::Unknown => (None, value),
        other => (Some(other.suffix()), value),
    };
    let stem = match kind {
        // It ends every counter's name.
        Behaviour::Counter => stem.strip_suffix("_total").unwrap_or(stem),
        Behaviour::Gauge => stem,
    };
    (format!("edgewise_{stem}"), suffix, value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn metric(name: &str, unit: &str, sensor: &str, kind: &str) -> serde_json::Value {
        json!({"name": name, "unit": unit, "sensor": sensor, "label": format!("The {name}"), "kind": kind})
    }

    fn device(metrics: &[serde_json::Value], now: &serde_json::Value, faults: &serde_json::Value) -> Device {
        let birth = json!({
            "version": 1, "boot": "b", "monotonic_ms": 1, "time_ms": 1, "clock": "synchronized",
            "machine_boot": "m", "agent_version": "0.1", "hostname": "h", "os": "o", "arch": "a",
            "interval_ms": 10_000, "window_ms": 60_000, "metrics": metrics,
        });
        let state = json!({
            "version": 1, "boot": "b", "monotonic_ms": 1, "time_ms": 1, "clock": "synchronized",
            "now": now, "mean": {}, "faults": faults,
        });
        Device {
            status: Some(Status::Online),
            last_heard_ms: Some(1_500),
            birth: Some(birth.to_string().into()),
            state: Some(state.to_string().into()),
            state_received_ms: Some(100_000),
            ..Device::default()
        }
    }

    /// The lines about readings.
    fn lines(all: &[(&str, Device)], now_ms: i64) -> Vec<String> {
        let all: Vec<_> = all.iter().map(|(id, device)| (id.parse().unwrap(), device.clone())).collect();
        let text = super::super::text(devices(&all, now_ms));
        let is_reading = |line: &&str| !line.starts_with('#') && !line.starts_with("edgewise_device");
        text.lines().filter(is_reading).map(str::to_owned).collect()
    }

    #[test]
    fn readings_are_in_base_units_with_names_that_say_so() {
        let metrics = [
            metric("cpu0_percent", "percent", "s", "gauge"),
            metric("temperature_celsius", "celsius", "s", "gauge"),
            metric("pressure_hectopascal", "hectopascal", "s", "gauge"),
            metric("rain_millimeters", "millimeters", "s", "gauge"),
            metric("received_bytes", "bytes", "s", "counter"),
            metric("door_count", "count", "s", "counter"),
            metric("door_flag", "flag", "s", "gauge"),
            metric("load_count", "count", "s", "gauge"),
            metric("odd_parsecs", "parsecs", "s", "gauge"),
        ];
        let now = json!({
            "cpu0_percent": 12.5, "temperature_celsius": -3.5, "pressure_hectopascal": 1013.0,
            "rain_millimeters": 2.0, "received_bytes": 7, "door_count": 4, "door_flag": 1, "load_count": 0.5,
            "odd_parsecs": 9,
        });
        let mut told = lines(&[("roof", device(&metrics, &now, &json!({})))], 100_001);
        told.sort();
        let series = |name: &str, value: &str| format!("edgewise_{name}{{device=\"roof\"}} {value}");
        let expected = [
            series("cpu0_ratio", "0.125"),
            series("door_flag", "1.0"),
            series("door_total", "4.0"),
            series("load", "0.5"),
            series("odd_parsecs", "9.0"),
            series("pressure_pascals", "101300.0"),
            series("rain_meters", "0.002"),
            series("received_bytes_total", "7.0"),
            series("temperature_celsius", "-3.5"),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn who_is_away_or_silent_or_in_fault_has_no_readings() {
        let metrics =
            [metric("a_percent", "percent", "ill", "gauge"), metric("b_percent", "percent", "well", "gauge")];
        let now = json!({"a_percent": 1.0, "b_percent": 2.0});
        let here = device(&metrics, &now, &json!({"ill": "no_answer"}));
        assert_eq!(lines(&[("roof", here.clone())], 130_000), ["edgewise_b_ratio{device=\"roof\"} 0.02"]);
        assert!(lines(&[("roof", here.clone())], 130_001).is_empty(), "three intervals are over");
        let kept = Device { state_received_ms: None, ..here.clone() };
        assert!(lines(&[("roof", kept)], 100_000).is_empty(), "of an age that nobody knows");
        let away = Device { status: Some(Status::Offline), ..here.clone() };
        assert!(lines(&[("roof", away.clone())], 100_000).is_empty());

        let text = super::super::text(devices(
            &[("r".parse().unwrap(), away), ("s".parse().unwrap(), here)],
            100_000,
        ));
        for line in [
            "edgewise_device_up{device=\"r\"} 0.0",
            "edgewise_device_up{device=\"s\"} 1.0",
            "edgewise_device_sensor_fault{device=\"s\",sensor=\"ill\",fault=\"no answer\"} 1.0",
            "edgewise_device_last_heard_timestamp_seconds{device=\"r\"} 1.5",
            "edgewise_device_info{device=\"r\",hostname=\"h\",model=\"\",os=\"o\",arch=\"a\",agent_version=\"0.1\"} 1",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("fault{device=\"r\""), "nothing is known of its sensors");
    }

    #[test]
    fn names_that_meet_are_told_once() {
        let metrics = [
            metric("a_percent", "percent", "s", "gauge"),
            metric("a_ratio", "unknown", "s", "gauge"),
            metric("device_up", "unknown", "s", "gauge"),
            metric("device_last_heard_timestamp_seconds", "seconds", "s", "gauge"),
        ];
        let now =
            json!({"a_percent": 1, "a_ratio": 5, "device_up": 7, "device_last_heard_timestamp_seconds": 7});
        let one = device(&metrics, &now, &json!({}));
        let other = device(&[metric("a_percent", "percent", "s", "counter")], &now, &json!({}));
        assert_eq!(
            lines(&[("r", one.clone()), ("s", other)], 100_000),
            ["edgewise_a_ratio{device=\"r\"} 0.01"]
        );
        let text = super::super::text(devices(&[("r".parse().unwrap(), one)], 100_000));
        assert_eq!(text.matches("edgewise_device_up{").count(), 1, "{text}");
    }
}
