//! The hub as a client of somebody's broker: MQTT 5, a persistent session, resubscribing on every reconnect.

mod client;

use super::counters::worth_a_line;
use super::{Counters, Credentials, Incoming, MAX_PACKET_BYTES, Outgoing, PublishError};
use common::{
    broker_url::BrokerUrl,
    tls::{self, TlsError},
};
use protocol::Prefix;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::ConnectProperties;
use rumqttc::v5::{AsyncClient, MqttOptions};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// How long the broker keeps what it has for us while we are away, in seconds.
const SESSION_EXPIRY_SECONDS: u32 = 3600;
/// Messages of the broker that may be on their way to the hub without being acknowledged.
const RECEIVE_MAXIMUM: u16 = 1000;
/// Messages of the hub that wait for the broker, acknowledgements to it included.
const QUEUE: usize = 4000;
/// Messages of the hub that the broker has not acknowledged.
const MAX_INFLIGHT: u16 = 100;
/// How long a message may wait for a place in the queue.
const PATIENCE: Duration = Duration::from_secs(5);
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// How the hub connects to a broker.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the broker is.
    pub url: BrokerUrl,
    /// The user that the broker knows the hub by.
    pub credentials: Option<Credentials>,
    /// For `mqtts`: certificates to trust, PEM. `None` trusts what the system trusts.
    pub ca_file: Option<PathBuf>,
    /// The first levels of the topics that the hub listens to.
    pub prefix: Prefix,
    /// The name of the hub's session on the broker; two hubs on one broker need two.
    pub client_id: String,
}

impl Settings {
    /// What is usual for a broker at `url`.
    pub fn new(url: BrokerUrl) -> Self {
        Self {
            url,
            credentials: None,
            ca_file: None,
            prefix: Prefix::default(),
            // No device's agent can have it: '.' is in no device id.
            client_id: "edgewise.hub".to_owned(),
        }
    }
}

/// The running client.
pub struct External {
    client: AsyncClient,
    url: BrokerUrl,
    online: Arc<AtomicBool>,
    counters: Arc<Counters>,
    tasks: [JoinHandle<()>; 2],
}

impl External {
    /// Starts connecting. Messages that agents write go to `incoming`.
    ///
    /// # Errors
    /// When TLS has nothing to trust. A broker that is away is tried again and again.
    pub fn start(settings: Settings, incoming: mpsc::Sender<Incoming>) -> Result<Self, TlsError> {
        let mut options = MqttOptions::new(&settings.client_id, &settings.url.host, settings.url.port);
        if settings.url.tls {
            options.set_transport(tls::transport(settings.ca_file.as_deref())?);
        }
        if let Some(credentials) = &settings.credentials {
            options.set_credentials(credentials.user(), credentials.password());
        }
        let mut properties = ConnectProperties::new();
        properties.session_expiry_interval = Some(SESSION_EXPIRY_SECONDS);
        properties.receive_maximum = Some(RECEIVE_MAXIMUM);
        // Told to the broker, which then never sends more: a larger packet would end the connection, be
        // sent again after the next connect, and so on for ever.
        properties.max_packet_size = Some(MAX_PACKET_BYTES);
        options
            .set_connect_properties(properties)
            .set_keep_alive(KEEP_ALIVE)
            .set_clean_start(false)
            .set_manual_acks(true)
            .set_outgoing_inflight_upper_limit(MAX_INFLIGHT);

        let (client, connection) = AsyncClient::new(options, QUEUE);
        let online = Arc::new(AtomicBool::new(false));
        let counters = Arc::new(Counters::default());
        let parts = client::Parts {
            client: client.clone(),
            prefix: settings.prefix,
            broker: settings.url.to_string(),
            online: online.clone(),
            counters: counters.clone(),
        };
        Ok(Self {
            client,
            url: settings.url,
            online,
            counters,
            tasks: client::spawn(parts, connection, incoming),
        })
    }

    /// Whether the broker is there.
    pub fn connected(&self) -> bool {
        self.online.load(Ordering::Relaxed)
    }

    /// Where the broker is.
    pub fn url(&self) -> &BrokerUrl {
        &self.url
    }

    /// What was dropped since the start.
    pub fn counters(&self) -> Arc<Counters> {
        self.counters.clone()
    }

    /// Hands a message over for publishing. While the broker is away, some thousands wait for it.
    ///
    /// # Errors
    /// When as many wait already and none leaves within five seconds.
    pub async fn publish(&self, message: Outgoing) -> Result<(), PublishError> {
        let qos = if message.qos == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce };
        let topic = message.topic.clone();
        let publish = self.client.publish_bytes(message.topic, qos, message.retained, message.payload);
        match tokio::time::timeout(PATIENCE, publish).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                self.counters.count_dropped_outgoing();
                Err(PublishError::Refused { topic, reason: error.to_string() })
            }
            Err(_) => {
                self.counters.count_dropped_outgoing();
                Err(PublishError::QueueFull(topic))
            }
        }
    }

    /// Says goodbye to the broker, which keeps the session for an hour.
    pub async fn shutdown(self) {
        if self.connected() && self.client.try_disconnect().is_ok() {
            // What is queued before it leaves first; a broker that does not read is not waited for.
            let [connection, relay] = self.tasks;
            if tokio::time::timeout(PATIENCE, connection).await.is_err() {
                tracing::debug!("the broker did not let go in time");
            }
            relay.abort();
        } else {
            self.tasks.iter().for_each(JoinHandle::abort);
        }
    }
}
