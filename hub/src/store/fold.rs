//! From points to points of longer windows.
//!
//! A point stands for the time before it: a window that ends at 11:00 is part of the hour from 10:00 to 11:00. So a step
//! is open at its start, closed at its end, and named by its end.

use super::Point;

/// A minute, in milliseconds.
pub const MINUTE_MS: i64 = 60_000;
/// An hour, in milliseconds.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// A day, in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// Decimals that an hour's mean is kept with: three more than what it was computed from.
const MEAN_SCALE: f64 = 1e6;
/// From here on those decimals would not be exact anyway.
const MEAN_LARGE: f64 = 1e9;

/// Number of the span of this length that a window ending at `time_ms` belongs to; span 0 begins in 1970.
pub fn span_of(time_ms: i64, length_ms: i64) -> i64 {
    time_ms.saturating_sub(1).div_euclid(length_ms)
}

/// When a span ends, in milliseconds since 1970-01-01 UTC.
pub fn end_of(span: i64, length_ms: i64) -> i64 {
    span.saturating_add(1).saturating_mul(length_ms)
}

/// Points folded into steps. They may come in any order; in the order of time it is fast.
#[derive(Debug)]
pub struct Steps {
    step_ms: i64,
    points: Vec<Point>,
}

impl Steps {
    /// Steps of this length, which must not be zero.
    pub fn new(step_ms: i64) -> Self {
        Self { step_ms, points: Vec::new() }
    }

    /// Adds a point to its step.
    pub fn add(&mut self, point: &Point) {
        let time_ms = end_of(span_of(point.time_ms, self.step_ms), self.step_ms);
        match self.points.last_mut() {
            Some(last) if last.time_ms == time_ms => return merge(last, point),
            Some(last) if last.time_ms > time_ms => {}
            _ => return self.points.push(Point { time_ms, last: None, ..*point }),
        }
        match self.points.binary_search_by_key(&time_ms, |step| step.time_ms) {
            Ok(at) => merge(&mut self.points[at], point),
            Err(at) => self.points.insert(at, Point { time_ms, last: None, ..*point }),
        }
    }

    /// The steps that have points, in the order of time.
    pub fn into_points(self) -> Vec<Point> {
        self.points
    }
}

/// Makes one point of two, named by the first one's time. The mean is weighted by the number of readings.
fn merge(into: &mut Point, other: &Point) {
    let count = into.count.saturating_add(other.count);
    into.min = into.min.min(other.min);
    into.max = into.max.max(other.max);
    if count > 0 {
        let share = other.count as f64 / count as f64;
        let apart = other.mean - into.mean;
        // In the first form equal means stay what they are; the second holds for the largest numbers, too.
        let mean = if apart.is_finite() {
            into.mean + apart * share
        } else {
            into.mean * (1.0 - share) + other.mean * share
        };
        into.mean = within(mean, into.min, into.max);
    }
    into.count = count;
    into.by_device &= other.by_device;
}

/// The nearest number that is not outside. What is stored may be damaged, so `min` may be above `max`.
fn within(mean: f64, min: f64, max: f64) -> f64 {
    mean.max(min).min(max)
}

/// The hours `old` with `new` points counted in. Their means are rounded, or they would not compress.
pub fn hours(old: &[Point], new: &[Point]) -> Vec<Point> {
    let mut steps = Steps::new(HOUR_MS);
    old.iter().chain(new).for_each(|point| steps.add(point));
    let mut hours = steps.into_points();
    for hour in &mut hours {
        if hour.mean.abs() < MEAN_LARGE {
            hour.mean = within((hour.mean * MEAN_SCALE).round() / MEAN_SCALE, hour.min, hour.max);
        }
    }
    hours
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn points() -> impl Strategy<Value = Vec<Point>> {
        let point = (-20_000_000..20_000_000i64, -1000.0..1000.0f64, 0.0..50.0f64, 1..60u64, any::<bool>());
        let point = point.prop_map(|(time_ms, mean, spread, count, by_device)| Point {
            time_ms,
            mean,
            min: mean - spread,
            max: mean + spread / 2.0,
            last: Some(mean),
            count,
            by_device,
        });
        proptest::collection::vec(point, 1..200)
    }

    /// Hours the slow way: every reading of an hour by itself.
    fn brute_force(points: &[Point], step_ms: i64) -> BTreeMap<i64, (f64, f64, f64, u64, bool)> {
        let mut groups: BTreeMap<i64, Vec<Point>> = BTreeMap::new();
        for point in points {
            let mut end = -1_000 * step_ms;
            while end < point.time_ms {
                end += step_ms;
            }
            groups.entry(end).or_default().push(*point);
        }
        let figures = |group: Vec<Point>| {
            let readings: Vec<f64> =
                group.iter().flat_map(|p| std::iter::repeat_n(p.mean, p.count as usize)).collect();
            let mean = readings.iter().sum::<f64>() / readings.len() as f64;
            let min = group.iter().map(|p| p.min).fold(f64::INFINITY, f64::min);
            let max = group.iter().map(|p| p.max).fold(f64::NEG_INFINITY, f64::max);
            (mean, min, max, readings.len() as u64, group.iter().all(|p| p.by_device))
        };
        groups.into_iter().map(|(end, group)| (end, figures(group))).collect()
    }

    fn agree(
        folded: &[Point],
        expected: &BTreeMap<i64, (f64, f64, f64, u64, bool)>,
    ) -> Result<(), TestCaseError> {
        prop_assert_eq!(folded.len(), expected.len());
        for (point, (end, (mean, min, max, count, by_device))) in folded.iter().zip(expected) {
            prop_assert_eq!((point.time_ms, point.count, point.by_device), (*end, *count, *by_device));
            prop_assert_eq!((point.min, point.max, point.last), (*min, *max, None));
            prop_assert!((point.mean - mean).abs() < 1e-5, "{} is not {}", point.mean, mean);
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn steps_are_what_brute_force_says(points in points(), step in 1i64..120) {
            let mut steps = Steps::new(step * MINUTE_MS);
            points.iter().for_each(|point| steps.add(point));
            agree(&steps.into_points(), &brute_force(&points, step * MINUTE_MS))?;
        }

        /// However a summary comes, its hour is right in the end.
        #[test]
        fn late_points_correct_their_hour(points in points(), parts in 1usize..8) {
            let mut stored = Vec::new();
            for part in points.chunks(points.len().div_ceil(parts)) {
                stored = hours(&stored, part);
            }
            agree(&stored, &brute_force(&points, HOUR_MS))?;
        }
    }

    #[test]
    fn figures_that_cannot_be_are_folded_without_a_panic() {
        let odd =
            |mean, min, max| Point { time_ms: 5, mean, min, max, last: None, count: 1, by_device: true };
        let [hour] = hours(&[], &[odd(1.0, 1.2, 0.9)]).try_into().unwrap();
        assert_eq!((hour.min, hour.max), (1.2, 0.9));
        let large = [odd(-1.7e308, -1.7e308, -1.7e308), odd(1.7e308, 1.7e308, 1.7e308)];
        assert_eq!(hours(&[], &large)[0].mean, 0.0);
    }

    #[test]
    fn a_window_that_ends_with_the_hour_is_in_it() {
        assert_eq!((span_of(HOUR_MS, HOUR_MS), span_of(HOUR_MS + 1, HOUR_MS)), (0, 1));
        assert_eq!((span_of(0, HOUR_MS), end_of(0, HOUR_MS)), (-1, HOUR_MS));
        assert_eq!(end_of(span_of(i64::MAX, DAY_MS), DAY_MS), i64::MAX);
        assert!(span_of(i64::MIN, DAY_MS) < 0);
    }
}
