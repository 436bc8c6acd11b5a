//! For Prometheus.

use super::{Problem, Shared, read};
use crate::{
    clock,
    metrics::{self, Gathered},
    store::{LedgerTotals, Read, StoreError},
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
use tokio::{sync::Semaphore, time::timeout};

/// How long the ledger's sums serve: adding up thousands of runs costs more than a scrape should.
const LEDGER_FOR: Duration = Duration::from_secs(10);

/// How long the store's size serves: it changes slowly, and a database looks at each of its tables for it.
const SIZE_FOR: Duration = Duration::from_secs(60);
/// How long a scrape waits for the store. What comes later is told by the next one.
const WAIT: Duration = Duration::from_secs(2);

/// Figures that the store is asked for rarely.
#[derive(Default)]
pub(super) struct Sums {
    ledger: Kept<LedgerTotals>,
    bytes: Kept<u64>,
}

/// A figure of the store, when it was told, and whose turn it is to ask for it.
struct Kept<T> {
    known: Mutex<Option<(Instant, T)>>,
    turn: Arc<Semaphore>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { known: Mutex::new(None), turn: Arc::new(Semaphore::new(1)) }
    }
}

impl<T: Copy> Kept<T> {
    fn fresh(&self, serves: Duration) -> Option<T> {
        self.known.lock().filter(|(told, _)| told.elapsed() < serves).map(|(_, figure)| figure)
    }
}

/// How the hub is doing, in the text format of `OpenMetrics`.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "metrics",
    operation_id = "get_metrics",
    responses((status = OK, description = "Figures of the hub.", body = String, content_type = "application/openmetrics-text"))
)]
pub(super) async fn hub(State(shared): State<Arc<Shared>>) -> Response {
    let (ledger, store_bytes) = tokio::join!(
        kept(&shared, |sums| &sums.ledger, LEDGER_FOR, "the ledger", |store| store.ledger_totals()),
        kept(&shared, |sums| &sums.bytes, SIZE_FOR, "the store's size", |store| store.bytes()),
    );
    let api = &shared.api;
    let checks = api.checks.iter().map(|(name, check)| (*name, check().is_ok())).collect();
    let (state, stream, now_ms) = (&api.state, &api.stream, clock::now_ms());
    let gathered = Gathered { state, stream, ledger, store_bytes, checks, now_ms };
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

/// A figure of the store; `None` when it cannot be read, which the log tells, or not in time.
async fn kept<T: Copy + Send + 'static>(
    shared: &Arc<Shared>,
    of: fn(&Sums) -> &Kept<T>,
    serves: Duration,
    what: &'static str,
    ask: fn(&dyn Read) -> Result<T, StoreError>,
) -> Option<T> {
    let kept = of(&shared.sums);
    if let Some(figure) = kept.fresh(serves) {
        return Some(figure);
    }
    if let Ok(turn) = kept.turn.clone().try_acquire_owned() {
        let shared = shared.clone();
        // It goes on when the scrape is given up, and none asks beside it.
        tokio::spawn(async move {
            let _turn = turn;
            let store = shared.api.store.clone();
            let told = read::from_store(&shared, what, move || ask(&*store)).await.ok();
            *of(&shared.sums).known.lock() = told.map(|figure| (Instant::now(), figure));
        });
    }
    // Whoever asks is done when it is somebody else's turn.
    let _ = timeout(WAIT, kept.turn.acquire()).await;
    kept.fresh(serves)
}
