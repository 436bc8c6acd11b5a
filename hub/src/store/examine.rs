//! What is found in a store by looking through all of it.

use super::{
    chunk::{self, Damaged},
    tier::Tier,
};

/// Most problems that are named one by one.
const MAX_NAMED: usize = 20;

/// Is told how far it is: what is looked at, and how many of how many.
pub type Watch<'a> = &'a mut dyn FnMut(&'static str, u64, u64);

/// What is in a store, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// Version of its tables.
    pub schema: i64,
    /// Size on the disk.
    pub bytes: u64,
    /// How much of that is free to be used again, where that is known.
    pub free_bytes: Option<u64>,
    /// Devices that are known.
    pub devices: u64,
    /// Summaries that are not packed, and the times of the first and the last.
    pub waiting: (u64, Option<(i64, i64)>),
    /// Packed summaries, then their hours.
    pub tiers: [TierFindings; 2],
    /// What is wrong, a line each.
    pub problems: Vec<String>,
}

/// What is in the chunks of one tier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TierFindings {
    /// Number of chunks.
    pub chunks: u64,
    /// Points in those that can be read.
    pub points: u64,
    /// Times of the first and the last.
    pub range: Option<(i64, i64)>,
}

impl TierFindings {
    /// Looks at a chunk, whose owner is told as "METRIC of DEVICE".
    pub(super) fn look(&mut self, tier: Tier, span: i64, owner: &str, chunk: &[u8], problems: &mut Problems) {
        self.chunks += 1;
        let mut told = |what: &str| problems.add(|| format!("{owner}, part {span} of its history: {what}"));
        let points = match chunk::unpack(chunk) {
            Ok(points) => points,
            Err(error) => return told(&error.to_string()),
        };
        if !points.is_sorted_by_key(|point| point.time_ms) {
            told("its points are not in the order of time");
        }
        if points.iter().any(|point| tier.span_of(point.time_ms) != span) {
            told("it has points of another time");
        }
        self.points += points.len() as u64;
        if let (Some(first), Some(last)) = (points.first(), points.last()) {
            let (from, to) = self.range.unwrap_or((first.time_ms, last.time_ms));
            self.range = Some((from.min(first.time_ms), to.max(last.time_ms)));
        }
    }
}

/// What is wrong so far: as many as anybody reads, and the number of the others.
#[derive(Default)]
pub(super) struct Problems {
    named: Vec<String>,
    more: usize,
}

impl Problems {
    pub(super) fn add(&mut self, line: impl FnOnce() -> String) {
        if self.named.len() < MAX_NAMED {
            self.named.push(line());
        } else {
            self.more += 1;
        }
    }

    /// Notes a summary that cannot be read, or not as what it is filed under.
    pub(super) fn add_summary(&mut self, device: &str, boot: &str, sequence: i64, damage: &Damaged) {
        let Damaged(reason) = damage;
        self.add(|| format!("summary {sequence} of {device} in run {boot} is damaged: {reason}"));
    }

    pub(super) fn into_lines(self) -> Vec<String> {
        let more = (self.more > 0).then(|| format!("and {} more of the kind", self.more));
        self.named.into_iter().chain(more).collect()
    }
}

/// Looks at the figures of a summary, which its decoder takes as they are.
pub(super) fn look_at_figures<'a>(figures: impl Iterator<Item = &'a f64>) -> Result<(), Damaged> {
    let all = { figures }.all(|figure| figure.is_finite());
    if all { Ok(()) } else { Err(Damaged("a figure in it is no number".to_owned())) }
}
