//! How a client comes: its CONNECT, what it is answered, and what is kept of its last visit.

use super::clients::Ticket;
use super::codec::Version;
use super::connect::{self, Connect, Denial, Welcome, Will};
use super::connection::Connection;
use super::session::{MAX_INFLIGHT, Session};
use super::shared::Shared;
use super::wire::{Broken, Wire};
use crate::mqtt::MAX_PACKET_BYTES;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// How long a client may take to say CONNECT.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long the session of an absent client is kept, whatever it asks for.
pub(super) const MAX_EXPIRY: Duration = Duration::from_secs(24 * 60 * 60);

/// A client that was let in.
struct Arrival {
    connection: Connection,
    keep_alive: Option<Duration>,
    will: Option<Box<Will>>,
    /// How long its session is kept when it has gone.
    expiry: Duration,
    ticket: Ticket,
}

/// Serves a client until it goes, or the broker does.
pub(super) async fn serve(
    broker: Arc<Shared>,
    socket: TcpStream,
    peer: SocketAddr,
    mut closing: watch::Receiver<bool>,
) {
    // How it comes and how it goes is over soon, and takes more room than all that lies between: in boxes of their own,
    // or every connection would have that room for as long as it is there.
    let arrived = Box::pin(arrive(broker, socket, peer)).await;
    let Some(Arrival { mut connection, keep_alive, will, expiry, ticket }) = arrived else { return };
    let end = match connection.run(keep_alive, &ticket, &mut closing).await {
        Ok(never) => match never {},
        Err(end) => end,
    };
    Box::pin(connection.finish(end, will, expiry, ticket)).await;
}

/// Lets a client in. `None` when it may not, or is gone.
async fn arrive(broker: Arc<Shared>, socket: TcpStream, peer: SocketAddr) -> Option<Arrival> {
    let mut wire = Wire::new(socket, MAX_PACKET_BYTES as usize);
    let mut connect = match timeout(HANDSHAKE, wire.connect()).await {
        Ok(Ok(connect)) => connect,
        Ok(Err(Broken::Protocol(error))) => {
            tracing::debug!(%peer, %error, "no MQTT connection");
            return None;
        }
        Ok(Err(Broken::Closed)) | Err(_) => return None,
    };
    let deny = |wire: &mut Wire, version, denial| {
        wire.out().extend_from_slice(
            &connect::deny(version, denial)[..match version {
                Version::V3 => 4,
                Version::V5 => 5,
            }],
        );
        let _ = wire.flush();
        None
    };
    if let Err(denial) = broker.gate.admit(&connect, peer) {
        return deny(&mut wire, connect.version, denial);
    }
    let is_nameless = connect.client_id.is_empty();
    if is_nameless {
        if connect.version == Version::V3 && !connect.clean {
            return deny(&mut wire, connect.version, Denial::ClientId);
        }
        connect.client_id = new_name();
    }
    // Who had this name before leaves first. A broker that shuts down makes it leave as well.
    let Some(mut ticket) = broker.clients.enter(&connect.client_id).await else {
        return deny(&mut wire, connect.version, Denial::Full);
    };
    let session = broker.session_for(&connect, &mut ticket).await;
    let expiry = connect.expiry.min(MAX_EXPIRY);
    let welcome = Welcome {
        session_present: session.is_some(),
        assigned: is_nameless.then_some(&*connect.client_id),
        expiry: (expiry != connect.expiry).then_some(expiry),
        receive_maximum: MAX_INFLIGHT,
        packet_maximum: MAX_PACKET_BYTES,
    };
    // What it is made of was checked when it came, so that it can be written.
    if let Ok(packet) = connect::accept(connect.version, &welcome) {
        wire.out().extend_from_slice(&packet);
    }
    let connection = Connection {
        client_id: ticket.client_id.clone(),
        session: session.unwrap_or_else(|| Session::new(ticket.client_id.clone())),
        wire,
        version: connect.version,
        packets: VecDeque::new(),
        window: usize::from(connect.receive_maximum.clamp(1, MAX_INFLIGHT)),
        packet_maximum: connect.packet_maximum,
        broker,
    };
    let Connect { keep_alive, will, .. } = connect;
    Some(Arrival { connection, keep_alive, will: will.map(Box::new), expiry, ticket })
}

/// A name for a client that has none.
fn new_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("nameless.{}.{}", std::process::id(), COUNT.fetch_add(1, Relaxed))
}

impl Shared {
    /// What is kept of an earlier connection and still wanted. What is not wanted ends here.
    async fn session_for(&self, connect: &Connect, ticket: &mut Ticket) -> Option<Session> {
        let kept = std::mem::take(&mut *ticket.kept);
        let session = kept.session.filter(|kept| kept.1 > Instant::now()).map(|kept| kept.0);
        if !connect.clean {
            // The client is back before its will was due.
            return session;
        }
        if let Some(kept) = kept.will {
            self.publish_will(&ticket.client_id, kept.0).await;
        }
        if let Some(session) = session {
            self.end_session(&session);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::gate::Gate;
    use super::*;
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;

    /// There is one for each device, for as long as it is connected.
    #[tokio::test]
    async fn the_task_of_a_connection_is_small() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let socket = TcpStream::connect(address).await.unwrap();
        let gate = Gate::new(protocol::Prefix::default(), None, mpsc::channel(1).0);
        let closing = watch::Sender::new(false);
        let task = serve(Arc::new(Shared::new(gate)), socket, address, closing.subscribe());
        let size = size_of_val(&task);
        assert!(size <= 1900, "{size} bytes; which stage of it grew belongs in a box?");
    }
}
