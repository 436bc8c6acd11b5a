//! The second stage: samples into a rolling window, and out of it the messages of the contract.

mod rolling;

pub use rolling::{Figures, RollingWindow, Values};

use crate::{catalogue::Catalogue, clock::Moment, control::Health, sample::Sample};
use protocol::{
    BootId, ClockTrust, Fault, MetricDescription, MetricName, SensorId, Stamp, State, Summary, Version,
};
use serde::{Serialize, Serializer};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
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
    machine_boot: Option<String>,
    window_ms: u64,
    sequence: u64,
    /// Monotonic time up to which summaries have been made; `None` before the first sample.
    summarised_ms: Option<u64>,
    /// Summaries lost for lack of room, counted by the last stage.
    dropped: Arc<AtomicU64>,
    /// What the next state will hardly exceed.
    state_bytes: usize,
    /// When the last sample was taken.
    last: Option<Moment>,
    /// The faults of the last sample.
    faults: Vec<(SensorId, Fault)>,
    health: Option<Arc<Health>>,
}

/// By how much a state may outgrow the one before without its buffer being moved.
const ROOM: usize = 64;

impl Reporter {
    /// A reporter with an empty window.
    pub fn new(catalogue: Catalogue, boot: BootId, window_ms: u64, dropped: Arc<AtomicU64>) -> Self {
        let window = RollingWindow::new(window_ms, catalogue.len());
        Self {
            window,
            catalogue,
            boot,
            machine_boot: None,
            window_ms,
            sequence: 0,
            summarised_ms: None,
            dropped,
            state_bytes: ROOM,
            last: None,
            faults: Vec::new(),
            health: None,
        }
    }

    /// The same, on the machine that was started as `machine_boot`. Summaries made without a clock say so: whoever
    /// hears of the machine later can tell when they were.
    pub fn started_as(self, machine_boot: String) -> Self {
        Self { machine_boot: Some(machine_boot), ..self }
    }

    /// The same, noting on `health` when faults begin, change and end.
    pub fn noting_on(self, health: Arc<Health>) -> Self {
        Self { health: Some(health), ..self }
    }

    /// Runs until the samples end.
    pub async fn run(&mut self, mut samples: mpsc::Receiver<Sample>, reports: mpsc::Sender<Report>) {
        while let Some(sample) = samples.recv().await {
            for report in self.take(&sample) {
                if reports.send(report).await.is_err() {
                    return;
                }
            }
        }
    }

    /// What the last, unfinished window holds. A window begins anew after it.
    pub fn finish(&mut self) -> Option<Report> {
        let stamp = self.stamp(self.last?);
        self.summary(stamp)
    }

    /// Goes on with other metrics or another window: what the window holds of a metric
    /// stays if `keeps` its sensor, as do boot and sequence. If something of the unfinished window would be
    /// lost by that, it is reported before.
    pub fn change(
        &mut self,
        catalogue: Catalogue,
        keeps: impl Fn(&SensorId) -> bool,
        window_ms: u64,
    ) -> Option<Report> {
        let places: HashMap<&MetricName, usize> = self
            .catalogue
            .metrics()
            .iter()
            .enumerate()
            .map(|(place, metric)| (&metric.name, place))
            .collect();
        let from = |metric: &MetricDescription| {
            let place = *places.get(&metric.name).filter(|_| keeps(&metric.sensor))?;
            (self.catalogue.metrics()[place].sensor == metric.sensor).then_some(place)
        };
        let from: Vec<Option<usize>> = catalogue.metrics().iter().map(from).collect();
        let all_stay = from.iter().flatten().count() == self.catalogue.len();
        let report = if all_stay && window_ms == self.window_ms { None } else { self.finish() };
        self.window.change(window_ms, &from);
        (self.catalogue, self.window_ms) = (catalogue, window_ms);
        report
    }

    /// Takes a sample in: always a state, and once a window a summary.
    pub fn take(&mut self, sample: &Sample) -> impl Iterator<Item = Report> + use<> {
        let now_ms = sample.at.monotonic_ms;
        self.window.push(now_ms, sample.span_ms, &sample.values);
        self.note(sample);
        let stamp = self.stamp(sample.at);
        self.last = Some(sample.at);
        let since = *self.summarised_ms.get_or_insert(now_ms.saturating_sub(sample.span_ms));
        let state = Report::State(self.state(stamp.clone(), sample));
        let due = now_ms.saturating_sub(since) + sample.span_ms / 2 >= self.window_ms;
        let summary = if due { self.summary(stamp) } else { None };
        [Some(state), summary].into_iter().flatten()
    }

    fn note(&mut self, sample: &Sample) {
        if let Some(health) = &self.health
            && self.faults != sample.faults
        {
            health.faults(&sample.faults, sample.at.monotonic_ms);
            self.faults.clone_from(&sample.faults);
        }
    }

    fn stamp(&self, at: Moment) -> Stamp {
        Stamp { boot: self.boot.clone(), monotonic_ms: at.monotonic_ms, time_ms: at.time_ms, clock: at.clock }
    }

    fn state(&mut self, stamp: Stamp, sample: &Sample) -> Vec<u8> {
        let any_fault = !sample.faults.is_empty();
        let faulty = |metric: usize| {
            let owner = &self.catalogue.metrics()[metric].sensor;
            any_fault && sample.faults.iter().any(|(id, _)| id == owner)
        };
        let now = |metric: usize| sample.values[metric].map(rounded);
        let mean = |metric: usize| match faulty(metric) {
            true => None,
            false => self.window.figures(metric).map(|figures| rounded(figures.mean)),
        };
        let state = State {
            version: Version,
            stamp,
            now: self.column(&now),
            mean: self.column(&mean),
            faults: sample.faults.iter().cloned().collect(),
            dropped_count: self.dropped.load(Ordering::Relaxed),
            top: sample.top.clone(),
        };
        let json = json(&state, self.state_bytes);
        self.state_bytes = json.len() + ROOM;
        json
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
        let value = |pick: fn(&Figures) -> f64| {
            let figures = &figures;
            move |metric: usize| figures[metric].as_ref().map(|figures| rounded(pick(figures)))
        };
        let [mean, min, max, last] =
            [value(|f| f.mean), value(|f| f.min), value(|f| f.max), value(|f| f.last)];
        let count = |metric: usize| figures[metric].map(|f| f.count);
        let summary = Summary {
            version: Version,
            sequence: self.sequence,
            machine_boot: self.machine_boot.clone().filter(|_| stamp.clock == ClockTrust::Unsynchronized),
            window_ms: now_ms - since,
            mean: self.column(&mean),
            min: self.column(&min),
            max: self.column(&max),
            last: self.column(&last),
            count: self.column(&count),
            stamp,
        };
        // A summary has five figures where a state has two.
        let json = json(&summary, 3 * self.state_bytes);
        // The fault suite looks for its figures in the store.
        tracing::trace!(sequence = self.sequence, json = %String::from_utf8_lossy(&json), "summary text");
        Some(Report::Summary { sequence: self.sequence, json })
    }

    fn column<'a, T>(&'a self, value: &'a dyn Fn(usize) -> Option<T>) -> Column<'a, T> {
        Column { catalogue: &self.catalogue, value }
    }
}

/// A map from metric name to value, serialised without being built.
struct Column<'a, T> {
    catalogue: &'a Catalogue,
    value: &'a dyn Fn(usize) -> Option<T>,
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

/// The text of a payload, in a buffer that begins with room for `bytes`.
fn json(payload: &impl Serialize, bytes: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes);
    serde_json::to_writer(&mut text, payload)
        .expect("maps with text keys and finite numbers have a JSON form");
    text
}

#[cfg(test)]
mod tests;
