//! A hub without a broker: real store, real ingest, real listener.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(unused_macros, unused_imports, reason = "each test file uses a part")]

pub(crate) mod place;
pub(crate) mod postgres;
pub(crate) mod proxy;

use hub::{
    api::{self, Api, Password},
    config::HistoryConfig,
    events::{self, Recorder, RecorderThread},
    forget::Forget,
    ingest::Ingest,
    labels::Labels,
    metrics,
    mqtt::{Incoming, Outgoing},
    receipts::Receipts,
    settings::{Chosen, Settings},
    state::{Device, State},
    store::{
        Batch, Read, Source, Store, StoreError, Upkeep,
        writer::{Health, Options, Writer},
    },
    stream::Stream,
};
use place::{Place, apart};
use protocol::{Ack, DeviceId, Prefix, Topics};
use serde_json::{Value, json};
use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// How long something may take that is sure to come; the time itself proves nothing.
pub(crate) const SURELY: Duration = Duration::from_secs(20);

pub(crate) struct Hub {
    pub(crate) ingest: Ingest,
    pub(crate) acks: mpsc::Receiver<Outgoing>,
    pub(crate) state: Arc<State>,
    pub(crate) health: Arc<Health>,
    pub(crate) address: SocketAddr,
    pub(crate) writer: Writer,
    pub(crate) recorder: Recorder,
    recorder_thread: RecorderThread,
    server: JoinHandle<std::io::Result<()>>,
    shutdown: CancellationToken,
}

impl Hub {
    pub(crate) async fn start(path: &Path) -> Self {
        Self::start_with(path, None, Stream::default()).await
    }

    pub(crate) async fn start_at(place: &Place) -> Self {
        Self::start_opened(|| place.open_with_events()).await
    }

    /// On what `open` opens, on a thread of its own.
    pub(crate) async fn start_opened(open: impl FnOnce() -> (Box<dyn Store>, events::Log) + Send) -> Self {
        Self::start_on(open, None, Stream::default(), false, |store| store).await
    }

    pub(crate) async fn start_with(path: &Path, password: Option<&str>, stream: Stream) -> Self {
        Self::start_open(path, password, stream, false).await
    }

    /// Its store panics at the first summary.
    pub(crate) async fn start_fragile(path: &Path) -> Self {
        let fragile = |store| -> Box<dyn Store> { Box::new(Fragile(store)) };
        Self::start_on(|| Place::at(path).open_with_events(), None, Stream::default(), false, fragile).await
    }

    /// With figures for everybody or not.
    pub(crate) async fn start_open(
        path: &Path,
        password: Option<&str>,
        stream: Stream,
        open_metrics: bool,
    ) -> Self {
        let open = || Place::at(path).open_with_events();
        Self::start_on(open, password, stream, open_metrics, |store| store).await
    }

    async fn start_on(
        open: impl FnOnce() -> (Box<dyn Store>, events::Log) + Send,
        password: Option<&str>,
        stream: Stream,
        open_metrics: bool,
        wrap: impl FnOnce(Box<dyn Store>) -> Box<dyn Store>,
    ) -> Self {
        let (store, events, devices, (recorder, recorder_thread)) = apart(|| {
            let (mut store, events) = open();
            let devices = store.load().unwrap();
            let chosen = store.chosen().unwrap();
            let recorder = Recorder::start(events.clone(), None).unwrap();
            (store, events, (devices, chosen), recorder)
        });
        let (devices, chosen) = devices;
        let state = Arc::new(State::restore(devices));
        let reader = store.reader();
        let config = HistoryConfig {
            minutes_days: None,
            hours_days: Some(730),
            settle_minutes: 10,
            upkeep_seconds: 300,
        };
        let settings = Arc::new(Settings::new(config, chosen));
        let (acks_out, acks) = mpsc::channel(10_000);
        let acks_sender = acks_out.clone();
        let (writer, history) =
            Writer::start(wrap(store), state.clone(), acks_out, Options::default()).unwrap();
        let health = writer.health();
        let ingest = Ingest::new(Prefix::default(), state.clone(), history, stream.clone());
        let ingest = ingest.recording(recorder.clone());
        let sources = metrics::Sources {
            started_ms: 0,
            ingest: ingest.counters(),
            store: health.clone(),
            mqtt: Arc::default(),
            events: recorder.counters(),
            queues: vec![("incoming", Box::new(|| Some(3)))],
            store_queue_bytes: Box::new(|| None),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let checked = health.clone();
        let api = Api {
            state: state.clone(),
            stream: stream.clone(),
            store: reader,
            events,
            forget: Forget {
                store: writer.forgetter(),
                events: recorder.clone(),
                stream: stream.clone(),
                outgoing: acks_sender,
                connected: Box::new(|| Ok(())),
                topics: Topics::default(),
            },
            notes: writer.notes(),
            settings,
            metrics: sources,
            open_metrics,
            checks: vec![("store", Box::new(move || checked.check()))],
            password: password.map(|text| Password::new(text).unwrap()),
        };
        let server = tokio::spawn(api::serve(listener, api, shutdown.clone()));
        Self { ingest, acks, state, health, address, writer, recorder, recorder_thread, server, shutdown }
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        tokio::time::timeout(SURELY, self.server).await.expect("the server ends").unwrap().unwrap();
        self.recorder_thread.stop().await;
        self.writer.stop().await.unwrap();
    }

    pub(crate) async fn receive(&mut self, topic: &str, payload: impl Into<Vec<u8>>, received_ms: i64) {
        let payload = payload.into().into();
        let incoming = Incoming { topic: topic.to_owned(), payload, retained: false };
        self.ingest.receive(&incoming, received_ms).await;
    }

    /// What the broker had kept.
    pub(crate) async fn replay(&mut self, topic: &str, payload: impl Into<Vec<u8>>, received_ms: i64) {
        let payload = payload.into().into();
        let incoming = Incoming { topic: topic.to_owned(), payload, retained: true };
        self.ingest.receive(&incoming, received_ms).await;
    }

    pub(crate) async fn next_ack(&mut self) -> Ack {
        let outgoing = tokio::time::timeout(SURELY, self.acks.recv()).await.expect("an ack").unwrap();
        assert!(outgoing.topic.ends_with("/ack") && outgoing.qos == 1 && !outgoing.retained, "{outgoing:?}");
        serde_json::from_slice(&outgoing.payload).unwrap()
    }

    /// Acks until one of `boot` covers all up to `sequence`.
    pub(crate) async fn acked(&mut self, boot: &str, sequence: u64) -> Ack {
        loop {
            let ack = self.next_ack().await;
            if ack.boot.as_str() == boot && ack.sequence >= sequence {
                return ack;
            }
        }
    }

    /// Whether the next ack says that all of `boot` up to `sequence` is there, without a hole.
    pub(crate) async fn acked_if(&mut self, boot: &str, sequence: u64) -> bool {
        let ack = self.next_ack().await;
        ack.boot.as_str() == boot && ack.sequence >= sequence && ack.missing.is_empty()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let response = reqwest::get(self.url(path)).await.unwrap();
        let status = response.status().as_u16();
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        assert_eq!(
            kind,
            if status < 400 { "application/json" } else { "application/problem+json" },
            "{path}"
        );
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
    }
}

/// A store that panics at the first summary.
struct Fragile(Box<dyn Store>);

impl Store for Fragile {
    fn load(&mut self) -> Result<Vec<(DeviceId, Device)>, StoreError> {
        self.0.load()
    }
    fn receipts(&mut self, source: &Source) -> Result<Receipts, StoreError> {
        self.0.receipts(source)
    }
    fn commit(&mut self, batch: &Batch<'_>) -> Result<(), StoreError> {
        assert!(batch.records.is_empty(), "as a test wants it");
        self.0.commit(batch)
    }
    fn forget(&mut self, device: &DeviceId) -> Result<(), StoreError> {
        self.0.forget(device)
    }
    fn label(&mut self, device: &DeviceId, labels: &Labels) -> Result<(), StoreError> {
        self.0.label(device, labels)
    }
    fn chosen(&mut self) -> Result<Chosen, StoreError> {
        self.0.chosen()
    }
    fn choose(&mut self, chosen: &Chosen) -> Result<(), StoreError> {
        self.0.choose(chosen)
    }
    fn reader(&self) -> Arc<dyn Read> {
        self.0.reader()
    }
    fn upkeep(&self) -> Box<dyn Upkeep> {
        self.0.upkeep()
    }
}

pub(crate) fn birth(boot: &str) -> String {
    json!({
        "version": 1, "boot": boot, "monotonic_ms": 1, "time_ms": 1000, "clock": "synchronized",
        "machine_boot": "m", "agent_version": "0.1.0", "hostname": "roof", "os": "Debian 13",
        "arch": "aarch64", "interval_ms": 5000, "window_ms": 60000,
        "metrics": [{"name": "a_percent", "unit": "percent", "sensor": "a", "label": "A", "kind": "gauge"}],
    })
    .to_string()
}

pub(crate) fn state(boot: &str, monotonic_ms: u64, value: f64) -> String {
    json!({
        "version": 1, "boot": boot, "monotonic_ms": monotonic_ms, "time_ms": 1000 + monotonic_ms,
        "clock": "synchronized", "now": {"a_percent": value}, "mean": {"a_percent": value}, "faults": {},
    })
    .to_string()
}

/// A summary of one metric, whose figures are around `mean`.
pub(crate) fn summary(boot: &str, sequence: u64, time_ms: i64, metric: &str, mean: f64) -> String {
    json!({
        "version": 1, "boot": boot, "monotonic_ms": sequence * 60_000, "time_ms": time_ms,
        "clock": "synchronized", "sequence": sequence, "window_ms": 60_000,
        "mean": {metric: mean}, "min": {metric: mean - 1.0}, "max": {metric: mean + 1.0},
        "last": {metric: mean + 0.5}, "count": {metric: 12},
    })
    .to_string()
}

pub(crate) fn backlog(summaries: &[String]) -> String {
    format!(r#"{{"version":1,"summaries":[{}]}}"#, summaries.join(","))
}

/// Rows of the file itself, past the hub's own code: (device, boot, sequence), in order.
pub(crate) fn stored(path: &Path) -> Vec<(String, String, u64)> {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut select =
        connection.prepare("SELECT device, boot, sequence FROM summaries ORDER BY 1, 2, 3").unwrap();
    let rows =
        select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?.unsigned_abs())));
    rows.unwrap().map(Result::unwrap).collect()
}

/// Sequences of one boot in the file.
pub(crate) fn sequences(path: &Path, boot: &str) -> Vec<u64> {
    stored(path).into_iter().filter(|row| row.1 == boot).map(|row| row.2).collect()
}
