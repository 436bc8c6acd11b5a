//! What of a device's summaries came, and what did not.

use super::{Problem, Shared, devices::Known, json, read};
use crate::{
    receipts::MAX_MISSING,
    store::{Retimed, Run},
};
use axum::{extract::State, response::Response};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Most runs that are told one by one; the sums are over all.
const MAX_RUNS: usize = 100;

/// The loss ledger of a device: what of its summaries the hub has.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LedgerView {
    /// The device.
    pub device: String,
    /// Summaries committed, each once.
    pub received_count: u64,
    /// Summaries below the highest of their run that are not here (yet). The agent keeps sending them until they
    /// are, or until it had to drop them for want of room.
    pub missing_count: u64,
    /// Summaries that came more than two minutes after the end of their window.
    pub late_count: u64,
    /// Times that a summary came that was here already; it is stored once.
    pub double_count: u64,
    /// The runs of its agent, the one last heard of first; at most 100.
    pub runs: Vec<RunView>,
}

/// One run of an agent, within which summaries count from 1.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RunView {
    /// The run.
    pub boot: String,
    /// When its first summary came, in milliseconds since 1970-01-01 UTC; null when that was not noted.
    #[schema(required)]
    pub first_received_ms: Option<i64>,
    /// When its last summary came, in milliseconds since 1970-01-01 UTC; null when that was not noted.
    #[schema(required)]
    pub last_received_ms: Option<i64>,
    /// Highest sequence that came.
    pub highest_sequence: u64,
    /// Summaries committed, each once.
    pub received_count: u64,
    /// Summaries below the highest that are not here.
    pub missing_count: u64,
    /// Which ones: ranges of sequences, lowest first, at most 100.
    pub missing: Vec<HoleView>,
    /// Summaries that came late.
    pub late_count: u64,
    /// Times that a summary came that was here already.
    pub double_count: u64,
    /// Summaries that were made while the device did not know the time, and that the hub timed by when it heard
    /// the same start of the machine; null when there are none.
    #[schema(required)]
    pub timed_by_hub: Option<Retimed>,
    /// Summaries whose time nobody knows, because the machine was started anew before it learnt the time or the hub
    /// heard of it: they stand in the history when they came, which is later than they were. Null when there are
    /// none.
    #[schema(required)]
    pub timed_by_receipt: Option<Retimed>,
}

/// Sequences from `first` to `last`, both included.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct HoleView {
    /// Lowest.
    pub first: u64,
    /// Highest.
    pub last: u64,
}

/// The loss ledger of a device.
#[utoipa::path(
    get,
    path = "/api/v1/devices/{device}/ledger",
    tag = "devices",
    operation_id = "get_ledger",
    params(("device" = String, Path, description = "Id of the device.")),
    responses(
        (status = OK, description = "The ledger.", body = LedgerView),
        (status = BAD_REQUEST, description = "The id is no text.", body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, description = "There is no such device.", body = Problem, content_type = "application/problem+json"),
        (status = SERVICE_UNAVAILABLE, description = "The store cannot be read.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn ledger(
    State(shared): State<Arc<Shared>>,
    Known { id, .. }: Known,
) -> Result<Response, Problem> {
    let store = shared.api.store.clone();
    let device = id.clone();
    let runs = read::from_store(&shared, "the ledger", move || store.ledger(&device)).await?;
    // Numbers and text always serialise.
    Ok(json(serde_json::to_vec(&view(id.into(), &runs)).unwrap_or_default()))
}

fn view(device: String, runs: &[Run]) -> LedgerView {
    let sum = |of: fn(&Run) -> u64| runs.iter().map(of).sum();
    LedgerView {
        device,
        received_count: sum(|run| run.receipts.len()),
        missing_count: sum(missing),
        late_count: sum(|run| run.late),
        double_count: sum(|run| run.double),
        runs: runs.iter().take(MAX_RUNS).map(run_view).collect(),
    }
}

fn missing(run: &Run) -> u64 {
    run.receipts.highest() - run.receipts.len()
}

fn run_view(run: &Run) -> RunView {
    let noted = |at_ms: i64| (at_ms > 0).then_some(at_ms);
    let holes = run.receipts.holes().take(MAX_MISSING);
    RunView {
        boot: run.boot.to_string(),
        first_received_ms: noted(run.first_received_ms),
        last_received_ms: noted(run.last_received_ms),
        highest_sequence: run.receipts.highest(),
        received_count: run.receipts.len(),
        missing_count: missing(run),
        missing: holes.map(|hole| HoleView { first: hole.first, last: hole.last }).collect(),
        late_count: run.late,
        double_count: run.double,
        timed_by_hub: run.by_hub,
        timed_by_receipt: run.by_receipt,
    }
}
