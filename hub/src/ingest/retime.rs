//! When a summary was, for a device whose clock may be wrong.

use protocol::{ClockTrust, Stamp};

/// How far ahead of the hub a device's clock may be and still be believed, in milliseconds.
const MAX_AHEAD_MS: i64 = 3_600_000;

/// A live message of a boot: ties its monotonic time to the hub's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// The message's monotonic time.
    pub monotonic_ms: u64,
    /// When the hub received it, by the hub's clock.
    pub received_ms: i64,
}

/// A time for the history, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timed {
    /// Milliseconds since 1970-01-01 UTC.
    pub time_ms: i64,
    /// Whether it is the device's own, synchronised time. Else the hub worked it out.
    pub by_device: bool,
}

/// The time of a summary: the device's own if its clock is synchronised; else the time of receipt, made
/// earlier by the summary's age where a later message of the same boot tells it.
pub fn retime(stamp: &Stamp, received_ms: i64, anchor: Option<Anchor>) -> Timed {
    let credible = stamp.time_ms <= received_ms.saturating_add(MAX_AHEAD_MS);
    if stamp.clock == ClockTrust::Synchronized && credible {
        return Timed { time_ms: stamp.time_ms, by_device: true };
    }
    let time_ms = match anchor {
        Some(anchor) if anchor.monotonic_ms > stamp.monotonic_ms => {
            let age = i64::try_from(anchor.monotonic_ms - stamp.monotonic_ms).unwrap_or(i64::MAX);
            anchor.received_ms.saturating_sub(age).min(received_ms)
        }
        _ => received_ms,
    };
    Timed { time_ms, by_device: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(clock: ClockTrust, time_ms: i64, monotonic_ms: u64) -> Stamp {
        Stamp { boot: "b".parse().unwrap(), monotonic_ms, time_ms, clock }
    }

    #[test]
    fn a_synchronised_time_is_taken_as_it_is_however_late_it_comes() {
        let timed = retime(&stamp(ClockTrust::Synchronized, 5_000, 1), 90_000_000, None);
        assert_eq!(timed, Timed { time_ms: 5_000, by_device: true });
    }

    #[test]
    fn a_time_far_ahead_of_the_hub_is_not_believed() {
        let timed = retime(&stamp(ClockTrust::Synchronized, 10_000_000, 1), 1_000, None);
        assert_eq!(timed, Timed { time_ms: 1_000, by_device: false });
        assert_eq!(retime(&stamp(ClockTrust::Synchronized, i64::MAX, 1), i64::MAX, None).time_ms, i64::MAX);
    }

    #[test]
    fn without_a_clock_the_age_since_a_later_message_counts() {
        let anchor = Some(Anchor { monotonic_ms: 600_000, received_ms: 1_000_000 });
        let at = |monotonic_ms, anchor| {
            retime(&stamp(ClockTrust::Unsynchronized, 77, monotonic_ms), 1_000_500, anchor)
        };
        assert_eq!(at(540_000, anchor), Timed { time_ms: 940_000, by_device: false });
        assert_eq!(at(600_100, anchor).time_ms, 1_000_500, "newer than what is known: it is from now");
        assert_eq!(at(540_000, None).time_ms, 1_000_500);
    }
}
