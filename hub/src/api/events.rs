//! What happened to devices.

use super::{Problem, Shared, events_query::Question, json, read, when};
use crate::{
    clock,
    events::{Event, Kind, Place},
    view,
};
use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use protocol::Outcome;
use serde::Serialize;
use std::sync::Arc;
use utoipa::{
    ToSchema,
    openapi::{RefOr, Schema},
};

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventsView {
    /// The events, newest first.
    pub events: Vec<EventView>,
    /// Parameter `cursor` of the next page; null when this is the last one.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// Something that happened to a device.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventView {
    /// Its number; a later event has a higher one.
    pub id: i64,
    /// When the hub learnt it, in milliseconds since 1970-01-01 UTC.
    pub time_ms: i64,
    /// The device.
    pub device: String,
    /// What happened.
    pub kind: Kind,
    /// What it happened to: the sensor of `fault` and `recovered`, the id of a `command`; null otherwise.
    #[schema(required)]
    pub subject: Option<String>,
    /// More about it, in a few words; may be empty.
    pub detail: String,
    /// What became of a `command`, with whose word `detail` begins; null otherwise.
    #[schema(schema_with = outcome_or_null, required)]
    pub outcome: Option<Outcome>,
    /// It happened earlier, while the hub was away: `time_ms` is only the latest that it can have been.
    pub late: bool,
}

fn outcome_or_null() -> RefOr<Schema> {
    view::or_null("Outcome")
}

impl EventView {
    fn new(id: i64, event: Event) -> Self {
        let outcome = event.outcome();
        let Event { time_ms, device, kind, subject, detail, late } = event;
        Self { id, time_ms, device: device.into(), kind, subject, detail, outcome, late }
    }
}

/// What happened to devices, newest first.
///
/// A `Link` header with `rel="next"` leads to the next page, in CSV too.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    tag = "events",
    operation_id = "list_events",
    params(Question),
    responses(
        (status = OK, description = "A page of events.", content((EventsView = "application/json"), (String = "text/csv"))),
        (status = BAD_REQUEST, description = "A parameter is wrong.", body = Problem, content_type = "application/problem+json"),
        (status = SERVICE_UNAVAILABLE, description = "The log cannot be read.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let query = query.unwrap_or_default();
    let question = Question::parse(&query, &headers, clock::now_ms())?;
    let (log, limit) = (shared.api.events.clone(), question.limit);
    let filter = question.filter;
    // One more than asked for tells whether there is a next page.
    let mut page = read::from_store(&shared, "events", move || log.page(&filter, limit + 1)).await?;
    let more = page.len() > limit;
    page.truncate(limit);
    let next_cursor =
        page.last().filter(|_| more).map(|(id, event)| cursor(Place { time_ms: event.time_ms, id: *id }));
    let link = next_cursor.as_ref().and_then(|cursor| next_link(&query, cursor));
    let events: Vec<EventView> = page.into_iter().map(|(id, event)| EventView::new(id, event)).collect();
    let mut response = if question.csv {
        ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], csv(&events)).into_response()
    } else {
        // Numbers and text always serialise.
        json(serde_json::to_vec(&EventsView { events, next_cursor }).unwrap_or_default())
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    if let Some(link) = link {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

fn cursor(Place { time_ms, id }: Place) -> String {
    format!("{time_ms}.{id}")
}

fn next_link(query: &str, cursor: &str) -> Option<HeaderValue> {
    let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "cursor");
    let mut next = form_urlencoded::Serializer::new(String::new());
    next.extend_pairs(kept).append_pair("cursor", cursor);
    format!("</api/v1/events?{}>; rel=\"next\"", next.finish()).try_into().ok()
}

fn csv(events: &[EventView]) -> Vec<u8> {
    let mut table = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = table.write_record(["id", "time", "time_ms", "device", "kind", "subject", "detail", "late"]);
    for event in events {
        let _ = table.write_record([
            event.id.to_string().as_str(),
            &when::format(event.time_ms).unwrap_or_default(),
            &event.time_ms.to_string(),
            &event.device,
            event.kind.as_str(),
            event.subject.as_deref().unwrap_or_default(),
            &event.detail,
            if event.late { "true" } else { "false" },
        ]);
    }
    table.into_inner().unwrap_or_default()
}
