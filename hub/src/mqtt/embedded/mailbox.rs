//! Where messages wait for a session, whether its client is here or away.

use super::message::Delivery;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use tokio::sync::Notify;

/// Messages that wait for one subscriber, connected or away. Beyond, the oldest are dropped and counted.
const MAX_WAITING: usize = 100_000;
/// And the memory that they may take, in bytes.
const MAX_BYTES: usize = 64 << 20;

/// A session's queue, which subscriptions point to.
pub(super) struct Mailbox {
    pub(super) client_id: Arc<str>,
    queue: Mutex<Queue>,
    online: AtomicBool,
    filled: Notify,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Delivery>,
    bytes: usize,
}

impl Mailbox {
    pub(super) fn new(client_id: Arc<str>) -> Self {
        let (queue, filled) = Default::default();
        Self { client_id, queue, online: AtomicBool::new(true), filled }
    }

    /// Whether its client is connected.
    pub(super) fn is_online(&self) -> bool {
        self.online.load(Relaxed)
    }

    pub(super) fn set_online(&self, online: bool) {
        self.online.store(online, Relaxed);
    }

    /// Puts a message in. Returns how many older ones were dropped to make room. One without a promise (QoS 0) does not
    /// wait for a client that is away.
    pub(super) fn put(&self, delivery: Delivery) -> u64 {
        if delivery.qos == 0 && !self.is_online() {
            return 0;
        }
        let mut dropped = 0;
        {
            let mut queue = self.queue.lock();
            queue.bytes += delivery.message.size();
            queue.waiting.push_back(delivery);
            while queue.waiting.len() > MAX_WAITING || (queue.bytes > MAX_BYTES && queue.waiting.len() > 1) {
                queue.take();
                dropped += 1;
            }
        }
        self.filled.notify_one();
        dropped
    }

    /// Takes the oldest out.
    pub(super) fn take(&self) -> Option<Delivery> {
        self.queue.lock().take()
    }

    /// Waits until something was put in since the last wait.
    pub(super) async fn filled(&self) {
        self.filled.notified().await;
    }
}

impl Queue {
    fn take(&mut self) -> Option<Delivery> {
        let delivery = self.waiting.pop_front()?;
        self.bytes -= delivery.message.size();
        if self.waiting.is_empty() {
            // Most of the time nothing waits for most clients.
            self.waiting = VecDeque::new();
        }
        Some(delivery)
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::Message;
    use super::*;

    fn delivery(n: usize, qos: u8, payload: usize) -> Delivery {
        let message = Arc::new(Message {
            topic: n.to_string(),
            payload: vec![0; payload].into(),
            qos,
            retain: false,
            properties: Vec::new(),
            expires: None,
            from: "tester".into(),
        });
        Delivery { message, qos, retain: false, identifiers: Vec::new() }
    }

    #[test]
    fn the_oldest_are_dropped_and_counted_beyond_a_number_and_a_size() {
        let mailbox = Mailbox::new("reader".into());
        let dropped: u64 = (0..MAX_WAITING + 5).map(|n| mailbox.put(delivery(n, 1, 0))).sum();
        assert_eq!(dropped, 5);
        assert_eq!(mailbox.take().unwrap().message.topic, "5");
        let mailbox = Mailbox::new("reader".into());
        let dropped: u64 = (0..70).map(|n| mailbox.put(delivery(n, 1, 1 << 20))).sum();
        assert_eq!(dropped, 7, "64 MB hold 63 of a bit more than 1 MB");
    }

    #[test]
    fn what_promises_nothing_does_not_wait_for_who_is_away() {
        let mailbox = Mailbox::new("reader".into());
        mailbox.put(delivery(1, 0, 0));
        mailbox.set_online(false);
        mailbox.put(delivery(2, 0, 0));
        mailbox.put(delivery(3, 1, 0));
        let topics: Vec<_> = std::iter::from_fn(|| mailbox.take()).map(|d| d.message.topic.clone()).collect();
        assert_eq!(topics, ["1", "3"]);
    }
}
