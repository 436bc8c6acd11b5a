//! Live events.

use super::{Problem, Shared, stream_filter::Filter};
use crate::{
    clock,
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
    first: std::vec::IntoIter<Bytes>,
    listing: Option<Listing>,
    reader: Reader,
    filter: Filter,
    ping: Interval,
    shared: Arc<Shared>,
    _place: OwnedSemaphorePermit,
}

/// The devices that there are, told by id, while what happens to them goes on: up to where they are told.
#[derive(Default)]
struct Listing(Option<DeviceId>);

/// Live server-sent events.
///
/// First what is set for the hub (`settings`, `SettingsEvent`) and one `device` event (`DeviceView`) per known device,
/// then a `ping` (`PingEvent`, again every 5 s), then whatever happens: `device` when a status, a birth or labels
/// change, `state` (`StateEvent`), `summary` (`SummaryEvent`), `forgotten` (`ForgottenEvent`), `settings` when they
/// change, and `lagged` (`LaggedEvent`) to a reader that was too slow.
///
/// To a request with `Last-Event-ID` a `resume` (`ResumeEvent`) comes before anything else: either what was missed
/// follows, without settings and devices, or it is gone and these follow as if the reader were new.
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
    let (reader, listing, resumed) = match position.and_then(|position| stream.resume(position)) {
        Some(reader) => (reader, None, true),
        // Subscribed before the devices are listed, so that nothing falls in between.
        None => (stream.subscribe(), Some(Listing::default()), false),
    };
    // Read after the subscription, so that no change falls in between.
    let settings = listing.is_some().then(|| events::settings_event(&shared.api.settings.told()));
    let first = asked.map(|_| events::resume_event(resumed)).into_iter().chain(settings);
    let first = first.collect::<Vec<_>>().into_iter();
    let mut ping = interval(PING_EVERY);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let feed = Feed { first, listing, reader, filter, ping, shared, _place: place };
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
        if let Some(first) = self.first.next() {
            return Some(first);
        }
        while let Some(listing) = self.listing.take() {
            if let Some(event) = self.list(listing) {
                return Some(event);
            }
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

    /// A step of the listing: what has happened to devices that were told, or else the next device as it is now. What
    /// happens to those after it is in what they will be told as. So a reader that takes long for ten thousand devices
    /// does not fall behind meanwhile. `None` when nothing of this step is wanted.
    fn list(&mut self, Listing(told): Listing) -> Option<Bytes> {
        while let Some(next) = self.reader.waiting() {
            let event = match next {
                Next::Event(item) if item.device <= told => self.filter.apply(&item),
                Next::Lagged(count) => Some(events::lagged_event(count, self.reader.position())),
                Next::Event(_) | Next::Closed => None,
            };
            if event.is_some() {
                self.listing = Some(Listing(told));
                return event;
            }
        }
        let (id, device) = self.shared.api.state.after(told.as_ref())?;
        let event = self.filter.wants(&id).then(|| self.filter.narrow(&events::device_event(&id, &device)));
        self.listing = Some(Listing(Some(id)));
        event
    }
}
