//! How long the machine has been up and how many tasks want its CPUs.

use super::{describe, id};
use crate::{clock::Moment, sensor::Sensor};
use protocol::{Fault, Kind, MetricDescription, SensorId, Unit};
use std::io;

/// Uptime and load.
pub(super) struct System {
    id: SensorId,
    metrics: Vec<MetricDescription>,
}

impl System {
    pub(super) fn new() -> io::Result<Self> {
        figures().map_err(|error| io::Error::other(error.to_string()))?;
        let id = id("system");
        let metrics = vec![
            describe(&id, "uptime", Unit::Seconds, Kind::Counter, "Uptime"),
            describe(&id, "load_1m", Unit::Count, Kind::Gauge, "Load over one minute"),
        ];
        Ok(Self { id, metrics })
    }
}

fn figures() -> Result<[f64; 2], sysinfo::Error> {
    Ok([sysinfo::System::uptime()? as f64, sysinfo::System::load_average()?.one])
}

impl Sensor for System {
    fn id(&self) -> &SensorId {
        &self.id
    }

    fn metrics(&self) -> &[MetricDescription] {
        &self.metrics
    }

    fn read(&mut self, _at: Moment, values: &mut [Option<f64>]) -> Result<(), Fault> {
        let figures = figures().map_err(|_| Fault::NoAnswer)?;
        values.copy_from_slice(&figures.map(Some));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::tests::{at, read};
    use std::fs;

    #[test]
    fn uptime_and_load_are_the_kernels() {
        let uptime = || -> f64 {
            let text = fs::read_to_string("/proc/uptime").unwrap();
            text.split(' ').next().unwrap().parse().unwrap()
        };
        let before = uptime().floor();
        let values = read(&mut System::new().unwrap(), at(0)).unwrap();
        assert!((before..=uptime()).contains(&values[0].unwrap()), "{values:?}");
        assert!(values[1] >= Some(0.0), "{values:?}");
    }
}
