//! Summaries that the hub has not acknowledged yet: pure bookkeeping, no I/O.

use protocol::{Ack, BootId};
use std::collections::VecDeque;

/// A summary on its way, already serialised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// The run of the agent that it belongs to.
    pub boot: BootId,
    /// Its number in that run.
    pub sequence: u64,
    /// The payload of a `summary` message.
    pub json: Vec<u8>,
    /// Since when it waits, by monotonic time.
    pub since_ms: u64,
    /// When it was last handed to the connection, by monotonic time; `None` when it has to be sent.
    sent_ms: Option<u64>,
    /// How often it was sent without being acknowledged in time.
    futile: u8,
}

impl Parcel {
    /// A summary that has to be sent and waits since `since_ms`.
    pub fn new(boot: BootId, sequence: u64, json: Vec<u8>, since_ms: u64) -> Self {
        Self { boot, sequence, json, since_ms, sent_ms: None, futile: 0 }
    }
}

/// A summary that was sent so often is given up if the hub acknowledges others meanwhile: it refuses this one,
/// and one that is never acknowledged would keep all that wait behind it.
const MOST_FUTILE: u8 = 20;

/// Keeps summaries until they are acknowledged. Bounded in bytes: when it is full the oldest is dropped,
/// and counted.
#[derive(Debug)]
pub struct Outbox {
    parcels: VecDeque<Parcel>,
    bytes: usize,
    limit_bytes: usize,
    dropped: u64,
    refused: u64,
}

impl Outbox {
    /// An empty outbox for at most `limit_bytes` of payloads.
    pub fn new(limit_bytes: usize) -> Self {
        Self { parcels: VecDeque::new(), bytes: 0, limit_bytes, dropped: 0, refused: 0 }
    }

    /// Takes a summary in, to be sent.
    pub fn push(&mut self, parcel: Parcel) {
        self.bytes += parcel.json.len();
        self.parcels.push_back(parcel);
        self.keep_limit();
    }

    /// Takes back what [`take_all`](Self::take_all) gave away: older than all that came since.
    pub fn put_back(&mut self, parcels: Vec<Parcel>) {
        for parcel in parcels.into_iter().rev() {
            self.bytes += parcel.json.len();
            self.parcels.push_front(parcel);
        }
        self.keep_limit();
    }

    /// Gives everything away, to be kept elsewhere.
    pub fn take_all(&mut self) -> Vec<Parcel> {
        self.bytes = 0;
        std::mem::take(&mut self.parcels).into()
    }

    /// Since when the oldest summary waits, by monotonic time.
    pub fn oldest_ms(&self) -> Option<u64> {
        self.parcels.front().map(|parcel| parcel.since_ms)
    }

    fn keep_limit(&mut self) {
        while self.bytes > self.limit_bytes && self.parcels.len() > 1 {
            if let Some(oldest) = self.parcels.pop_front() {
                self.bytes -= oldest.json.len();
                self.dropped += 1;
            }
        }
    }

    /// Lets go of what the hub has committed, and marks for sending what it has not although it had
    /// `patience_ms` since it was sent: the message, or the hub's word on it, was lost.
    pub fn acknowledge(&mut self, ack: &Ack, now_ms: u64, patience_ms: u64) {
        self.parcels.retain(|parcel| parcel.boot != ack.boot || !ack.covers(parcel.sequence));
        for parcel in &mut self.parcels {
            if parcel.sent_ms.is_some_and(|sent| now_ms.saturating_sub(sent) >= patience_ms) {
                parcel.sent_ms = None;
                parcel.futile += 1;
            }
        }
        let before = self.parcels.len();
        self.parcels.retain(|parcel| parcel.futile < MOST_FUTILE);
        self.refused += (before - self.parcels.len()) as u64;
        self.bytes = self.parcels.iter().map(|parcel| parcel.json.len()).sum();
    }

    /// Lets go of these, which somebody else has taken over.
    pub fn remove(&mut self, summaries: &[(BootId, u64)]) {
        let taken = |parcel: &Parcel| {
            summaries.iter().any(|(boot, sequence)| *boot == parcel.boot && *sequence == parcel.sequence)
        };
        self.parcels.retain(|parcel| !taken(parcel));
        self.bytes = self.parcels.iter().map(|parcel| parcel.json.len()).sum();
    }

    /// Marks everything for sending: the connection is new, and what the old one carried may be lost.
    pub fn resend_all(&mut self) {
        for parcel in &mut self.parcels {
            parcel.sent_ms = None;
        }
    }

    /// The oldest summaries that have to be sent: at least one if there is any, then as many as stay
    /// within `most` in number and `limit_bytes` together.
    pub fn due(&self, most: usize, limit_bytes: usize) -> Vec<&Parcel> {
        let mut bytes = 0;
        let waiting = self.parcels.iter().filter(|parcel| parcel.sent_ms.is_none());
        let fits = waiting.enumerate().take(most).take_while(|(position, parcel)| {
            bytes += parcel.json.len();
            *position == 0 || bytes <= limit_bytes
        });
        fits.map(|(_, parcel)| parcel).collect()
    }

    /// Notes that the first `number` of the summaries that were [due](Self::due) are on their way.
    pub fn mark_sent(&mut self, number: usize, now_ms: u64) {
        for parcel in self.parcels.iter_mut().filter(|parcel| parcel.sent_ms.is_none()).take(number) {
            parcel.sent_ms = Some(now_ms);
        }
    }

    /// Number of summaries not acknowledged.
    pub fn len(&self) -> usize {
        self.parcels.len()
    }

    /// Whether something was sent and is neither acknowledged nor due again.
    pub fn is_under_way(&self) -> bool {
        self.parcels.iter().any(|parcel| parcel.sent_ms.is_some())
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.parcels.is_empty()
    }

    /// Number of summaries that were given up because the hub acknowledges others but not these.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Number of summaries that were dropped for lack of room.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use protocol::{SequenceRange, Version};

    fn boot() -> BootId {
        "one".parse().unwrap()
    }

    fn filled(number: u64) -> Outbox {
        let mut outbox = Outbox::new(1_000);
        (1..=number).for_each(|sequence| outbox.push(Parcel::new(boot(), sequence, vec![b'x'; 10], 0)));
        outbox
    }

    fn ack(sequence: u64, missing: &[(u64, u64)]) -> Ack {
        let missing = missing.iter().map(|&(first, last)| SequenceRange { first, last }).collect();
        Ack { version: Version, boot: boot(), sequence, missing }
    }

    fn due(outbox: &Outbox) -> Vec<u64> {
        outbox.due(100, 100_000).iter().map(|parcel| parcel.sequence).collect()
    }

    #[test]
    fn only_the_acknowledged_leave() {
        let mut outbox = filled(6);
        outbox.mark_sent(6, 0);
        outbox.acknowledge(&ack(5, &[(2, 3)]), 1_000, 30_000);
        assert_eq!(outbox.len(), 3);
        assert_eq!(due(&outbox), [0; 0], "sent a second ago: they may still be on their way");
        outbox.acknowledge(&ack(5, &[(2, 3)]), 31_000, 30_000);
        assert_eq!(due(&outbox), [2, 3, 6]);
    }

    #[test]
    fn an_ack_for_another_run_changes_nothing() {
        let mut outbox = filled(3);
        outbox.acknowledge(&Ack { boot: "other".parse().unwrap(), ..ack(3, &[]) }, 0, 0);
        assert_eq!(outbox.len(), 3);
    }

    #[test]
    fn a_full_outbox_drops_the_oldest_and_counts() {
        let mut outbox = Outbox::new(35);
        (1..=5).for_each(|sequence| outbox.push(Parcel::new(boot(), sequence, vec![b'x'; 10], 0)));
        assert_eq!((due(&outbox), outbox.dropped()), (vec![3, 4, 5], 2));
        outbox.push(Parcel::new(boot(), 6, vec![b'x'; 100], 0));
        assert_eq!((due(&outbox), outbox.dropped()), (vec![6], 5), "the newest stays, however large");
    }

    #[test]
    fn a_message_is_bounded_but_never_empty() {
        let outbox = filled(9);
        assert_eq!(outbox.due(100, 35).len(), 3);
        assert_eq!(outbox.due(2, 1_000).len(), 2);
        assert_eq!(outbox.due(2, 1).len(), 1);
    }

    #[test]
    fn what_the_hub_never_acknowledges_is_given_up_while_it_acknowledges_others() {
        let mut outbox = filled(2);
        for round in 0..u64::from(MOST_FUTILE) {
            assert_eq!((outbox.len(), outbox.refused()), (2, 0));
            outbox.mark_sent(2, round * 30_000);
            outbox.acknowledge(&ack(0, &[]), round * 30_000 + 29_999, 30_000);
            outbox.acknowledge(&ack(0, &[]), round * 30_000 + 30_000, 30_000);
        }
        assert_eq!((outbox.len(), outbox.refused(), outbox.dropped()), (0, 2, 0));
    }

    #[test]
    fn what_was_given_away_comes_back_in_its_place() {
        let mut outbox = filled(3);
        let away = outbox.take_all();
        assert!(outbox.is_empty() && outbox.oldest_ms().is_none());
        outbox.push(Parcel::new(boot(), 4, vec![b'x'; 10], 9));
        outbox.put_back(away);
        assert_eq!((due(&outbox), outbox.oldest_ms()), (vec![1, 2, 3, 4], Some(0)));
    }

    #[test]
    fn a_new_connection_sends_all_again() {
        let mut outbox = filled(2);
        outbox.mark_sent(2, 0);
        outbox.resend_all();
        assert_eq!(due(&outbox), [1, 2]);
    }

    proptest! {
        /// Whatever happens, a summary is acknowledged, dropped and counted, or still here.
        #[test]
        fn nothing_vanishes(steps in proptest::collection::vec((0_u8..4, 0_u64..40, 0_u64..40), 1..80)) {
            let mut outbox = Outbox::new(120);
            let (mut pushed, mut acknowledged) = (0_u64, std::collections::BTreeSet::new());
            for (step, a, b) in steps {
                match step {
                    0 => { pushed += 1; outbox.push(Parcel::new(boot(), pushed, vec![b'x'; 10], 0)); }
                    1 => {
                        let ack = ack(a.min(pushed), &[(b, b + 2)]);
                        for parcel in outbox.due(usize::MAX, usize::MAX) {
                            if ack.covers(parcel.sequence) { acknowledged.insert(parcel.sequence); }
                        }
                        outbox.acknowledge(&ack, 0, 0);
                    }
                    2 => outbox.mark_sent(a as usize, b),
                    _ => outbox.resend_all(),
                }
                if step == 2 { outbox.resend_all(); }
                let here = outbox.len() as u64;
                prop_assert_eq!(pushed, here + acknowledged.len() as u64 + outbox.dropped());
            }
        }
    }
}
