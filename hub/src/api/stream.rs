//! Live events.

use super::{Problem, Shared, stream_filter::Filter};
use crate::{
    clock,
    state::Device,
    stream::{self as events, Next, Position, Reader},
};
use axum::{
    body::Body,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream::unfold;
use protocol::DeviceId;
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Interval, MissedTickBehavior, interval},
};

/// How often a reader is told that the hub is there.
const PING_EVERY: Duration = Duration::from_secs(5);
/// What a reader sends that comes back.
const LAST_EVENT_ID: &str = "last-event-id";

struct Feed {
    /// To be told first of all.
    first: Option<Bytes>,
    known: std::vec::IntoIter<(DeviceId, Device)>,
    reader: Reader,
    filter: Filter,
    ping: Interval,
    shared: Arc<Shared>,
    _place: OwnedSemaphorePermit,
}

/// Live server-sent events.
///
/// First one `device` event (`DeviceView`) per known device, then a `ping` (`PingEvent`, again every 5 s),
/// then whatever happens: `device` when a status or birth changes, `state` (`StateEvent`), `summary`
/// (`SummaryEvent`), `forgotten` (`ForgottenEvent`), and `lagged` (`LaggedEvent`) to a reader that was too slow.
///
/// To a request with `Last-Event-ID` a `resume` (`ResumeEvent`) comes before anything else: either what was missed
/// follows, without the devices, or it is gone and the devices follow as if the reader were new.
#[utoipa::path(
    get,
    path = "/api/v1/stream",
    tag = "stream",
    operation_id = "stream",
    params(
        ("device" = Option<Vec<String>>, Query, explode = true, max_items = 100, description = "Id of a device; repeat it for more. All devices when left out."),
        ("metric" = Option<Vec<String>>, Query, explode = true, max_items = 100, description = "Name of a metric; repeat it for more. Values of others are left out."),
        ("Last-Event-ID" = Option<String>, Header, description = "Id of the last event that came before the connection broke. Browsers send it by themselves."),
    ),
    responses(
        (status = OK, description = "Events until one side leaves.", body = String, content_type = "text/event-stream"),
        (status = BAD_REQUEST, description = "A parameter is wrong.", body = Problem, content_type = "application/problem+json"),
        (status = SERVICE_UNAVAILABLE, description = "Too many streams are open.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn stream(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let filter = Filter::parse(&query.unwrap_or_default())?;
    let place = shared.streams.clone().try_acquire_owned().map_err(|_| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many streams are open: close some or try later")
    })?;
    let asked = headers.get(LAST_EVENT_ID);
    let position = asked.and_then(|id| id.to_str().ok()?.parse::<Position>().ok());
    let stream = &shared.api.stream;
    let (reader, known, resumed) = match position.and_then(|position| stream.resume(position)) {
        Some(reader) => (reader, Vec::new(), true),
        None => {
            // Subscribed before the devices are listed, so that nothing falls in between.
            let reader = stream.subscribe();
            let mut known = shared.api.state.all();
            known.retain(|(id, _)| filter.wants(id));
            (reader, known, false)
        }
    };
    let first = asked.map(|_| events::resume_event(resumed));
    let mut ping = interval(PING_EVERY);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let feed = Feed { first, known: known.into_iter(), reader, filter, ping, shared, _place: place };
    let body = Body::from_stream(unfold(feed, |mut feed| async {
        let event = feed.next().await?;
        Some((Ok::<_, Infallible>(event), feed))
    }));
    let headers = [
        (header::CONTENT_TYPE.as_str(), "text/event-stream"),
        // nginx would hold events back otherwise.
        ("x-accel-buffering", "no"),
    ];
    Ok((headers, body).into_response())
}

impl Feed {
    async fn next(&mut self) -> Option<Bytes> {
        if self.shared.shutdown.is_cancelled() {
            return None;
        }
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        if let Some((id, device)) = self.known.next() {
            return Some(self.filter.narrow(&events::device_event(&id, &device)));
        }
        loop {
            tokio::select! {
                biased;
                () = self.shared.shutdown.cancelled() => return None,
                // With the position, so that who wants little does not fall behind unseen.
                _ = self.ping.tick() => return Some(events::ping_event(clock::now_ms(), self.reader.position())),
                next = self.reader.next() => match next {
                    Next::Event(item) => if let Some(event) = self.filter.apply(&item) {
                        return Some(event);
                    },
                    Next::Lagged(count) => return Some(events::lagged_event(count, self.reader.position())),
                    Next::Closed => return None,
                },
            }
        }
    }
}
