//! The broker inside the hub: MQTT 3.1.1 and 5 on one port, nothing on disk.

mod acl;
mod hooks;
mod resume;
mod retained;
mod shared;
mod takeover;

use super::{Counters, Credentials, Incoming, MAX_PACKET_BYTES, Outgoing, PublishError};
use crate::complaints::Complaints;
use acl::Rules;
use hooks::Gate;
use parking_lot::Mutex;
use protocol::Prefix;
use rmqtt::codec::types::Publish as Packet;
use rmqtt::context::ServerContext;
use rmqtt::net::Builder;
use rmqtt::server::MqttServer;
use rmqtt::session::SessionState;
use rmqtt::types::{From, Id, Publish, QoS};
use rmqtt::utils::timestamp_millis;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Messages that wait for one subscriber, connected or away. Beyond, the oldest are dropped and counted.
const MAX_QUEUED: usize = 100_000;
/// Unacknowledged messages per direction and client. Clients of MQTT 3.1.1 are not told, so it is above the
/// 100 that common client libraries send at once.
const MAX_INFLIGHT: NonZeroU16 = NonZeroU16::new(128).unwrap();
/// Connected clients and sessions kept for absent ones.
const MAX_SESSIONS: isize = 50_000;
/// How long the session of an absent client is kept, whatever it asks for.
const SESSION_EXPIRY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a client may take to say CONNECT once it has begun.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long one packet may take to leave for a client that does not read.
const SEND: Duration = Duration::from_secs(30);
/// How long clients are waited for at the end.
const FAREWELL: Duration = Duration::from_secs(2);
/// Longest client id, in bytes.
const MAX_CLIENT_ID: usize = 256;
/// Connections the kernel holds until they are accepted: a whole fleet comes back at once.
const BACKLOG: i32 = 4096;
/// The name under which the hub itself publishes. No device can have it: `.` is in no device id.
const HUB: &str = "edgewise.hub";

/// How the embedded broker runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Who may connect. `None` lets everybody in, which is for loopback.
    pub credentials: Option<Credentials>,
    /// The first levels of the topics that the hub listens to.
    pub prefix: Prefix,
    /// What the broker retains from the start: it has no memory of its own. In place before the first
    /// client can connect, so that nothing newer is overwritten.
    pub retained: Vec<Outgoing>,
}

/// Why the embedded broker did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Somebody else listens there.
    #[error(
        "the MQTT port {0} is in use by another program: stop it, or give the hub another MQTT listen address"
    )]
    InUse(SocketAddr),
    /// The address is not ours, or not allowed.
    #[error("cannot listen for MQTT on {address}: {reason}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        reason: String,
    },
}

/// The running broker.
pub struct Embedded {
    context: ServerContext,
    address: SocketAddr,
    gate: Arc<Gate>,
    server: JoinHandle<()>,
    id: Id,
}

impl Embedded {
    /// Listens. Messages that agents write go to `incoming`.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(settings: Settings, incoming: mpsc::Sender<Incoming>) -> Result<Self, StartError> {
        let listener = builder(settings.listen)
            .bind()
            .and_then(rmqtt::net::Listener::tcp)
            .map_err(|error| refused(settings.listen, &error))?;
        let address = listener.local_addr().map_err(|error| refused(settings.listen, &error))?;

        let context = ServerContext::new()
            // Its idea of "busy" is the load of the machine, and it then turns clients away.
            .busy_check_enable(false)
            .mqtt_max_sessions(MAX_SESSIONS)
            .build()
            .await;
        *context.extends.shared_mut().await = Box::new(resume::Sessions::new(&context));
        *context.extends.retain_mut().await = Box::new(retained::InMemory::new());
        *context.extends.shared_subscription_mut().await = Box::new(shared::InTurn::default());
        let gate = Arc::new(Gate {
            rules: Rules::new(settings.prefix),
            credentials: settings.credentials,
            incoming: RwLock::new(Some(incoming)),
            counters: Arc::default(),
            connections: takeover::Connections::default(),
            complaints: Mutex::new(Complaints::new(hooks::COMPLAINT_INTERVAL_MS)),
        });
        hooks::install(&gate, context.extends.hook_mgr().register()).await;

        let id = Id::new(context.node.id(), address.port(), Some(address), None, HUB.into(), None);
        for message in settings.retained {
            let topic = message.topic.clone();
            if let Err(error) = publish(&context, &id, message).await {
                tracing::warn!(topic, "not retained over the restart: {error}");
            }
        }
        let server = MqttServer::new(context.clone()).listener_by_id(listener, address.port()).build();
        let server = tokio::spawn(async move {
            if let Err(error) = server.run().await {
                tracing::error!(%error, "the embedded broker ended");
            }
        });
        Ok(Self { context, address, gate, server, id })
    }

    /// Whether it still takes connections.
    pub fn listening(&self) -> bool {
        !self.server.is_finished()
    }

    /// Where it listens, with the real port.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// What was refused or dropped since the start.
    pub fn counters(&self) -> Arc<Counters> {
        self.gate.counters.clone()
    }

    /// Publishes to the subscribers, without a network hop.
    ///
    /// # Errors
    /// When the topic is none to publish to.
    pub async fn publish(&self, message: Outgoing) -> Result<(), PublishError> {
        publish(&self.context, &self.id, message).await
    }

    /// Stops listening and disconnects everybody; the port is free afterwards.
    pub async fn shutdown(self) {
        self.gate.close();
        self.server.abort();
        // The listener lives in the task: once that is over, the port is free.
        let _ = self.server.await;
        let mut sessions: Vec<_> = self.context.extends.shared().await.iter().collect();
        let farewells = sessions.iter_mut().map(|session| session.kick(true, true, true));
        // All at once, and not for ever: what came in is still to be committed.
        if tokio::time::timeout(FAREWELL, futures::future::join_all(farewells)).await.is_err() {
            tracing::debug!("not every session ended in time");
        }
    }
}

async fn publish(context: &ServerContext, id: &Id, message: Outgoing) -> Result<(), PublishError> {
    let topic = message.topic.clone();
    let qos = if message.qos == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce };
    let packet = Packet {
        dup: false,
        retain: message.retained,
        qos,
        topic: message.topic.into(),
        packet_id: None,
        payload: message.payload,
        properties: Some(rmqtt::codec::v5::PublishProperties::default()),
    };
    let publish = Publish::from(packet).create_time(timestamp_millis());
    let from = From::from_system(id.clone());
    SessionState::forwards(context, from, publish, false, None)
        .await
        .map_err(|error| PublishError::Refused { topic, reason: error.to_string() })
}

/// The broker's own settings, with its traps closed.
fn builder(listen: SocketAddr) -> Builder {
    Builder::new()
        .name("edgewise")
        .laddr(listen)
        // Without it a restart has to wait for the old connections to be forgotten.
        .reuseaddr(Some(true))
        .backlog(BACKLOG)
        .nodelay(true)
        .max_packet_size(MAX_PACKET_BYTES)
        .max_clientid_len(MAX_CLIENT_ID)
        // Anonymous clients would pass without our authentication, which also checks the will.
        .allow_anonymous(false)
        .handshake_timeout(HANDSHAKE)
        .send_timeout(SEND)
        .max_inflight(MAX_INFLIGHT)
        .max_mqueue_len(MAX_QUEUED)
        .session_expiry_interval(SESSION_EXPIRY)
        .max_session_expiry_interval(SESSION_EXPIRY)
        // Nothing expires unless its publisher says so (the default is five minutes, also for retained
        // messages), and nothing is sent twice on one connection.
        .message_expiry_interval(Duration::ZERO)
        .message_retry_interval(Duration::ZERO)
}

fn refused(address: SocketAddr, error: &rmqtt::Error) -> StartError {
    match error.downcast_ref::<io::Error>() {
        Some(error) if error.kind() == io::ErrorKind::AddrInUse => StartError::InUse(address),
        _ => StartError::Listen { address, reason: error.to_string() },
    }
}
