//! Tells air that is still from a chip that is.

use super::{Codes, Trouble};
use std::{ops::Range, time::Duration};

/// However long a time is set, so many readings of all that a chip measures have to be the same: its noise is
/// several codes wide.
const MOST_READINGS: u32 = 12;
/// And so many of one quantity alone, whose noise may be only a code wide.
const MOST_READINGS_OF_ONE: u32 = 60;

/// Since when the codes of each part of a chip are the same. What is known outlives faults: setting up a stuck
/// chip anew proves nothing until its codes change.
pub(super) struct Stillness(Vec<Part>);

struct Part {
    bytes: Range<usize>,
    most_readings: u32,
    codes: Codes,
    since_ms: u64,
    readings: u32,
}

impl Stillness {
    /// Of a chip whose codes have these parts, if they can be told apart.
    pub(super) fn new(parts: &[Range<usize>]) -> Self {
        let part = |bytes, most_readings| Part {
            bytes,
            most_readings,
            codes: Codes::default(),
            since_ms: 0,
            readings: 0,
        };
        let whole = part(0..size_of::<Codes>(), MOST_READINGS);
        let parts = parts.iter().map(|bytes| part(bytes.clone(), MOST_READINGS_OF_ONE));
        Self(std::iter::once(whole).chain(parts).collect())
    }

    /// Takes note of the codes at a time by the monotonic clock.
    ///
    /// # Errors
    /// When not a bit of a part has changed for `longest` and for as many readings as it takes.
    pub(super) fn check(&mut self, codes: Codes, at_ms: u64, longest: Duration) -> Result<(), Trouble> {
        let mut stuck = None;
        // Every part takes note, whatever the others say.
        for part in &mut self.0 {
            stuck = part.check(codes, at_ms, longest).or(stuck);
        }
        stuck.map_or(Ok(()), |still| Err(Trouble::Stuck(still.as_secs())))
    }
}

impl Part {
    /// For how long it is the same, if that is too long.
    fn check(&mut self, codes: Codes, at_ms: u64, longest: Duration) -> Option<Duration> {
        if self.readings == 0 || codes[self.bytes.clone()] != self.codes[self.bytes.clone()] {
            (self.codes, self.since_ms, self.readings) = (codes, at_ms, 1);
            return None;
        }
        self.readings = self.readings.saturating_add(1);
        let still = Duration::from_millis(at_ms.saturating_sub(self.since_ms));
        (still >= longest && self.readings > self.most_readings).then_some(still)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(600);

    fn whole() -> Stillness {
        Stillness::new(&[])
    }

    #[test]
    fn both_ten_minutes_and_a_dozen_readings_make_it_stuck() {
        let mut often = whole();
        assert!((0..120).all(|tick| often.check([1; 8], tick * 5000, LONGEST).is_ok()));
        assert!(often.check([1; 8], 600_000, LONGEST).is_err());
        assert!(often.check([1; 8], 605_000, LONGEST).is_err(), "until something changes");
        assert!(often.check([2; 8], 610_000, LONGEST).is_ok());
        assert!(often.check([2; 8], 615_000, LONGEST).is_ok());

        let mut hourly = whole();
        assert!((0..12).all(|hour| hourly.check([1; 8], hour * 3_600_000, LONGEST).is_ok()));
        assert!(hourly.check([1; 8], 12 * 3_600_000, LONGEST).is_err());
    }

    #[test]
    fn one_part_may_be_stuck_while_another_lives() {
        let at = |tick: u64| [7, 7, u8::try_from(tick % 200).unwrap(), 0, 0, 0, 0, 0];
        let (mut whole, mut parts) = (whole(), Stillness::new(&[0..2, 2..8]));
        assert!((0..=120).all(|tick| whole.check(at(tick), tick * 5000, LONGEST).is_ok()));
        assert!((0..120).all(|tick| parts.check(at(tick), tick * 5000, LONGEST).is_ok()));
        assert!(parts.check(at(120), 600_000, LONGEST).is_err());

        let mut hourly = Stillness::new(&[0..2, 2..8]);
        assert!((0..60).all(|hour| hourly.check(at(hour), hour * 3_600_000, LONGEST).is_ok()));
        assert!(hourly.check(at(60), 60 * 3_600_000, LONGEST).is_err());
    }
}
