//! History as a table: what `export` writes and `import` reads.

use crate::{
    asked::time::{When, written},
    store::Point,
};
use protocol::{DeviceId, MetricName};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Comma-separated values with a header
    Csv,
    /// A JSON object a line
    Json,
    /// A Parquet file, for notebooks and databases; cannot be imported again
    Parquet,
}

impl Format {
    /// By the ending of a file's name.
    pub(super) fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "csv" => Some(Self::Csv),
            "json" | "jsonl" | "ndjson" => Some(Self::Json),
            _ => None,
        }
    }
}

/// Length of the window of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Window {
    /// A summary as it came.
    Summary,
    /// An hour of them.
    Hour,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    pub(super) device: DeviceId,
    pub(super) metric: MetricName,
    /// End of the window, RFC 3339.
    time: String,
    /// The same in milliseconds since 1970-01-01 UTC, in lines that are written.
    #[serde(skip)]
    pub(super) time_ms: i64,
    pub(super) window: Window,
    pub(super) mean: f64,
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) last: Option<f64>,
    pub(super) count: u64,
    pub(super) timed_by: TimedBy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum TimedBy {
    Device,
    Hub,
}

impl Line {
    pub(super) fn new(device: &DeviceId, metric: &MetricName, window: Window, point: &Point) -> Self {
        Self {
            device: device.clone(),
            metric: metric.clone(),
            time: written(point.time_ms),
            time_ms: point.time_ms,
            window,
            mean: point.mean,
            min: point.min,
            max: point.max,
            last: point.last,
            count: point.count,
            timed_by: if point.by_device { TimedBy::Device } else { TimedBy::Hub },
        }
    }

    /// What it says, if that can be.
    pub(super) fn point(&self) -> Result<Point, String> {
        let When::At(time_ms) = When::parse(&self.time)? else {
            return Err(format!("{:?} is no time", self.time));
        };
        let Self { mean, min, max, last, count, .. } = *self;
        let figures = [Some(mean), Some(min), Some(max), last];
        if !figures.iter().flatten().all(|figure| figure.is_finite()) {
            return Err("a figure is no number".to_owned());
        }
        if min > max || count == 0 {
            return Err("min is above max, or count is 0".to_owned());
        }
        Ok(Point { time_ms, mean, min, max, last, count, by_device: self.timed_by == TimedBy::Device })
    }
}
