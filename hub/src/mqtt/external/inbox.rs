//! What has come from the broker and is not with the hub yet.

use crate::mqtt::Incoming;
use std::collections::VecDeque;

/// A message of the broker.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Arrived {
    pub(super) message: Incoming,
    /// Its number, which wants to be acknowledged; none at QoS 0.
    pub(super) id: Option<u16>,
}

/// Messages in the order in which they came, bounded in number and bytes.
pub(super) struct Inbox {
    waiting: VecDeque<Arrived>,
    numbered: usize,
    bytes: usize,
    limits: Limits,
}

/// What an [`Inbox`] has room for.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// Messages at QoS 1, beyond which the socket is left alone.
    pub(super) numbered: usize,
    /// Messages at QoS 0, beyond which they are dropped.
    pub(super) others: usize,
    /// Bytes of payload, beyond which the socket is left alone.
    pub(super) bytes: usize,
}

impl Inbox {
    pub(super) fn new(limits: Limits) -> Self {
        Self { waiting: VecDeque::new(), numbered: 0, bytes: 0, limits }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether more may be read from the broker. What is read once goes beyond the limits by what it brings.
    pub(super) fn has_room(&self) -> bool {
        self.numbered < self.limits.numbered && self.bytes < self.limits.bytes
    }

    /// Takes a message in. `false` when it was dropped: at QoS 0, when too many of those wait.
    #[must_use]
    pub(super) fn push(&mut self, arrived: Arrived) -> bool {
        if arrived.id.is_some() {
            self.numbered += 1;
        } else if self.waiting.len() - self.numbered >= self.limits.others {
            return false;
        }
        self.bytes += arrived.message.payload.len();
        self.waiting.push_back(arrived);
        true
    }

    /// The one that came first.
    pub(super) fn pop(&mut self) -> Option<Arrived> {
        let arrived = self.waiting.pop_front()?;
        self.numbered -= usize::from(arrived.id.is_some());
        self.bytes -= arrived.message.payload.len();
        Some(arrived)
    }

    /// Forgets what the broker sends again on the next connection, for it was not acknowledged on this one.
    pub(super) fn forget_numbered(&mut self) {
        self.waiting.retain(|arrived| arrived.id.is_none());
        self.numbered = 0;
        self.bytes = self.waiting.iter().map(|arrived| arrived.message.payload.len()).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn arrived(id: Option<u16>, payload: &'static str) -> Arrived {
        let payload = Bytes::from_static(payload.as_bytes());
        Arrived { message: Incoming { topic: "t".to_owned(), payload, retained: false }, id }
    }

    fn inbox() -> Inbox {
        Inbox::new(Limits { numbered: 2, others: 1, bytes: 10 })
    }

    #[test]
    fn messages_leave_as_they_came_and_those_without_a_number_may_be_dropped() {
        let mut inbox = inbox();
        assert!(inbox.push(arrived(None, "a")));
        assert!(inbox.push(arrived(Some(1), "b")));
        assert!(!inbox.push(arrived(None, "dropped")));
        assert!(inbox.push(arrived(Some(2), "c")));
        let order: Vec<_> = std::iter::from_fn(|| inbox.pop()).collect();
        assert_eq!(order, [arrived(None, "a"), arrived(Some(1), "b"), arrived(Some(2), "c")]);
        assert!(inbox.push(arrived(None, "d")), "there is room again");
    }

    #[test]
    fn messages_and_bytes_hold_the_socket_up_until_they_are_gone() {
        let mut inbox = inbox();
        assert!(inbox.push(arrived(Some(1), "123456789")) && inbox.has_room());
        assert!(inbox.push(arrived(None, "0")) && !inbox.has_room());
        inbox.pop();
        assert!(inbox.has_room());
        assert!(inbox.push(arrived(Some(2), "")) && inbox.has_room());
        // A broker that sends more than it was told loses nothing.
        assert!(inbox.push(arrived(Some(3), "")) && !inbox.has_room());
        assert!(inbox.push(arrived(Some(4), "")));
    }

    #[test]
    fn of_a_lost_connection_what_has_no_number_stays() {
        let mut inbox = inbox();
        for message in [arrived(Some(1), "12345"), arrived(None, "12345"), arrived(Some(2), "12345")] {
            assert!(inbox.push(message));
        }
        inbox.forget_numbered();
        assert!(inbox.has_room());
        assert!(inbox.push(arrived(Some(1), "12345")));
        assert!(!inbox.has_room(), "what stayed counts");
        assert_eq!(inbox.pop(), Some(arrived(None, "12345")));
        assert_eq!(inbox.pop(), Some(arrived(Some(1), "12345")));
    }
}
