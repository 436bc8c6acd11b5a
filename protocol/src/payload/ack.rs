//! What the hub has committed.

use super::Version;
use crate::BootId;
use serde::{Deserialize, Serialize};

/// Payload of the `ack` topic. It is a statement of where the hub stands, not an answer to one message:
/// losing one is harmless, the next one says more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ack {
    /// Version of the contract.
    pub version: Version,
    /// The run of the agent that the sequences belong to.
    pub boot: BootId,
    /// Highest sequence that is committed; 0 when none is.
    pub sequence: u64,
    /// Sequences below it that the hub never got and still wants, lowest first.
    pub missing: Vec<SequenceRange>,
}

/// Sequences from `first` to `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SequenceRange {
    /// Lowest sequence of the range.
    pub first: u64,
    /// Highest sequence of the range; below `first` the range is empty.
    pub last: u64,
}

impl Ack {
    /// Whether the hub has committed `sequence`.
    pub fn covers(&self, sequence: u64) -> bool {
        sequence <= self.sequence && !self.missing.iter().any(|r| (r.first..=r.last).contains(&sequence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ack_covers_all_up_to_its_sequence_but_the_holes() {
        let missing = vec![SequenceRange { first: 3, last: 4 }, SequenceRange { first: 9, last: 1 }];
        let ack = Ack { version: Version, boot: "b".parse().unwrap(), sequence: 6, missing };
        let covered: Vec<u64> = (1..=8).filter(|&s| ack.covers(s)).collect();
        assert_eq!(covered, [1, 2, 5, 6]);
    }
}
