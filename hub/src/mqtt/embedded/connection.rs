//! One client's connection: what it says, and what it is sent.

use super::clients::Ticket;
use super::closed;
use super::codec::{self, Packet, Publish, Version};
use super::departure::End;
use super::filter::Filter;
use super::gate::Verdict;
use super::message::Message;
use super::reason;
use super::router::Wish;
use super::session::{MAX_INFLIGHT, Session};
use super::shared::Shared;
use super::wire::Wire;
use mqtt_protocol_core::mqtt::packet::{RetainHandling, SubEntry};
use mqtt_protocol_core::mqtt::result_code::MqttError;
use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::coop::consume_budget;
use tokio::time::{Instant, sleep_until};

/// How long a client may take nothing of what it is sent.
const SEND: Duration = Duration::from_secs(30);
/// Bytes to be sent beyond which nothing more is read from a client, or taken out of its queue.
const MAX_UNSENT: usize = 256 * 1024;
/// How often a client that is replaced is read before it has to go.
const MAX_LAST_READS: usize = 64;
/// Most subscriptions of a session.
const MAX_FILTERS: usize = 10_000;

/// A client that was let in.
pub(super) struct Connection {
    pub(super) broker: Arc<Shared>,
    pub(super) client_id: Arc<str>,
    pub(super) wire: Wire,
    pub(super) version: Version,
    pub(super) session: Session,
    /// What it said and what is not looked at yet.
    pub(super) packets: VecDeque<Packet>,
    /// How many messages may be under way to it.
    pub(super) window: usize,
    /// The longest packet that it takes, in bytes.
    pub(super) packet_maximum: usize,
}

impl Connection {
    /// Talks with it until one of the two goes.
    pub(super) async fn run(
        &mut self,
        keep_alive: Option<Duration>,
        ticket: &Ticket,
        closing: &mut watch::Receiver<bool>,
    ) -> Result<std::convert::Infallible, End> {
        self.session.mailbox.set_online(true);
        self.send_again();
        let mailbox = self.session.mailbox.clone();
        let (mut heard, mut moved) = (Instant::now(), Instant::now());
        let mut unsent = 0;
        let mut silence = pin!(sleep_until(heard + keep_alive.unwrap_or_default()));
        self.wire.receive_begun(self.version, &mut self.packets)?;
        loop {
            self.handle_all().await?;
            self.fill_window();
            // Time counts from when something began to wait for the client.
            if self.wire.flush().map_err(|_| End::Closed)? || unsent == 0 {
                moved = Instant::now();
            }
            unsent = self.wire.unsent();
            let has_room = self.session.window.len() < self.window && unsent < MAX_UNSENT;
            tokio::select! {
                () = ticket.wanted() => {
                    // What it has said already counts, its goodbye above all.
                    for _ in 0..MAX_LAST_READS {
                        if !self.hear().await? {
                            break;
                        }
                    }
                    return Err(End::TakenOver);
                }
                () = closed(closing) => return Err(End::ShuttingDown),
                something = self.wire.ready(unsent < MAX_UNSENT, unsent > 0) => {
                    if something.map_err(|_| End::Closed)? {
                        heard = Instant::now();
                        self.hear().await?;
                    }
                }
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

    /// Reads once, and does what was said. `false` when it was nothing. What came before nonsense, or before the end,
    /// counts.
    async fn hear(&mut self) -> Result<bool, End> {
        let result = self.wire.receive(self.version, &mut self.packets);
        let something = !self.packets.is_empty();
        self.handle_all().await?;
        result?;
        Ok(something)
    }

    async fn handle_all(&mut self) -> Result<(), End> {
        while let Some(packet) = self.packets.pop_front() {
            self.handle(packet).await?;
            // Who says much at once lets others have their turn.
            consume_budget().await;
        }
        // What is silent for seconds keeps no room for what it may say.
        self.packets = VecDeque::new();
        Ok(())
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
        let verdict = match self.broker.gate.publish(&self.client_id, &topic, &payload) {
            Ok(verdict) => verdict,
            Err(waiting) => {
                // The hub is full. What was answered before leaves meanwhile.
                self.wire.flush().map_err(|_| End::Closed)?;
                waiting.await
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
}
