//! The rolling window: pure statistics over the last samples.

use std::collections::VecDeque;

/// All readings of one tick, by index into the agent's list of metrics. `None` is missing: no zero.
pub type Values = Box<[Option<f64>]>;

/// Statistics of one metric over the readings that a window holds of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// Arithmetic mean.
    pub mean: f64,
    /// Lowest reading.
    pub min: f64,
    /// Highest reading.
    pub max: f64,
    /// Latest reading.
    pub last: f64,
    /// Number of readings.
    pub count: u32,
}

impl Figures {
    fn of(mut readings: impl Iterator<Item = f64>) -> Option<Self> {
        let first = readings.next()?;
        let (mut sum, mut figures) =
            (first, Figures { mean: first, min: first, max: first, last: first, count: 1 });
        for reading in readings {
            sum += reading;
            figures.min = figures.min.min(reading);
            figures.max = figures.max.max(reading);
            figures.last = reading;
            figures.count += 1;
        }
        // Rounding may push a mean of equal readings outside them.
        figures.mean = (sum / f64::from(figures.count)).clamp(figures.min, figures.max);
        Some(figures)
    }
}

/// The samples of the last `length_ms` of monotonic time.
///
/// A sample stands for the interval that ends at its time, and belongs to the window while the middle of
/// that interval does. So 60 s at an interval of 5 s are exactly 12 samples, and stay 12 when a tick comes
/// some milliseconds early or late. The newest sample always belongs. The wall clock plays no part.
#[derive(Debug)]
pub struct RollingWindow {
    samples: VecDeque<(u64, Values)>,
    /// From this age on a sample is outside.
    limit_ms: u64,
    /// A buffer of a sample that left, so that a steady state allocates nothing.
    spare: Option<Values>,
    metrics: usize,
}

impl RollingWindow {
    /// An empty window of `length_ms` for samples of `metrics` readings taken every `interval_ms`.
    pub fn new(length_ms: u64, interval_ms: u64, metrics: usize) -> Self {
        let limit_ms = length_ms.saturating_sub(interval_ms / 2).max(1);
        Self { samples: VecDeque::new(), limit_ms, spare: None, metrics }
    }

    /// Goes on with another length, interval or other metrics: the metric at a place has the readings that
    /// the one at `from` of that place had, or none.
    pub fn change(&mut self, length_ms: u64, interval_ms: u64, from: &[Option<usize>]) {
        let Self { limit_ms, .. } = Self::new(length_ms, interval_ms, from.len());
        (self.limit_ms, self.metrics, self.spare) = (limit_ms, from.len(), None);
        for (_, values) in &mut self.samples {
            *values = from.iter().map(|place| place.and_then(|place| values[place])).collect();
        }
    }

    /// Takes a sample in and lets go of those that are now too old. A time before the newest sample's,
    /// which no monotonic clock gives, empties the window first: ages would mean nothing.
    pub fn push(&mut self, monotonic_ms: u64, values: &[Option<f64>]) {
        assert_eq!(values.len(), self.metrics, "a sample has one entry for each metric");
        if self.samples.back().is_some_and(|(newest, _)| monotonic_ms < *newest) {
            self.samples.clear();
        }
        while self.samples.front().is_some_and(|(time, _)| monotonic_ms - time >= self.limit_ms) {
            self.spare = self.samples.pop_front().map(|(_, buffer)| buffer);
        }
        let mut buffer = self.spare.take().unwrap_or_else(|| vec![None; self.metrics].into());
        buffer.copy_from_slice(values);
        self.samples.push_back((monotonic_ms, buffer));
    }

    /// Statistics of a metric over the window; `None` while it holds no reading of it.
    pub fn figures(&self, metric: usize) -> Option<Figures> {
        self.figures_since(metric, 0)
    }

    /// The same over the samples later than `after_ms` only.
    pub fn figures_since(&self, metric: usize, after_ms: u64) -> Option<Figures> {
        let from = self.samples.partition_point(|(time, _)| after_ms > 0 && *time <= after_ms);
        Figures::of(self.samples.range(from..).filter_map(|(_, values)| values[metric]))
    }

    /// Number of samples held.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }
}

#[cfg(test)]
#[path = "rolling_tests.rs"]
mod tests;
