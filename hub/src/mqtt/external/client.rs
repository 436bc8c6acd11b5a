//! The task that talks with the broker.
//!
//! ```text
//! broker -> inbox -> incoming        acknowledged once it is there
//! broker <- window <- queue          sent again until it is acknowledged
//! ```
//!
//! The socket is read while the hub is busy, too, as long as there is room: QoS 0 is dropped and counted when too much of
//! it waits. Of QoS 1 the broker should send no more than it was told; mosquitto 2.0 does, so the socket is left alone then.

use super::inbox::{Inbox, Limits};
use super::lost::Lost;
use super::packet::{self, Packet, Welcome};
use super::window::Window;
use super::wire::{self, Arriving, Leaving};
use super::{KEEP_ALIVE, MAX_INFLIGHT, PATIENCE, RECEIVE_MAXIMUM, Settings, worth_a_line};
use crate::mqtt::{Counters, Incoming, Outgoing};
use common::backoff::Backoff;
use std::convert::Infallible;
use std::fmt::Display;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::time::{Instant, sleep_until};
use tokio_rustls::TlsConnector;

/// What may wait for the hub. At QoS 0 there is room for the `state` of a large fleet, replayed on subscribing.
const ROOM: Limits = Limits { numbered: RECEIVE_MAXIMUM as usize, others: 10_000, bytes: 64 << 20 };
/// Bytes to be sent beyond which nothing more of the hub's is taken out of its queue.
const MAX_UNSENT: usize = 256 * 1024;

pub(super) struct Client {
    settings: Settings,
    tls: Option<TlsConnector>,
    queue: mpsc::Receiver<Outgoing>,
    incoming: mpsc::Sender<Incoming>,
    online: Arc<AtomicBool>,
    counters: Arc<Counters>,
    inbox: Inbox,
    window: Window,
}

/// What a connection knows of its broker.
struct Link {
    leaving: Leaving,
    resumed: bool,
    receive_maximum: usize,
    packet_maximum: usize,
}

impl Client {
    pub(super) fn new(
        settings: Settings,
        tls: Option<TlsConnector>,
        queue: mpsc::Receiver<Outgoing>,
        incoming: mpsc::Sender<Incoming>,
        online: Arc<AtomicBool>,
        counters: Arc<Counters>,
    ) -> Self {
        let (inbox, window) = (Inbox::new(ROOM), Window::default());
        Self { settings, tls, queue, incoming, online, counters, inbox, window }
    }

    /// Connects again and again, until nobody can publish any more or the hub takes nothing.
    pub(super) async fn run(mut self) {
        let mut backoff = Backoff::default();
        // The first failure is worth a line like the loss of a connection.
        let mut told = false;
        loop {
            let lost = match wire::connect(&self.settings, self.tls.as_ref()).await {
                Ok((arriving, leaving, welcome)) => {
                    backoff.reset();
                    told = false;
                    let Err(lost) = self.talk(arriving, leaving, &welcome).await;
                    lost
                }
                Err(lost) => lost,
            };
            self.online.store(false, Ordering::Relaxed);
            self.inbox.forget_numbered();
            self.window.lose();
            if matches!(lost, Lost::Done) {
                return;
            }
            if !told {
                let broker = &self.settings.url;
                tracing::warn!(%broker, error = %lost, "no connection to the MQTT broker, trying again");
                told = true;
            }
            tokio::time::sleep(backoff.next_wait()).await;
        }
    }

    /// Talks with the broker until the connection is lost.
    async fn talk(
        &mut self,
        mut arriving: Arriving,
        leaving: Leaving,
        welcome: &Welcome,
    ) -> Result<Infallible, Lost> {
        let mut link = Link {
            leaving,
            resumed: welcome.resumed,
            receive_maximum: usize::from(welcome.receive_maximum.min(MAX_INFLIGHT)),
            packet_maximum: welcome.packet_maximum,
        };
        let filters = packet::filters(&self.settings.prefix);
        let subscribe = packet::subscribe(self.window.free_id(), &filters).map_err(Lost::Unspeakable)?;
        link.leaving.bytes().extend_from_slice(&subscribe);
        let incoming = self.incoming.clone();
        let pause = welcome.keep_alive.unwrap_or(KEEP_ALIVE);
        let mut ping = pin!(sleep_until(Instant::now() + pause));
        let mut heard = true;
        loop {
            self.hand_over(&mut link)?;
            self.fill_window(&mut link);
            // While the hub is full nothing is read, and nothing can be said of the broker.
            heard |= !self.inbox.has_room();
            let takes_more = link.leaving.len() < MAX_UNSENT;
            let has_room = self.window.len() < link.receive_maximum && takes_more;
            // A broker that takes no acknowledgements is not listened to either, or they would pile up.
            let listens = self.inbox.has_room() && takes_more;
            tokio::select! {
                result = link.leaving.send(), if link.leaving.waits() => result?,
                result = arriving.read(), if listens => {
                    result?;
                    heard = true;
                    while let Some(packet) = arriving.next()? {
                        self.hear(packet, &filters, welcome)?;
                    }
                }
                permit = incoming.reserve(), if !self.inbox.is_empty() => {
                    let Ok(permit) = permit else { return Err(Lost::Done) };
                    if let Some(arrived) = self.inbox.pop() {
                        permit.send(arrived.message);
                        acknowledge(&mut link, arrived.id);
                    }
                }
                message = self.queue.recv(), if has_room => match message {
                    Some(message) => self.send(message, &mut link),
                    None => {
                        // All that was queued is out. A broker that does not read is not waited for.
                        let _ = tokio::time::timeout(PATIENCE, farewell(&mut arriving, &mut link.leaving)).await;
                        return Err(Lost::Done);
                    }
                },
                () = &mut ping => {
                    if !std::mem::take(&mut heard) {
                        return Err(Lost::Silent);
                    }
                    link.leaving.bytes().extend_from_slice(&packet::PINGREQ);
                    ping.as_mut().reset(Instant::now() + pause);
                }
            }
        }
    }

    /// Does what one packet asks for.
    fn hear(&mut self, packet: Packet, filters: &[String], welcome: &Welcome) -> Result<(), Lost> {
        match packet {
            Packet::Publish(arrived) => {
                if !self.inbox.push(arrived) {
                    let before = self.counters.count_dropped_incoming();
                    if worth_a_line(before) {
                        tracing::warn!(
                            dropped = before + 1,
                            "QoS 0 messages dropped: the hub does not keep up"
                        );
                    }
                }
            }
            Packet::Taken { id, refused } => {
                let message = self.window.finish(id);
                if let (Some(message), Some(reason)) = (message, refused) {
                    self.dropped(&message, &format_args!("the broker refuses it: {reason}"));
                }
            }
            Packet::Subscribed(answers) => {
                for (filter, answer) in filters.iter().zip(answers).filter(|(_, answer)| !answer.is_success())
                {
                    tracing::warn!(
                        filter, reason = %answer,
                        "the MQTT broker does not let the hub hear devices: allow its user to read this topic"
                    );
                }
                self.online.store(true, Ordering::Relaxed);
                let (broker, resumed) = (&self.settings.url, welcome.resumed);
                tracing::info!(%broker, resumed, "connected to the MQTT broker");
            }
            Packet::Pong => {}
            Packet::Goodbye(reason) => return Err(Lost::SentAway(reason)),
        }
        Ok(())
    }

    /// Gives the hub what it has room for.
    ///
    /// # Errors
    /// [`Lost::Done`] when it takes nothing any more.
    fn hand_over(&mut self, link: &mut Link) -> Result<(), Lost> {
        while !self.inbox.is_empty() {
            let permit = match self.incoming.try_reserve() {
                Ok(permit) => permit,
                Err(TrySendError::Full(())) => return Ok(()),
                Err(TrySendError::Closed(())) => return Err(Lost::Done),
            };
            if let Some(arrived) = self.inbox.pop() {
                permit.send(arrived.message);
                acknowledge(link, arrived.id);
            }
        }
        Ok(())
    }

    /// Sends what waits, as far as the broker takes it.
    fn fill_window(&mut self, link: &mut Link) {
        while self.window.len() < link.receive_maximum && link.leaving.len() < MAX_UNSENT {
            if let Some((id, message)) = self.window.push_again() {
                let again = link.resumed;
                if !packet::write_publish(link.leaving.bytes(), message, Some(id), again, link.packet_maximum)
                {
                    self.too_long(id);
                }
            } else if let Ok(message) = self.queue.try_recv() {
                self.send(message, link);
            } else {
                return;
            }
        }
    }

    fn send(&mut self, message: Outgoing, link: &mut Link) {
        if message.qos == 0 {
            if !packet::write_publish(link.leaving.bytes(), &message, None, false, link.packet_maximum) {
                self.dropped(&message, &"it is longer than the broker takes");
            }
            return;
        }
        let (id, message) = self.window.push(message);
        if !packet::write_publish(link.leaving.bytes(), message, Some(id), false, link.packet_maximum) {
            self.too_long(id);
        }
    }

    fn too_long(&mut self, id: u16) {
        if let Some(message) = self.window.finish(id) {
            self.dropped(&message, &"it is longer than the broker takes");
        }
    }

    fn dropped(&self, message: &Outgoing, why: &dyn Display) {
        let before = self.counters.count_dropped_outgoing();
        if worth_a_line(before) {
            let topic = &*message.topic;
            tracing::warn!(topic, dropped = before + 1, "a message of the hub was not published: {why}");
        }
    }
}

/// Says goodbye, and listens until the broker closes the connection: closing it while there is something unread would take
/// from the broker what it has not read.
async fn farewell(arriving: &mut Arriving, leaving: &mut Leaving) -> io::Result<Infallible> {
    leaving.bytes().extend_from_slice(&packet::DISCONNECT);
    leaving.send().await?;
    loop {
        arriving.read().await?;
        arriving.ignore();
    }
}

/// Writes the PUBACK of a message that the hub has.
fn acknowledge(link: &mut Link, id: Option<u16>) {
    if let Some(id) = id {
        link.leaving.bytes().extend_from_slice(&packet::puback(id));
    }
}
