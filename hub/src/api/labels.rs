//! What people say of a device.

use super::{Problem, ProblemCode, Shared, body, devices::Known, json};
use crate::labels::{BadLabels, Labels, LabelsChange, MAX_TAGS};
use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use std::sync::Arc;

/// What people say of a device: its name, its tags, its group.
#[utoipa::path(
    get,
    path = "/api/v1/devices/{device}/labels",
    tag = "devices",
    operation_id = "get_labels",
    params(("device" = String, Path, description = "Id of the device.")),
    responses(
        (status = OK, description = "What people say of it.", body = Labels),
        (status = BAD_REQUEST, description = "The id is no text.", body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, description = "There is no such device.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn one(Known { latest, .. }: Known) -> Response {
    written(&latest.labels.as_deref().cloned().unwrap_or_default())
}

/// Change what people say of a device.
///
/// A JSON merge patch (RFC 7396): what is left out stays, null takes away, tags are replaced as a whole. Whoever watches
/// the stream gets a `device` event.
#[utoipa::path(
    patch,
    path = "/api/v1/devices/{device}/labels",
    tag = "devices",
    operation_id = "change_labels",
    params(("device" = String, Path, description = "Id of the device.")),
    request_body(content((LabelsChange = "application/json"), (LabelsChange = "application/merge-patch+json"))),
    responses(
        (status = OK, description = "What people say of it now.", body = Labels),
        (status = BAD_REQUEST, description = "It cannot be read, or nobody can be called so.", body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, description = "There is no such device.", body = Problem, content_type = "application/problem+json"),
        (status = PAYLOAD_TOO_LARGE, description = "It is longer than any change can be.", body = Problem, content_type = "application/problem+json"),
        (status = UNSUPPORTED_MEDIA_TYPE, description = "It is no JSON.", body = Problem, content_type = "application/problem+json"),
        (status = SERVICE_UNAVAILABLE, description = "The store is in the way; try again.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn change(
    State(shared): State<Arc<Shared>>,
    Known { id, .. }: Known,
    request: Request,
) -> Result<Response, Problem> {
    let change: LabelsChange = body::patch(request).await?;
    // One after another: a change is of what is there when it is made.
    let _turn = shared.changes.lock().await;
    let unknown = || Problem::unknown_device(id.as_str());
    let before =
        shared.api.state.get(&id).ok_or_else(unknown)?.labels.as_deref().cloned().unwrap_or_default();
    let labels = before.changed(change).map_err(|error| refused(&error))?;
    if labels != before {
        let noted = shared.api.notes.label(&id, labels.clone()).await.map_err(|reason| {
            tracing::warn!(device = %id, "labels not changed: {reason}");
            Problem::unwritten(&format!("{id} is not changed"), &reason)
        })?;
        shared.api.stream.device(&id, &noted.ok_or_else(unknown)?);
    }
    Ok(written(&labels))
}

fn refused(error: &BadLabels) -> Problem {
    let problem = Problem::new(StatusCode::BAD_REQUEST, error.to_string());
    let short = |what: &'static str| what.strip_prefix("a ").unwrap_or(what);
    match error {
        BadLabels::Empty(what) => problem.code(ProblemCode::EmptyText).with("what", short(what)),
        BadLabels::Long { what, length, most } => {
            let problem = problem.code(ProblemCode::LongText).with("what", short(what));
            problem.with("length", length).with("most", most)
        }
        BadLabels::Character { what, character } => {
            let problem = problem.code(ProblemCode::BadCharacter).with("what", short(what));
            problem.with("character", &format!("{character:?}"))
        }
        BadLabels::TooMany(count) => {
            problem.code(ProblemCode::TooManyTags).with("count", count).with("most", &MAX_TAGS)
        }
    }
}

fn written(labels: &Labels) -> Response {
    // Texts always serialise.
    json(serde_json::to_vec(labels).unwrap_or_default())
}
