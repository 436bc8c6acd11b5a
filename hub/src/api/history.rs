//! Recent history of a device.

use super::{Problem, Shared, devices::Known, json};
use crate::{clock, store::Series};
use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};
use protocol::MetricName;
use serde::Serialize;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Longest time in one request: 7 days.
const MAX_SPAN_MS: i64 = 7 * 86_400_000;
/// Time shown when none is asked for: the last hour.
const DEFAULT_SPAN_MS: i64 = 3_600_000;
/// Most metrics in one request.
const MAX_METRICS: usize = 20;

/// The history of some metrics of a device.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryView {
    /// The device.
    pub device: String,
    /// Start, included, in milliseconds since 1970-01-01 UTC.
    pub from_ms: i64,
    /// End, excluded, in milliseconds since 1970-01-01 UTC.
    pub to_ms: i64,
    /// One for each metric that was asked for, in that order.
    pub series: Vec<Series>,
}

/// What is asked for.
#[derive(Debug, PartialEq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Question {
    /// Name of a metric; repeat it for more, up to 20. One without history has no points.
    #[param(value_type = Vec<String>, explode = true, min_items = 1, max_items = 20)]
    metric: Vec<MetricName>,
    /// Start, included, in milliseconds since 1970-01-01 UTC; an hour before the end when left out.
    #[param(value_type = Option<i64>)]
    from_ms: i64,
    /// End, excluded, in milliseconds since 1970-01-01 UTC; now when left out. At most 7 days after the start.
    #[param(value_type = Option<i64>)]
    to_ms: i64,
}

/// The history of some metrics of a device, one point per stored summary.
#[utoipa::path(
    get,
    path = "/api/v1/devices/{device}/history",
    tag = "devices",
    operation_id = "get_history",
    params(("device" = String, Path, description = "Id of the device."), Question),
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
    let Question { metric, from_ms, to_ms } = question(&query.unwrap_or_default(), clock::now_ms())?;
    // The semaphore is never closed.
    let _turn = shared.reads.acquire().await;
    let store = shared.api.store.clone();
    let read = tokio::task::spawn_blocking(move || {
        let series = store.history(&id, &metric, from_ms, to_ms)?;
        let view = HistoryView { device: id.into(), from_ms, to_ms, series };
        // Finite numbers and text always serialise.
        Ok(serde_json::to_vec(&view).unwrap_or_default())
    });
    let failure: String = match read.await {
        Ok(Ok(body)) => return Ok(json(body)),
        Ok(Err(error)) => crate::store::StoreError::to_string(&error),
        Err(error) => error.to_string(),
    };
    tracing::error!("history cannot be read: {failure}");
    Err(Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "the history cannot be read now; the hub's log says why",
    ))
}

fn question(query: &str, now_ms: i64) -> Result<Question, Problem> {
    let (mut metric, mut from_ms, mut to_ms) = (Vec::new(), None, None);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "metric" => {
                metric.push(
                    value.parse::<MetricName>().map_err(|error| bad(format!("parameter metric: {error}")))?,
                );
            }
            "from_ms" => from_ms = Some(time("from_ms", &value)?),
            "to_ms" => to_ms = Some(time("to_ms", &value)?),
            _ => {
                return Err(bad(format!("parameter {name} is unknown: there are metric, from_ms and to_ms")));
            }
        }
    }
    if metric.is_empty() || metric.len() > MAX_METRICS {
        return Err(bad(format!(
            "parameter metric is needed 1 to {MAX_METRICS} times, not {}",
            metric.len()
        )));
    }
    let to_ms = to_ms.unwrap_or(now_ms);
    let from_ms = from_ms.unwrap_or(to_ms.saturating_sub(DEFAULT_SPAN_MS));
    if from_ms >= to_ms {
        return Err(bad("parameter from_ms must be before to_ms".to_owned()));
    }
    if to_ms.saturating_sub(from_ms) > MAX_SPAN_MS {
        return Err(bad("parameter from_ms is more than 7 days before to_ms: ask in parts".to_owned()));
    }
    Ok(Question { metric, from_ms, to_ms })
}

fn time(name: &str, value: &str) -> Result<i64, Problem> {
    value.parse().map_err(|_| {
        bad(format!("parameter {name} must be whole milliseconds since 1970-01-01 UTC, not {value:?}"))
    })
}

fn bad(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_hour_is_shown_unless_asked_otherwise() {
        let now = 100 * 86_400_000;
        let default = question("metric=a&metric=b_percent", now).unwrap();
        assert_eq!((default.from_ms, default.to_ms, default.metric.len()), (now - 3_600_000, now, 2));
        let asked = question("metric=a&from_ms=5&to_ms=604800005", now).unwrap();
        assert_eq!((asked.from_ms, asked.to_ms), (5, 604_800_005));
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        let many = "metric=a&".repeat(21);
        for (query, says) in [
            ("", "metric is needed 1 to 20 times, not 0"),
            (many.as_str(), "metric is needed 1 to 20 times, not 21"),
            ("metric=A", "parameter metric: \"A\" is no metric name"),
            ("metric=a&from_ms=yesterday", "parameter from_ms must be whole milliseconds"),
            ("metric=a&to_ms=1.5", "parameter to_ms must be whole milliseconds"),
            ("metric=a&form_ms=1", "parameter form_ms is unknown"),
            ("metric=a&from_ms=9&to_ms=9", "from_ms must be before to_ms"),
            ("metric=a&from_ms=0&to_ms=604800001", "more than 7 days"),
            ("metric=a&from_ms=-9223372036854775808&to_ms=9223372036854775807", "more than 7 days"),
        ] {
            let problem = question(query, 0).unwrap_err();
            assert!(problem.status == 400 && problem.detail.contains(says), "{query}: {problem:?}");
        }
    }
}
