//! From counters that grow to rates.

use crate::clock::Moment;

/// A counter of the kernel, and when it was last read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PerSecond {
    last: Option<(u64, u64)>,
}

impl PerSecond {
    /// How much the counter grew in a second since the last reading. None at the first one, when no time has
    /// passed, or when the counter fell: what it counted then began anew at an unknown moment.
    pub(super) fn since_last(&mut self, at: Moment, counter: u64) -> Option<f64> {
        let (since_ms, before) = self.last.replace((at.monotonic_ms, counter))?;
        let elapsed_ms = at.monotonic_ms.checked_sub(since_ms).filter(|elapsed| *elapsed > 0)?;
        Some(counter.checked_sub(before)? as f64 * 1000.0 / elapsed_ms as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::tests::at;

    #[test]
    fn a_rate_needs_two_readings_and_time_between_them() {
        let mut rate = PerSecond::default();
        let rates = [(1000, 500), (3000, 700), (3000, 900), (4000, 900), (5000, 10), (6000, 20)]
            .map(|(ms, counter)| rate.since_last(at(ms), counter));
        assert_eq!(rates, [None, Some(100.0), None, Some(0.0), None, Some(10.0)]);
    }
}
