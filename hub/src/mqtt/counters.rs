//! What did not get through, counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// Messages that were not delivered, and why. Only grows.
#[derive(Debug, Default)]
pub struct Counters {
    refused: AtomicU64,
    dropped_for_subscribers: AtomicU64,
    dropped_incoming: AtomicU64,
    dropped_outgoing: AtomicU64,
}

impl Counters {
    /// Connections and messages refused by the rules of who may do what.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Messages that the embedded broker dropped because a subscriber's queue was full or its session over.
    pub fn dropped_for_subscribers(&self) -> u64 {
        self.dropped_for_subscribers.load(Ordering::Relaxed)
    }

    /// QoS 0 messages from an external broker for which there was no room.
    pub fn dropped_incoming(&self) -> u64 {
        self.dropped_incoming.load(Ordering::Relaxed)
    }

    /// Messages of the hub that an external broker did not take.
    pub fn dropped_outgoing(&self) -> u64 {
        self.dropped_outgoing.load(Ordering::Relaxed)
    }

    pub(super) fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns how many there were before.
    pub(super) fn count_dropped_for_subscribers(&self) -> u64 {
        self.dropped_for_subscribers.fetch_add(1, Ordering::Relaxed)
    }

    /// Returns how many there were before.
    pub(super) fn count_dropped_incoming(&self) -> u64 {
        self.dropped_incoming.fetch_add(1, Ordering::Relaxed)
    }

    /// Returns how many there were before.
    pub(super) fn count_dropped_outgoing(&self) -> u64 {
        self.dropped_outgoing.fetch_add(1, Ordering::Relaxed)
    }
}

/// Whether the n-th event of a kind deserves a log line: the 1st, 2nd, 4th, 8th and so on, so that a flood
/// is seen and does not fill the log.
pub(super) fn worth_a_line(before: u64) -> bool {
    (before + 1).is_power_of_two()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_gets_a_line_at_each_doubling() {
        let lines: Vec<u64> = (0..20).filter(|n| worth_a_line(*n)).collect();
        assert_eq!(lines, [0, 1, 3, 7, 15]);
    }
}
