//! A summary as it stands in a row: JSON, for whoever asks the database itself.

use crate::store::{Point, chunk::Damaged, examine::look_at_figures};
use protocol::{DeviceId, MetricName};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What tells whose summary it is.
#[derive(Deserialize)]
struct Head {
    boot: String,
    sequence: u64,
}

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

    /// Whether it can be read, and is the one that it is filed as.
    pub(super) fn examine(boot: &str, sequence: i64, text: &str) -> Result<(), Damaged> {
        let damaged = |error: serde_json::Error| Damaged(error.to_string());
        let head: Head = serde_json::from_str(text).map_err(damaged)?;
        if head.boot != boot || i64::try_from(head.sequence) != Ok(sequence) {
            return Err(Damaged(format!("it is summary {} of run {}", head.sequence, head.boot)));
        }
        let body: Self = serde_json::from_str(text).map_err(damaged)?;
        look_at_figures([&body.mean, &body.min, &body.max, &body.last].into_iter().flat_map(BTreeMap::values))
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
