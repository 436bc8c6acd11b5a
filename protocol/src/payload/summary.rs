//! The durable record of a minute.

use super::{Readings, Stamp, Version};
use crate::MetricName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Payload of the `summary` topic: one window's statistics, kept by the agent until acknowledged.
///
/// `R` and `C` are how readings and counts are held, as in [`State`](super::State).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Summary<R = Readings, C = BTreeMap<MetricName, u32>> {
    /// Version of the contract.
    pub version: Version,
    /// Counts the summaries of one boot from 1, without a hole: what is not received is missing.
    pub sequence: u64,
    /// The end of the window.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// The `machine_boot` of the birth, where `clock` is `unsynchronized`: ties `monotonic_ms` to messages of
    /// other runs of the agent since the same start of the machine, one of which may know the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine_boot: Option<String>,
    /// Length of the window, in milliseconds.
    pub window_ms: u64,
    /// Mean over time of each metric.
    pub mean: R,
    /// Lowest reading.
    pub min: R,
    /// Highest reading.
    pub max: R,
    /// Last reading.
    pub last: R,
    /// Number of readings, at least 1.
    pub count: C,
}

/// Payload of the `backlog` topic: summaries that could not be sent in their minute, oldest first.
///
/// `S` is how a summary is held: a writer may pass on what it has already serialised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Backlog<S = Summary> {
    /// Version of the contract.
    pub version: Version,
    /// The summaries; they may belong to different boots.
    pub summaries: Vec<S>,
}

/// A summary that contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSummary {
    /// Sequence numbers start at 1.
    #[error("sequence 0: sequences start at 1")]
    SequenceZero,
    /// A metric lacks one of its five figures.
    #[error("{0} is not in all of mean, min, max, last and count")]
    Incomplete(MetricName),
    /// A figure that its count denies.
    #[error("{0} has a count of 0: a metric without readings is left out")]
    NoReadings(MetricName),
    /// min <= mean <= max does not hold, or min <= max not exactly.
    #[error("{0} has a mean or last outside its min and max")]
    Disordered(MetricName),
}

/// Whether the mean and the last reading of a metric lie between its lowest and its highest, and these are in order.
pub fn agree(mean: f64, min: f64, max: f64, last: f64) -> bool {
    // Figures are rounded one by one, so a mean may lie a rounding step outside.
    let slack = 1e-6 * (1.0 + min.abs().max(max.abs()));
    let within = |x: f64| min - slack <= x && x <= max + slack;
    min <= max && within(mean) && within(last)
}

impl Summary {
    /// Checks what the shape alone cannot say.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), InvalidSummary> {
        if self.sequence == 0 {
            return Err(InvalidSummary::SequenceZero);
        }
        let maps = [&self.min, &self.max, &self.last];
        for (metric, &mean) in &self.mean {
            let figures = maps.map(|m| m.get(metric).copied());
            let ([Some(min), Some(max), Some(last)], Some(&count)) = (figures, self.count.get(metric)) else {
                return Err(InvalidSummary::Incomplete(metric.clone()));
            };
            if count == 0 {
                return Err(InvalidSummary::NoReadings(metric.clone()));
            }
            if !agree(mean, min, max, last) {
                return Err(InvalidSummary::Disordered(metric.clone()));
            }
        }
        let extra = maps.into_iter().flat_map(|m| m.keys()).chain(self.count.keys());
        match extra.into_iter().find(|metric| !self.mean.contains_key(*metric)) {
            Some(metric) => Err(InvalidSummary::Incomplete(metric.clone())),
            None => Ok(()),
        }
    }
}
