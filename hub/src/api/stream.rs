//! Live events.

use super::{Problem, Shared};
use crate::{
    clock,
    state::Device,
    stream::{self as events, Next, Reader},
};
use axum::{
    body::Body,
    extract::State,
    http::{StatusCode, header},
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

struct Feed {
    known: std::vec::IntoIter<(DeviceId, Device)>,
    reader: Reader,
    ping: Interval,
    shared: Arc<Shared>,
    _place: OwnedSemaphorePermit,
}

/// Live server-sent events.
///
/// First one `device` event (`DeviceView`) per known device, then a `ping` (`PingEvent`, again every 5 s),
/// then whatever happens: `device` when a status or birth changes, `state` (`StateEvent`), `summary`
/// (`SummaryEvent`), and `lagged` (`LaggedEvent`) to a reader that was too slow.
#[utoipa::path(
    get,
    path = "/api/v1/stream",
    tag = "stream",
    operation_id = "stream",
    responses(
        (status = OK, description = "Events until one side leaves.", body = String, content_type = "text/event-stream"),
        (status = SERVICE_UNAVAILABLE, description = "Too many streams are open.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn stream(State(shared): State<Arc<Shared>>) -> Result<Response, Problem> {
    let place = shared.streams.clone().try_acquire_owned().map_err(|_| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many streams are open: close some or try later")
    })?;
    // Subscribed before the devices are listed, so that nothing falls in between.
    let reader = shared.api.stream.subscribe();
    let known = shared.api.state.all().into_iter();
    let mut ping = interval(PING_EVERY);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let feed = Feed { known, reader, ping, shared, _place: place };
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
        if let Some((id, device)) = self.known.next() {
            return Some(events::device_event(&id, &device));
        }
        tokio::select! {
            biased;
            () = self.shared.shutdown.cancelled() => None,
            _ = self.ping.tick() => Some(events::ping_event(clock::now_ms())),
            next = self.reader.next() => match next {
                Next::Event(event) => Some(event),
                Next::Lagged(count) => Some(events::lagged_event(count)),
                Next::Closed => None,
            },
        }
    }
}
