//! A summary as it stands in a row: JSON, for whoever asks the database itself.

use crate::store::Point;
use protocol::{DeviceId, MetricName};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What is read of it. It was checked when it came.
#[derive(Deserialize)]
pub(super) struct Body {
    #[serde(default)]
    mean: BTreeMap<MetricName, f64>,
    #[serde(default)]
    min: BTreeMap<MetricName, f64>,
    #[serde(default)]
    max: BTreeMap<MetricName, f64>,
    #[serde(default)]
    last: BTreeMap<MetricName, f64>,
    #[serde(default)]
    count: BTreeMap<MetricName, u32>,
}

impl Body {
    /// None where it is damaged, which is in the log then.
    pub(super) fn read(device: &DeviceId, text: &str) -> Option<Self> {
        let body = serde_json::from_str(text);
        body.inspect_err(|error| {
            tracing::error!(%device, "a stored summary is damaged and left out: {error}");
        })
        .ok()
    }

    /// The names of its metrics.
    pub(super) fn metrics(&self) -> impl Iterator<Item = &MetricName> {
        self.mean.keys()
    }

    /// The figures of one metric, if it has any.
    pub(super) fn point(&self, metric: &MetricName, time_ms: i64, by_device: bool) -> Option<Point> {
        Some(Point {
            time_ms,
            mean: *self.mean.get(metric)?,
            min: *self.min.get(metric)?,
            max: *self.max.get(metric)?,
            last: self.last.get(metric).copied(),
            count: u64::from(*self.count.get(metric)?),
            by_device,
        })
    }
}
