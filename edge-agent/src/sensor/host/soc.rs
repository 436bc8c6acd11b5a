//! Temperature of the processor, where the machine tells it.

use super::{describe, id};
use crate::{clock::Moment, sensor::Sensor};
use protocol::{Fault, Kind, MetricDescription, SensorId, Unit};
use sysinfo::Components;

/// How the labels of processors begin, those of Pis first.
const LABELS: [&str; 8] = [
    "cpu_thermal",
    "cpu-thermal",
    "soc_thermal",
    "soc-thermal",
    "bcm2835_thermal",
    "coretemp Package",
    "k10temp Tctl",
    "x86_pkg_temp",
];

/// The processor's own thermometer.
pub(super) struct Soc {
    id: SensorId,
    metrics: [MetricDescription; 1],
    thermometers: Components,
    /// Which of them.
    index: usize,
}

impl Soc {
    /// The first thermometer that is known to be a processor's; virtual machines, for one, have none.
    pub(super) fn find() -> Option<Self> {
        let thermometers = Components::new_with_refreshed_list().ok()?;
        let rank = |label: &str| LABELS.iter().position(|known| label.starts_with(known));
        let (_, index) = thermometers
            .iter()
            .enumerate()
            .filter(|(_, thermometer)| thermometer.temperature().is_some_and(f32::is_finite))
            .filter_map(|(index, thermometer)| Some((rank(thermometer.label())?, index)))
            .min()?;
        let id = id("soc");
        let metrics = [describe(&id, "soc_temperature", Unit::Celsius, Kind::Gauge, "Processor temperature")];
        Some(Self { id, metrics, thermometers, index })
    }
}

impl Sensor for Soc {
    fn id(&self) -> &SensorId {
        &self.id
    }

    fn metrics(&self) -> &[MetricDescription] {
        &self.metrics
    }

    fn read(&mut self, _at: Moment, values: &mut [Option<f64>]) -> Result<(), Fault> {
        let thermometer = &mut self.thermometers[self.index];
        thermometer.refresh();
        let celsius = thermometer.temperature().filter(|celsius| celsius.is_finite());
        values[0] = Some(f64::from(celsius.ok_or(Fault::NoAnswer)?));
        Ok(())
    }
}
