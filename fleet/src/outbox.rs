//! What a device has made and nobody has acknowledged yet.

use protocol::{Ack, SequenceRange};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};
use tokio::time::Instant;

/// Most that is kept; with more, the oldest would be dropped by an agent as well.
const MOST: u64 = 100_000;

/// Windows that have passed and of which no summary was made yet: it is made when it is its turn to be sent.
#[derive(Debug)]
struct Waiting {
    left: u64,
    next_ms: i64,
    step_ms: i64,
}

/// One summary that is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) sequence: u64,
    /// End of its window.
    pub(crate) time_ms: i64,
}

#[derive(Debug)]
struct Sent {
    time_ms: i64,
    first: Instant,
    last: Instant,
}

/// Sequences in order: those under way, and those that wait.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    last_sequence: u64,
    under_way: BTreeMap<u64, Sent>,
    waiting: VecDeque<Waiting>,
}

impl Outbox {
    /// Adds so many windows that end `step_ms` apart, the last of them at `end_ms`. How many found room.
    pub(crate) fn add(&mut self, count: u64, step_ms: i64, end_ms: i64) -> u64 {
        let room = MOST.saturating_sub(self.len());
        let count = count.min(room);
        if count > 0 {
            let next_ms = end_ms - step_ms * (count.cast_signed() - 1);
            self.waiting.push_back(Waiting { left: count, next_ms, step_ms });
        }
        count
    }

    pub(crate) fn len(&self) -> u64 {
        self.under_way.len() as u64 + self.waiting.iter().map(|waiting| waiting.left).sum::<u64>()
    }

    /// The last that was sent; 0 before the first.
    pub(crate) fn last_sequence(&self) -> u64 {
        self.last_sequence
    }

    pub(crate) fn under_way(&self) -> usize {
        self.under_way.len()
    }

    pub(crate) fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The next that was never sent; it is under way from now on.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Due> {
        let waiting = self.waiting.front_mut()?;
        let time_ms = waiting.next_ms;
        waiting.next_ms += waiting.step_ms;
        waiting.left -= 1;
        if waiting.left == 0 {
            self.waiting.pop_front();
        }
        self.last_sequence += 1;
        self.under_way.insert(self.last_sequence, Sent { time_ms, first: now, last: now });
        Some(Due { sequence: self.last_sequence, time_ms })
    }

    /// Those under way that were sent last before `patience` ago, at most `most` of them. They count as sent now.
    pub(crate) fn overdue(&mut self, now: Instant, patience: Duration, most: usize) -> Vec<Due> {
        let late = self.under_way.iter_mut().filter(|(_, sent)| now - sent.last >= patience);
        let again = |(sequence, sent): (&u64, &mut Sent)| {
            sent.last = now;
            Due { sequence: *sequence, time_ms: sent.time_ms }
        };
        late.take(most).map(again).collect()
    }

    /// Forgets what the hub has. How long each had been under way goes to `done`.
    pub(crate) fn acknowledge(&mut self, ack: &Ack, now: Instant, mut done: impl FnMut(Duration)) {
        let end = ack.sequence.saturating_add(1);
        let later = self.under_way.split_off(&end);
        let mut wanted = BTreeMap::new();
        for SequenceRange { first, last } in &ack.missing {
            // Ranges are the hub's word: one that is none is skipped.
            if first <= last {
                let tail = self.under_way.split_off(first);
                let mut hole = tail;
                let after = last.checked_add(1).map(|after| hole.split_off(&after)).unwrap_or_default();
                wanted.append(&mut hole);
                self.under_way.extend(after);
            }
        }
        self.under_way.values().for_each(|sent| done(now - sent.first));
        self.under_way = later;
        self.under_way.append(&mut wanted);
    }

    /// Forgets one that the broker has.
    pub(crate) fn taken(&mut self, sequence: u64, now: Instant) -> Option<Duration> {
        self.under_way.remove(&sequence).map(|sent| now - sent.first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::Version;

    fn ack(sequence: u64, missing: &[(u64, u64)]) -> Ack {
        let missing = missing.iter().map(|&(first, last)| SequenceRange { first, last }).collect();
        Ack { version: Version, boot: "b".parse().unwrap(), sequence, missing }
    }

    #[test]
    fn windows_end_when_they_would_have() {
        let (mut outbox, now) = (Outbox::default(), Instant::now());
        assert_eq!(outbox.add(3, 60_000, 600_000), 3);
        let dues: Vec<Due> = std::iter::from_fn(|| outbox.next(now)).collect();
        let expected = [(1, 480_000), (2, 540_000), (3, 600_000)];
        assert_eq!(dues, expected.map(|(sequence, time_ms)| Due { sequence, time_ms }));
    }

    #[test]
    fn an_ack_leaves_its_holes_and_what_came_later() {
        let (mut outbox, now) = (Outbox::default(), Instant::now());
        outbox.add(10, 1, 10);
        while outbox.next(now).is_some() {}
        let mut done = 0;
        outbox.acknowledge(&ack(8, &[(3, 4), (9, 1), (7, 7)]), now, |_| done += 1);
        assert_eq!(done, 5);
        let left: Vec<u64> = outbox.under_way.keys().copied().collect();
        assert_eq!(left, [3, 4, 7, 9, 10]);
        assert_eq!(outbox.overdue(now, Duration::ZERO, 2).len(), 2);
        assert!(outbox.overdue(now, Duration::from_secs(1), 9).is_empty());
        assert_eq!(outbox.taken(9, now), Some(Duration::ZERO));
        assert_eq!(outbox.len(), 4);
    }
}
