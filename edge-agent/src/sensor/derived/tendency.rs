//! By how much the pressure has changed in three hours.

/// Three hours, the period of weather reports (WMO-No. 306, the tendency of SYNOP).
const PERIOD: u64 = 180;
/// How many minutes more or less than three hours still make a tendency: for a fault, or a late start.
const TOLERANCE: u64 = 5;
const MINUTES: usize = (PERIOD + TOLERANCE + 1) as usize;
const MINUTE_MS: u64 = 60_000;

/// The means of the last minutes, by the monotonic clock: as many as the period asks for, and no more.
pub(super) struct Tendency(Box<[Minute; MINUTES]>);

/// The readings of a minute.
#[derive(Clone, Copy, Default)]
struct Minute {
    /// Which one, counted by the monotonic clock.
    number: u64,
    sum: f64,
    count: u32,
}

impl Default for Tendency {
    fn default() -> Self {
        Self(Box::new([Minute::default(); MINUTES]))
    }
}

impl Tendency {
    /// Takes note of a pressure in hectopascal. The mean of this minute so far less that of three hours ago; if
    /// that minute has no readings, of the one next to it, five minutes away at most. `None` when there is none.
    pub(super) fn tendency(&mut self, at_ms: u64, hectopascal: f64) -> Option<f64> {
        let number = at_ms / MINUTE_MS;
        let minute = &mut self.0[place(number)];
        if minute.number != number {
            *minute = Minute { number, ..Minute::default() };
        }
        minute.sum += hectopascal;
        minute.count += 1;
        let now = minute.mean();

        let then = (0..=TOLERANCE).find_map(|away| {
            let older = number.checked_sub(PERIOD + away).and_then(|number| self.mean(number));
            older.or_else(|| self.mean(number.checked_sub(PERIOD - away)?))
        })?;
        Some(now - then)
    }

    fn mean(&self, number: u64) -> Option<f64> {
        let minute = &self.0[place(number)];
        (minute.number == number && minute.count > 0).then(|| minute.mean())
    }
}

impl Minute {
    fn mean(self) -> f64 {
        self.sum / f64::from(self.count)
    }
}

fn place(number: u64) -> usize {
    (number % MINUTES as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds a reading each 5 s of the minutes given, `hectopascal` by the minute; the tendency at their end.
    fn feed(
        tendency: &mut Tendency,
        minutes: std::ops::Range<u64>,
        hectopascal: fn(u64) -> f64,
    ) -> Option<f64> {
        let ticks = minutes.start * 12..minutes.end * 12;
        ticks.map(|tick| tendency.tendency(tick * 5000, hectopascal(tick / 12))).last()?
    }

    #[test]
    fn a_steady_rise_is_told_with_its_sign() {
        let mut tendency = Tendency::default();
        let rise = feed(&mut tendency, 1000..1400, |minute| 1000.0 + minute as f64 * 0.01).unwrap();
        assert!((rise - 1.8).abs() < 1e-9, "{rise}");
        let fall = feed(&mut tendency, 1400..1800, |minute| 1014.0 - (minute - 1400) as f64 * 0.02).unwrap();
        assert!((fall + 3.6).abs() < 1e-9, "{fall}");
    }

    #[test]
    fn there_is_none_before_three_hours_but_for_the_tolerance() {
        let mut tendency = Tendency::default();
        assert_eq!(feed(&mut tendency, 0..175, |_| 1013.0), None);
        assert_eq!(feed(&mut tendency, 175..176, |_| 1013.0), Some(0.0));
    }

    #[test]
    fn a_gap_three_hours_ago_is_bridged_by_what_is_near_and_no_further() {
        let mut tendency = Tendency::default();
        feed(&mut tendency, 0..60, |minute| minute as f64);
        feed(&mut tendency, 71..230, |minute| minute as f64);
        // Minutes 60 to 70 are missing; 65 is five away from 60 and from 70, and six from what is there.
        let after =
            |tendency: &mut Tendency, minute| feed(tendency, minute..minute + 1, |minute| minute as f64);
        assert_eq!(after(&mut tendency, 180 + 64), Some(244.0 - 59.0));
        assert_eq!(after(&mut tendency, 180 + 65), None);
        assert_eq!(after(&mut tendency, 180 + 66), Some(246.0 - 71.0));
    }

    #[test]
    fn what_is_older_than_the_ring_is_forgotten() {
        let mut tendency = Tendency::default();
        feed(&mut tendency, 0..10, |_| 1013.0);
        // The same places of the ring, a turn later.
        assert_eq!(feed(&mut tendency, 186..187, |_| 1000.0), Some(-13.0));
        assert_eq!(feed(&mut tendency, 3 * 186..3 * 186 + 1, |_| 1000.0), None);
    }
}
