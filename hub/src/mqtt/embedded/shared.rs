//! What all connections share: who is here, who gets what, and what is kept.

use super::clients::Clients;
use super::connect::Will;
use super::filter::Filter;
use super::gate::{Gate, Verdict};
use super::mailbox::Mailbox;
use super::message::{Delivery, Message};
use super::retained::Retained;
use super::router::{Router, Wish};
use super::session::Session;
use crate::mqtt::counters::worth_a_line;
use parking_lot::RwLock;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tokio::time::Instant;

/// The heart of the broker.
pub(super) struct Shared {
    pub(super) gate: Gate,
    pub(super) clients: Clients,
    /// Locked before `retained` where both are.
    router: RwLock<Router>,
    retained: RwLock<Retained>,
    unretained: AtomicU64,
}

impl Shared {
    pub(super) fn new(gate: Gate) -> Self {
        let (clients, router, retained, unretained) = Default::default();
        Self { gate, clients, router, retained, unretained }
    }

    /// Keeps a message if it is to be kept, and puts it into the queues of its subscribers.
    pub(super) fn route(&self, message: Message) {
        let message = Arc::new(message);
        // First of all: who subscribes in between gets it twice and not never.
        if message.retain
            && !self.retained.write().set(&message)
            && worth_a_line(self.unretained.fetch_add(1, Relaxed))
        {
            tracing::warn!(topic = message.topic, "not retained: too many topics retain a message");
        }
        let dropped = self.router.read().deliver(&message);
        if dropped > 0 {
            self.dropped("", &message, dropped, "a queue is full");
        }
    }

    /// Notes a subscription, and puts what is kept for it into its queue. Returns how many older messages were dropped
    /// for that, and the last for which one was.
    pub(super) fn subscribe(
        &self,
        filter: &Filter<'_>,
        mailbox: &Arc<Mailbox>,
        wish: Wish,
        wants_retained: bool,
    ) -> (u64, Option<Arc<Message>>) {
        // Until what is kept is in the queue nothing newer may get there.
        let mut router = self.router.write();
        router.subscribe(filter, mailbox, wish);
        let mut dropped = (0, None);
        if wants_retained {
            for message in self.retained.read().matching(filter) {
                let number = mailbox.put(kept_for(&message, &wish));
                if number > 0 {
                    dropped = (dropped.0 + number, Some(message));
                }
            }
        }
        dropped
    }

    /// Ends a subscription.
    pub(super) fn unsubscribe(&self, filter: &str, mailbox: &Arc<Mailbox>) {
        if let Some(filter) = Filter::parse(filter) {
            self.router.write().unsubscribe(&filter, mailbox);
        }
    }

    /// Ends a session: nothing is delivered to it any more.
    pub(super) fn end_session(&self, session: &Session) {
        for filter in &session.filters {
            self.unsubscribe(filter, &session.mailbox);
        }
    }

    /// Publishes a client's will. It was checked when the client came.
    pub(super) async fn publish_will(&self, client_id: &Arc<str>, will: Will) {
        let verdict = match self.gate.publish(client_id, &will.topic, &will.payload) {
            Ok(verdict) => verdict,
            Err(waiting) => waiting.await,
        };
        if verdict != Verdict::Passed {
            return;
        }
        let Will { topic, payload, qos, retain, properties, expiry, .. } = will;
        let expires = expiry.map(|expiry| Instant::now() + expiry);
        self.route(Message { topic, payload, qos, retain, properties, expires, from: client_id.clone() });
    }

    /// Ends the sessions of absent clients that have expired, and publishes the wills that are due.
    pub(super) async fn end_what_is_due(&self) {
        for (client_id, session, will) in self.clients.due(Instant::now()) {
            if let Some(will) = will {
                self.publish_will(&client_id, will).await;
            }
            if let Some(session) = session {
                self.end_session(&session);
            }
        }
    }

    /// Counts messages that a subscriber does not get.
    pub(super) fn dropped(&self, client_id: &str, message: &Message, number: u64, reason: &str) {
        for _ in 0..number {
            if worth_a_line(self.gate.counters.count_dropped_for_subscribers()) {
                let topic = &*message.topic;
                tracing::warn!(client_id, topic, reason, "a message for a subscriber was dropped");
            }
        }
    }
}

/// A message that was kept, for who has just subscribed.
fn kept_for(message: &Arc<Message>, wish: &Wish) -> Delivery {
    Delivery {
        message: message.clone(),
        qos: wish.qos.min(message.qos),
        retain: true,
        identifiers: wish.identifier.into_iter().collect(),
    }
}
