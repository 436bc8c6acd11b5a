//! The hub as a client of somebody's broker: MQTT 5, a persistent session, resubscribing on every reconnect.

mod client;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod hostile;
mod inbox;
mod lost;
mod packet;
mod window;
mod wire;

use super::counters::worth_a_line;
use super::{Counters, Credentials, Incoming, MAX_PACKET_BYTES, Outgoing, PublishError};
use client::Client;
use common::{
    broker_url::BrokerUrl,
    tls::{self, TlsError},
};
use protocol::Prefix;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

/// How long the broker keeps what it has for us while we are away, in seconds.
const SESSION_EXPIRY_SECONDS: u32 = 3600;
/// Messages of the broker that may be on their way to the hub without being acknowledged.
const RECEIVE_MAXIMUM: u16 = 1000;
/// Messages of the hub that wait for the broker.
const QUEUE: usize = 4000;
/// Messages of the hub that the broker has not acknowledged.
const MAX_INFLIGHT: u16 = 1000;
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
    queue: mpsc::Sender<Outgoing>,
    url: BrokerUrl,
    online: Arc<AtomicBool>,
    counters: Arc<Counters>,
    task: JoinHandle<()>,
}

impl External {
    /// Starts connecting. Messages that agents write go to `incoming`.
    ///
    /// # Errors
    /// When TLS has nothing to trust. A broker that is away is tried again and again.
    pub fn start(settings: Settings, incoming: mpsc::Sender<Incoming>) -> Result<Self, TlsError> {
        let tls = if settings.url.tls {
            Some(TlsConnector::from(Arc::new(tls::client(settings.ca_file.as_deref())?)))
        } else {
            None
        };
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (online, counters) = (Arc::<AtomicBool>::default(), Arc::<Counters>::default());
        let url = settings.url.clone();
        let client = Client::new(settings, tls, waiting, incoming, online.clone(), counters.clone());
        Ok(Self { queue, url, online, counters, task: tokio::spawn(client.run()) })
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
        // Taken before the message is, which is needed if there is no place for it.
        let place = tokio::time::timeout(PATIENCE, self.queue.reserve()).await;
        match place {
            Ok(Ok(place)) => {
                place.send(message);
                Ok(())
            }
            Ok(Err(_)) => {
                self.counters.count_dropped_outgoing();
                Err(PublishError::Refused { topic: message.topic, reason: "the hub is stopping".to_owned() })
            }
            Err(_) => {
                self.counters.count_dropped_outgoing();
                Err(PublishError::QueueFull(message.topic))
            }
        }
    }

    /// Says goodbye to the broker, which keeps the session for an hour.
    pub async fn shutdown(self) {
        let (connected, mut task) = (self.connected(), self.task);
        // The client leaves when it has sent what is queued; a broker that does not read is not waited for.
        drop(self.queue);
        if !connected || tokio::time::timeout(PATIENCE, &mut task).await.is_err() {
            tracing::debug!("the broker was not told of the end");
            task.abort();
        }
    }
}
