//! The connection to the broker: it comes back by itself, and tells when it does.

use common::{backoff::Backoff, broker_url::BrokerUrl, secret::Secret};
use protocol::Ack;
use rumqttc::{
    AsyncClient, ClientError, ConnectReturnCode, ConnectionError, Event as Packet, EventLoop, Incoming,
    LastWill, MqttOptions, Outgoing, QoS, Request, StateError, Subscribe, Transport,
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Subscribed at every connect.
    pub ack_topic: String,
}

/// What the connection tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Connected; whatever was under way before may be lost.
    Up,
    /// Not connected any more, or still not, and why.
    Down(String),
    /// The hub's word.
    Ack(Ack),
}

/// A handle to publish by, and a task that keeps the connection up.
pub struct Connection {
    client: AsyncClient,
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
        let keeper = Keeper { events: sender, url: settings.url, ack_topic: settings.ack_topic };
        Ok(Self { client, events, task: tokio::spawn(keeper.run(event_loop)) })
    }

    /// Hands a message to the connection, if it has room.
    pub(super) fn publish(
        &self,
        topic: &str,
        qos: u8,
        retain: bool,
        payload: Vec<u8>,
    ) -> Result<(), ClientError> {
        let qos = if qos == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce };
        self.client.try_publish(topic, qos, retain, payload)
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
    url: BrokerUrl,
    ack_topic: String,
}

impl Keeper {
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
                    let subscription = Subscribe::new(&self.ack_topic, QoS::AtLeastOnce);
                    event_loop.pending.push_back(Request::Subscribe(subscription));
                    event_loop.mqtt_options.set_clean_session(false);
                    tracing::info!(broker = %self.url, "connected");
                    (up_since, complained) = (Some(Instant::now()), None);
                    if self.events.send(Event::Up).await.is_err() {
                        return;
                    }
                }
                Ok(Packet::Incoming(Incoming::Publish(message))) => {
                    match serde_json::from_slice(&message.payload) {
                        Ok(ack) => {
                            if self.events.send(Event::Ack(ack)).await.is_err() {
                                return;
                            }
                        }
                        Err(error) => {
                            tracing::warn!(topic = message.topic, %error, "not understood, ignored");
                        }
                    }
                }
                // Hanging up with the broker's answers unread would reset the connection and lose the
                // goodbye, so these are read, until the broker hangs up or has nothing more to say.
                Ok(Packet::Outgoing(Outgoing::Disconnect)) => leaving = true,
                Ok(_) => {}
                Err(_) if leaving => return,
                Err(error) => {
                    if up_since.take().is_some_and(|since: Instant| since.elapsed() >= LASTING) {
                        backoff.reset();
                    }
                    if matches!(error, ConnectionError::MqttState(StateError::Deserialization(_))) {
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
