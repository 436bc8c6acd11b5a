//! What was measured: of one device, of several side by side, and as a report.

mod compare;
mod plan;
mod query;
mod report;
mod view;

pub(super) use compare::{__path_compare, compare};
pub(super) use report::{__path_report, report};
pub use view::HistoryView;

use super::{Problem, ProblemCode, Shared, devices::Known, json};
use crate::{
    asked::pattern::Pattern,
    clock,
    store::{Read, Series, StoreError},
};
use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};
use plan::{Resolution, Wish};
use protocol::{DeviceId, MetricName};
use query::Query;
use serde::Serialize;
use std::sync::Arc;
use utoipa::IntoParams;

/// Most metrics in one answer.
const MAX_METRICS: usize = 200;
/// Most points in one answer.
const MAX_TOTAL: usize = 500_000;
/// Points of a metric unless asked otherwise: a day of minutes and a bit.
const DEFAULT_POINTS: usize = 1500;

/// Which time is asked for, wherever history is.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the description of what Query reads")]
struct RangeQuery {
    /// Start, excluded: RFC 3339 (`2026-03-01T00:00:00Z`), or back from the end (`-7d`; s, m, h, d, w). An hour
    /// before the end when left out.
    from: Option<String>,
    /// End, included: RFC 3339, `now`, or back from now. Now when left out.
    to: Option<String>,
    /// Start in milliseconds since 1970-01-01 UTC, instead of `from`.
    #[param(minimum = 0, maximum = 253402300799999_i64)]
    from_ms: Option<i64>,
    /// End in milliseconds since 1970-01-01 UTC, instead of `to`.
    #[param(minimum = 0, maximum = 253402300799999_i64)]
    to_ms: Option<i64>,
}

/// What is asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the description of what Query reads")]
pub(super) struct HistoryQuery {
    /// Name of a metric, or a pattern in which `*` stands for anything: `cpu*_percent`. Repeat it for more, up to 20.
    /// A name without history has no points.
    #[param(explode = true, min_items = 1, max_items = 20)]
    metric: Vec<String>,
    /// Length of the steps that summaries are folded into, `5m` say: windows that end after the start of a step and not
    /// after its end. Start and end are moved outwards to whole steps. When left out, the finest that keeps
    /// to `max_points`. Where minutes are no longer kept it is whole hours.
    step: Option<String>,
    /// Most points of one metric.
    #[param(minimum = 1, maximum = 50000)]
    max_points: Option<u32>,
    /// Which figures to send, of `mean`, `min`, `max`, `count`, with commas between; all and `last` when left out.
    aggregate: Option<String>,
}

/// The history of some metrics of a device. The tier is picked by itself: summaries as they came where they are
/// few enough, else steps of them.
#[utoipa::path(
    get,
    path = "/api/v1/devices/{device}/history",
    tag = "devices",
    operation_id = "get_history",
    params(("device" = String, Path, description = "Id of the device."), RangeQuery, HistoryQuery),
    responses(
        (status = OK, description = "The history.", body = HistoryView),
        (status = BAD_REQUEST, description = "A parameter is wrong.", body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, description = "There is no such device.", body = Problem, content_type = "application/problem+json"),
        (status = SERVICE_UNAVAILABLE, description = "The store cannot be read.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn history(
    State(shared): State<Arc<Shared>>,
    Known { id, .. }: Known,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let names = ["metric", "from", "to", "from_ms", "to_ms", "step", "max_points", "aggregate"];
    let query = Query::parse(&query.unwrap_or_default(), &names)?;
    let patterns = query.patterns("metric")?;
    let figures = query.figures()?;
    let wish = query.wish(clock::now_ms(), DEFAULT_POINTS)?;
    answer(&shared, move |store| {
        let metrics = expand(store, &id, &patterns)?;
        let (resolution, series) = read(store, &id, &metrics, &wish)?;
        Ok(body(&HistoryView::new(id, &resolution, &series, figures)))
    })
    .await
}

/// The metrics that are meant: names as they are, patterns by what there is, each once.
fn expand(store: &dyn Read, device: &DeviceId, patterns: &[Pattern]) -> Result<Vec<MetricName>, Failure> {
    let known = if patterns.iter().all(Pattern::is_name) { Vec::new() } else { store.metrics(device)? };
    let mut metrics: Vec<MetricName> = Vec::new();
    for pattern in patterns {
        match pattern {
            Pattern::Name(name) => metrics.push(name.clone()),
            Pattern::Glob(_) => {
                metrics.extend(known.iter().filter(|name| pattern.matches(name.as_str())).cloned());
            }
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    metrics.retain(|metric| seen.insert(metric.clone()));
    if metrics.len() > MAX_METRICS {
        let many = metrics.len();
        return Err(bad(format!(
            "parameter metric stands for {many} metrics, at most {MAX_METRICS} are told"
        ))
        .into());
    }
    Ok(metrics)
}

/// Reads as finely as the wish allows.
fn read(
    store: &dyn Read,
    device: &DeviceId,
    metrics: &[MetricName],
    wish: &Wish,
) -> Result<(Resolution, Vec<Series>), Failure> {
    let wish = Wish { max_points: wish.max_points.min(MAX_TOTAL / metrics.len().max(1)), ..*wish };
    let minutes_since_ms = store.minutes_since_ms()?;
    let resolution = wish.resolve(minutes_since_ms, false)?;
    let series = store.history(device, metrics, &resolution)?;
    if resolution.step_ms.is_none() && series.iter().any(|series| series.points.len() > wish.max_points) {
        // Windows shorter than a minute.
        let resolution = wish.resolve(minutes_since_ms, true)?;
        let series = store.history(device, metrics, &resolution)?;
        return Ok((resolution, series));
    }
    Ok((resolution, series))
}

/// Why there is no answer.
enum Failure {
    /// The question.
    Asked(Problem),
    /// The store.
    Store(StoreError),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Asked(problem)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Reads on a thread that may block, when it is its turn.
async fn answer(
    shared: &Shared,
    read: impl FnOnce(&dyn Read) -> Result<Vec<u8>, Failure> + Send + 'static,
) -> Result<Response, Problem> {
    // The semaphore is never closed.
    let _turn = shared.reads.acquire().await;
    let store = shared.api.store.clone();
    let failure = match tokio::task::spawn_blocking(move || read(store.as_ref())).await {
        Ok(Ok(body)) => return Ok(json(body)),
        Ok(Err(Failure::Asked(problem))) => return Err(problem),
        Ok(Err(Failure::Store(error))) => error.to_string(),
        Err(error) => error.to_string(),
    };
    tracing::error!("history cannot be read: {failure}");
    let detail = "the history cannot be read now; the hub's log says why";
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).code(ProblemCode::StoreUnreadable))
}

fn body(view: &impl Serialize) -> Vec<u8> {
    // Finite numbers and text always serialise.
    serde_json::to_vec(view).unwrap_or_default()
}

fn bad(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, detail)
}

/// Reads a query in all the ways that there are here, for the fuzz targets.
#[cfg(any(test, feature = "fuzz"))]
pub(super) fn fuzz(text: &str, now_ms: i64) {
    let names =
        ["metric", "devices", "from", "to", "from_ms", "to_ms", "step", "max_points", "aggregate", "bands"];
    let Ok(query) = Query::parse(text, &names) else { return };
    let _ = (query.devices("devices"), query.metric(), query.figures());
    for pattern in query.patterns("metric").into_iter().flatten() {
        assert!(!(pattern.is_name() && pattern.matches("cpu0_percent")));
    }
    if let Ok(bands) = query.bands() {
        assert!(bands.is_sorted_by(|a, b| a < b) && bands.iter().all(|bound| bound.is_finite()));
    }
    let Ok(wish) = query.wish(now_ms, DEFAULT_POINTS) else { return };
    assert!(wish.from_ms < wish.to_ms && (1..=plan::MAX_POINTS).contains(&wish.max_points), "{wish:?}");
    for (since_ms, stepped) in [(None, false), (None, true), (Some(now_ms), true)] {
        let Ok(span) = wish.resolve(since_ms, stepped) else { continue };
        assert!(span.from_ms <= wish.from_ms && wish.to_ms <= span.to_ms, "{wish:?} {span:?}");
        if let Some(step_ms) = span.step_ms {
            let steps = (span.to_ms - span.from_ms) / step_ms;
            assert!(step_ms > 0 && steps <= wish.max_points as i64, "{wish:?} {span:?}");
        }
    }
}
