//! The last stage: reports go out, live ones at once or not at all, summaries until acknowledged.

mod connection;
mod outbox;
mod results;

pub use connection::{Connection, Settings};

use crate::{clock, clock::Moment, command::Answer, output::Outputs, window::Report};
use connection::Event;
use outbox::{Outbox, Parcel};
use protocol::{Backlog, Birth, BootId, Channel, DeviceId, Stamp, Status, Topics, Version};
use results::Results;
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
    outputs: Outputs,
    answers: Option<mpsc::Receiver<Answer>>,
    results: Results,
}

impl Publisher {
    /// A publisher for the device that `birth` describes; it counts in `dropped` what it had to drop.
    pub fn new(topics: Topics, device: DeviceId, birth: Birth, dropped: Arc<AtomicU64>) -> Self {
        Self {
            topics,
            device,
            birth,
            outbox: Outbox::new(OUTBOX_BYTES),
            dropped,
            connected: false,
            outputs: Outputs::default(),
            answers: None,
            results: Results::default(),
        }
    }

    /// Tells `outputs` of the connection, and publishes the `answers` to commands.
    pub fn commanded(self, outputs: Outputs, answers: mpsc::Receiver<Answer>) -> Self {
        Self { outputs, answers: Some(answers), ..self }
    }

    /// Runs until the reports end, then says `offline` and closes the connection.
    pub async fn run(mut self, mut reports: mpsc::Receiver<Report>, mut connection: Connection) {
        let mut answers = self.answers.take();
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
                Some(answer) = next(&mut answers) => self.answer(answer, &connection),
            }
        }
        while let Some(answer) = answers.as_mut().and_then(|answers| answers.try_recv().ok()) {
            self.answer(answer, &connection);
        }
        self.farewell(connection).await;
    }

    fn take(&mut self, report: Report, connection: &Connection) {
        match report {
            Report::State(json) if self.connected => {
                // A full connection means a slow network: the next state says more than this one.
                if self.send(Channel::State, json, connection).is_ok() {
                    self.outputs.published(clock::monotonic_ms());
                }
            }
            Report::State(_) => {}
            Report::Summary { sequence, json } => {
                self.outbox.push(self.boot(), sequence, json);
                self.dropped.store(self.outbox.dropped(), Ordering::Relaxed);
                self.dispatch(connection);
            }
        }
    }

    fn answer(&mut self, answer: Answer, connection: &Connection) {
        match answer {
            Answer::Result(result) => {
                self.results.push(result);
                self.dispatch(connection);
            }
            Answer::Interval(interval_ms) => {
                self.birth.interval_ms = interval_ms;
                if self.connected {
                    self.announce(connection);
                }
            }
        }
    }

    fn react(&mut self, event: Event, connection: &Connection) {
        match event {
            Event::Up => {
                self.connected = true;
                let now_ms = clock::monotonic_ms();
                self.outputs.connected(true, now_ms);
                self.results.resend(now_ms);
                self.announce(connection);
                self.outbox.resend_all();
            }
            Event::Down => {
                self.connected = false;
                self.outputs.connected(false, clock::monotonic_ms());
            }
            Event::Ack(ack) => {
                let now_ms = clock::monotonic_ms();
                self.outbox.acknowledge(&ack, now_ms, ACK_PATIENCE_MS);
                self.outputs.hub_heard(now_ms);
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
        while let Some(result) = self.results.due().filter(|_| self.connected) {
            let json = serde_json::to_vec(result).expect("a result has a JSON form");
            if self.send(Channel::Result, json, connection).is_err() {
                break;
            }
            self.results.mark_sent(clock::monotonic_ms());
        }
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

/// The next answer; never, where there are no commands.
async fn next(answers: &mut Option<mpsc::Receiver<Answer>>) -> Option<Answer> {
    match answers {
        Some(answers) => answers.recv().await,
        None => std::future::pending().await,
    }
}

fn backlog(parcels: &[&Parcel]) -> Vec<u8> {
    let raw = |parcel: &&Parcel| serde_json::from_slice::<Box<RawValue>>(&parcel.json);
    let summaries: Result<Vec<_>, _> = parcels.iter().map(raw).collect();
    let summaries = summaries.expect("summaries were serialised here");
    serde_json::to_vec(&Backlog { version: Version, summaries }).expect("a backlog has a JSON form")
}
