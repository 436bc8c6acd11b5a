//! The description of the API.

use crate::view;
use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use utoipa::OpenApi;

/// What clients are generated from. A test writes it, from the routes and from the wire contract's own
/// types, and fails when it is out of date; so the hub needs no schema generator.
pub(super) const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Edgewise hub",
        version = "1",
        description = "Devices, their latest values, their history, and a live stream. \
                       Errors are application/problem+json. With a panel password, HTTP Basic with any user name.",
    ),
    components(schemas(
        view::StateEvent,
        view::SummaryEvent,
        view::PingEvent,
        view::LaggedEvent,
        view::ForgottenEvent,
        view::ResumeEvent
    ))
)]
pub(super) struct Document;

/// The description as the routes give it; schemas of the wire contract are referred to, and missing.
pub fn document() -> utoipa::openapi::OpenApi {
    super::documented().into_openapi()
}

pub(super) async fn serve() -> Response {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")], DOCUMENT)
        .into_response()
}
