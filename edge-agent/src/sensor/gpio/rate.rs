//! How fast a count grows.

use std::collections::VecDeque;

/// Counts that are kept at most: enough to tell the window to a sixtieth.
const POINTS: u64 = 60;

/// The rate of a count over a sliding window.
///
/// rate = (count now - count then) / (now - then), where *then* is the latest kept time that is at least the
/// window ago. While counting has not lasted that long there is no rate: it would be a guess.
#[derive(Debug)]
pub(super) struct Rate {
    window_ms: u64,
    points: VecDeque<(u64, u64)>,
}

impl Rate {
    /// Over the last `window_ms` milliseconds, or over one tick where ticks are further apart.
    pub(super) fn over(window_ms: u64) -> Self {
        Self { window_ms, points: VecDeque::new() }
    }

    /// The rate per second at a time, when `count` has been counted.
    pub(super) fn at(&mut self, now_ms: u64, count: u64) -> Option<f64> {
        // The second point serves as well as the first once it is old enough.
        while self.points.get(1).is_some_and(|(time, _)| now_ms.saturating_sub(*time) >= self.window_ms) {
            self.points.pop_front();
        }
        let since = self.points.back().map(|(time, _)| now_ms.saturating_sub(*time));
        if since.is_none_or(|since| since >= (self.window_ms / POINTS).max(1)) {
            self.points.push_back((now_ms, count));
        }
        let (then_ms, before) = *self.points.front()?;
        let passed_ms = now_ms.saturating_sub(then_ms);
        let known = passed_ms > 0 && passed_ms >= self.window_ms;
        known.then(|| count.saturating_sub(before) as f64 * 1000.0 / passed_ms as f64)
    }

    /// Forgets what was: there is no rate over a time in which nobody counted.
    pub(super) fn clear(&mut self) {
        self.points.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_further_apart_than_the_window_give_the_rate_of_the_tick() {
        let mut rate = Rate::over(3_000);
        assert_eq!(rate.at(10_000, 100), None);
        assert_eq!(rate.at(15_000, 110), Some(2.0));
        assert_eq!(rate.at(20_000, 110), Some(0.0));
        assert_eq!(rate.at(25_000, 115), Some(1.0));
    }

    #[test]
    fn ticks_closer_than_the_window_give_the_rate_of_the_window() {
        let mut rate = Rate::over(3_000);
        let rates: Vec<Option<f64>> = (0..=8).map(|tick| rate.at(tick * 500, tick)).collect();
        assert_eq!(rates[..6], [None; 6], "not before the window has passed");
        assert_eq!(rates[6..], [Some(2.0); 3]);
    }

    #[test]
    fn a_burst_leaves_the_window_after_its_length() {
        let mut rate = Rate::over(600_000);
        rate.at(0, 0);
        // One tip a minute in, then none.
        let mut rates = (1..=140).map(|tick| rate.at(tick * 5_000, u64::from(tick >= 12)));
        assert_eq!(rates.by_ref().nth(119), Some(Some(1.0 / 600.0)));
        assert_eq!(rates.last(), Some(Some(0.0)));
    }

    #[test]
    fn memory_is_bounded_and_a_gap_is_forgotten() {
        let mut rate = Rate::over(600_000);
        for tick in 0..100_000 {
            rate.at(tick * 100, tick);
        }
        assert!(rate.points.len() <= 63, "{}", rate.points.len());
        rate.clear();
        assert_eq!(rate.at(10_000_001, 100_000), None);
    }
}
