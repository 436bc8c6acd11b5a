//! Devices and their latest values.

use super::{Problem, ProblemCode, Shared, devices_query::Wanted, json};
use crate::{clock, state::Device, view};
use axum::{
    extract::{FromRequestParts, Path, RawQuery, State},
    http::{StatusCode, request::Parts},
    response::Response,
};
use protocol::{DeviceId, Status};
use std::sync::Arc;

/// The device that a path names. There is none without its latest values.
pub(super) struct Known {
    pub(super) id: DeviceId,
    pub(super) latest: Device,
}

impl FromRequestParts<Arc<Shared>> for Known {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let Ok(Path(text)) = Path::<String>::from_request_parts(parts, shared).await else {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "the device in the path is not UTF-8"));
        };
        let id: Option<DeviceId> = text.parse().ok();
        let known = id.and_then(|id| shared.api.state.get(&id).map(|latest| Known { id, latest }));
        known.ok_or_else(|| Problem::unknown_device(&text))
    }
}

/// All devices with their latest values, or those with some labels.
#[utoipa::path(
    get,
    path = "/api/v1/devices",
    tag = "devices",
    operation_id = "list_devices",
    params(
        ("tag" = Option<Vec<String>>, Query, explode = true, max_items = 16, description = "A tag that it must have; repeat it for more, which it must have too."),
        ("group" = Option<Vec<String>>, Query, explode = true, max_items = 100, description = "The group that it must be in, empty for none; repeat it for more, of which it must be in one."),
    ),
    responses(
        (status = OK, description = "The devices, by id.", body = view::DeviceList),
        (status = BAD_REQUEST, description = "A parameter is wrong.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let wanted = Wanted::parse(&query.unwrap_or_default())?;
    let mut devices = shared.api.state.all();
    devices.retain(|(_, device)| wanted.has(device.labels.as_deref()));
    let mut body = Vec::new();
    view::write_devices(&mut body, &devices, clock::now_ms());
    Ok(json(body))
}

/// Forget a device: its history, its ledger, its events, and what the broker keeps of it.
///
/// One that is online is not forgotten, because it would be back with its next message.
#[utoipa::path(
    delete,
    path = "/api/v1/devices/{device}",
    tag = "devices",
    operation_id = "forget_device",
    params(("device" = String, Path, description = "Id of the device.")),
    responses(
        (status = NO_CONTENT, description = "It is forgotten."),
        (status = BAD_REQUEST, description = "The id is no text.", body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, description = "There is no such device.", body = Problem, content_type = "application/problem+json"),
        (status = CONFLICT, description = "It is online.", body = Problem, content_type = "application/problem+json"),
        (status = SERVICE_UNAVAILABLE, description = "Store or broker are in the way; try again.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn forget(
    State(shared): State<Arc<Shared>>,
    Known { id, latest }: Known,
) -> Result<StatusCode, Problem> {
    if latest.status == Some(Status::Online) {
        let detail = format!("{id} is online: stop its agent first, or it would come back");
        let problem = Problem::new(StatusCode::CONFLICT, detail);
        return Err(problem.code(ProblemCode::DeviceOnline).with("device", &id));
    }
    shared.api.forget.forget(&id).await.map_err(|reason| {
        tracing::warn!(device = %id, "not forgotten: {reason}");
        Problem::unwritten(&format!("{id} is not forgotten"), &reason)
    })?;
    tracing::info!(device = %id, "forgotten");
    Ok(StatusCode::NO_CONTENT)
}

/// One device with its latest values.
#[utoipa::path(
    get,
    path = "/api/v1/devices/{device}",
    tag = "devices",
    operation_id = "get_device",
    params(("device" = String, Path, description = "Id of the device.")),
    responses(
        (status = OK, description = "The device.", body = view::DeviceView),
        (status = BAD_REQUEST, description = "The id is no text.", body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, description = "There is no such device.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn one(Known { id, latest }: Known) -> Response {
    let mut body = Vec::new();
    view::write_device(&mut body, &id, &latest);
    json(body)
}
