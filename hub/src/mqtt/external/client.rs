//! The two tasks of the client: one polls the connection, the other hands messages to the hub.
//!
//! ```text
//! broker -> connection -> waiting messages -> relay -> incoming
//!               ^------------ acknowledgement ---'
//! ```
//!
//! The connection is polled without a pause, or it would miss its pings while the hub is busy. What is
//! unacknowledged is bounded by the receive maximum that the broker was told, so the room for waiting
//! messages suffices for QoS 1; QoS 0 is dropped and counted when it would take that room.

use super::*;
use common::backoff::Backoff;
use protocol::{Channel, Topics};
use rumqttc::v5::mqttbytes::v5::{ConnAck, Filter, Packet, Publish, Subscribe};
use rumqttc::v5::{ConnectionError, Event, EventLoop, Request};
use std::sync::atomic::AtomicU64;

/// QoS 0 messages that may wait for the hub: the `state` of a large fleet, replayed on subscribing.
const ROOM_FOR_QOS_0: usize = 10_000;

/// What the tasks need.
pub(super) struct Parts {
    pub(super) client: AsyncClient,
    pub(super) prefix: Prefix,
    /// For the log.
    pub(super) broker: String,
    pub(super) online: Arc<AtomicBool>,
    pub(super) counters: Arc<Counters>,
}

/// A message and the number of the connection it came by.
type Waiting = (u64, Publish);

pub(super) fn spawn(
    parts: Parts,
    connection: EventLoop,
    incoming: mpsc::Sender<Incoming>,
) -> [JoinHandle<()>; 2] {
    let (waiting, received) = mpsc::channel(ROOM_FOR_QOS_0 + usize::from(RECEIVE_MAXIMUM));
    let current = Arc::new(AtomicU64::new(0));
    let relay = tokio::spawn(relay(received, incoming, parts.client.clone(), current.clone()));
    let connection = Connection { parts, connection, waiting, current, kept: Vec::new() };
    [tokio::spawn(connection.run()), relay]
}

/// Hands messages to the hub, and acknowledges them once it has them.
async fn relay(
    mut received: mpsc::Receiver<Waiting>,
    incoming: mpsc::Sender<Incoming>,
    client: AsyncClient,
    current: Arc<AtomicU64>,
) {
    while let Some((connection, publish)) = received.recv().await {
        let acknowledge = publish.qos != QoS::AtMostOnce;
        // The broker sends again what an earlier connection left unacknowledged.
        if acknowledge && connection != current.load(Ordering::Acquire) {
            continue;
        }
        let message = Incoming {
            topic: String::from_utf8_lossy(&publish.topic).into_owned(),
            payload: publish.payload.clone(),
            retained: publish.retain,
        };
        if incoming.send(message).await.is_err() {
            return;
        }
        if acknowledge && connection == current.load(Ordering::Acquire) && client.ack(&publish).await.is_err()
        {
            return;
        }
    }
}

struct Connection {
    parts: Parts,
    connection: EventLoop,
    waiting: mpsc::Sender<Waiting>,
    /// The number of the present connection.
    current: Arc<AtomicU64>,
    /// Messages of the hub that an earlier connection did not get rid of.
    kept: Vec<Request>,
}

impl Connection {
    /// Polls until the client disconnects.
    async fn run(mut self) {
        let mut backoff = Backoff::default();
        // The first failure is worth a line like the loss of a connection.
        let mut told = false;
        loop {
            match self.connection.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(connack))) => {
                    backoff.reset();
                    told = false;
                    self.connected(&connack);
                }
                Ok(Event::Incoming(Packet::Publish(publish))) => self.received(publish).await,
                Ok(Event::Outgoing(rumqttc::Outgoing::Disconnect)) => {
                    self.parts.online.store(false, Ordering::Relaxed);
                    return;
                }
                Ok(_) => {}
                Err(ConnectionError::RequestsDone) => return,
                Err(error) => {
                    self.lost();
                    if !told {
                        let broker = &self.parts.broker;
                        tracing::warn!(
                            broker,
                            error = reason(&error),
                            "no connection to the MQTT broker, trying again"
                        );
                        told = true;
                    }
                    tokio::time::sleep(backoff.next_wait()).await;
                }
            }
        }
    }

    fn connected(&mut self, connack: &ConnAck) {
        self.current.fetch_add(1, Ordering::AcqRel);
        // The library forgets what it still had to send when the broker has forgotten the session.
        self.connection.pending.clear();
        self.connection.pending.push_back(Request::Subscribe(subscription(&self.parts.prefix)));
        self.connection.pending.extend(self.kept.drain(..));
        self.parts.online.store(true, Ordering::Relaxed);
        let (broker, resumed) = (&self.parts.broker, connack.session_present);
        tracing::info!(broker, resumed, "connected to the MQTT broker");
    }

    async fn received(&mut self, publish: Publish) {
        let message = (self.current.load(Ordering::Acquire), publish);
        if message.1.qos == QoS::AtMostOnce {
            let room = self.waiting.capacity() > usize::from(RECEIVE_MAXIMUM);
            if !room || self.waiting.try_send(message).is_err() {
                let before = self.parts.counters.count_dropped_incoming();
                if worth_a_line(before) {
                    tracing::warn!(dropped = before + 1, "QoS 0 messages dropped: the hub does not keep up");
                }
            }
        } else {
            // Waits only for messages of an earlier connection, which the relay throws away.
            let _ = self.waiting.send(message).await;
        }
    }

    /// Saves what is still to be sent, and forgets what belonged to the connection.
    fn lost(&mut self) {
        self.parts.online.store(false, Ordering::Relaxed);
        let unfinished = self.connection.state.collision.take().map(Request::Publish);
        let unsent = self.connection.pending.drain(..).filter(|r| matches!(r, Request::Publish(_)));
        self.kept.extend(unsent.chain(unfinished));
        self.connection.state.events.clear();
    }
}

/// The channels that agents write. What the hub itself publishes there does not come back.
fn subscription(prefix: &Prefix) -> Subscribe {
    let topics = Topics::new(prefix.clone());
    let filters = Channel::FROM_AGENT
        .map(|channel| Filter { nolocal: true, ..Filter::new(topics.filter(channel), QoS::AtLeastOnce) });
    Subscribe::new_many(filters, None)
}

/// What went wrong, and the remedy where there is one.
fn reason(error: &ConnectionError) -> String {
    use rumqttc::v5::mqttbytes::v5::ConnectReturnCode::{BadUserNamePassword, NotAuthorized};
    match error {
        ConnectionError::ConnectionRefused(BadUserNamePassword | NotAuthorized) => {
            "the broker refuses the hub: check mqtt.username and mqtt.password_file".to_owned()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hub_subscribes_to_what_agents_write() {
        let paths: Vec<String> =
            subscription(&Prefix::default()).filters.into_iter().map(|f| f.path).collect();
        assert_eq!(
            paths,
            ["status", "birth", "state", "summary", "backlog", "result"].map(|c| format!("edgewise/+/{c}"))
        );
    }
}
