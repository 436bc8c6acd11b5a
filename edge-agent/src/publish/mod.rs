//! The last stage: reports go out, live ones at once or not at all, summaries until acknowledged.

mod connection;
mod outbox;

pub use connection::{Connection, Settings};

use crate::{clock, clock::Moment, control::Health, window::Report};
use connection::Event;
use outbox::{Outbox, Parcel};
use protocol::{
    Backlog, Birth, BootId, Channel, DeviceId, MetricDescription, Stamp, Status, Topics, Version,
};
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
    outbox: Outbox,
    dropped: Arc<AtomicU64>,
    connected: bool,
    health: Option<Arc<Health>>,
}

impl Publisher {
    /// A publisher for the device that `birth` describes; it counts in `dropped` what it had to drop.
    pub fn new(topics: Topics, device: DeviceId, birth: Birth, dropped: Arc<AtomicU64>) -> Self {
        let outbox = Outbox::new(OUTBOX_BYTES);
        Self { topics, device, birth, outbox, dropped, connected: false, health: None }
    }

    /// The same, noting on `health` how connection and outbox are.
    pub fn noting_on(self, health: Arc<Health>) -> Self {
        Self { health: Some(health), ..self }
    }

    /// Runs until the reports end.
    pub async fn run(&mut self, mut reports: mpsc::Receiver<Report>, connection: &mut Connection) {
        loop {
            tokio::select! {
                report = reports.recv() => match report {
                    Some(report) => self.take(report, connection),
                    None => return,
                },
                event = connection.events.recv() => match event {
                    Some(event) => self.react(event, connection),
                    None => return,
                },
            }
        }
    }

    /// Describes the device otherwise from now on, and tells it if it is not as before.
    pub fn describe(
        &mut self,
        interval_ms: u64,
        window_ms: u64,
        metrics: &[MetricDescription],
        connection: &Connection,
    ) {
        let birth = &mut self.birth;
        if (birth.interval_ms, birth.window_ms, birth.metrics.as_slice()) == (interval_ms, window_ms, metrics)
        {
            return;
        }
        (birth.interval_ms, birth.window_ms, birth.metrics) = (interval_ms, window_ms, metrics.to_vec());
        if self.connected {
            self.announce(connection);
        }
    }

    /// Goes on with topics of another prefix. What is not acknowledged goes out at the next connect.
    pub fn move_to(&mut self, topics: Topics) {
        self.topics = topics;
    }

    /// Takes a report in, and sends what can be sent.
    pub fn take(&mut self, report: Report, connection: &Connection) {
        match report {
            Report::State(json) if self.connected => {
                // A full connection means a slow network: the next state says more than this one.
                let _ = self.send(Channel::State, json, connection);
            }
            Report::State(_) => {}
            Report::Summary { sequence, json } => {
                self.outbox.push(self.boot(), sequence, json);
                self.dropped.store(self.outbox.dropped(), Ordering::Relaxed);
                self.note_summaries();
                self.dispatch(connection);
            }
        }
    }

    fn note_summaries(&self) {
        if let Some(health) = &self.health {
            health.summaries(self.outbox.len(), self.outbox.dropped());
        }
    }

    fn react(&mut self, event: Event, connection: &Connection) {
        match event {
            Event::Up => {
                self.connected = true;
                if let Some(health) = &self.health {
                    health.connected(clock::monotonic_ms());
                }
                self.announce(connection);
                self.outbox.resend_all();
            }
            Event::Down(reason) => {
                self.connected = false;
                if let Some(health) = &self.health {
                    health.disconnected(clock::monotonic_ms(), Some(reason));
                }
            }
            Event::Ack(ack) => {
                self.outbox.acknowledge(&ack, clock::monotonic_ms(), ACK_PATIENCE_MS);
                self.note_summaries();
            }
        }
        self.dispatch(connection);
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

    /// Says `offline` and closes the last connection.
    pub async fn farewell(mut self, connection: Connection) {
        if !self.connected && self.outbox.len() > 0 {
            tracing::warn!(summaries = self.outbox.len(), "ending without a connection: not sent, and lost");
        }
        self.leave(connection).await;
    }

    /// Says `offline` and closes a connection, after which there may be another.
    pub async fn leave(&mut self, connection: Connection) {
        if !self.connected {
            return connection.abandon();
        }
        self.dispatch(&connection);
        let goodbye = self.send(Channel::Status, Status::Offline.as_str().into(), &connection);
        if goodbye.is_err() {
            tracing::warn!("no room to say goodbye: the broker will publish the will");
        }
        self.connected = false;
        if let Some(health) = &self.health {
            health.disconnected(clock::monotonic_ms(), None);
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
