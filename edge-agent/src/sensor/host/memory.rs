//! Memory. All from one reading of /proc/meminfo, so that the figures fit each other.

use super::{describe, id, percent, reread::Reread};
use crate::{clock::Moment, sensor::Sensor};
use protocol::{Fault, Kind, MetricDescription, SensorId, Unit};
use std::io;

/// Memory in use, in caches, available and at all.
pub(super) struct Memory {
    id: SensorId,
    metrics: Vec<MetricDescription>,
    meminfo: Reread,
}

impl Memory {
    pub(super) fn new() -> io::Result<Self> {
        let mut meminfo = Reread::open("/proc/meminfo")?;
        if sizes(meminfo.text()?).is_none() {
            return Err(io::Error::other("/proc/meminfo has no MemAvailable"));
        }
        let id = id("memory");
        let gauge = |what, unit, label| describe(&id, what, unit, Kind::Gauge, label);
        let metrics = vec![
            gauge("memory_used", Unit::Percent, "Memory used"),
            gauge("memory_cache", Unit::Percent, "Memory in caches"),
            gauge("memory_available", Unit::Bytes, "Memory available"),
            gauge("memory_total", Unit::Bytes, "Memory"),
        ];
        Ok(Self { id, metrics, meminfo })
    }
}

/// What /proc/meminfo says, in KiB.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sizes {
    total: u64,
    available: u64,
    buffers: u64,
    cached: u64,
}

/// The sizes of a /proc/meminfo, if it has them all.
fn sizes(meminfo: &str) -> Option<Sizes> {
    let mut sizes = Sizes::default();
    let mut lacking = 4;
    for line in meminfo.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        let size = match key {
            "MemTotal" => &mut sizes.total,
            "MemAvailable" => &mut sizes.available,
            "Buffers" => &mut sizes.buffers,
            "Cached" => &mut sizes.cached,
            _ => continue,
        };
        *size = value.split_ascii_whitespace().next()?.parse().ok()?;
        lacking -= 1;
        if lacking == 0 {
            return Some(sizes);
        }
    }
    None
}

/// Share of the memory that cannot be had by programs, in percent. All sizes in the same unit.
fn used_percent(total: u64, available: u64) -> f64 {
    percent(total.saturating_sub(available), total)
}

/// Share of the memory that holds what is also on disk, in percent. All sizes in the same unit.
fn cache_percent(total: u64, cached: u64, buffers: u64) -> f64 {
    percent(cached + buffers, total)
}

impl Sensor for Memory {
    fn id(&self) -> &SensorId {
        &self.id
    }

    fn metrics(&self) -> &[MetricDescription] {
        &self.metrics
    }

    fn read(&mut self, _at: Moment, values: &mut [Option<f64>]) -> Result<(), Fault> {
        let text = self.meminfo.text().map_err(|_| Fault::NoAnswer)?;
        let sizes = sizes(text).ok_or(Fault::NoAnswer)?;
        values[0] = Some(used_percent(sizes.total, sizes.available));
        values[1] = Some(cache_percent(sizes.total, sizes.cached, sizes.buffers));
        values[2] = Some(sizes.available as f64 * 1024.0);
        values[3] = Some(sizes.total as f64 * 1024.0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::tests::{at, read};
    use std::fs;

    #[test]
    fn formulas() {
        assert_eq!(cache_percent(16384, 8192, 2048), 62.5);
        assert_eq!(cache_percent(0, 0, 0), 0.0);
        assert_eq!(used_percent(16384, 4096), 75.0);
        assert_eq!(used_percent(1000, 1001), 0.0);
    }

    #[test]
    fn keys_are_taken_whole() {
        let text = "MemTotal:  944216 kB\nMemFree:  1 kB\nMemAvailable:  500 kB\nBuffers: 7 kB\n\
                    Cached:   123 kB\nSwapCached:  99 kB\n";
        assert_eq!(sizes(text), Some(Sizes { total: 944_216, available: 500, buffers: 7, cached: 123 }));
        assert_eq!(sizes("MemTotal:  944216 kB\nCached: 1 kB\nBuffers: 7 kB\n"), None, "an old kernel");
    }

    #[test]
    fn this_machine_has_memory() {
        let mut memory = Memory::new().unwrap();
        let values = read(&mut memory, at(0)).unwrap();
        let info = fs::read_to_string("/proc/meminfo").unwrap();
        let total_kib: f64 = info.split_whitespace().nth(1).unwrap().parse().unwrap();
        assert_eq!(values[3], Some(total_kib * 1024.0));
        assert!(values[2] < values[3] && values[2] > Some(0.0));
        assert!(values[..2].iter().all(|value| (0.0..=100.0).contains(&value.unwrap())), "{values:?}");
    }
}
