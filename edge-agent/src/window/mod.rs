//! The second stage: samples into a rolling window, and out of it the messages of the contract.

mod rolling;

pub use rolling::{Figures, RollingWindow, Values};

use crate::{catalogue::Catalogue, sample::Sample};
use protocol::{BootId, Stamp, State, Summary, Version};
use serde::{Serialize, Serializer};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::mpsc;

/// What goes to the last stage: payloads, ready to send.
#[derive(Debug, PartialEq, Eq)]
pub enum Report {
    /// Live values: may be lost.
    State(Vec<u8>),
    /// The record of a minute: may not.
    Summary {
        /// Its number in this run.
        sequence: u64,
        /// The payload.
        json: Vec<u8>,
    },
}

/// Turns samples into reports.
pub struct Reporter {
    window: RollingWindow,
    catalogue: Catalogue,
    boot: BootId,
    window_ms: u64,
    interval_ms: u64,
    sequence: u64,
    /// Monotonic time up to which summaries have been made; `None` before the first sample.
    summarised_ms: Option<u64>,
    /// Summaries lost for lack of room, counted by the last stage.
    dropped: Arc<AtomicU64>,
}

impl Reporter {
    /// A reporter with an empty window.
    pub fn new(
        catalogue: Catalogue,
        boot: BootId,
        interval_ms: u64,
        window_ms: u64,
        dropped: Arc<AtomicU64>,
    ) -> Self {
        let window = RollingWindow::new(window_ms, interval_ms, catalogue.len());
        Self { window, catalogue, boot, window_ms, interval_ms, sequence: 0, summarised_ms: None, dropped }
    }

    /// Runs until the samples end, then reports what the last, unfinished window holds.
    pub async fn run(mut self, mut samples: mpsc::Receiver<Sample>, reports: mpsc::Sender<Report>) {
        let mut last = None;
        while let Some(sample) = samples.recv().await {
            last = Some(self.stamp(&sample));
            for report in self.take(&sample) {
                if reports.send(report).await.is_err() {
                    return;
                }
            }
        }
        if let Some(report) = last.and_then(|stamp| self.summary(stamp)) {
            // Nobody listening means that there is nobody left to tell.
            let _ = reports.send(report).await;
        }
    }

    /// Takes a sample in: always a state, and once a window a summary.
    pub fn take(&mut self, sample: &Sample) -> impl Iterator<Item = Report> + use<> {
        let now_ms = sample.at.monotonic_ms;
        self.window.push(now_ms, &sample.values);
        let stamp = self.stamp(sample);
        let since = *self.summarised_ms.get_or_insert(now_ms.saturating_sub(self.interval_ms));
        let state = Report::State(json(&self.state(stamp.clone(), sample)));
        let due = now_ms.saturating_sub(since) + self.interval_ms / 2 >= self.window_ms;
        let summary = if due { self.summary(stamp) } else { None };
        [Some(state), summary].into_iter().flatten()
    }

    fn stamp(&self, sample: &Sample) -> Stamp {
        let at = sample.at;
        Stamp { boot: self.boot.clone(), monotonic_ms: at.monotonic_ms, time_ms: at.time_ms, clock: at.clock }
    }

    fn state<'a>(&'a self, stamp: Stamp, sample: &'a Sample) -> State<impl Serialize + 'a> {
        let faulty = |metric: usize| {
            let owner = &self.catalogue.metrics()[metric].sensor;
            sample.faults.iter().any(|(id, _)| id == owner)
        };
        let any_fault = !sample.faults.is_empty();
        let mean = move |metric: usize| match any_fault && faulty(metric) {
            true => None,
            false => self.window.figures(metric).map(|figures| figures.mean),
        };
        State {
            version: Version,
            stamp,
            now: self.column(Box::new(|metric| sample.values[metric])),
            mean: self.column(Box::new(mean)),
            faults: sample.faults.iter().cloned().collect(),
            dropped_count: self.dropped.load(Ordering::Relaxed),
        }
    }

    /// The summary of what came since the last one; `None` if nothing did.
    fn summary(&mut self, stamp: Stamp) -> Option<Report> {
        let now_ms = stamp.monotonic_ms;
        let since = self.summarised_ms.replace(now_ms)?;
        let figures: Vec<Option<Figures>> =
            (0..self.catalogue.len()).map(|metric| self.window.figures_since(metric, since)).collect();
        if figures.iter().all(Option::is_none) {
            return None;
        }
        self.sequence += 1;
        // The fault suite counts these lines: they are the only trace of a summary that never gets out.
        tracing::debug!(boot = %self.boot, sequence = self.sequence, monotonic_ms = now_ms, "summary made");
        let of = |pick: fn(&Figures) -> f64| -> Column<'_, f64> {
            let figures = &figures;
            self.column(Box::new(move |metric| figures[metric].as_ref().map(pick)))
        };
        let summary = Summary {
            version: Version,
            sequence: self.sequence,
            window_ms: now_ms - since,
            mean: of(|f| f.mean),
            min: of(|f| f.min),
            max: of(|f| f.max),
            last: of(|f| f.last),
            count: Column {
                catalogue: &self.catalogue,
                value: Box::new(|metric| figures[metric].map(|f| f.count)),
            },
            stamp,
        };
        Some(Report::Summary { sequence: self.sequence, json: json(&summary) })
    }

    fn column<'a>(&'a self, value: Box<dyn Fn(usize) -> Option<f64> + 'a>) -> Column<'a, f64> {
        Column { catalogue: &self.catalogue, value: Box::new(move |metric| value(metric).map(rounded)) }
    }
}

/// A map from metric name to value, serialised without being built.
struct Column<'a, T> {
    catalogue: &'a Catalogue,
    value: Box<dyn Fn(usize) -> Option<T> + 'a>,
}

impl<T: Serialize> Serialize for Column<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let present = |metric| Some((self.catalogue.name(metric), (self.value)(metric)?));
        serializer.collect_map((0..self.catalogue.len()).filter_map(present))
    }
}

/// Three decimals: finer than any sensor here, and a third of the bytes of all that an `f64` can say.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

fn json(payload: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(payload).expect("maps with text keys and finite numbers have a JSON form")
}

#[cfg(test)]
mod tests;
