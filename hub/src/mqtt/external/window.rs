//! What the hub has sent at QoS 1 and the broker has not acknowledged.

use crate::mqtt::Outgoing;
use std::collections::VecDeque;

/// Messages under way, the oldest first, and those that were under way on a connection that is lost.
#[derive(Default)]
pub(super) struct Window {
    sent: VecDeque<Sent>,
    again: VecDeque<Sent>,
    last: u16,
}

/// A message with its number.
#[derive(Clone)]
struct Sent {
    id: u16,
    message: Outgoing,
}

impl Window {
    /// How many are under way.
    pub(super) fn len(&self) -> usize {
        self.sent.len()
    }

    /// A number that no message has. There are more than the window has room for.
    pub(super) fn free_id(&mut self) -> u16 {
        loop {
            self.last = self.last.checked_add(1).unwrap_or(1);
            if !self.sent.iter().chain(&self.again).any(|sent| sent.id == self.last) {
                return self.last;
            }
        }
    }

    /// Puts a message under way and returns its number.
    pub(super) fn push(&mut self, message: Outgoing) -> (u16, &Outgoing) {
        let id = self.free_id();
        self.sent.push_back(Sent { id, message });
        (id, &self.sent[self.sent.len() - 1].message)
    }

    /// Puts one under way that already was on an earlier connection, with the number that it had there.
    pub(super) fn push_again(&mut self) -> Option<(u16, &Outgoing)> {
        self.sent.push_back(self.again.pop_front()?);
        self.sent.back().map(|sent| (sent.id, &sent.message))
    }

    /// PUBACK: it is done. Gives it back, if it was under way.
    pub(super) fn finish(&mut self, id: u16) -> Option<Outgoing> {
        let at = self.sent.iter().position(|sent| sent.id == id)?;
        self.sent.remove(at).map(|sent| sent.message)
    }

    /// The connection is lost: what is under way has to be sent again, before anything else.
    pub(super) fn lose(&mut self) {
        while let Some(sent) = self.sent.pop_back() {
            self.again.push_front(sent);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn message(topic: &str) -> Outgoing {
        Outgoing { topic: topic.to_owned(), payload: Bytes::new(), qos: 1, retained: false }
    }

    #[test]
    fn numbers_begin_at_one_and_are_not_given_twice() {
        let mut window = Window::default();
        assert_eq!([window.push(message("a")).0, window.push(message("b")).0], [1, 2]);
        assert_eq!(window.finish(1), Some(message("a")));
        assert_eq!(window.finish(1), None);
        window.last = u16::MAX - 1;
        assert_eq!([window.push(message("c")).0, window.push(message("d")).0], [u16::MAX, 1]);
        assert_eq!(window.free_id(), 3, "2 is still under way");
    }

    #[test]
    fn what_was_under_way_is_sent_again_in_its_order_with_its_numbers() {
        let mut window = Window::default();
        for topic in ["a", "b", "c"] {
            window.push(message(topic));
        }
        window.finish(2);
        window.lose();
        assert_eq!(window.len(), 0);
        assert_eq!(window.push_again(), Some((1, &message("a"))));
        // Lost again before the second was sent again.
        window.lose();
        assert_eq!(window.push_again(), Some((1, &message("a"))));
        window.last = 2;
        assert_eq!(window.free_id(), 4, "3 is to be sent again");
        assert_eq!(window.push_again(), Some((3, &message("c"))));
        assert_eq!(window.push_again(), None);
    }
}
