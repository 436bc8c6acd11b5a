//! How fine a chunk is, and how much time it covers.

use super::fold::{DAY_MS, span_of};

/// How fine a chunk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tier {
    /// Summaries as they came.
    Minutes,
    /// Their hours.
    Hours,
}

impl Tier {
    /// As it stands in the table.
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Minutes => 0,
            Self::Hours => 1,
        }
    }

    /// How much time one chunk covers, in milliseconds. Either way about 1,440 points, from where on longer chunks hardly
    /// become smaller, but dearer to add to.
    pub(super) fn span_ms(self) -> i64 {
        match self {
            Self::Minutes => DAY_MS,
            Self::Hours => 60 * DAY_MS,
        }
    }

    /// Number of the chunk that a window ending at `time_ms` is in.
    pub(super) fn span_of(self, time_ms: i64) -> i64 {
        span_of(time_ms, self.span_ms())
    }
}
