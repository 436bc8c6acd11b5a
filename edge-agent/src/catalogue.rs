//! All metrics of the agent in one list: samples and windows speak of them by their place in it.

use crate::sensor::Lane;
use protocol::{MetricDescription, MetricName, SensorId};
use std::ops::Range;

/// The metrics of all sensors, lane by lane, sensor by sensor.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    metrics: Vec<MetricDescription>,
    sensors: Vec<(SensorId, Range<usize>)>,
}

impl Catalogue {
    /// The metrics of what `lanes` hold, in their order.
    pub fn of(lanes: &[Lane]) -> Self {
        let mut catalogue = Self::default();
        for sensor in lanes.iter().flat_map(|lane| &lane.sensors) {
            catalogue.add(sensor.id(), sensor.metrics());
        }
        catalogue
    }

    /// Adds a sensor's metrics at the end.
    pub fn add(&mut self, sensor: &SensorId, metrics: &[MetricDescription]) {
        let first = self.metrics.len();
        self.metrics.extend_from_slice(metrics);
        self.sensors.push((sensor.clone(), first..self.metrics.len()));
    }

    /// Every metric.
    pub fn metrics(&self) -> &[MetricDescription] {
        &self.metrics
    }

    /// Number of metrics.
    pub fn len(&self) -> usize {
        self.metrics.len()
    }

    /// Whether there is nothing to measure.
    pub fn is_empty(&self) -> bool {
        self.metrics.is_empty()
    }

    /// The name of the metric at a place.
    pub fn name(&self, metric: usize) -> &MetricName {
        &self.metrics[metric].name
    }

    /// Each sensor with the places of its metrics, in the order of the lanes.
    pub fn sensors(&self) -> &[(SensorId, Range<usize>)] {
        &self.sensors
    }
}
