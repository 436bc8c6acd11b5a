//! What a simulated device measures: the metrics of a Pi with four cores and a BME280.

use protocol::{DeviceId, Kind, MetricDescription, MetricName, Readings, Unit};
use std::f64::consts::TAU;

/// A metric: what it is, where it comes from, around what value it moves and by how much.
struct Metric {
    what: &'static str,
    unit: Unit,
    sensor: &'static str,
    kind: Kind,
    around: f64,
    swing: f64,
    /// Decimals that its sensor gives.
    decimals: i32,
}

const fn gauge(
    what: &'static str,
    unit: Unit,
    sensor: &'static str,
    around: f64,
    swing: f64,
    decimals: i32,
) -> Metric {
    Metric { what, unit, sensor, kind: Kind::Gauge, around, swing, decimals }
}

const METRICS: [Metric; 20] = [
    gauge("cpu", Unit::Percent, "host", 30.0, 25.0, 3),
    gauge("cpu0", Unit::Percent, "host", 35.0, 30.0, 3),
    gauge("cpu1", Unit::Percent, "host", 30.0, 25.0, 3),
    gauge("cpu2", Unit::Percent, "host", 28.0, 25.0, 3),
    gauge("cpu3", Unit::Percent, "host", 27.0, 25.0, 3),
    gauge("load1", Unit::Count, "host", 0.8, 0.6, 2),
    gauge("memory_used", Unit::Percent, "host", 42.0, 6.0, 3),
    gauge("memory_cached", Unit::Percent, "host", 31.0, 4.0, 3),
    gauge("memory_available", Unit::Bytes, "host", 5.4e8, 5.0e7, 0),
    gauge("swap_used", Unit::Percent, "host", 2.0, 1.0, 3),
    gauge("disk_used", Unit::Percent, "host", 61.0, 0.5, 3),
    gauge("disk_read", Unit::BytesPerSecond, "host", 9000.0, 9000.0, 0),
    gauge("disk_written", Unit::BytesPerSecond, "host", 22_000.0, 20_000.0, 0),
    gauge("network_received", Unit::BytesPerSecond, "host", 3000.0, 2500.0, 0),
    gauge("network_sent", Unit::BytesPerSecond, "host", 1800.0, 1500.0, 0),
    gauge("network_egress", Unit::Percent, "host", 37.0, 20.0, 3),
    gauge("soc_temperature", Unit::Celsius, "host", 52.0, 8.0, 3),
    gauge("temperature", Unit::Celsius, "bme280", 14.0, 6.0, 2),
    gauge("humidity", Unit::Percent, "bme280", 60.0, 15.0, 2),
    gauge("pressure", Unit::Hectopascal, "bme280", 1013.0, 9.0, 2),
];

/// A simulated device's world.
#[derive(Debug)]
pub(crate) struct World {
    names: Vec<MetricName>,
    /// Where in its waves it is.
    phase: f64,
}

/// Least, mean, greatest and last of a window.
#[derive(Debug)]
pub(crate) struct Window {
    pub(crate) min: Readings,
    pub(crate) mean: Readings,
    pub(crate) max: Readings,
    pub(crate) last: Readings,
}

impl World {
    pub(crate) fn new(index: u32) -> Self {
        let name = |metric: &Metric| {
            MetricName::new(metric.what, metric.unit).expect("the words in the table are snake case")
        };
        Self { names: METRICS.iter().map(name).collect(), phase: f64::from(index) * 0.618 }
    }

    pub(crate) fn descriptions(&self, device: &DeviceId) -> Vec<MetricDescription> {
        let describe = |(metric, name): (&Metric, &MetricName)| MetricDescription {
            name: name.clone(),
            unit: metric.unit,
            sensor: metric.sensor.parse().expect("the words in the table are ids"),
            label: format!("{} of {}", metric.what.replace('_', " "), device.as_str()),
            kind: metric.kind,
        };
        METRICS.iter().zip(&self.names).map(describe).collect()
    }

    /// A day's wave, an hour's, and the noise of its sensors.
    fn value(&self, metric: &Metric, time_ms: i64) -> f64 {
        let hours = time_ms as f64 / 3_600_000.0;
        let wave = 0.6 * ((hours / 24.0 + self.phase) * TAU).sin()
            + 0.3 * ((hours + self.phase * metric.around) * TAU).sin();
        rounded(metric.around + metric.swing * (wave + 0.1 * (fastrand::f64() - 0.5)), metric.decimals)
    }

    pub(crate) fn now(&self, time_ms: i64) -> Readings {
        METRICS.iter().zip(&self.names).map(|(m, name)| (name.clone(), self.value(m, time_ms))).collect()
    }

    /// The window that ends at `time_ms`.
    pub(crate) fn window(&self, time_ms: i64) -> Window {
        let last = self.now(time_ms);
        let spread = |sign: f64| {
            let apart = |(metric, (name, last)): (&Metric, (&MetricName, &f64))| {
                let value = last + sign * metric.swing * 0.1 * fastrand::f64();
                (name.clone(), rounded(value, metric.decimals))
            };
            METRICS.iter().zip(self.names.iter().map(|name| (name, &last[name]))).map(apart).collect()
        };
        let (min, max): (Readings, Readings) = (spread(-1.0), spread(1.0));
        let mean = last.keys().map(|name| (name.clone(), f64::midpoint(min[name], max[name]))).collect();
        Window { min, mean, max, last }
    }
}

/// As a sensor with so many decimals says it.
fn rounded(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_in_order_and_whole() {
        let world = World::new(3);
        for minute in 0..1000 {
            let Window { min, mean, max, last } = world.window(1_790_000_000_000 + minute * 60_000);
            assert_eq!(mean.len(), METRICS.len());
            for (name, mean) in &mean {
                assert!(min[name] <= *mean && *mean <= max[name], "{name}");
                assert!(min[name] <= last[name] && last[name] <= max[name], "{name}");
            }
        }
    }

    #[test]
    fn devices_differ_and_time_passes() {
        let at = |index, time_ms| World::new(index).now(time_ms);
        assert_ne!(at(1, 0), at(2, 0));
        assert_ne!(at(1, 0), at(1, 3_600_000 * 6));
    }
}
