//! Takes every message in: decoded, then through state, history and stream, in this order.

pub mod decode;
pub mod retime;
mod rivals;

use crate::{
    clock,
    complaints::Complaints,
    events::Recorder,
    mqtt::Incoming,
    state::{Change, Device, MAX_DEVICES, State},
    store::writer::{History, Job, Record},
    stream::Stream,
};
use decode::{Body, Decoded, Decoder, Message, ReceivedSummary, Refused};
use protocol::{Birth, DeviceId, Prefix};
use retime::DeviceClock;
use rivals::Rivals;
use std::{
    collections::HashMap,
    mem::{Discriminant, discriminant},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// The same complaint about the same device is logged once in this time, in milliseconds.
const COMPLAINT_INTERVAL_MS: u64 = 60_000;

/// What ingest has seen since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Messages that came in.
    pub received: AtomicU64,
    /// Of these, other people's.
    pub ignored: AtomicU64,
    /// Messages, or summaries of a backlog, that were not understood.
    pub refused: AtomicU64,
    /// Summaries that the store's full queue left out. The agent still has them and sends them again.
    pub dropped: AtomicU64,
}

/// The way of a message through the hub.
pub struct Ingest {
    decoder: Decoder,
    state: Arc<State>,
    clocks: HashMap<DeviceId, DeviceClock>,
    rivals: HashMap<DeviceId, Rivals>,
    history: History,
    stream: Stream,
    events: Option<Recorder>,
    complaints: Complaints<(Option<DeviceId>, Complaint)>,
    counters: Arc<Counters>,
}

#[derive(PartialEq, Eq, Hash)]
enum Complaint {
    Refused(Discriminant<Refused>),
    StoreBusy,
    TwoAgents,
}

impl Ingest {
    /// Reads topics below `prefix`.
    pub fn new(prefix: Prefix, state: Arc<State>, history: History, stream: Stream) -> Self {
        let complaints = Complaints::new(COMPLAINT_INTERVAL_MS);
        let (decoder, counters) = (Decoder::new(prefix), Arc::default());
        let (clocks, rivals) = (HashMap::new(), HashMap::new());
        Self { decoder, state, clocks, rivals, history, stream, events: None, complaints, counters }
    }

    /// The same, but what happens to devices is recorded.
    #[must_use]
    pub fn recording(self, events: Recorder) -> Self {
        Self { events: Some(events), ..self }
    }

    /// The same, but what is kept of a payload is no copy of it; see [`Decoder::sharing`].
    #[must_use]
    pub fn sharing(self, shares: bool) -> Self {
        Self { decoder: self.decoder.sharing(shares), ..self }
    }

    /// What has been seen since the start.
    pub fn counters(&self) -> Arc<Counters> {
        self.counters.clone()
    }

    /// Takes in all that comes until `stop`, then what had come by then.
    pub async fn run(mut self, mut incoming: mpsc::Receiver<Incoming>, stop: CancellationToken) {
        loop {
            let message = tokio::select! {
                message = incoming.recv() => message,
                () = stop.cancelled(), if !incoming.is_closed() => {
                    incoming.close();
                    continue;
                }
            };
            let Some(message) = message else { return };
            self.receive(&message, clock::now_ms()).await;
        }
    }

    /// Takes in one message as it came. Never fails: what is not understood is logged and counted.
    pub async fn receive(&mut self, incoming: &Incoming, received_ms: i64) {
        self.counters.received.fetch_add(1, Relaxed);
        match self.decoder.decode(incoming) {
            Decoded::Message(message, refused) => {
                let device = Some(&message.device);
                refused.iter().for_each(|reason| self.complain(&incoming.topic, device, reason, received_ms));
                if let Err(reason) = self.take(&message, received_ms).await {
                    self.complain(&incoming.topic, None, &reason, received_ms);
                }
            }
            Decoded::Ignored => {
                self.counters.ignored.fetch_add(1, Relaxed);
            }
            Decoded::Refused(device, reason) => {
                self.complain(&incoming.topic, device.as_ref(), &reason, received_ms);
            }
        }
    }

    /// A message's way: state, events, history, stream.
    ///
    /// # Errors
    /// [`Refused::TooManyDevices`]; nothing has happened then.
    pub async fn take(&mut self, message: &Message, received_ms: i64) -> Result<(), Refused> {
        let device = &message.device;
        // As it was before this message, which may be of another start of the machine.
        let latest = if self.clocks.contains_key(device) { None } else { self.state.get(device) };
        let change = self.state.apply(message, received_ms)?;
        self.note_clock(message, latest.as_ref(), change, received_ms);
        if let (Body::Birth(birth, _), Change::Device) = (&message.body, change) {
            self.note_run(device, birth, received_ms);
        }
        if let Some(events) = &self.events {
            events.observe(message, change, received_ms);
        }
        self.remember(message, received_ms).await;
        self.publish(message, change, received_ms);
        Ok(())
    }

    fn note_clock(&mut self, message: &Message, latest: Option<&Device>, change: Change, received_ms: i64) {
        if self.clocks.len() > MAX_DEVICES {
            // Devices were forgotten since. What is known of the others is read from their latest values.
            self.clocks.clear();
        }
        let restore = || latest.map(DeviceClock::restore).unwrap_or_default();
        let clock = self.clocks.entry(message.device.clone()).or_insert_with(restore);
        let heard_ms = (!message.retained).then_some(received_ms);
        match (&message.body, change) {
            (Body::Summaries(summaries), _) => {
                clock.note_summaries(summaries.iter().map(|received| &received.head), received_ms);
            }
            // What changes nothing is known: an echo of what the hub gave its broker at the start.
            (Body::Birth(birth, _), Change::Device) => clock.note_birth(birth, heard_ms),
            (Body::State(state, _), Change::State(_)) => clock.note_state(&state.stamp, heard_ms),
            _ => {}
        }
    }

    fn note_run(&mut self, device: &DeviceId, birth: &Birth, received_ms: i64) {
        if self.rivals.len() > MAX_DEVICES {
            self.rivals.clear();
        }
        let Some(other) = self.rivals.entry(device.clone()).or_default().hear(birth) else { return };
        let key = (Some(device.clone()), Complaint::TwoAgents);
        if let Some(more) = self.complaints.note(key, received_ms) {
            // Host names are somebody's text.
            let [host, other] = [&birth.hostname, &other].map(|name| name.escape_debug().to_string());
            tracing::warn!(
                %device, host, other, more,
                "two agents have the same device id: set another `device` in the config of one of them"
            );
        }
    }

    async fn remember(&mut self, message: &Message, received_ms: i64) {
        let device = &message.device;
        match &message.body {
            // An agent has just connected: tell it where the hub stands, so that it sends what is missing.
            Body::Birth(birth, _) => {
                let job = Job::Position { device: device.clone(), boot: birth.stamp.boot.clone() };
                self.submit(device, job, received_ms).await;
            }
            Body::Summaries(summaries) => {
                for ReceivedSummary { head, minute, text } in summaries {
                    let stamp = &head.stamp;
                    let clock = self.clocks.get(device).expect("noted with this message");
                    let record = Record {
                        device: device.clone(),
                        boot: stamp.boot.clone(),
                        sequence: head.sequence,
                        monotonic_ms: stamp.monotonic_ms,
                        timed: clock.time(head, received_ms),
                        received_ms,
                        minute: minute.clone(),
                        text: text.clone(),
                    };
                    self.submit(device, Job::Record(record), received_ms).await;
                }
            }
            Body::Status(_) | Body::State(..) | Body::Result(_) => {}
        }
    }

    async fn submit(&mut self, device: &DeviceId, job: Job, received_ms: i64) {
        if self.history.submit(job).await {
            return;
        }
        self.counters.dropped.fetch_add(1, Relaxed);
        if let Some(more) = self.complaints.note((Some(device.clone()), Complaint::StoreBusy), received_ms) {
            tracing::warn!(%device, more, "the store does not keep up, a summary has to be sent again");
        }
    }

    fn publish(&self, message: &Message, change: Change, received_ms: i64) {
        if !self.stream.is_watched() {
            return;
        }
        let device = &message.device;
        match (&message.body, change) {
            (_, Change::Device) => {
                if let Some(latest) = self.state.get(device) {
                    self.stream.device(device, &latest);
                }
            }
            (Body::State(_, text), Change::State(received_ms)) => {
                self.stream.state(device, received_ms, text);
            }
            (Body::Summaries(summaries), _) => {
                for summary in summaries {
                    self.stream.summary(device, received_ms, &decode::one_line(&summary.text));
                }
            }
            _ => {}
        }
    }

    fn complain(&mut self, topic: &str, device: Option<&DeviceId>, reason: &Refused, received_ms: i64) {
        self.counters.refused.fetch_add(1, Relaxed);
        let key = (device.cloned(), Complaint::Refused(discriminant(reason)));
        if let Some(more) = self.complaints.note(key, received_ms) {
            // A topic is somebody's text: shortened, and without control characters.
            let topic: String = topic.chars().take(160).flat_map(char::escape_debug).collect();
            tracing::warn!(%topic, more, "message refused: {reason}");
        }
    }
}
