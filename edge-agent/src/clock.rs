//! Time, read in one place and passed to whoever needs it.

use protocol::ClockTrust;

/// A point in time, as the device knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since the machine started, counted through suspend.
    pub monotonic_ms: u64,
    /// Milliseconds since 1970-01-01 UTC by the wall clock.
    pub time_ms: i64,
    /// Whether `time_ms` can be believed.
    pub clock: ClockTrust,
}
