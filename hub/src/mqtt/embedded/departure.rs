//! How a client goes: the last word to it and of it, and what is kept.

use super::arrival::MAX_EXPIRY;
use super::clients::Ticket;
use super::codec::{self, Version};
use super::connect::Will;
use super::connection::Connection;
use super::reason;
use super::wire::Broken;
use mqtt_protocol_core::mqtt::result_code::MqttError;
use std::time::Duration;
use tokio::time::Instant;

/// How a connection ends.
pub(super) enum End {
    Goodbye {
        with_will: bool,
        expiry: Option<Duration>,
    },
    Closed,
    Protocol(MqttError),
    /// It said nothing for longer than it had promised.
    Silent,
    /// It does not read.
    Stuck,
    TakenOver,
    ShuttingDown,
}

impl From<Broken> for End {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Closed => Self::Closed,
            Broken::Protocol(error) => Self::Protocol(error),
        }
    }
}

impl Connection {
    /// Says goodbye, closes, publishes the will, and keeps or ends the session.
    pub(super) async fn finish(
        mut self,
        end: End,
        will: Option<Box<Will>>,
        expiry: Duration,
        mut ticket: Ticket,
    ) {
        let (reason, will, expiry) = match &end {
            End::Goodbye { with_will, expiry: changed } => {
                let expiry = changed.filter(|_| !expiry.is_zero()).map_or(expiry, |new| new.min(MAX_EXPIRY));
                (None, will.filter(|_| *with_will), expiry)
            }
            End::Closed => (None, will, expiry),
            End::Protocol(error) => (u8::try_from(*error as u16).ok(), will, expiry),
            End::Silent => (Some(reason::KEEP_ALIVE), will, expiry),
            End::Stuck => (None, will, expiry),
            End::TakenOver => (Some(reason::TAKEN_OVER), will, expiry),
            // The hub goes away, and not the client.
            End::ShuttingDown => (Some(reason::SHUTTING_DOWN), None, Duration::ZERO),
        };
        if let Some(reason) = reason.filter(|_| self.version == Version::V5) {
            self.wire.out().extend_from_slice(&codec::disconnect(reason));
        }
        // What it still takes, it gets.
        let _ = self.wire.flush();
        let Self { broker, client_id, session, wire, .. } = self;
        drop(wire);
        log(&client_id, &end);
        session.mailbox.set_online(false);
        let now = Instant::now();
        if let Some(will) = will {
            if will.delay.is_zero() || expiry.is_zero() {
                broker.publish_will(&client_id, *will).await;
            } else {
                let at = now + will.delay.min(expiry);
                ticket.kept.will = Some(Box::new((*will, at)));
            }
        }
        if expiry.is_zero() {
            broker.end_session(&session);
        } else {
            ticket.kept.session = Some(Box::new((session, now + expiry)));
        }
        broker.clients.leave(ticket);
    }
}
/// Clients come and go every day; what is unusual is told.
fn log(client_id: &str, end: &End) {
    match end {
        End::Goodbye { .. } | End::Closed | End::Silent | End::TakenOver => {
            tracing::debug!(client_id, "client gone");
        }
        End::ShuttingDown => {}
        End::Protocol(error) => tracing::warn!(client_id, %error, "client disconnected by the broker"),
        End::Stuck => tracing::warn!(client_id, "client disconnected by the broker: it does not read"),
    }
}
