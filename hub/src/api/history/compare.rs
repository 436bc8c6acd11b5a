//! One metric of several devices, side by side.

use super::{
    Failure, MAX_TOTAL, RangeQuery, answer, bad, body,
    plan::Wish,
    query::{Figures, Query},
};
use crate::{
    api::{Problem, Shared},
    asked::pattern::{Devices, Pattern},
    clock,
    store::{Point, Read, fold::MINUTE_MS},
};
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use protocol::{DeviceId, MetricName};
use serde::Serialize;
use std::{collections::BTreeSet, sync::Arc};
use utoipa::{IntoParams, ToSchema};

/// Points of a device unless asked otherwise.
const DEFAULT_POINTS: usize = 500;
/// Most devices in one answer.
const MAX_DEVICES: usize = 200;

/// What is asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the description of what Query reads")]
pub(crate) struct CompareQuery {
    /// Name of the metric.
    metric: String,
    /// Ids of devices, with commas between; in a pattern `*` stands for anything.
    devices: String,
    /// Length of a step, `5m` say; when left out, the finest natural one that keeps to `max_points`.
    step: Option<String>,
    /// Most steps.
    #[param(minimum = 1, maximum = 50000)]
    max_points: Option<u32>,
    /// Which figures to send, of `mean`, `min`, `max`, `count`, with commas between; all when left out.
    aggregate: Option<String>,
}

/// One metric of several devices, on the same steps.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CompareView {
    /// Name of the metric.
    metric: String,
    /// Start of the first step, excluded, in milliseconds since 1970-01-01 UTC.
    from_ms: i64,
    /// End of the last step, included, in milliseconds since 1970-01-01 UTC.
    to_ms: i64,
    /// Length of a step, in milliseconds.
    step_ms: i64,
    /// Ends of the steps, in milliseconds since 1970-01-01 UTC.
    times_ms: Vec<i64>,
    /// The devices, in the order in which they were asked for.
    devices: Vec<ColumnView>,
}

/// Figures of one device, one for each step; null where there is none.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ColumnView {
    /// The device.
    device: String,
    /// Means over time, weighted by the number of readings.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    mean: Option<Vec<Option<f64>>>,
    /// Lowest readings.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    min: Option<Vec<Option<f64>>>,
    /// Highest readings.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    max: Option<Vec<Option<f64>>>,
    /// Numbers of readings.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    count: Option<Vec<Option<u64>>>,
}

/// One metric of several devices, aligned on steps.
#[utoipa::path(
    get,
    path = "/api/v1/compare",
    tag = "devices",
    operation_id = "compare",
    params(RangeQuery, CompareQuery),
    responses(
        (status = OK, description = "The metric of each device.", body = CompareView),
        (status = BAD_REQUEST, description = "A parameter is wrong.", body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, description = "There is no such device.", body = Problem, content_type = "application/problem+json"),
        (status = SERVICE_UNAVAILABLE, description = "The store cannot be read.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn compare(
    State(shared): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let names = ["metric", "devices", "from", "to", "from_ms", "to_ms", "step", "max_points", "aggregate"];
    let query = Query::parse(&query.unwrap_or_default(), &names)?;
    let metric = query.metric()?;
    let devices = expand(&shared, &query.devices("devices")?)?;
    let figures = query.figures()?;
    let mut wish = query.wish(clock::now_ms(), DEFAULT_POINTS)?;
    wish.max_points = wish.max_points.min(MAX_TOTAL / devices.len().max(1));
    answer(&shared, move |store| Ok(body(&read(store, metric, devices, &wish, figures)?))).await
}

fn expand(shared: &Shared, patterns: &[Devices]) -> Result<Vec<DeviceId>, Problem> {
    let state = &shared.api.state;
    let mut devices = Vec::new();
    for pattern in patterns {
        match pattern {
            Pattern::Name(id) if state.get(id).is_some() => devices.push(id.clone()),
            Pattern::Name(id) => {
                return Err(Problem::unknown_device(id.as_str()));
            }
            Pattern::Glob(_) => {
                let known = state.all().into_iter().map(|(id, _)| id);
                devices.extend(known.filter(|id| pattern.matches(id.as_str())));
            }
        }
    }
    let mut seen = BTreeSet::new();
    devices.retain(|device| seen.insert(device.clone()));
    match devices.len() {
        0 => Err(bad("parameter devices stands for no device that there is".to_owned())),
        1..=MAX_DEVICES => Ok(devices),
        many => {
            Err(bad(format!("parameter devices stands for {many} devices, at most {MAX_DEVICES} are told")))
        }
    }
}

fn read(
    store: &dyn Read,
    metric: MetricName,
    devices: Vec<DeviceId>,
    wish: &Wish,
    figures: Figures,
) -> Result<CompareView, Failure> {
    let mut span = wish.resolve(store.minutes_since_ms()?, true)?;
    if wish.step_ms.is_none() && span.step_ms.is_some_and(|step_ms| step_ms < MINUTE_MS) {
        // Finer than summaries come there would be holes that are none.
        span = Wish { step_ms: Some(MINUTE_MS), ..*wish }.resolve(None, true)?;
    }
    let step_ms = span.step_ms.unwrap_or(MINUTE_MS);
    let times_ms: Vec<i64> =
        (1..=(span.to_ms - span.from_ms) / step_ms).map(|n| span.from_ms + n * step_ms).collect();
    let metrics = [metric];
    let mut columns = Vec::with_capacity(devices.len());
    for device in devices {
        let series = store.history(&device, &metrics, &span)?;
        let points = series.first().map_or(&[][..], |series| &series.points);
        columns.push(column(device, points, &times_ms, figures));
    }
    let [metric] = metrics;
    let (from_ms, to_ms) = (span.from_ms, span.to_ms);
    Ok(CompareView { metric: metric.to_string(), from_ms, to_ms, step_ms, times_ms, devices: columns })
}

fn column(device: DeviceId, points: &[Point], times_ms: &[i64], figures: Figures) -> ColumnView {
    let mut aligned = vec![None; times_ms.len()];
    for point in points {
        if let Ok(at) = times_ms.binary_search(&point.time_ms) {
            aligned[at] = Some(point);
        }
    }
    let figure = |wanted: bool, of: fn(&Point) -> f64| {
        wanted.then(|| aligned.iter().map(|point| point.map(of)).collect())
    };
    ColumnView {
        device: device.into(),
        mean: figure(figures.mean, |point| point.mean),
        min: figure(figures.min, |point| point.min),
        max: figure(figures.max, |point| point.max),
        count: figures.count.then(|| aligned.iter().map(|point| point.map(|point| point.count)).collect()),
    }
}
