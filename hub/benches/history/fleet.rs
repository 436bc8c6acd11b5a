//! Devices that measure as real ones do: twelve readings a minute, three decimals, now and then a minute missing.

use hub::{
    ingest::retime::{Timed, TimedBy},
    store::{minute::Minute, writer::Record},
};
use std::fmt::Write as _;

/// What each device measures.
pub(crate) const METRICS: [&str; 8] = [
    "outdoor_temperature_celsius",
    "outdoor_humidity_percent",
    "outdoor_pressure_hectopascal",
    "cpu_percent",
    "memory_used_percent",
    "disk_used_percent",
    "network_egress_percent",
    "soc_temperature_celsius",
];

/// The devices, minute by minute.
pub(crate) struct Fleet {
    devices: Vec<Device>,
    time_ms: i64,
    sequence: u64,
    chance: Chance,
}

struct Device {
    /// Slowly wandering deviations, one a metric.
    drift: [f64; METRICS.len()],
    busy: f64,
}

/// A small generator of numbers, so that each run measures the same (xorshift64).
struct Chance(u64);

impl Chance {
    /// From 0 to 1.
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Around 0, bell-shaped, with a deviation of about one.
    fn noise(&mut self) -> f64 {
        (0..6).map(|_| self.next()).sum::<f64>() * 1.4 - 4.2
    }
}

impl Fleet {
    pub(crate) fn new(devices: usize, start_ms: i64) -> Self {
        let device = |_| Device { drift: [0.0; METRICS.len()], busy: 5.0 };
        let devices = (0..devices).map(device).collect();
        Self { devices, time_ms: start_ms, sequence: 0, chance: Chance(0x2545_f491_4f6c_dd1d) }
    }

    pub(crate) fn name(device: usize) -> String {
        format!("d{device}")
    }

    /// The summaries of the next minute.
    pub(crate) fn minute(&mut self) -> Vec<Record> {
        self.time_ms += 60_000;
        self.sequence += 1;
        let mut records = Vec::new();
        for (number, device) in self.devices.iter_mut().enumerate() {
            if self.chance.next() < 0.001 {
                continue;
            }
            // The end of a window is when its last sample was taken, a few milliseconds late.
            let time_ms = self.time_ms + (self.chance.next() * 4.0) as i64;
            let count = if self.chance.next() < 0.01 { 11 } else { 12 };
            let text = device.summary(&mut self.chance, time_ms, self.sequence, count);
            records.push(Record {
                device: Self::name(number).parse().expect("a device's name"),
                boot: "b".parse().expect("a boot's name"),
                sequence: self.sequence,
                monotonic_ms: self.sequence * 60_000,
                timed: Timed { time_ms, by: TimedBy::Device },
                received_ms: time_ms,
                minute: Minute::of_json(&text).expect("a summary"),
                text: text.into(),
            });
        }
        records
    }
}

impl Device {
    /// One reading of each metric.
    fn readings(&mut self, chance: &mut Chance, time_ms: i64) -> [f64; METRICS.len()] {
        let day = (time_ms % 86_400_000) as f64 / 86_400_000.0 * std::f64::consts::TAU;
        for drift in &mut self.drift {
            *drift = *drift * 0.9999 + chance.noise() * 0.01;
        }
        if chance.next() < 0.003 {
            self.busy = 3.0 + chance.next() * 60.0;
        }
        self.busy += (5.0 - self.busy) * 0.02;
        let cpu = (self.busy + chance.noise() * 2.0).clamp(0.0, 100.0);
        let fine = |value: f64, step: f64| (value / step).round() * step;
        [
            fine(15.0 + 7.0 * day.sin() + self.drift[0] + chance.noise() * 0.02, 0.01),
            fine(60.0 - 15.0 * day.sin() + self.drift[1] + chance.noise() * 0.05, 0.01),
            fine(1013.0 + self.drift[2] * 3.0 + chance.noise() * 0.02, 0.01),
            cpu,
            42.0 + self.drift[4] * 2.0 + chance.noise() * 0.05,
            61.0 + (time_ms / 600_000 % 1000) as f64 * 0.001,
            (50.0 + chance.noise() * 20.0).clamp(0.0, 100.0),
            // The Pi's sensor has steps of 0.487 degrees.
            fine(48.0 + cpu * 0.2 + day.sin() * 3.0 + chance.noise() * 0.2, 0.487),
        ]
    }

    fn summary(&mut self, chance: &mut Chance, time_ms: i64, sequence: u64, count: usize) -> String {
        let samples: Vec<_> =
            (0..count).map(|n| self.readings(chance, time_ms - 5_000 * (count - n) as i64)).collect();
        let rounded = |value: f64| (value * 1000.0).round() / 1000.0;
        let map = |figure: &dyn Fn(usize) -> f64| {
            let mut map = String::from("{");
            for (index, metric) in METRICS.iter().enumerate() {
                let comma = if index > 0 { "," } else { "" };
                let _ = write!(map, "{comma}\"{metric}\":{}", rounded(figure(index)));
            }
            map + "}"
        };
        let mean = map(&|m| samples.iter().map(|sample| sample[m]).sum::<f64>() / count as f64);
        let min = map(&|m| samples.iter().map(|sample| sample[m]).fold(f64::INFINITY, f64::min));
        let max = map(&|m| samples.iter().map(|sample| sample[m]).fold(f64::NEG_INFINITY, f64::max));
        let last = map(&|m| samples[count - 1][m]);
        let counts = map(&|_| count as f64);
        format!(
            r#"{{"version":1,"boot":"b","monotonic_ms":{},"time_ms":{time_ms},"clock":"synchronized","sequence":{sequence},"window_ms":60000,"mean":{mean},"min":{min},"max":{max},"last":{last},"count":{counts}}}"#,
            sequence * 60_000
        )
    }
}
