//! For whoever watches over the hub.

use super::{Problem, Shared};
use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Says whether some part works, or in one line why not.
pub type Check = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// The hub does its work.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ready {
    /// Always true; otherwise the answer is a problem.
    pub ready: bool,
}

/// The process is alive.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "health",
    operation_id = "healthz",
    responses((status = OK, description = "It is.", body = String, content_type = "text/plain"))
)]
pub(super) async fn healthz() -> &'static str {
    "alive\n"
}

/// The hub does its work: the store takes what it is given and the broker is there.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    operation_id = "readyz",
    responses(
        (status = OK, description = "It does.", body = Ready),
        (status = SERVICE_UNAVAILABLE, description = "Something is wrong.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn readyz(State(shared): State<Arc<Shared>>) -> Result<Json<Ready>, Problem> {
    let failed = |(name, check): &(&str, Check)| check().err().map(|reason| format!("{name}: {reason}"));
    let failures: Vec<String> = shared.api.checks.iter().filter_map(failed).collect();
    if failures.is_empty() {
        Ok(Json(Ready { ready: true }))
    } else {
        Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, failures.join("; ")))
    }
}
