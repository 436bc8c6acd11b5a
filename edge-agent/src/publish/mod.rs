//! The last stage: reports go out, live ones at once or not at all, summaries until acknowledged.

mod connection;
mod outbox;

pub use connection::{Connection, Settings, Subscription};

use crate::{clock, clock::Moment, discovery::Discovery, window::Report};
use connection::{Event, Message};
use outbox::{Outbox, Parcel};
use protocol::{Backlog, Birth, BootId, Channel, DeviceId, Stamp, Status, Topic, Topics, Version};
use serde_json::value::RawValue;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::mpsc;

/// Memory for summaries that the hub has not acknowledged: three and a half hours of 16 metrics.
const OUTBOX_BYTES: usize = 512 * 1024;
/// Most summaries in one backlog message.
const BACKLOG_SUMMARIES: usize = 100;
/// Largest backlog message, well below what brokers and the hub take.
const BACKLOG_BYTES: usize = 128 * 1024;
/// How long the hub may take to acknowledge before a summary is sent again.
const ACK_PATIENCE_MS: u64 = 30_000;
/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(3);

/// Publishes what one device has to say.
pub struct Publisher {
    topics: Topics,
    device: DeviceId,
    /// Sent at each connect, with the time of it.
    birth: Birth,
    discovery: Discovery,
    outbox: Outbox,
    dropped: Arc<AtomicU64>,
    connected: bool,
}

impl Publisher {
    /// A publisher for the device that `birth` describes; it counts in `dropped` what it had to drop.
    pub fn new(
        topics: Topics,
        device: DeviceId,
        birth: Birth,
        discovery: Discovery,
        dropped: Arc<AtomicU64>,
    ) -> Self {
        let outbox = Outbox::new(OUTBOX_BYTES);
        Self { topics, device, birth, discovery, outbox, dropped, connected: false }
    }

    /// What the publisher has to hear of.
    pub fn subscriptions(&self) -> Vec<Subscription> {
        let ack = Subscription { topic: self.topics.device(&self.device, Channel::Ack), qos: 1 };
        let discovery = self.discovery.subscriptions().map(|topic| Subscription { topic, qos: 0 });
        [ack].into_iter().chain(discovery).collect()
    }

    /// Runs until the reports end, then says `offline` and closes the connection.
    pub async fn run(mut self, mut reports: mpsc::Receiver<Report>, mut connection: Connection) {
        loop {
            tokio::select! {
                report = reports.recv() => match report {
                    Some(report) => self.take(report, &connection),
                    None => break,
                },
                event = connection.events.recv() => match event {
                    Some(event) => self.react(event, &connection),
                    None => break,
                },
            }
        }
        self.farewell(connection).await;
    }

    fn take(&mut self, report: Report, connection: &Connection) {
        match report {
            Report::State(json) if self.connected => {
                // A full connection means a slow network: the next state says more than this one.
                let _ = self.send(Channel::State, json, connection);
                self.discover(connection);
            }
            Report::State(_) => {}
            Report::Summary { sequence, json } => {
                self.outbox.push(self.boot(), sequence, json);
                self.dropped.store(self.outbox.dropped(), Ordering::Relaxed);
                self.dispatch(connection);
            }
        }
    }

    fn react(&mut self, event: Event, connection: &Connection) {
        match event {
            Event::Up => {
                self.connected = true;
                self.announce(connection);
                self.discovery.connected(clock::monotonic_ms());
                self.outbox.resend_all();
            }
            Event::Down => self.connected = false,
            Event::Message(message) => self.hear(&message),
        }
        self.dispatch(connection);
    }

    fn hear(&mut self, message: &Message) {
        match self.topics.parse(&message.topic) {
            Some(Topic::Device(device, Channel::Ack)) if device == self.device => {
                match serde_json::from_slice(&message.payload) {
                    Ok(ack) => self.outbox.acknowledge(&ack, clock::monotonic_ms(), ACK_PATIENCE_MS),
                    Err(error) => tracing::warn!(topic = message.topic, %error, "not understood, ignored"),
                }
            }
            // A session of before may have subscribed to more than this run wants to hear.
            _ => self.discovery.hear(&message.topic, &message.payload, message.retained, &self.birth),
        }
    }

    /// Tells Home Assistant what it does not know yet. Called at the ticks, which are spread in time among
    /// the devices that heard the same `online`.
    fn discover(&mut self, connection: &Connection) {
        let Some(payload) = self.discovery.due(clock::monotonic_ms(), &self.birth) else { return };
        if connection.publish(self.discovery.topic(), 1, true, payload).is_ok() {
            self.discovery.sent();
        }
    }

    /// Who we are, then that we are here: whoever sees `online` can rely on the birth.
    fn announce(&mut self, connection: &Connection) {
        let at = Moment::now();
        let boot = self.boot();
        self.birth.stamp =
            Stamp { boot, monotonic_ms: at.monotonic_ms, time_ms: at.time_ms, clock: at.clock };
        let birth = serde_json::to_vec(&self.birth).expect("a birth has a JSON form");
        let sent = self.send(Channel::Birth, birth, connection).is_ok()
            && self.send(Channel::Status, Status::Online.as_str().into(), connection).is_ok();
        if !sent {
            tracing::warn!("no room to announce the device: it is announced at the next connect");
        }
    }

    /// Sends what is due, in as few messages as it takes.
    fn dispatch(&mut self, connection: &Connection) {
        while self.connected {
            let due = self.outbox.due(BACKLOG_SUMMARIES, BACKLOG_BYTES);
            let (channel, json) = match due.as_slice() {
                [] => return,
                [one] => (Channel::Summary, one.json.clone()),
                several => (Channel::Backlog, backlog(several)),
            };
            let number = due.len();
            if self.send(channel, json, connection).is_err() {
                return;
            }
            self.outbox.mark_sent(number, clock::monotonic_ms());
        }
    }

    async fn farewell(mut self, connection: Connection) {
        if !self.connected {
            if self.outbox.len() > 0 {
                tracing::warn!(
                    summaries = self.outbox.len(),
                    "ending without a connection: not sent, and lost"
                );
            }
            return connection.abandon();
        }
        self.dispatch(&connection);
        let goodbye = self.send(Channel::Status, Status::Offline.as_str().into(), &connection);
        if goodbye.is_err() {
            tracing::warn!("no room to say goodbye: the broker will publish the will");
        }
        connection.close(GOODBYE).await;
        tracing::info!("said goodbye");
    }

    fn send(
        &self,
        channel: Channel,
        json: Vec<u8>,
        connection: &Connection,
    ) -> Result<(), rumqttc::ClientError> {
        let topic = self.topics.device(&self.device, channel);
        connection.publish(&topic, channel.qos(), channel.retained(), json)
    }

    fn boot(&self) -> BootId {
        self.birth.stamp.boot.clone()
    }
}

fn backlog(parcels: &[&Parcel]) -> Vec<u8> {
    let raw = |parcel: &&Parcel| serde_json::from_slice::<Box<RawValue>>(&parcel.json);
    let summaries: Result<Vec<_>, _> = parcels.iter().map(raw).collect();
    let summaries = summaries.expect("summaries were serialised here");
    serde_json::to_vec(&Backlog { version: Version, summaries }).expect("a backlog has a JSON form")
}
