//! The last stage: reports go out, live ones at once or not at all, summaries until acknowledged.

mod change;
mod connection;
mod delivery;
mod disk;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod outbox;
mod results;
mod rival;
mod slips;

pub use connection::{Connection, Settings, Subscription};
pub use delivery::Acknowledged;
pub use disk::SpoolSettings;
pub use outbox::{Outbox, Parcel};

use crate::{
    clock, clock::Moment, command::Answer, control::Health, discovery::Discovery, output::Outputs,
    window::Report,
};
use connection::{Event, Message};
use delivery::Delivery;
use protocol::{Backlog, Birth, BootId, Channel, DeviceId, Stamp, Status, Topic, Topics, Version};
use results::Results;
use rival::Rival;
use serde_json::value::RawValue;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

/// Most summaries in one backlog message.
const BACKLOG_SUMMARIES: usize = 100;
/// Largest backlog message, well below what brokers and the hub take.
const BACKLOG_BYTES: usize = 128 * 1024;
/// How long the hub may take to acknowledge the last summaries. What it has not by then goes to disk.
const LAST_ACKS: Duration = Duration::from_secs(1);
/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(3);

/// Publishes what one device has to say.
pub struct Publisher {
    topics: Topics,
    device: DeviceId,
    /// Sent at each connect, with the time of it.
    birth: Birth,
    discovery: Discovery,
    delivery: Delivery,
    dropped: Arc<AtomicU64>,
    connected: bool,
    outputs: Outputs,
    answers: Option<mpsc::Receiver<Answer>>,
    results: Results,
    rival: Rival,
    health: Option<Arc<Health>>,
}

impl Publisher {
    /// A publisher for the device that `birth` describes; it counts in `dropped` what it had to drop.
    pub fn new(
        topics: Topics,
        device: DeviceId,
        birth: Birth,
        discovery: Discovery,
        dropped: Arc<AtomicU64>,
        spool: Option<SpoolSettings>,
    ) -> Self {
        Self {
            topics,
            device,
            birth,
            discovery,
            delivery: Delivery::new(spool),
            dropped,
            connected: false,
            outputs: Outputs::default(),
            answers: None,
            results: Results::default(),
            rival: Rival::default(),
            health: None,
        }
    }

    /// From now on summaries go when `by` has acknowledged them.
    pub fn acknowledged(&mut self, by: Acknowledged) {
        self.delivery.acknowledged(by);
    }

    /// The same, noting on `health` how connection and summaries are.
    pub fn noting_on(self, health: Arc<Health>) -> Self {
        Self { health: Some(health), ..self }
    }

    /// Tells `outputs` of the connection, and publishes the `answers` to commands.
    pub fn commanded(self, outputs: Outputs, answers: mpsc::Receiver<Answer>) -> Self {
        Self { outputs, answers: Some(answers), ..self }
    }

    /// What one for that device has to hear of.
    pub fn subscriptions_of(topics: &Topics, device: &DeviceId, discovery: &Discovery) -> Vec<Subscription> {
        let ack = Subscription { topic: topics.device(device, Channel::Ack), qos: 1 };
        let discovery = discovery.subscriptions().map(|topic| Subscription { topic, qos: 0 });
        let birth = Subscription { topic: topics.device(device, Channel::Birth), qos: 0 };
        [ack, birth].into_iter().chain(discovery).collect()
    }

    /// Runs until the reports end.
    pub async fn run(&mut self, mut reports: mpsc::Receiver<Report>, connection: &mut Connection) {
        let mut answers = self.answers.take();
        loop {
            tokio::select! {
                report = reports.recv() => match report {
                    Some(report) => self.take(report, connection),
                    None => break,
                },
                event = connection.events.recv() => match event {
                    Some(event) => self.react(event, connection),
                    None => break,
                },
                done = self.delivery.disk_done() => {
                    self.delivery.take_note(done, clock::monotonic_ms());
                    self.dispatch(connection);
                }
                Some(answer) = next(&mut answers) => self.answer(answer, connection),
            }
            self.delivery.use_disk(self.connected, clock::monotonic_ms());
            self.count();
        }
        self.answers = answers;
    }

    fn count(&self) {
        self.dropped.store(self.delivery.dropped(), Ordering::Relaxed);
        if let Some(health) = &self.health {
            health.summaries(self.delivery.waiting(), self.delivery.dropped());
        }
    }

    /// Publishes the last report, and all that was answered until now, and says goodbye.
    pub async fn end(mut self, last: Option<Report>, connection: Connection) {
        if let Some(report) = last {
            self.take(report, &connection);
        }
        let mut answers = self.answers.take();
        while let Some(answer) = answers.as_mut().and_then(|answers| answers.try_recv().ok()) {
            self.answer(answer, &connection);
        }
        self.farewell(connection).await;
    }

    /// Takes a report in, and sends what can be sent.
    pub fn take(&mut self, report: Report, connection: &Connection) {
        match report {
            Report::State(json) if self.connected => {
                // A full connection means a slow network: the next state says more than this one.
                if self.send(Channel::State, json, connection).is_ok() {
                    self.outputs.published(clock::monotonic_ms());
                }
                self.discover(connection);
            }
            Report::State(_) => {}
            Report::Summary { sequence, json } => {
                self.delivery.push(self.boot(), sequence, json, clock::monotonic_ms());
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
                    // How long Home Assistant waits for a state depends on the interval: it is told anew, as
                    // after a connect.
                    self.discovery.connected(clock::monotonic_ms());
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
                if let Some(health) = &self.health {
                    health.connected(now_ms);
                }
                self.results.resend(now_ms);
                self.announce(connection);
                self.discovery.connected(clock::monotonic_ms());
                self.delivery.resend_all();
            }
            Event::Down(reason) => self.disconnected(Some(reason)),
            Event::Message(message) => self.hear(&message),
            Event::Taken(slip) => {
                self.delivery.taken_over(slip);
                self.outputs.hub_heard(clock::monotonic_ms());
            }
        }
        self.dispatch(connection);
    }

    fn disconnected(&mut self, reason: Option<String>) {
        self.connected = false;
        self.outputs.connected(false, clock::monotonic_ms());
        if let Some(health) = &self.health {
            health.disconnected(clock::monotonic_ms(), reason);
        }
    }

    fn hear(&mut self, message: &Message) {
        match self.topics.parse(&message.topic) {
            Some(Topic::Device(device, Channel::Ack)) if device == self.device => {
                match serde_json::from_slice(&message.payload) {
                    Ok(ack) => {
                        let now_ms = clock::monotonic_ms();
                        self.delivery.acknowledge(&ack, now_ms);
                        self.outputs.hub_heard(now_ms);
                    }
                    Err(error) => tracing::warn!(topic = message.topic, %error, "not understood, ignored"),
                }
            }
            Some(Topic::Device(device, Channel::Birth)) if device == self.device => {
                if let Some(hostname) = self.rival.hear(&message.payload, &self.birth.stamp.boot) {
                    tracing::warn!(
                        %device,
                        hostname,
                        "another agent has the same device id: the two throw each other out; set another `device` in \
                         the config of one of them"
                    );
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
        while let Some(result) = self.results.due().filter(|_| self.connected) {
            let json = serde_json::to_vec(result).expect("a result has a JSON form");
            if self.send(Channel::Result, json, connection).is_err() {
                break;
            }
            self.results.mark_sent(clock::monotonic_ms());
        }
        while self.connected {
            let due = self.delivery.due(BACKLOG_SUMMARIES, BACKLOG_BYTES);
            let (channel, json) = match due.as_slice() {
                [] => return,
                [one] => (Channel::Summary, one.json.clone()),
                several => (Channel::Backlog, backlog(several)),
            };
            let number = due.len();
            let topic = self.topics.device(&self.device, channel);
            let slip = self.delivery.slip();
            if connection.publish_with(&topic, channel.qos(), channel.retained(), json, slip).is_err() {
                return;
            }
            self.delivery.mark_sent(number, clock::monotonic_ms());
        }
    }

    async fn farewell(mut self, mut connection: Connection) {
        self.dispatch(&connection);
        self.await_last_acks(&mut connection).await;
        let lost = self.delivery.save().await;
        if lost > 0 {
            tracing::warn!(
                summaries = lost,
                "ending with summaries that are neither acknowledged nor on disk: lost"
            );
        }
        self.leave(connection).await;
    }

    /// Says `offline` and closes a connection, after which there may be another.
    pub(super) async fn leave(&mut self, connection: Connection) {
        if !self.connected {
            return connection.abandon();
        }
        let goodbye = self.send(Channel::Status, Status::Offline.as_str().into(), &connection);
        if goodbye.is_err() {
            tracing::warn!("no room to say goodbye: the broker will publish the will");
        }
        self.disconnected(None);
        connection.close(GOODBYE).await;
        tracing::info!("said goodbye");
    }

    async fn await_last_acks(&mut self, connection: &mut Connection) {
        let deadline = Instant::now() + LAST_ACKS;
        while self.connected && !self.delivery.memory_is_empty() {
            match timeout_at(deadline, connection.events.recv()).await {
                Ok(Some(event)) => self.react(event, connection),
                Ok(None) | Err(_) => return,
            }
        }
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
