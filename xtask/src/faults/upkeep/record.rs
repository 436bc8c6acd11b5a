//! What was sent and what is found of it, held against each other. Pure: no file, no clock.

use std::collections::{BTreeMap, BTreeSet};

const HOUR_MS: i64 = 3_600_000;

/// The figures of a window, or of an hour of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figures {
    pub(super) mean: f64,
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) count: u64,
}

/// A point that was found: a summary, or an hour.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) device: usize,
    /// End of the window, in milliseconds since 1970-01-01 UTC.
    pub(super) time_ms: i64,
    pub(super) is_hour: bool,
    pub(super) figures: Figures,
}

/// What was sent. Devices count from 0, summaries from 1; each has its own time.
#[derive(Clone)]
pub(super) struct Record {
    /// Before the first window, a full hour.
    pub(super) base_ms: i64,
    /// From window to window.
    pub(super) step_ms: i64,
    pub(super) sent: Vec<BTreeSet<u64>>,
    /// What the hub has said that it has.
    pub(super) acked: Vec<BTreeSet<u64>>,
}

impl Record {
    pub(super) fn time_of(&self, sequence: u64) -> i64 {
        self.base_ms + sequence as i64 * self.step_ms
    }

    /// The hour that a time is in, by its end.
    fn hour_of(time_ms: i64) -> i64 {
        ((time_ms - 1).div_euclid(HOUR_MS) + 1) * HOUR_MS
    }

    /// What is wrong with what was found. Summaries after `kept_ms` must be there one by one; at the `end` all
    /// that was sent is, and before at least what was acknowledged.
    pub(super) fn complaints(&self, found: &[Found], kept_ms: i64, end: bool) -> Vec<String> {
        let mut complaints = Vec::new();
        for device in 0..self.sent.len() {
            let of = |hours: bool| {
                found.iter().filter(move |point| point.device == device && point.is_hour == hours)
            };
            let mut seen = BTreeSet::new();
            for point in of(false) {
                let apart = point.time_ms - self.base_ms;
                let sequence = (apart / self.step_ms).unsigned_abs();
                let told = |what: &str| format!("device {device}, summary {sequence}: {what}");
                if apart % self.step_ms != 0 || !self.sent[device].contains(&sequence) {
                    complaints.push(told("nobody sent it"));
                } else if point.figures != figures(device, sequence) {
                    complaints.push(told(&format!("it has other figures: {:?}", point.figures)));
                }
                if !seen.insert(sequence) {
                    complaints.push(told("it is there twice"));
                }
            }
            let promised = if end { &self.sent[device] } else { &self.acked[device] };
            let kept = |sequence: &&u64| self.time_of(**sequence) > kept_ms;
            let lost: Vec<_> = promised.iter().filter(kept).filter(|s| !seen.contains(s)).collect();
            if let Some(first) = lost.first() {
                complaints.push(format!("device {device}: {} are missing, such as {first}", lost.len()));
            }
            let hours: Vec<&Found> = of(true).collect();
            complaints.extend(self.of_hours(device, promised, &hours, &seen));
        }
        complaints
    }

    fn of_hours(
        &self,
        device: usize,
        promised: &BTreeSet<u64>,
        hours: &[&Found],
        seen: &BTreeSet<u64>,
    ) -> Vec<String> {
        let mut complaints = Vec::new();
        let fold = |sequences: &BTreeSet<u64>| {
            let mut folded: BTreeMap<i64, Figures> = BTreeMap::new();
            for sequence in sequences {
                let one = figures(device, *sequence);
                let hour = folded
                    .entry(Self::hour_of(self.time_of(*sequence)))
                    .or_insert(Figures { count: 0, ..one });
                let count = hour.count + one.count;
                *hour = Figures {
                    mean: hour.mean + (one.mean - hour.mean) * one.count as f64 / count as f64,
                    min: hour.min.min(one.min),
                    max: hour.max.max(one.max),
                    count,
                };
            }
            folded
        };
        let (least, most) = (fold(promised), fold(&self.sent[device]));
        let mut told = BTreeSet::new();
        for hour in hours {
            let Found { time_ms, figures: is, .. } = hour;
            if !told.insert(*time_ms) {
                complaints.push(format!("device {device}: the hour {time_ms} is there twice"));
            }
            let Some(most) = most.get(time_ms) else {
                complaints.push(format!("device {device}: nobody sent anything of the hour {time_ms}"));
                continue;
            };
            let counts = least.get(time_ms).map_or(0, |least| least.count)..=most.count;
            let whole = counts.start() == counts.end();
            let close = (is.mean - most.mean).abs() < 1e-5 && is.min == most.min && is.max == most.max;
            if !counts.contains(&is.count) || whole && !close {
                complaints.push(format!(
                    "device {device}: the hour {time_ms} is {is:?}, should be {most:?} {counts:?}"
                ));
            }
        }
        // An hour that is not told is told by its summaries.
        let by_summaries =
            |hour: i64| seen.iter().any(|sequence| Self::hour_of(self.time_of(*sequence)) == hour);
        let lost: Vec<_> =
            least.keys().filter(|hour| !told.contains(hour) && !by_summaries(**hour)).collect();
        if let Some(first) = lost.first() {
            complaints.push(format!("device {device}: {} hours are missing, such as {first}", lost.len()));
        }
        complaints
    }
}

/// The figures of a summary, in eighths, which are exact.
pub(super) fn figures(device: usize, sequence: u64) -> Figures {
    let mean = (sequence * 37 % 1000) as f64 / 8.0 + device as f64 * 1000.0;
    Figures { mean, min: mean - 1.0, max: mean + (sequence % 5) as f64, count: 1 + sequence % 9 }
}

#[cfg(test)]
mod tests;
