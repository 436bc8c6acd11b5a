//! One client's connection, from its first word to its last.

use super::clients::Ticket;
use super::closed;
use super::codec::{self, Packet, Publish, Version};
use super::connect::{self, Connect, Denial, Welcome, Will};
use super::filter::Filter;
use super::gate::Verdict;
use super::message::{Delivery, Message};
use super::router::Wish;
use super::session::{MAX_INFLIGHT, Session};
use super::shared::Shared;
use super::wire::{Broken, Wire};
use crate::mqtt::MAX_PACKET_BYTES;
use mqtt_protocol_core::mqtt::packet::{RetainHandling, SubEntry};
use mqtt_protocol_core::mqtt::result_code::MqttError;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

/// How long a client may take to say CONNECT.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a client may take nothing of what it is sent.
const SEND: Duration = Duration::from_secs(30);
/// How long the session of an absent client is kept, whatever it asks for.
const MAX_EXPIRY: Duration = Duration::from_secs(24 * 60 * 60);
/// Bytes to be sent beyond which nothing more is read from a client, or taken out of its queue.
const MAX_UNSENT: usize = 256 * 1024;
/// Most subscriptions of a session.
const MAX_FILTERS: usize = 10_000;

/// Reason codes of MQTT 5. Those of SUBACK that are errors are 0x80 in MQTT 3.1.1.
mod reason {
    pub(super) const NO_SUBSCRIPTION: u8 = 0x11;
    pub(super) const UNSPECIFIED: u8 = 0x80;
    pub(super) const NOT_AUTHORIZED: u8 = 0x87;
    pub(super) const SHUTTING_DOWN: u8 = 0x8B;
    pub(super) const KEEP_ALIVE: u8 = 0x8D;
    pub(super) const TAKEN_OVER: u8 = 0x8E;
    pub(super) const FILTER: u8 = 0x8F;
    pub(super) const UNKNOWN_NUMBER: u8 = 0x92;
    pub(super) const QUOTA: u8 = 0x97;
}

/// How a connection ends.
enum End {
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

struct Connection {
    broker: Arc<Shared>,
    client_id: Arc<str>,
    wire: Wire,
    version: Version,
    session: Session,
    packets: VecDeque<Packet>,
    /// How many messages may be under way to it.
    window: usize,
    /// The longest packet that it takes, in bytes.
    packet_maximum: usize,
}

/// Serves a client until it goes, or the broker does.
pub(super) async fn serve(
    broker: Arc<Shared>,
    socket: TcpStream,
    peer: SocketAddr,
    mut closing: watch::Receiver<bool>,
) {
    let mut wire = Wire::new(socket, MAX_PACKET_BYTES as usize);
    let mut connect = match timeout(HANDSHAKE, wire.connect()).await {
        Ok(Ok(connect)) => connect,
        Ok(Err(Broken::Protocol(error))) => {
            tracing::debug!(%peer, %error, "no MQTT connection");
            return;
        }
        Ok(Err(Broken::Closed)) | Err(_) => return,
    };
    let deny = |wire: &mut Wire, version, denial| {
        wire.out().extend_from_slice(
            &connect::deny(version, denial)[..match version {
                Version::V3 => 4,
                Version::V5 => 5,
            }],
        );
        let _ = wire.flush();
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
    let mut connection = Connection {
        client_id: ticket.client_id.clone(),
        session: session.unwrap_or_else(|| Session::new(ticket.client_id.clone())),
        wire,
        version: connect.version,
        packets: VecDeque::new(),
        window: usize::from(connect.receive_maximum.clamp(1, MAX_INFLIGHT)),
        packet_maximum: connect.packet_maximum,
        broker,
    };
    let end = match connection.run(connect.keep_alive, &mut ticket, &mut closing).await {
        Ok(never) => match never {},
        Err(end) => end,
    };
    connection.finish(end, connect.will, expiry, ticket).await;
}

/// A name for a client that has none.
fn new_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("nameless.{}.{}", std::process::id(), COUNT.fetch_add(1, Relaxed))
}

impl Connection {
    async fn run(
        &mut self,
        keep_alive: Option<Duration>,
        ticket: &mut Ticket,
        closing: &mut watch::Receiver<bool>,
    ) -> Result<std::convert::Infallible, End> {
        self.session.mailbox.set_online(true);
        self.send_again();
        let mailbox = self.session.mailbox.clone();
        let (mut heard, mut moved) = (Instant::now(), Instant::now());
        let mut silence = pin!(sleep_until(heard + keep_alive.unwrap_or_default()));
        self.wire.receive_begun(self.version, &mut self.packets)?;
        loop {
            while let Some(packet) = self.packets.pop_front() {
                self.handle(packet).await?;
            }
            self.fill_window();
            if self.wire.flush().map_err(|_| End::Closed)? {
                moved = Instant::now();
            }
            let unsent = self.wire.unsent();
            let has_room = self.session.window.len() < self.window && unsent < MAX_UNSENT;
            tokio::select! {
                () = ticket.wanted() => return Err(End::TakenOver),
                () = closed(closing) => return Err(End::ShuttingDown),
                result = self.wire.readable(), if unsent < MAX_UNSENT => {
                    result.map_err(|_| End::Closed)?;
                    heard = Instant::now();
                    let result = self.wire.receive(self.version, &mut self.packets);
                    if let Err(broken) = result {
                        // What it said before it went counts.
                        while let Some(packet) = self.packets.pop_front() {
                            self.handle(packet).await?;
                        }
                        return Err(broken.into());
                    }
                }
                result = self.wire.writable(), if unsent > 0 => result.map_err(|_| End::Closed)?,
                () = mailbox.filled(), if has_room => {}
                () = &mut silence, if keep_alive.is_some() => {
                    // It is set anew only when it is over, not with every packet.
                    let until = heard + keep_alive.unwrap_or_default();
                    if until <= Instant::now() {
                        return Err(End::Silent);
                    }
                    silence.as_mut().reset(until);
                }
                () = sleep_until(moved + SEND), if unsent > 0 => return Err(End::Stuck),
            }
        }
    }

    /// What was under way when the connection before this one ended.
    fn send_again(&mut self) {
        let Self { wire, session, version, packet_maximum, .. } = self;
        for sent in session.window.sent() {
            match &sent.delivery {
                Some(delivery) => {
                    codec::write_publish(wire.out(), *version, delivery, (sent.id, true), *packet_maximum);
                }
                None => codec::write_answer(wire.out(), codec::PUBREL, sent.id, 0),
            }
        }
    }

    /// Sends what waits, as far as the client and the socket take it.
    fn fill_window(&mut self) {
        let Self { wire, session, version, packet_maximum, window, .. } = self;
        while session.window.len() < *window && wire.unsent() < MAX_UNSENT {
            let Some(delivery) = session.mailbox.take() else { return };
            if delivery.message.is_expired(Instant::now()) {
                continue;
            }
            let id = if delivery.qos > 0 { session.window.push(delivery.clone()) } else { 0 };
            if !codec::write_publish(wire.out(), *version, &delivery, (id, false), *packet_maximum) {
                session.window.finish(id);
                self.broker.dropped(
                    &self.client_id,
                    &delivery.message,
                    1,
                    "it is longer than the client takes",
                );
            }
        }
    }

    async fn handle(&mut self, packet: Packet) -> Result<(), End> {
        match packet {
            Packet::Publish(publish) => self.publish(publish).await?,
            Packet::Finished(id) => self.session.window.finish(id),
            Packet::Received(id) => {
                let known = self.session.window.received(id);
                let reason = if known || self.version == Version::V3 { 0 } else { reason::UNKNOWN_NUMBER };
                codec::write_answer(self.wire.out(), codec::PUBREL, id, reason);
            }
            Packet::Release(id) => {
                let known = self.session.unreleased.remove(&id);
                let reason = if known || self.version == Version::V3 { 0 } else { reason::UNKNOWN_NUMBER };
                codec::write_answer(self.wire.out(), codec::PUBCOMP, id, reason);
            }
            Packet::Subscribe { id, identifier, entries } => self.subscribe(id, identifier, &entries)?,
            Packet::Unsubscribe { id, filters } => self.unsubscribe(id, &filters),
            Packet::Ping => self.wire.out().extend_from_slice(&codec::PINGRESP),
            Packet::Disconnect { with_will, expiry } => return Err(End::Goodbye { with_will, expiry }),
        }
        Ok(())
    }

    async fn publish(&mut self, publish: Publish) -> Result<(), End> {
        let Publish { topic, payload, qos, retain, id, properties, expiry } = publish;
        if qos == 2 {
            if self.session.unreleased.contains(&id) {
                codec::write_answer(self.wire.out(), codec::PUBREC, id, 0);
                return Ok(());
            }
            if self.version == Version::V5 && self.session.unreleased.len() >= usize::from(MAX_INFLIGHT) {
                return Err(End::Protocol(MqttError::ReceiveMaximumExceeded));
            }
        }
        let verdict = {
            let mut passing = pin!(self.broker.gate.publish(&self.client_id, &topic, &payload));
            tokio::select! {
                biased;
                verdict = &mut passing => verdict,
                () = std::future::ready(()) => {
                    // The hub is full. What was answered before leaves meanwhile.
                    self.wire.flush().map_err(|_| End::Closed)?;
                    passing.await
                }
            }
        };
        let reason = match verdict {
            Verdict::Closed => return Err(End::ShuttingDown),
            // MQTT 3.1.1 has no words for a refusal.
            Verdict::Refused if self.version == Version::V5 => reason::NOT_AUTHORIZED,
            Verdict::Refused => 0,
            Verdict::Passed => {
                let expires = expiry.map(|expiry| Instant::now() + expiry);
                let from = self.client_id.clone();
                self.broker.route(Message { topic, payload, qos, retain, properties, expires, from });
                0
            }
        };
        match qos {
            0 => {}
            1 => codec::write_answer(self.wire.out(), codec::PUBACK, id, reason),
            _ => {
                if reason == 0 {
                    self.session.unreleased.insert(id);
                }
                codec::write_answer(self.wire.out(), codec::PUBREC, id, reason);
            }
        }
        Ok(())
    }

    fn subscribe(&mut self, id: u16, identifier: Option<u32>, entries: &[SubEntry]) -> Result<(), End> {
        let mut codes = Vec::with_capacity(entries.len());
        for entry in entries {
            let (text, options) = (entry.topic_filter(), entry.sub_opts());
            let Some(filter) = Filter::parse(text) else {
                codes.push(reason::FILTER);
                continue;
            };
            if filter.group.is_some() && options.nl() {
                return Err(End::Protocol(MqttError::ProtocolError));
            }
            let is_known = self.session.filters.contains(text);
            if !is_known && self.session.filters.len() >= MAX_FILTERS {
                codes.push(reason::QUOTA);
                continue;
            }
            let qos = options.qos() as u8;
            let wish = Wish { qos, no_local: options.nl(), as_published: options.rap(), identifier };
            let wants_retained = filter.group.is_none()
                && match options.rh() {
                    RetainHandling::SendRetained => true,
                    RetainHandling::SendRetainedIfNotExists => !is_known,
                    RetainHandling::DoNotSendRetained => false,
                };
            self.session.filters.insert(text.to_owned());
            let dropped = self.broker.subscribe(&filter, &self.session.mailbox, wish, wants_retained);
            if let Some(message) = dropped.1 {
                self.broker.dropped(&self.client_id, &message, dropped.0, "its queue is full");
            }
            codes.push(qos);
        }
        if self.version == Version::V3 {
            codes.iter_mut().filter(|code| **code > 2).for_each(|code| *code = reason::UNSPECIFIED);
        }
        codec::write_codes(self.wire.out(), self.version, codec::SUBACK, id, &codes);
        Ok(())
    }

    fn unsubscribe(&mut self, id: u16, filters: &[String]) {
        let codes: Vec<u8> = filters
            .iter()
            .map(|filter| {
                let known = self.session.filters.remove(filter);
                if known {
                    self.broker.unsubscribe(filter, &self.session.mailbox);
                }
                if known { 0 } else { reason::NO_SUBSCRIPTION }
            })
            .collect();
        // MQTT 3.1.1 answers with the number alone.
        let codes = if self.version == Version::V5 { &codes[..] } else { &[] };
        codec::write_codes(self.wire.out(), self.version, codec::UNSUBACK, id, codes);
    }

    /// Says goodbye, closes, publishes the will, and keeps or ends the session.
    async fn finish(mut self, end: End, will: Option<Will>, expiry: Duration, mut ticket: Ticket) {
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
                broker.publish_will(&client_id, will).await;
            } else {
                let at = now + will.delay.min(expiry);
                ticket.kept.will = Some((will, at));
            }
        }
        if expiry.is_zero() {
            broker.end_session(&session);
        } else {
            ticket.kept.session = Some((session, now + expiry));
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

impl Shared {
    /// What is kept of an earlier connection and still wanted. What is not wanted ends here.
    async fn session_for(&self, connect: &Connect, ticket: &mut Ticket) -> Option<Session> {
        let kept = std::mem::take(&mut *ticket.kept);
        let session = kept.session.filter(|(_, until)| *until > Instant::now()).map(|(session, _)| session);
        if !connect.clean {
            // The client is back before its will was due.
            return session;
        }
        if let Some((will, _)) = kept.will {
            self.publish_will(&ticket.client_id, will).await;
        }
        if let Some(session) = session {
            self.end_session(&session);
        }
        None
    }
}

/// A message that was kept, for who has just subscribed.
pub(super) fn kept_for(message: &Arc<Message>, wish: &Wish) -> Delivery {
    Delivery {
        message: message.clone(),
        qos: wish.qos.min(message.qos),
        retain: true,
        identifiers: wish.identifier.into_iter().collect(),
    }
}
