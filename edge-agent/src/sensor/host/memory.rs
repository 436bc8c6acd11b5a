//! Memory. All from one reading of /proc/meminfo, so that the figures fit each other.

use super::{describe, id, percent};
use crate::{clock::Moment, sensor::Sensor};
use procfs::{Current, Meminfo};
use protocol::{Fault, Kind, MetricDescription, SensorId, Unit};
use std::io;

/// Memory in use, in caches, available and at all.
pub(super) struct Memory {
    id: SensorId,
    metrics: Vec<MetricDescription>,
}

impl Memory {
    pub(super) fn new() -> io::Result<Self> {
        let info = Meminfo::current().map_err(io::Error::other)?;
        if info.mem_available.is_none() {
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
        Ok(Self { id, metrics })
    }
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
        let info = Meminfo::current().map_err(|_| Fault::NoAnswer)?;
        let available = info.mem_available.ok_or(Fault::NoAnswer)?;
        values[0] = Some(used_percent(info.mem_total, available));
        values[1] = Some(cache_percent(info.mem_total, info.cached, info.buffers));
        values[2] = Some(available as f64);
        values[3] = Some(info.mem_total as f64);
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
