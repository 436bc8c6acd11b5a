//! Which of the broker's acknowledgements belongs to which message.
//!
//! The client library tells the packet id of a message only when it leaves, and messages leave in the order in
//! which they were handed over. So each that expects an acknowledgement gets a slip: in a queue until it
//! leaves, then by its packet id. When a connection breaks, the library forgets what it was handed, and the
//! slips are torn with it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What a message is known by, if anybody wants to know what became of it.
pub(super) type Slip = Option<u64>;

/// The slips of one connection, in the hands of who publishes and of who keeps the connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Slips(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    handed: VecDeque<Slip>,
    under_way: HashMap<u16, Slip>,
}

impl Slips {
    /// Hands a message over by `hand`, which says whether it was taken; nobody else does meanwhile.
    pub(super) fn hand<E>(&self, slip: Slip, hand: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        let mut inner = self.lock();
        hand()?;
        inner.handed.push_back(slip);
        Ok(())
    }

    /// The message that was handed over first has left under a packet id.
    pub(super) fn left(&self, packet: u16) {
        let mut inner = self.lock();
        if let Some(slip) = inner.handed.pop_front() {
            inner.under_way.insert(packet, slip);
        }
    }

    /// The broker acknowledged a packet id.
    pub(super) fn acknowledged(&self, packet: u16) -> Slip {
        self.lock().under_way.remove(&packet).flatten()
    }

    /// The connection broke: none of what was handed over will be acknowledged.
    pub(super) fn tear(&self) {
        let mut inner = self.lock();
        inner.handed.clear();
        inner.under_way.clear();
    }

    /// Nothing that panics can leave the slips half changed.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hand(slips: &Slips, slip: Slip) {
        slips.hand(slip, || Ok::<(), ()>(())).unwrap();
    }

    #[test]
    fn an_acknowledgement_finds_its_message_in_whatever_order_it_comes() {
        let slips = Slips::default();
        hand(&slips, Some(1));
        hand(&slips, None);
        slips.left(7);
        hand(&slips, Some(2));
        slips.left(8);
        slips.left(9);
        let found = [9, 8, 7, 7].map(|packet| slips.acknowledged(packet));
        assert_eq!(found, [Some(2), None, Some(1), None]);
    }

    #[test]
    fn what_was_not_taken_has_no_slip() {
        let slips = Slips::default();
        assert_eq!(slips.hand(Some(1), || Err("full")), Err("full"));
        hand(&slips, Some(2));
        slips.left(1);
        assert_eq!(slips.acknowledged(1), Some(2));
    }

    #[test]
    fn acknowledgements_of_another_connection_say_nothing() {
        let slips = Slips::default();
        hand(&slips, Some(1));
        slips.left(1);
        hand(&slips, Some(2));
        slips.tear();
        assert_eq!(slips.acknowledged(1), None);
        hand(&slips, Some(3));
        slips.left(1);
        assert_eq!(slips.acknowledged(1), Some(3));
    }
}
