//! The description of the API.

use crate::view;
use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use utoipa::{
    OpenApi,
    openapi::{
        ContentBuilder, Ref, RefOr, ResponseBuilder,
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};

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
        view::ResumeEvent,
        view::SettingsEvent
    ))
)]
pub(super) struct Document;

/// The description as the routes give it; schemas of the wire contract are referred to, and missing.
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = super::documented().into_openapi();
    let basic = SecurityScheme::Http(Http::new(HttpAuthScheme::Basic));
    document.components.get_or_insert_default().add_security_scheme("password", basic);
    // Whether one is needed is up to the configuration.
    document.security =
        Some(vec![SecurityRequirement::default(), SecurityRequirement::new::<_, _, &str>("password", [])]);
    for (path, item) in &mut document.paths.paths {
        for operation in [&mut item.get, &mut item.delete, &mut item.patch].into_iter().flatten() {
            let mut refuse = |status: &str, why: &str| {
                operation.responses.responses.insert(status.to_owned(), RefOr::T(problem(why)));
            };
            if !HEALTH.contains(&path.as_str()) {
                refuse("401", "The password is missing or wrong.");
            }
            refuse(
                "403",
                "There is no password, and the request comes by a name that is not this machine's.",
            );
        }
    }
    document
}

/// Told without the password.
const HEALTH: [&str; 2] = ["/healthz", "/readyz"];

fn problem(why: &str) -> utoipa::openapi::Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(why).content("application/problem+json", content).build()
}

pub(super) async fn serve() -> Response {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")], DOCUMENT)
        .into_response()
}
