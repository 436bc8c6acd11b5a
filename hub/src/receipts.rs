//! Which summaries of one boot are committed: decides what is double, late or missing.

use protocol::SequenceRange;

/// Most holes named in one ack.
pub const MAX_MISSING: usize = 100;

/// A set of sequences, held as ranges: one when there is no hole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipts {
    /// Ascending, never touching each other.
    ranges: Vec<SequenceRange>,
}

/// What turns one set into another, in terms of stored ranges that are known by their `first`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// `first` of the ranges that are no more.
    pub removed: Vec<u64>,
    /// Ranges that are new or end elsewhere now.
    pub written: Vec<SequenceRange>,
}

/// How far the hub is with one boot.
#[derive(Debug, PartialEq, Eq)]
pub struct Position {
    /// All up to here is committed, but what is missing; 0 when nothing is.
    pub sequence: u64,
    /// The holes below it, lowest first, at most [`MAX_MISSING`].
    pub missing: Vec<SequenceRange>,
}

impl Receipts {
    /// The set of stored ranges, which must be ascending and apart.
    pub fn from_ranges(ranges: Vec<SequenceRange>) -> Self {
        Self { ranges }
    }

    /// Adds a sequence. `false` when it was there before.
    pub fn insert(&mut self, sequence: u64) -> bool {
        let next = self.ranges.partition_point(|r| r.first <= sequence);
        if next > 0 && sequence <= self.ranges[next - 1].last {
            return false;
        }
        let joins_previous = next > 0 && self.ranges[next - 1].last + 1 == sequence;
        let joins_next = self.ranges.get(next).is_some_and(|r| r.first == sequence + 1);
        match (joins_previous, joins_next) {
            (true, true) => self.ranges[next - 1].last = self.ranges.remove(next).last,
            (true, false) => self.ranges[next - 1].last = sequence,
            (false, true) => self.ranges[next].first = sequence,
            (false, false) => self.ranges.insert(next, SequenceRange { first: sequence, last: sequence }),
        }
        true
    }

    /// Where the hub stands. With more than [`MAX_MISSING`] holes it ends before the first one that is not
    /// named: an agent forgets everything that an ack covers, so an unnamed hole would be a lost summary.
    pub fn position(&self) -> Position {
        let mut missing = Vec::new();
        let mut covered = 0;
        for range in &self.ranges {
            if range.first > covered + 1 {
                if missing.len() == MAX_MISSING {
                    break;
                }
                missing.push(SequenceRange { first: covered + 1, last: range.first - 1 });
            }
            covered = range.last;
        }
        Position { sequence: covered, missing }
    }

    /// Number of sequences in the set.
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|range| range.last - range.first + 1).sum()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Highest sequence of the set; 0 when it is empty.
    pub fn highest(&self) -> u64 {
        self.ranges.last().map_or(0, |range| range.last)
    }

    /// The ranges below the highest sequence that are not in the set, lowest first.
    pub fn holes(&self) -> impl Iterator<Item = SequenceRange> {
        let ends = std::iter::once(0).chain(self.ranges.iter().map(|range| range.last));
        let holes =
            ends.zip(&self.ranges).map(|(end, next)| SequenceRange { first: end + 1, last: next.first - 1 });
        holes.filter(|hole| hole.first <= hole.last)
    }

    /// What has to be written so that a store that holds `before` holds `self`.
    pub fn changes_since(&self, before: &Receipts) -> Changes {
        let absent = |from: &Receipts, range: &SequenceRange| {
            from.ranges.binary_search_by_key(&range.first, |r| r.first).map(|i| from.ranges[i])
        };
        Changes {
            removed: before.ranges.iter().filter(|r| absent(self, r).is_err()).map(|r| r.first).collect(),
            written: self.ranges.iter().filter(|r| absent(before, r) != Ok(**r)).copied().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    proptest! {
        #[test]
        fn ranges_agree_with_a_plain_set(sequences in proptest::collection::vec(1u64..60, 0..120)) {
            let (mut receipts, mut plain) = (Receipts::default(), BTreeSet::new());
            for sequence in sequences {
                prop_assert_eq!(receipts.insert(sequence), plain.insert(sequence));
            }
            let held: Vec<u64> = receipts.ranges.iter().flat_map(|r| r.first..=r.last).collect();
            prop_assert!(held.iter().eq(&plain));
            let apart = receipts.ranges.windows(2).all(|w| w[0].last + 1 < w[1].first);
            prop_assert!(apart, "{:?}", receipts.ranges);

            let position = receipts.position();
            prop_assert_eq!(position.sequence, plain.last().copied().unwrap_or(0));
            let missing: Vec<u64> = position.missing.iter().flat_map(|r| r.first..=r.last).collect();
            let expected: Vec<u64> = (1..position.sequence).filter(|s| !plain.contains(s)).collect();
            prop_assert_eq!(missing, expected);
        }

        /// However many holes there are, an ack covers exactly what is committed, up to where it reaches.
        #[test]
        fn an_ack_never_covers_what_is_not_committed(
            sequences in proptest::collection::btree_set(1u64..900, 0..600)
        ) {
            let mut receipts = Receipts::default();
            for &sequence in &sequences {
                receipts.insert(sequence);
            }
            let Position { sequence, missing } = receipts.position();
            prop_assert!(missing.len() <= MAX_MISSING);
            let ack = protocol::Ack {
                version: protocol::Version, boot: "b".parse().unwrap(), sequence, missing
            };
            for s in 1..=900 {
                prop_assert_eq!(ack.covers(s), s <= sequence && sequences.contains(&s), "sequence {}", s);
            }
        }

        #[test]
        fn changes_turn_the_stored_ranges_into_the_new_ones(
            first in proptest::collection::vec(1u64..60, 0..40), then in proptest::collection::vec(1u64..60, 0..40)
        ) {
            let mut before = Receipts::default();
            first.into_iter().for_each(|s| { before.insert(s); });
            let mut after = before.clone();
            then.into_iter().for_each(|s| { after.insert(s); });

            let mut rows: BTreeMap<u64, u64> = before.ranges.iter().map(|r| (r.first, r.last)).collect();
            let changes = after.changes_since(&before);
            for first in &changes.removed {
                prop_assert!(rows.remove(first).is_some());
            }
            rows.extend(changes.written.iter().map(|r| (r.first, r.last)));
            let wanted: BTreeMap<u64, u64> = after.ranges.iter().map(|r| (r.first, r.last)).collect();
            prop_assert_eq!(rows, wanted);
        }
    }

    #[test]
    fn the_position_ends_before_the_first_hole_that_no_longer_fits() {
        let mut receipts = Receipts::default();
        (0..=MAX_MISSING as u64).for_each(|i| assert!(receipts.insert(2 + 2 * i)));
        let position = receipts.position();
        assert_eq!(position.missing.len(), MAX_MISSING);
        assert_eq!(position.sequence, 2 * MAX_MISSING as u64);
    }
}
