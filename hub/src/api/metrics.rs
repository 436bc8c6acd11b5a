//! For Prometheus.

use super::{Problem, Shared, read};
use crate::{
    clock,
    metrics::{self, Gathered},
    store::LedgerTotals,
};
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use parking_lot::Mutex;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How long the ledger's sums serve: adding up thousands of runs costs more than a scrape should.
const LEDGER_FOR: Duration = Duration::from_secs(10);

/// The ledger's sums, and when they were made.
#[derive(Default)]
pub(super) struct Sums(Mutex<Option<(Instant, LedgerTotals)>>);

/// How the hub is doing, in the text format of `OpenMetrics`.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "metrics",
    operation_id = "get_metrics",
    responses((status = OK, description = "Figures of the hub.", body = String, content_type = "application/openmetrics-text"))
)]
pub(super) async fn hub(State(shared): State<Arc<Shared>>) -> Response {
    let ledger = ledger(&shared).await;
    let api = &shared.api;
    let checks = api.checks.iter().map(|(name, check)| (*name, check().is_ok())).collect();
    let gathered =
        Gathered { state: &api.state, stream: &api.stream, ledger, checks, now_ms: clock::now_ms() };
    answer(metrics::text(metrics::hub(&api.metrics, &gathered)))
}

/// The latest values of all devices, in the text format of `OpenMetrics` and in base units.
///
/// A device that is away or silent has no readings, and a sensor in fault neither.
#[utoipa::path(
    get,
    path = "/metrics/devices",
    tag = "metrics",
    operation_id = "get_device_metrics",
    responses(
        (status = OK, description = "Latest values of the devices.", body = String, content_type = "application/openmetrics-text"),
        (status = SERVICE_UNAVAILABLE, description = "They cannot be told now.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn devices(State(shared): State<Arc<Shared>>) -> Result<Response, Problem> {
    let state = shared.api.state.clone();
    // Reading what thousands of devices said takes a while.
    let text =
        tokio::task::spawn_blocking(move || metrics::text(metrics::devices(&state.all(), clock::now_ms())));
    let failed = |_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the values cannot be told now");
    Ok(answer(text.await.map_err(failed)?))
}

fn answer(text: String) -> Response {
    ([(header::CONTENT_TYPE, metrics::MEDIA_TYPE)], text).into_response()
}

/// What came of all runs; `None` when the store cannot be read, which the log tells.
async fn ledger(shared: &Shared) -> Option<LedgerTotals> {
    let known = *shared.sums.0.lock();
    if let Some((made, totals)) = known
        && made.elapsed() < LEDGER_FOR
    {
        return Some(totals);
    }
    let store = shared.api.store.clone();
    let totals = read::from_store(shared, "the ledger", move || store.ledger_totals()).await.ok()?;
    *shared.sums.0.lock() = Some((Instant::now(), totals));
    Some(totals)
}
