//! What the broker keeps of a client: its subscriptions, what waits for it, and what is under way.

use super::mailbox::Mailbox;
use super::message::Delivery;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// Unacknowledged messages per client and direction. Clients of MQTT 3.1.1 are not told, so it is above the
/// 100 that common client libraries send at once.
pub(super) const MAX_INFLIGHT: u16 = 128;

/// A session, connected or waiting for its client.
pub(super) struct Session {
    pub(super) mailbox: Arc<Mailbox>,
    /// The filters it has subscribed to.
    pub(super) filters: HashSet<String>,
    pub(super) window: Window,
    /// The numbers of messages at QoS 2 that are here already and whose sender has not let go of them.
    pub(super) unreleased: HashSet<u16>,
}

impl Session {
    pub(super) fn new(client_id: Arc<str>) -> Self {
        let (filters, window, unreleased) = Default::default();
        Self { mailbox: Arc::new(Mailbox::new(client_id)), filters, window, unreleased }
    }
}

/// Messages that were sent and are not acknowledged yet, the oldest first.
#[derive(Default)]
pub(super) struct Window {
    sent: VecDeque<Sent>,
    last: u16,
}

/// A message under way.
pub(super) struct Sent {
    pub(super) id: u16,
    /// `None` once the client has it and is only to let go of its number.
    pub(super) delivery: Option<Delivery>,
}

impl Window {
    /// How many are under way.
    pub(super) fn len(&self) -> usize {
        self.sent.len()
    }

    /// Those under way, in the order in which they were sent.
    pub(super) fn sent(&self) -> impl Iterator<Item = &Sent> {
        self.sent.iter()
    }

    /// Puts a message under way and returns its number. There are more numbers than the window has room for.
    pub(super) fn push(&mut self, delivery: Delivery) -> u16 {
        loop {
            self.last = self.last.checked_add(1).unwrap_or(1);
            if !self.sent.iter().any(|sent| sent.id == self.last) {
                break;
            }
        }
        self.sent.push_back(Sent { id: self.last, delivery: Some(delivery) });
        self.last
    }

    /// PUBACK: it is done. So it is with PUBCOMP, and with a PUBREC that refuses.
    pub(super) fn finish(&mut self, id: u16) {
        if let Some(at) = self.sent.iter().position(|sent| sent.id == id) {
            self.sent.remove(at);
        }
        if self.sent.is_empty() {
            // Most clients have nothing under way most of the time.
            self.sent = VecDeque::new();
        }
    }

    /// PUBREC: the client has it. `false` when nothing of that number is under way.
    pub(super) fn received(&mut self, id: u16) -> bool {
        let sent = self.sent.iter_mut().find(|sent| sent.id == id);
        sent.map(|sent| sent.delivery = None).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::Message;
    use super::*;

    fn delivery(qos: u8) -> Delivery {
        let (topic, payload, properties) = Default::default();
        let (retain, expires, from) = (false, None, "tester".into());
        let message = Arc::new(Message { topic, payload, qos, retain, properties, expires, from });
        Delivery { message, qos, retain, identifiers: Vec::new() }
    }

    #[test]
    fn numbers_begin_at_one_and_are_not_given_twice() {
        let mut window = Window::default();
        assert_eq!([window.push(delivery(1)), window.push(delivery(1))], [1, 2]);
        window.finish(1);
        window.last = u16::MAX - 1;
        assert_eq!([window.push(delivery(1)), window.push(delivery(1))], [u16::MAX, 1]);
        assert_eq!(window.push(delivery(1)), 3, "2 is still under way");
        let ids: Vec<_> = window.sent().map(|sent| sent.id).collect();
        assert_eq!(ids, [2, u16::MAX, 1, 3], "in the order in which they were sent");
    }

    #[test]
    fn at_qos_2_the_number_outlives_the_message() {
        let mut window = Window::default();
        let id = window.push(delivery(2));
        assert!(window.received(id) && window.sent().all(|sent| sent.delivery.is_none()));
        assert!(!window.received(id + 1));
        window.finish(id);
        assert_eq!(window.len(), 0);
    }
}
