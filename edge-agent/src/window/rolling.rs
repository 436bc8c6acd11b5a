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
    /// Of readings, each with the milliseconds that it stands for.
    fn of(mut readings: impl Iterator<Item = (f64, u64)>) -> Option<Self> {
        let (first, first_ms) = readings.next()?;
        let (mut sum, mut total_ms) = (first * first_ms as f64, first_ms);
        let mut figures = Figures { mean: first, min: first, max: first, last: first, count: 1 };
        for (reading, span_ms) in readings {
            sum += reading * span_ms as f64;
            total_ms += span_ms;
            figures.min = figures.min.min(reading);
            figures.max = figures.max.max(reading);
            figures.last = reading;
            figures.count += 1;
        }
        // Rounding may push a mean of equal readings outside them.
        figures.mean = (sum / total_ms as f64).clamp(figures.min, figures.max);
        Some(figures)
    }
}

/// The samples of the last `length_ms` of monotonic time.
///
/// A sample stands for the span that ends at its time: an interval, or less of it if one was taken in
/// between. It weighs by that span, and belongs to the window while the middle of it does. So 60 s at an interval of 5 s are exactly 12 samples, and stay 12 when a tick comes
/// some milliseconds early or late. The newest sample always belongs. The wall clock plays no part.
#[derive(Debug)]
pub struct RollingWindow {
    samples: VecDeque<Held>,
    length_ms: u64,
    /// A buffer of a sample that left, so that a steady state allocates nothing.
    spare: Option<Values>,
    metrics: usize,
}

#[derive(Debug)]
struct Held {
    time_ms: u64,
    /// Never 0, or it would weigh nothing.
    span_ms: u64,
    values: Values,
}

impl RollingWindow {
    /// An empty window of `length_ms` for samples of `metrics` readings.
    pub fn new(length_ms: u64, metrics: usize) -> Self {
        Self { samples: VecDeque::new(), length_ms, spare: None, metrics }
    }

    /// Goes on with another length or other metrics: the metric at a place has the readings that the one at
    /// `from` of that place had, or none.
    pub fn change(&mut self, length_ms: u64, from: &[Option<usize>]) {
        (self.length_ms, self.metrics, self.spare) = (length_ms, from.len(), None);
        for held in &mut self.samples {
            held.values = from.iter().map(|place| place.and_then(|place| held.values[place])).collect();
        }
    }

    /// Takes a sample in, which stands for the `span_ms` before its time, and lets go of those that are now
    /// too old. A time before the newest sample's, which no monotonic clock gives, empties the window first:
    /// ages would mean nothing.
    pub fn push(&mut self, monotonic_ms: u64, span_ms: u64, values: &[Option<f64>]) {
        assert_eq!(values.len(), self.metrics, "a sample has one entry for each metric");
        if self.samples.back().is_some_and(|newest| monotonic_ms < newest.time_ms) {
            self.samples.clear();
        }
        let length_ms = self.length_ms;
        let outside =
            |held: &Held| monotonic_ms - held.time_ms >= length_ms.saturating_sub(held.span_ms / 2).max(1);
        while self.samples.front().is_some_and(outside) {
            self.spare = self.samples.pop_front().map(|held| held.values);
        }
        let mut buffer = self.spare.take().unwrap_or_else(|| vec![None; self.metrics].into());
        buffer.copy_from_slice(values);
        self.samples.push_back(Held { time_ms: monotonic_ms, span_ms: span_ms.max(1), values: buffer });
    }

    /// Statistics of a metric over the window; `None` while it holds no reading of it.
    pub fn figures(&self, metric: usize) -> Option<Figures> {
        self.figures_since(metric, 0)
    }

    /// The same over the samples later than `after_ms` only.
    pub fn figures_since(&self, metric: usize, after_ms: u64) -> Option<Figures> {
        let from = self.samples.partition_point(|held| after_ms > 0 && held.time_ms <= after_ms);
        let readings = self.samples.range(from..);
        Figures::of(readings.filter_map(|held| Some((held.values[metric]?, held.span_ms))))
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
