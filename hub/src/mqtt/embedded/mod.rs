//! The broker inside the hub: MQTT 3.1.1 and 5 on one port, nothing on disk.

mod acl;
mod arrival;
mod clients;
mod codec;
mod connect;
mod connection;
mod departure;
mod filter;
mod gate;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod hostile;
mod mailbox;
mod message;
mod reason;
mod retained;
mod router;
mod session;
mod shared;
mod wire;

use super::{Counters, Credentials, Incoming, Outgoing, PublishError};
use gate::Gate;
use message::Message;
use protocol::Prefix;
use shared::Shared;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

/// How long clients are waited for at the end.
const FAREWELL: Duration = Duration::from_secs(2);
/// Connections the kernel holds until they are accepted: a whole fleet comes back at once.
const BACKLOG: u32 = 4096;
/// How often what is kept of absent clients is looked through.
const LOOK: Duration = Duration::from_secs(1);
/// How long accepting rests when the system gives no more connections.
const REST: Duration = Duration::from_millis(100);
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
    shared: Arc<Shared>,
    address: SocketAddr,
    hub: Arc<str>,
    closing: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl Embedded {
    /// Listens. Messages that agents write go to `incoming`.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(settings: Settings, incoming: mpsc::Sender<Incoming>) -> Result<Self, StartError> {
        let listener = listen(settings.listen).map_err(|error| refused(settings.listen, &error))?;
        let address = listener.local_addr().map_err(|error| refused(settings.listen, &error))?;
        let gate = Gate::new(settings.prefix, settings.credentials, incoming);
        let shared = Arc::new(Shared::new(gate));
        let hub: Arc<str> = HUB.into();
        for message in settings.retained {
            shared.route(of_hub(message, &hub));
        }
        let closing = watch::Sender::new(false);
        let server = tokio::spawn(serve(shared.clone(), listener, closing.subscribe()));
        Ok(Self { shared, address, hub, closing, server })
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
        self.shared.gate.counters.clone()
    }

    /// Publishes to the subscribers, without a network hop.
    ///
    /// # Errors
    /// When the topic is none to publish to.
    pub async fn publish(&self, message: Outgoing) -> Result<(), PublishError> {
        if message.topic.is_empty() || message.topic.contains(['+', '#', '\0']) {
            let reason = "a topic is not empty and has no wildcards".to_owned();
            return Err(PublishError::Refused { topic: message.topic, reason });
        }
        self.shared.route(of_hub(message, &self.hub));
        Ok(())
    }

    /// Stops listening and disconnects everybody; the port is free afterwards.
    pub async fn shutdown(self) {
        self.shared.gate.close();
        self.closing.send_replace(true);
        let _ = self.server.await;
    }
}

/// Accepts clients until the end, then waits for them, but not for ever: what came in is still to be committed.
async fn serve(shared: Arc<Shared>, listener: TcpListener, mut closing: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            () = closed(&mut closing) => break,
            accepted = listener.accept() => match accepted {
                Ok((socket, peer)) => {
                    // Without it an answer waits for the next one to go with. It fails on a dead connection only.
                    let _ = socket.set_nodelay(true);
                    connections.spawn(arrival::serve(shared.clone(), socket, peer, closing.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted; is the limit of open files too low?");
                    tokio::time::sleep(REST).await;
                }
            },
            _ = look.tick() => shared.end_what_is_due().await,
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    let farewells = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(FAREWELL, farewells).await.is_err() {
        tracing::debug!("not every session ended in time");
    }
}

/// Waits until the broker is to end.
async fn closed(closing: &mut watch::Receiver<bool>) {
    // Without a sender it has ended.
    let _ = closing.wait_for(|closing| *closing).await;
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Without it a restart has to wait for the old connections to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn of_hub(message: Outgoing, hub: &Arc<str>) -> Message {
    Message {
        topic: message.topic,
        payload: message.payload,
        qos: message.qos.min(1),
        retain: message.retained,
        properties: Vec::new(),
        expires: None,
        from: hub.clone(),
    }
}

fn refused(address: SocketAddr, error: &io::Error) -> StartError {
    match error.kind() {
        io::ErrorKind::AddrInUse => StartError::InUse(address),
        _ => StartError::Listen { address, reason: error.to_string() },
    }
}
