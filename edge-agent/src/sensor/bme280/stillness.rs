//! Tells air that is still from a chip that is.

use super::trouble::Trouble;

/// For so long and so many readings no bit may fail to change: a living chip's noise is several codes wide,
/// and three channels of it.
const LONGEST_MS: u64 = 10 * 60 * 1000;
const MOST_READINGS: u32 = 12;

/// Raw codes as they were read from the data registers.
pub(super) type Codes = [u8; 8];

/// Since when the codes are the same. What is known outlives faults: setting up a stuck chip anew proves
/// nothing until its codes change.
#[derive(Default)]
pub(super) struct Stillness {
    codes: Codes,
    since_ms: u64,
    readings: u32,
}

impl Stillness {
    /// Takes note of the codes at a time by the monotonic clock.
    pub(super) fn check(&mut self, codes: Codes, at_ms: u64) -> Result<(), Trouble> {
        if self.readings == 0 || codes != self.codes {
            *self = Self { codes, since_ms: at_ms, readings: 1 };
            return Ok(());
        }
        self.readings = self.readings.saturating_add(1);
        let still_ms = at_ms.saturating_sub(self.since_ms);
        if still_ms >= LONGEST_MS && self.readings > MOST_READINGS { Err(Trouble::Stuck) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ten_minutes_and_a_dozen_readings_make_it_stuck() {
        let mut often = Stillness::default();
        assert!((0..120).all(|tick| often.check([1; 8], tick * 5000).is_ok()));
        assert!(often.check([1; 8], 600_000).is_err());
        assert!(often.check([1; 8], 605_000).is_err(), "until something changes");
        assert!(often.check([2; 8], 610_000).is_ok());
        assert!(often.check([2; 8], 615_000).is_ok());

        let mut hourly = Stillness::default();
        assert!((0..12).all(|hour| hourly.check([1; 8], hour * 3_600_000).is_ok()));
        assert!(hourly.check([1; 8], 12 * 3_600_000).is_err());
    }
}
