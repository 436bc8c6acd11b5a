//! Counts of summaries whose time in the history is not the device's word.

use super::Arrivals;
use crate::ingest::retime::{Timed, TimedBy};
use serde::Serialize;
use utoipa::ToSchema;

/// Summaries whose time in the history is not the device's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Retimed {
    /// The earliest of these times, in milliseconds since 1970-01-01 UTC.
    pub from_ms: i64,
    /// The latest of them, included.
    pub to_ms: i64,
    /// How many summaries.
    pub count: u64,
}

impl Retimed {
    fn add(all: &mut Option<Self>, time_ms: i64) {
        let Self { from_ms, to_ms, count } =
            all.unwrap_or(Self { from_ms: time_ms, to_ms: time_ms, count: 0 });
        *all = Some(Self { from_ms: from_ms.min(time_ms), to_ms: to_ms.max(time_ms), count: count + 1 });
    }
}

impl Arrivals {
    /// Counts a new summary by whose word its time is.
    pub(crate) fn note_time(&mut self, timed: Timed) {
        match timed.by {
            TimedBy::Device => {}
            TimedBy::Hub => Retimed::add(&mut self.by_hub, timed.time_ms),
            TimedBy::Receipt => Retimed::add(&mut self.by_receipt, timed.time_ms),
        }
    }
}
