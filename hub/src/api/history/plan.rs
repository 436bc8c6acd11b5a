//! How finely to answer: as finely as it was kept, and never with more points than asked for.

use super::{Problem, bad};
use crate::store::{
    Span,
    fold::{DAY_MS, HOUR_MS, MINUTE_MS},
};

/// Which time is answered, and how finely.
pub(super) type Resolution = Span;

/// Most points of one metric that may be asked for.
pub(super) const MAX_POINTS: usize = 50_000;

/// Steps that people find natural. Beyond, whole days.
const NATURAL: [i64; 18] = [
    1_000,
    2_000,
    5_000,
    10_000,
    15_000,
    30_000,
    MINUTE_MS,
    2 * MINUTE_MS,
    5 * MINUTE_MS,
    10 * MINUTE_MS,
    15 * MINUTE_MS,
    20 * MINUTE_MS,
    30 * MINUTE_MS,
    HOUR_MS,
    2 * HOUR_MS,
    3 * HOUR_MS,
    6 * HOUR_MS,
    12 * HOUR_MS,
];

/// Which time is asked for, and how finely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wish {
    /// Start, excluded.
    pub(super) from_ms: i64,
    /// End, included.
    pub(super) to_ms: i64,
    /// Length of a step, if one was named.
    pub(super) step_ms: Option<i64>,
    /// Most points of one metric.
    pub(super) max_points: usize,
}

impl Wish {
    /// What to read, where summaries are kept one by one since `minutes_since_ms` only. With `stepped`, steps in
    /// any case.
    pub(super) fn resolve(
        &self,
        minutes_since_ms: Option<i64>,
        stepped: bool,
    ) -> Result<Resolution, Problem> {
        let hours_only = minutes_since_ms.is_some_and(|since_ms| self.from_ms < since_ms);
        match self.step_ms {
            Some(step_ms) => {
                let step_ms = if hours_only { up(step_ms, HOUR_MS) } else { step_ms };
                let resolution = self.aligned(step_ms);
                if self.steps(step_ms) > self.max_points as i64 {
                    return Err(bad(format!(
                        "parameter step makes {} points of this time, {} are allowed: ask for a longer step or more max_points (at most {MAX_POINTS})",
                        self.steps(step_ms),
                        self.max_points
                    )));
                }
                Ok(resolution)
            }
            None if !hours_only && !stepped && self.minutes() <= self.max_points as i64 => {
                Ok(Span { from_ms: self.from_ms, to_ms: self.to_ms, step_ms: None })
            }
            None => Ok(self.aligned(self.natural(if hours_only { HOUR_MS } else { 0 }))),
        }
    }

    /// Windows of a minute that can end in the time.
    fn minutes(&self) -> i64 {
        (self.to_ms - self.from_ms + MINUTE_MS - 1) / MINUTE_MS
    }

    fn natural(&self, at_least_ms: i64) -> i64 {
        let fits = |step_ms: &i64| self.steps(*step_ms) <= self.max_points as i64;
        let natural = NATURAL.into_iter().filter(|step_ms| *step_ms >= at_least_ms).find(fits);
        natural.unwrap_or_else(|| {
            let mut step_ms = up((self.to_ms - self.from_ms) / self.max_points as i64, DAY_MS).max(DAY_MS);
            while !fits(&step_ms) {
                step_ms += DAY_MS;
                if self.max_points == 1 && step_ms > self.to_ms {
                    // One step from 1970 on holds everything.
                    break;
                }
            }
            step_ms
        })
    }

    fn steps(&self, step_ms: i64) -> i64 {
        let Span { from_ms, to_ms, .. } = self.aligned(step_ms);
        (to_ms - from_ms) / step_ms
    }

    /// Whole steps around the time.
    fn aligned(&self, step_ms: i64) -> Resolution {
        let from_ms = self.from_ms.div_euclid(step_ms) * step_ms;
        Span { from_ms, to_ms: up(self.to_ms, step_ms), step_ms: Some(step_ms) }
    }
}

/// The next multiple, unless it is one. For times after 1970.
pub(super) fn up(time_ms: i64, step_ms: i64) -> i64 {
    (time_ms + step_ms - 1).div_euclid(step_ms) * step_ms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asked::time::MAX_MS;
    use proptest::prelude::*;

    const NOW: i64 = 1_800_000_123_456;

    fn wish(back_ms: i64, max_points: usize) -> Wish {
        Wish { from_ms: NOW - back_ms, to_ms: NOW, step_ms: None, max_points }
    }

    #[test]
    fn the_finest_that_fits_is_taken() {
        let step = |wish: Wish, since| wish.resolve(since, false).unwrap().step_ms;
        assert_eq!(step(wish(HOUR_MS, 60), None), None);
        assert_eq!(step(wish(HOUR_MS, 59), None), Some(2 * MINUTE_MS));
        assert_eq!(step(wish(7 * DAY_MS, 1500), None), Some(10 * MINUTE_MS));
        assert_eq!(step(wish(730 * DAY_MS, 1500), None), Some(12 * HOUR_MS));
        assert_eq!(step(wish(7300 * DAY_MS, 100), None), Some(74 * DAY_MS));
        let older = Some(NOW - DAY_MS);
        assert_eq!(step(wish(DAY_MS, 1500), older), None);
        assert_eq!(step(wish(DAY_MS + 1, 1500), older), Some(HOUR_MS), "minutes are gone");
        let asked = |back_ms, step_ms| Wish { step_ms: Some(step_ms), ..wish(back_ms, 1500) };
        assert_eq!(step(asked(2 * DAY_MS, 5 * MINUTE_MS), None), Some(5 * MINUTE_MS));
        assert_eq!(step(asked(2 * DAY_MS, 90 * MINUTE_MS), older), Some(2 * HOUR_MS), "whole hours");
        let many = asked(2 * DAY_MS, MINUTE_MS).resolve(None, false).unwrap_err();
        assert!(many.detail.contains("makes 2881 points of this time, 1500 are allowed"), "{many:?}");
    }

    proptest! {
        #[test]
        fn never_more_points_than_asked_for_and_all_of_the_time(
            from_ms in 0..MAX_MS, length_ms in 1..MAX_MS,
            max_points in 1usize..=MAX_POINTS, hours in any::<bool>(),
        ) {
            let to_ms = (from_ms + length_ms).min(MAX_MS);
            let wish = Wish { from_ms, to_ms, step_ms: None, max_points };
            let since = hours.then_some(i64::MAX);
            let span = wish.resolve(since, true).unwrap();
            let step_ms = span.step_ms.unwrap();
            prop_assert!(span.from_ms <= from_ms && span.to_ms >= to_ms);
            prop_assert_eq!((span.from_ms % step_ms, span.to_ms % step_ms), (0, 0));
            prop_assert!((span.to_ms - span.from_ms) / step_ms <= max_points as i64);
            prop_assert!(!hours || step_ms % HOUR_MS == 0);
        }
    }
}
