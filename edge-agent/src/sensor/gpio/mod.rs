//! Inputs of the header: what is counted, and what is on or off.
//!
//! Edges are taken and debounced as they come, on a thread of each pin; a tick only reads what has been
//! counted. So the interval between two ticks misses no pulse, however long it is.

mod config;
mod meaning;
mod rate;
mod watch;

pub use config::{AnemometerConfig, LevelInputConfig, PulseCounterConfig, RainGaugeConfig};

use super::{Common, Sensor};
use crate::clock::Moment;
use meaning::{Meaning, Quantity};
use protocol::{Fault, MetricDescription, MetricName, SensorId};
use watch::{Trouble, Watch};

/// A pin that is sampled.
pub(super) struct PinSensor {
    id: SensorId,
    metrics: Vec<MetricDescription>,
    watch: Watch,
    meaning: Box<dyn Meaning>,
    /// What was wrong at the last tick: the log tells changes only.
    last: Option<String>,
}

impl PinSensor {
    fn new(common: &Common<'_>, watch: Watch, meaning: Box<dyn Meaning>) -> Self {
        let id = common.id();
        let describe = |quantity: &Quantity| MetricDescription {
            name: metric_name(common, quantity),
            unit: quantity.unit,
            sensor: id.clone(),
            label: label(common, quantity),
            kind: quantity.kind,
        };
        let metrics = meaning.quantities().iter().map(describe).collect();
        Self { id, metrics, watch, meaning, last: None }
    }

    fn attempt(&mut self, at: Moment, values: &mut [Option<f64>]) -> Result<(), Trouble> {
        let seen = self.watch.read(at)?;
        self.meaning.take(at.monotonic_ms, seen, values)
    }
}

impl Sensor for PinSensor {
    fn id(&self) -> &SensorId {
        &self.id
    }

    fn metrics(&self) -> &[MetricDescription] {
        &self.metrics
    }

    fn read(&mut self, at: Moment, values: &mut [Option<f64>]) -> Result<(), Fault> {
        match self.attempt(at, values) {
            Ok(()) => {
                if self.last.take().is_some() {
                    tracing::info!(sensor = %self.id, pin = %self.watch.pin(), "the input is read again");
                }
                Ok(())
            }
            Err(trouble) => {
                // What was not counted must not look like a calm.
                self.meaning.interrupted();
                let (fault, told) = (trouble.fault(), trouble.to_string());
                if self.last.as_ref() != Some(&told) {
                    tracing::warn!(sensor = %self.id, pin = %self.watch.pin(), %fault, "no readings of the input: {told}");
                    self.last = Some(told);
                }
                Err(fault)
            }
        }
    }
}

/// `rain_millimeters`, `roof_rain_millimeters`, or `meter_count` where the instance's name says it all; the
/// kind stands in for a name that is not given.
fn metric_name(common: &Common<'_>, quantity: &Quantity) -> MetricName {
    let name = common.name.map_or("", |name| name.id().as_str());
    let what = match (name, quantity.what) {
        ("", "") => common.kind.to_owned(),
        ("", what) => what.to_owned(),
        (name, "") => name.to_owned(),
        (name, what) => format!("{name}_{what}"),
    };
    let name = MetricName::new(&what, quantity.unit);
    name.expect("an instance name begins a metric name and leaves room, and so does a kind")
}

fn label(common: &Common<'_>, quantity: &Quantity) -> String {
    let of_name = common.name.map(|name| name.id().as_str().replace('_', " "));
    let label = match common.label.map(str::to_owned).or(of_name) {
        Some(owner) => format!("{owner} {}", quantity.label),
        None if quantity.what.is_empty() => {
            format!("{} {}", common.kind.replace('_', " "), quantity.label)
        }
        None => quantity.label.to_owned(),
    };
    let mut characters = label.trim().chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests;
