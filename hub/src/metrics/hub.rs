//! How the hub itself is doing.

use super::{Family, Kind, Labels};
use crate::{
    events, ingest, mqtt,
    state::{Device, State},
    store::{LedgerTotals, writer::Health},
    stream::Stream,
};
use protocol::{DeviceId, Status};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// How many wait in a queue; `None` once it is gone.
pub type Length = Box<dyn Fn() -> Option<usize> + Send + Sync>;

/// Where the figures come from.
pub struct Sources {
    /// When the hub started, in milliseconds since 1970-01-01 UTC.
    pub started_ms: i64,
    /// What came in.
    pub ingest: Arc<ingest::Counters>,
    /// What was committed.
    pub store: Arc<Health>,
    /// What did not get through.
    pub mqtt: Arc<mqtt::Counters>,
    /// What happened to devices.
    pub events: Arc<events::Counters>,
    /// Queues of messages, by name.
    pub queues: Vec<(&'static str, Length)>,
    /// Bytes that wait for the store.
    pub store_queue_bytes: Length,
}

/// What has to be asked for before a scrape is written.
pub struct Gathered<'a> {
    /// Latest values.
    pub state: &'a State,
    /// Live events.
    pub stream: &'a Stream,
    /// What came of all runs; `None` when that cannot be read.
    pub ledger: Option<LedgerTotals>,
    /// What the store takes on its disk; `None` while that is not known.
    pub store_bytes: Option<u64>,
    /// Parts of the hub, and whether they work.
    pub checks: Vec<(&'static str, bool)>,
    /// The hub's clock, in milliseconds since 1970-01-01 UTC.
    pub now_ms: i64,
}

/// The families about the hub itself.
pub fn hub(sources: &Sources, gathered: &Gathered<'_>) -> Vec<Family> {
    let Sources { ingest, store, mqtt, events, .. } = sources;
    let version = vec![("version", env!("CARGO_PKG_VERSION").to_owned())];
    let up_ms = gathered.now_ms.saturating_sub(sources.started_ms);
    let mut families = vec![
        Family::new(Kind::Info, "edgewise_hub_build", None, "The hub's version").with(version, 1.0),
        gauge("uptime", Some("seconds"), "Time since the hub's start", up_ms as f64 / 1000.0),
        gauge("stream_readers", None, "Open live streams", gathered.stream.readers() as f64),
        counter("messages_received", "Messages from the broker", &ingest.received),
        counter("messages_ignored", "Of these, such that are for others", &ingest.ignored),
        counter("messages_refused", "Messages, or summaries of a backlog, not understood", &ingest.refused),
        counter("summaries_committed", "Summaries that are on disk", &store.committed),
        counter("summaries_repeated", "Summaries that came again", &store.duplicates),
        counter("events_recorded", "Events that are on disk", &events.recorded),
    ];
    let refused =
        Family::new(Kind::Counter, "edgewise_hub_mqtt_refused", None, "Connections and messages refused");
    families.push(refused.with(Vec::new(), mqtt.refused() as f64));
    families.push(dropped(sources));
    families.push(devices(&gathered.state.all()));
    let mut checks =
        Family::new(Kind::Gauge, "edgewise_hub_part_up", None, "Whether a part of the hub works");
    for (part, works) in &gathered.checks {
        checks = checks.with(label("part", part), f64::from(u8::from(*works)));
    }
    families.push(checks);
    families.extend(queues(sources));
    if let Some(bytes) = gathered.store_bytes {
        families.push(gauge("store", Some("bytes"), "Size of the store on disk", bytes as f64));
    }
    families.extend(gathered.ledger.iter().flat_map(ledger));
    families
}

fn gauge(name: &str, unit: Option<&'static str>, help: &str, value: f64) -> Family {
    Family::new(Kind::Gauge, &format!("edgewise_hub_{name}"), unit, help).with(Vec::new(), value)
}

fn counter(name: &str, help: &str, value: &AtomicU64) -> Family {
    let value = value.load(Relaxed) as f64;
    Family::new(Kind::Counter, &format!("edgewise_hub_{name}"), None, help).with(Vec::new(), value)
}

fn label(name: &'static str, value: &str) -> Labels {
    vec![(name, value.to_owned())]
}

fn dropped(Sources { ingest, store, mqtt, events, .. }: &Sources) -> Family {
    let help = "What found no room: subscribers and incoming are lost, the rest comes again";
    let family = Family::new(Kind::Counter, "edgewise_hub_dropped", None, help);
    let counts = [
        ("subscribers", mqtt.dropped_for_subscribers()),
        ("incoming", mqtt.dropped_incoming()),
        ("outgoing", mqtt.dropped_outgoing()),
        ("summaries", ingest.dropped.load(Relaxed)),
        ("acks", store.dropped_acks.load(Relaxed)),
        ("events", events.deferred.load(Relaxed)),
    ];
    counts.into_iter().fold(family, |family, (what, count)| family.with(label("what", what), count as f64))
}

fn devices(all: &[(DeviceId, Device)]) -> Family {
    let family = Family::new(Kind::Gauge, "edgewise_hub_devices", None, "Devices that the hub knows");
    let kinds = [("online", Some(Status::Online)), ("offline", Some(Status::Offline)), ("unknown", None)];
    kinds.into_iter().fold(family, |family, (name, status)| {
        let count = all.iter().filter(|(_, device)| device.status == status).count();
        family.with(label("status", name), count as f64)
    })
}

fn queues(sources: &Sources) -> Vec<Family> {
    let mut waiting = Family::new(Kind::Gauge, "edgewise_hub_queue_length", None, "Messages that wait");
    for (name, length) in &sources.queues {
        if let Some(length) = length() {
            waiting = waiting.with(label("queue", name), length as f64);
        }
    }
    let mut families = vec![waiting];
    if let Some(bytes) = (sources.store_queue_bytes)() {
        families.push(gauge("store_queue", Some("bytes"), "Summaries that wait for the disk", bytes as f64));
    }
    families
}

/// Gauges, because a device that is forgotten takes its figures along.
fn ledger(totals: &LedgerTotals) -> [Family; 4] {
    [
        gauge("summaries_received", None, "Summaries that the ledger has, each once", totals.received as f64),
        gauge("summaries_missing", None, "Summaries that the ledger misses", totals.missing as f64),
        gauge("summaries_late", None, "Summaries that came late", totals.late as f64),
        gauge("summaries_double", None, "Times that a summary came which was there", totals.double as f64),
    ]
}
