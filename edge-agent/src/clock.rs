//! Time, read in one place and passed to whoever needs it.

use protocol::ClockTrust;
use rustix::time::{ClockId, clock_gettime};
use std::time::{SystemTime, UNIX_EPOCH};

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

impl Moment {
    /// The present.
    pub fn now() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            monotonic_ms: monotonic_ms(),
            time_ms: i64::try_from(wall.as_millis()).unwrap_or(i64::MAX),
            clock: clock_trust(),
        }
    }
}

/// Milliseconds since the machine started, counted through suspend. Never jumps.
pub fn monotonic_ms() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    time.tv_sec.unsigned_abs() * 1000 + time.tv_nsec.unsigned_abs() / 1_000_000
}

/// What the kernel knows of the wall clock: a time daemon that keeps it right tells it so.
#[allow(unsafe_code)] // No safe wrapper offers adjtimex.
fn clock_trust() -> ClockTrust {
    // SAFETY: all-zero bytes are a valid `timex`, and mode 0 only reads into it.
    let state = unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        libc::adjtimex(&raw mut timex)
    };
    // TIME_ERROR also stands for "not synchronised"; -1 for a kernel that does not say.
    if matches!(state, -1 | libc::TIME_ERROR) { ClockTrust::Unsynchronized } else { ClockTrust::Synchronized }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monotonic_time_does_not_run_backwards_and_counts_milliseconds() {
        let before = Moment::now();
        std::thread::sleep(std::time::Duration::from_millis(20));
        let passed = Moment::now().monotonic_ms - before.monotonic_ms;
        assert!((20..5_000).contains(&passed), "{passed} ms");
    }

    #[test]
    fn the_wall_clock_is_of_our_century() {
        assert!(Moment::now().time_ms > 946_684_800_000);
    }
}
