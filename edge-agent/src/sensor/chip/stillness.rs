//! Tells air that is still from a chip that is.

use super::{Codes, Trouble};
use std::time::Duration;

/// However long a time is set, so many readings have to be the same: a living chip's noise is several codes
/// wide.
const MOST_READINGS: u32 = 12;

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
    ///
    /// # Errors
    /// When not a bit has changed for `longest` and for a dozen readings.
    pub(super) fn check(&mut self, codes: Codes, at_ms: u64, longest: Duration) -> Result<(), Trouble> {
        if self.readings == 0 || codes != self.codes {
            *self = Self { codes, since_ms: at_ms, readings: 1 };
            return Ok(());
        }
        self.readings = self.readings.saturating_add(1);
        let still = Duration::from_millis(at_ms.saturating_sub(self.since_ms));
        if still >= longest && self.readings > MOST_READINGS {
            return Err(Trouble::Stuck(still.as_secs()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(600);

    #[test]
    fn both_ten_minutes_and_a_dozen_readings_make_it_stuck() {
        let mut often = Stillness::default();
        assert!((0..120).all(|tick| often.check([1; 8], tick * 5000, LONGEST).is_ok()));
        assert!(often.check([1; 8], 600_000, LONGEST).is_err());
        assert!(often.check([1; 8], 605_000, LONGEST).is_err(), "until something changes");
        assert!(often.check([2; 8], 610_000, LONGEST).is_ok());
        assert!(often.check([2; 8], 615_000, LONGEST).is_ok());

        let mut hourly = Stillness::default();
        assert!((0..12).all(|hour| hourly.check([1; 8], hour * 3_600_000, LONGEST).is_ok()));
        assert!(hourly.check([1; 8], 12 * 3_600_000, LONGEST).is_err());
    }
}
