//! History as it is sent.

use super::{plan::Resolution, query::Figures};
use crate::store::{Point, Series};
use protocol::DeviceId;
use serde::Serialize;
use utoipa::ToSchema;

/// The history of some metrics of a device.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryView {
    /// The device.
    pub device: String,
    /// Start, excluded, in milliseconds since 1970-01-01 UTC. With a step, the start of one.
    pub from_ms: i64,
    /// End, included, in milliseconds since 1970-01-01 UTC. With a step, the end of one.
    pub to_ms: i64,
    /// Length of a step in milliseconds; null when the points are summaries as they came.
    pub step_ms: Option<i64>,
    /// One for each metric that was asked for, in that order.
    pub series: Vec<SeriesView>,
}

/// The history of one metric.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeriesView {
    /// Name of the metric.
    pub metric: String,
    /// Its points, in the order of time. A gap is a gap: nothing is filled in.
    pub points: Vec<PointView>,
}

/// What is known of a metric in one window or step. Figures that were not asked for are left out.
#[derive(Debug, Serialize, ToSchema)]
pub struct PointView {
    /// End of the window or step, in milliseconds since 1970-01-01 UTC.
    pub time_ms: i64,
    /// Mean over time; of a step, weighted by the number of readings.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub mean: Option<f64>,
    /// Lowest reading.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub min: Option<f64>,
    /// Highest reading.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub max: Option<f64>,
    /// Last reading. A step has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub last: Option<f64>,
    /// Number of readings.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub count: Option<u64>,
    /// There, and true, when the device's clock could not be believed and the hub worked the time out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub timed_by_hub: Option<bool>,
}

impl HistoryView {
    pub(super) fn new(device: DeviceId, span: &Resolution, series: &[Series], figures: Figures) -> Self {
        let one = |series: &Series| SeriesView {
            metric: series.metric.to_string(),
            points: points(&series.points, figures),
        };
        Self {
            device: device.into(),
            from_ms: span.from_ms,
            to_ms: span.to_ms,
            step_ms: span.step_ms,
            series: series.iter().map(one).collect(),
        }
    }
}

/// Points with some of their figures.
pub(super) fn points(points: &[Point], figures: Figures) -> Vec<PointView> {
    let one = |point: &Point| PointView {
        time_ms: point.time_ms,
        mean: figures.mean.then_some(point.mean),
        min: figures.min.then_some(point.min),
        max: figures.max.then_some(point.max),
        last: point.last.filter(|_| figures.last),
        count: figures.count.then_some(point.count),
        timed_by_hub: (!point.by_device).then_some(true),
    };
    points.iter().map(one).collect()
}
