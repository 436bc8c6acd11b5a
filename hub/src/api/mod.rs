//! What browsers and programs ask of the hub over HTTP.

mod auth;
mod body;
mod devices;
mod devices_query;
pub(crate) mod etag;
mod events;
mod events_query;
mod health;
mod history;
mod labels;
mod ledger;
mod metrics;
mod openapi;
mod page;
mod problem;
mod read;
mod settings;
mod stream;
mod stream_filter;
mod when;

pub use auth::{EmptyPassword, Password};
pub use events::{EventView, EventsView};
pub use health::{Check, Ready};
pub use history::HistoryView;
pub use ledger::LedgerView;
pub use openapi::document;
pub use problem::{Problem, ProblemCode};

/// Reads a query in all the ways that there are, for the fuzz targets.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn fuzz(text: &str, now_ms: i64) {
    history::fuzz(text, now_ms);
    let _ = stream_filter::Filter::parse(text);
    let _ = events_query::Question::parse(text, &axum::http::HeaderMap::new(), now_ms);
}

use crate::{
    events::Log,
    forget::Forget,
    metrics::Sources,
    panel,
    settings::Settings,
    state::State,
    store::{Read, writer::Notes},
    stream::Stream,
};
use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;
use tower_http::{compression::CompressionLayer, set_header::SetResponseHeaderLayer};
use utoipa::OpenApi as _;
use utoipa_axum::{router::OpenApiRouter, routes};

/// How long an answer under way may take once the hub ends.
const GRACE: Duration = Duration::from_secs(3);
/// Reads of the history at a time; others wait.
const MAX_READS: usize = 4;
/// Open streams at a time; others are refused.
const MAX_STREAMS: usize = 1024;

/// Nothing but the panel's own files, and no script or frame in a page; style attributes are allowed,
/// because charts are laid out with them.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src-attr 'unsafe-inline'; \
     img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What the API answers from.
pub struct Api {
    /// Latest values.
    pub state: Arc<State>,
    /// Live events.
    pub stream: Stream,
    /// History.
    pub store: Arc<dyn Read>,
    /// What happened to devices.
    pub events: Log,
    /// Forgets devices.
    pub forget: Forget,
    /// Writes what people say of devices, and what they choose.
    pub notes: Notes,
    /// What they chose.
    pub settings: Arc<Settings>,
    /// What the hub counts.
    pub metrics: Sources,
    /// Whether the figures for Prometheus are told without the password.
    pub open_metrics: bool,
    /// What `/readyz` asks, by name.
    pub checks: Vec<(&'static str, Check)>,
    /// Asked of everybody; without one, only this machine is answered.
    pub password: Option<Password>,
}

/// What every handler sees.
struct Shared {
    api: Api,
    guard: auth::Guard,
    reads: Semaphore,
    /// Held while something is changed.
    changes: tokio::sync::Mutex<()>,
    sums: metrics::Sums,
    streams: Arc<Semaphore>,
    shutdown: CancellationToken,
}

/// Answers until `shutdown`, which ends open streams at once and gives other answers 3 s.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, api: Api, shutdown: CancellationToken) -> io::Result<()> {
    let service = router(api, shutdown.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let overdue = async {
        shutdown.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        result = server => result,
        () = overdue => Ok(()),
    }
}

fn documented() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::with_openapi(openapi::Document::openapi())
        .routes(routes!(devices::list))
        .routes(routes!(devices::one, devices::forget))
        .routes(routes!(labels::one, labels::change))
        .routes(routes!(history::history))
        .routes(routes!(history::report))
        .routes(routes!(history::compare))
        .routes(routes!(ledger::ledger))
        .routes(routes!(events::list))
        .routes(routes!(settings::get, settings::change))
        .routes(routes!(stream::stream))
        .routes(routes!(metrics::hub))
        .routes(routes!(metrics::devices))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
}

fn router(api: Api, shutdown: CancellationToken) -> Router {
    let shared = Arc::new(Shared {
        api,
        guard: auth::Guard::default(),
        reads: Semaphore::new(MAX_READS),
        changes: tokio::sync::Mutex::default(),
        sums: metrics::Sums::default(),
        streams: Arc::new(Semaphore::new(MAX_STREAMS)),
        shutdown,
    });
    let (router, _) = documented().split_for_parts();
    let always = |name, value| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    router
        .route("/api/openapi.json", get(openapi::serve))
        .route("/api", get(page::page))
        .route("/api/style.css", get(page::style))
        .method_not_allowed_fallback(wrong_method)
        .fallback(other)
        .with_state(shared.clone())
        .layer(middleware::from_fn_with_state(shared, auth::guard))
        .layer(middleware::from_fn(etag::etag))
        .layer(CompressionLayer::new())
        .layer(always(header::CACHE_CONTROL, "no-store"))
        .layer(always(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .layer(always(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(always(header::REFERRER_POLICY, "no-referrer"))
}

async fn wrong_method(method: Method) -> Response {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("{method} is not possible here: the header Allow tells what is"),
    )
    .into_response()
}

/// What no route matches: the panel's, unless it is meant for the API.
async fn other(request: Request) -> Response {
    let path = request.uri().path();
    if path == "/api" || path.starts_with("/api/") {
        let detail = format!("there is no {path}: /api tells what there is");
        return Problem::new(StatusCode::NOT_FOUND, detail).into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let allow = [(header::ALLOW, "GET,HEAD")];
        return (allow, wrong_method(request.method().clone()).await).into_response();
    }
    panel::answer(path, request.headers())
}

/// JSON that is already written.
fn json(body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}
