//! The connection to the broker: it comes back by itself, and tells when it does.

use super::slips::{Slip, Slips};
use crate::command::{Inbox, Received};
use common::{backoff::Backoff, broker_url::BrokerUrl, secret::Secret};
use rumqttc::{
    AsyncClient, ClientError, ConnectReturnCode, ConnectionError, Event as Packet, EventLoop, Incoming,
    LastWill, MqttOptions, Outgoing, Publish, QoS, Request, StateError, Subscribe, SubscribeFilter,
    Transport, Unsubscribe,
};
use std::time::{Duration, Instant};
use tokio::{sync::mpsc, task::JoinHandle};

/// Seconds of silence after which the client says that it is still there. The broker publishes the will
/// after one and a half times this.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// Largest payload either way, as the hub has it.
const PACKET_BYTES: usize = 1024 * 1024;
/// Messages that wait for the socket. More would only be older.
const REQUESTS: usize = 16;
/// How long the broker may be silent after the goodbye before we hang up.
const LINGER: Duration = Duration::from_millis(300);
/// A connection that lasted this long was a good one: the next attempt is made soon.
const LASTING: Duration = Duration::from_secs(10);

/// How to reach the broker.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where.
    pub url: BrokerUrl,
    /// As whom, where the broker asks.
    pub credentials: Option<(String, Secret)>,
    /// Trusted instead of the machine's CA certificates.
    pub ca_file: Option<std::path::PathBuf>,
    /// Client id, unique at the broker.
    pub client_id: String,
    /// Published by the broker, retained, when the connection is lost.
    pub will: (String, &'static str),
    /// Made at every connect.
    pub subscriptions: Vec<Subscription>,
    /// Where commands come from.
    pub command_topic: String,
    /// Where commands go, if any is enabled; only then is their topic subscribed.
    pub commands: Option<Inbox>,
}

impl Settings {
    /// Whether a connection made by the others would be the same. Where commands go does not change.
    pub fn same_as(&self, others: &Self) -> bool {
        let parts = |settings: &Self| {
            let Self { url, credentials, ca_file, will, subscriptions, .. } = settings.clone();
            (url, credentials, ca_file, will, subscriptions, settings.commands.is_some())
        };
        parts(self) == parts(others)
    }
}

/// What the agent wants to hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The topic, without wildcards.
    pub topic: String,
    /// 1 where the broker is to keep messages while the agent is away, else 0.
    pub qos: u8,
}

/// What somebody said on one of those topics.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
    /// Whether the broker had kept it from before the subscription.
    pub(super) retained: bool,
}

/// What the connection tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Connected; whatever was under way before may be lost.
    Up,
    /// Not connected any more, or still not, and why.
    Down(String),
    /// Something was said to this device.
    Message(Message),
    /// The broker has taken over the message with this slip.
    Taken(u64),
}

/// A handle to publish by, and a task that keeps the connection up.
pub struct Connection {
    client: AsyncClient,
    slips: Slips,
    pub(super) events: mpsc::Receiver<Event>,
    task: JoinHandle<()>,
}

impl Connection {
    /// Starts connecting. Being refused or unheard is no error: it is tried again for ever.
    ///
    /// # Errors
    /// When TLS has nothing to trust.
    pub fn open(settings: Settings) -> Result<Self, common::tls::TlsError> {
        let mut options = MqttOptions::new(&settings.client_id, &settings.url.host, settings.url.port);
        options
            .set_keep_alive(KEEP_ALIVE)
            .set_clean_session(false)
            .set_max_packet_size(PACKET_BYTES, PACKET_BYTES)
            .set_inflight(REQUESTS as u16)
            .set_last_will(LastWill::new(&settings.will.0, settings.will.1, QoS::AtLeastOnce, true));
        if settings.url.tls {
            options.set_transport(common::tls::transport(settings.ca_file.as_deref())?);
        } else {
            options.set_transport(Transport::Tcp);
        }
        if let Some((user, password)) = &settings.credentials {
            options.set_credentials(user, password.expose());
        }
        let (client, event_loop) = AsyncClient::new(options, REQUESTS);
        let (sender, events) = mpsc::channel(REQUESTS);
        let slips = Slips::default();
        let keeper = Keeper {
            events: sender,
            slips: slips.clone(),
            url: settings.url,
            subscriptions: settings.subscriptions,
            command_topic: settings.command_topic,
            commands: settings.commands,
        };
        Ok(Self { client, slips, events, task: tokio::spawn(keeper.run(event_loop)) })
    }

    /// Hands a message to the connection, if it has room. With a `slip`, which takes a quality of service of 1,
    /// it is told when the broker has it.
    pub(super) fn publish_with(
        &self,
        topic: &str,
        qos: u8,
        retain: bool,
        payload: Vec<u8>,
        slip: Slip,
    ) -> Result<(), ClientError> {
        let hand = || self.client.try_publish(topic, quality(qos), retain, payload);
        if qos == 0 { hand() } else { self.slips.hand(slip, hand) }
    }

    /// The same, whatever becomes of it.
    pub(super) fn publish(
        &self,
        topic: &str,
        qos: u8,
        retain: bool,
        payload: Vec<u8>,
    ) -> Result<(), ClientError> {
        self.publish_with(topic, qos, retain, payload, None)
    }

    /// Says goodbye after all that was handed over, and waits for it to be out, but not for ever.
    pub(super) async fn close(mut self, patience: Duration) {
        if self.client.try_disconnect().is_err()
            || tokio::time::timeout(patience, &mut self.task).await.is_err()
        {
            tracing::warn!("the broker did not take the goodbye in time: it will publish the will");
            self.task.abort();
        }
    }

    /// Gives up without a word.
    pub(super) fn abandon(self) {
        self.task.abort();
    }
}

struct Keeper {
    events: mpsc::Sender<Event>,
    slips: Slips,
    url: BrokerUrl,
    subscriptions: Vec<Subscription>,
    command_topic: String,
    commands: Option<Inbox>,
}

impl Keeper {
    fn subscription(&self) -> Subscribe {
        let of = |topic: &String, qos| SubscribeFilter::new(topic.clone(), quality(qos));
        let commands = self.commands.iter().map(|_| of(&self.command_topic, 1));
        Subscribe::new_many(self.subscriptions.iter().map(|s| of(&s.topic, s.qos)).chain(commands))
    }

    /// Passes a message on; whether there is still somebody to pass it to.
    async fn deliver(&self, message: Publish, event_loop: &mut EventLoop) -> bool {
        if message.topic == self.command_topic {
            match &self.commands {
                Some(inbox) => inbox.hand_in(Received {
                    payload: message.payload.into(),
                    retained: message.retain,
                    again: message.dup,
                }),
                // The session is from a time when commands were enabled.
                None => event_loop
                    .pending
                    .push_back(Request::Unsubscribe(Unsubscribe::new(self.command_topic.clone()))),
            }
            return true;
        }
        let message =
            Message { topic: message.topic, payload: message.payload.into(), retained: message.retain };
        self.events.send(Event::Message(message)).await.is_ok()
    }

    async fn run(self, mut event_loop: EventLoop) {
        let mut backoff = Backoff::default();
        let mut up_since = None;
        let mut complained = None;
        let mut leaving = false;
        loop {
            let patience = if leaving { LINGER } else { Duration::MAX };
            let Ok(polled) = tokio::time::timeout(patience, event_loop.poll()).await else { return };
            match polled {
                Ok(Packet::Incoming(Incoming::ConnAck(_))) => {
                    // Live values of before are stale, and the outbox sends the rest again itself.
                    event_loop.pending.clear();
                    event_loop.pending.push_back(Request::Subscribe(self.subscription()));
                    event_loop.mqtt_options.set_clean_session(false);
                    tracing::info!(broker = %self.url, "connected");
                    (up_since, complained) = (Some(Instant::now()), None);
                    if self.events.send(Event::Up).await.is_err() {
                        return;
                    }
                }
                Ok(Packet::Incoming(Incoming::Publish(message))) => {
                    if !self.deliver(message, &mut event_loop).await {
                        return;
                    }
                }
                // Packet id 0 is that of messages which are not acknowledged.
                Ok(Packet::Outgoing(Outgoing::Publish(packet @ 1..))) => self.slips.left(packet),
                Ok(Packet::Incoming(Incoming::PubAck(ack))) => {
                    if let Some(slip) = self.slips.acknowledged(ack.pkid)
                        && self.events.send(Event::Taken(slip)).await.is_err()
                    {
                        return;
                    }
                }
                // Hanging up with the broker's answers unread would reset the connection and lose the
                // goodbye, so these are read, until the broker hangs up or has nothing more to say.
                Ok(Packet::Outgoing(Outgoing::Disconnect)) => leaving = true,
                Ok(_) => {}
                Err(_) if leaving => return,
                Err(error) => {
                    // The library has just emptied its queue, and nobody could fill it again since.
                    self.slips.tear();
                    if up_since.take().is_some_and(|since: Instant| since.elapsed() >= LASTING) {
                        backoff.reset();
                    }
                    if is_unreadable(&error) {
                        // Somebody's message that cannot be read, too large for one, would be sent again
                        // with the session, for ever. The outbox needs no session: let it go.
                        event_loop.mqtt_options.set_clean_session(true);
                    }
                    let reason = explain(&error);
                    if complained.as_ref() != Some(&reason) {
                        tracing::warn!(broker = %self.url, "not connected, trying on: {reason}");
                        complained = Some(reason.clone());
                    }
                    if self.events.send(Event::Down(reason)).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(backoff.next_wait()).await;
                }
            }
        }
    }
}

fn quality(qos: u8) -> QoS {
    if qos == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce }
}

/// Whether the connection broke over what was said on it. A broken wire is told in nearly the same words, but
/// costs no session: commands may wait in it.
fn is_unreadable(error: &ConnectionError) -> bool {
    let ConnectionError::MqttState(StateError::Deserialization(error)) = error else { return false };
    !matches!(error, rumqttc::mqttbytes::Error::Io(_))
}

/// One line for people, with the remedy where there is one.
fn explain(error: &ConnectionError) -> String {
    match error {
        ConnectionError::ConnectionRefused(
            ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized,
        ) => {
            "the broker refuses user name or password: check mqtt.username and mqtt.password_file".to_owned()
        }
        ConnectionError::ConnectionRefused(code) => format!("the broker refuses the connection: {code:?}"),
        ConnectionError::NetworkTimeout => "the broker does not answer".to_owned(),
        ConnectionError::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rumqttc::mqttbytes::Error;
    use std::io;

    #[test]
    fn only_what_cannot_be_read_costs_the_session() {
        let of = |error| ConnectionError::MqttState(StateError::Deserialization(error));
        assert!(is_unreadable(&of(Error::PayloadSizeLimitExceeded(2 << 20))));
        assert!(!is_unreadable(&of(Error::Io(io::ErrorKind::ConnectionReset.into()))));
        assert!(!is_unreadable(&ConnectionError::NetworkTimeout));
    }
}
