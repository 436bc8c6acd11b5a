//! Whether what is published is true: compared with the air that the emulated world had at that time.

use super::messages::{Numbers, State, Summary};

pub(super) const SENSOR: &str = "bme280";
pub(super) const METRICS: [&str; 3] = ["temperature_celsius", "pressure_hectopascal", "humidity_percent"];

/// What a right reading may be off: one step of the converters at single oversampling, which the emulator's
/// test `with_single_oversampling_it_is_off_by_a_step_of_16_bits` states, and half a unit of the last of the
/// two decimals that are published.
const OFF: [f64; 3] = [0.0051 + 0.005, 0.0265 + 0.005, 0.007 + 0.005];
/// The emulator's noise has this many standard deviations at most.
const DEVIATIONS: f64 = 6.0;
/// The emulator says when it began with a command; a starved guest may take so long to do it.
const SLACK_MS: u64 = 250;

/// Temperature, pressure and humidity as set, and the deviation of each one's noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Air {
    pub(super) values: [f64; 3],
    pub(super) noise: [f64; 3],
}

/// The air over time, by the guest's uptime.
pub(super) struct World {
    airs: Vec<(u64, Air)>,
    interval_ms: u64,
    window_ms: u64,
    last_state_ms: Option<u64>,
    /// The largest difference seen to air without noise.
    pub(super) largest: [f64; 3],
    /// How many readings were compared.
    pub(super) compared: usize,
}

impl World {
    pub(super) fn new(air: Air, interval_ms: u64, window_ms: u64) -> Self {
        let airs = vec![(0, air)];
        Self { airs, interval_ms, window_ms, last_state_ms: None, largest: [0.0; 3], compared: 0 }
    }

    pub(super) fn set(&mut self, at_ms: u64, air: Air) {
        self.airs.push((at_ms, air));
    }

    /// The airs that there were at any time between.
    fn between(&self, from_ms: u64, to_ms: u64) -> Vec<Air> {
        let from = self.airs.iter().rposition(|(at_ms, _)| *at_ms + SLACK_MS <= from_ms).unwrap_or(0);
        let rest = self.airs[from..].iter();
        rest.take_while(|(at_ms, _)| *at_ms <= to_ms + SLACK_MS).map(|(_, air)| *air).collect()
    }

    /// What is wrong with a state; nothing if all is true.
    pub(super) fn judge(&mut self, state: &State) -> Vec<String> {
        let at_ms = state.stamp.monotonic_ms;
        let mut wrong = Vec::new();
        if self.last_state_ms.replace(at_ms).is_some_and(|last| last >= at_ms) {
            wrong.push(format!("monotonic time went from {:?} to {at_ms}", self.last_state_ms));
        }
        if let Some(fault) = state.faults.get(SENSOR) {
            let told = METRICS
                .iter()
                .filter(|name| state.now.contains_key(**name) || state.mean.contains_key(**name));
            wrong.extend(told.map(|name| format!("{name} is told beside the fault {fault}")));
            return wrong;
        }
        // A tick's readings are taken after its time and before the next one's.
        let airs = self.between(at_ms, at_ms + self.interval_ms);
        for (index, name) in METRICS.iter().enumerate() {
            match state.now.get(*name) {
                Some(value) => {
                    wrong.extend(deviation(&airs, index, *value).map(|text| format!("now {name} {text}")));
                    self.note(&airs, index, *value);
                }
                None => wrong.push(format!("{name} is neither told nor in fault")),
            }
        }
        let span_ms = self.window_ms + self.interval_ms;
        wrong.extend(self.beyond("mean", &state.mean, at_ms, span_ms));
        wrong
    }

    /// What is wrong with the figures of a summary.
    pub(super) fn judge_summary(&self, summary: &Summary) -> Vec<String> {
        let Summary { mean, min, max, last, .. } = summary;
        let span_ms = summary.window_ms + self.interval_ms;
        let figures = [("mean", mean), ("min", min), ("max", max), ("last", last)];
        figures
            .into_iter()
            .flat_map(|(what, numbers)| self.beyond(what, numbers, summary.stamp.monotonic_ms, span_ms))
            .collect()
    }

    /// Figures of a span of time must lie between the airs of that time.
    fn beyond(&self, what: &str, numbers: &Numbers, end_ms: u64, span_ms: u64) -> Vec<String> {
        let airs = self.between(end_ms.saturating_sub(span_ms), end_ms + self.interval_ms);
        let mut wrong = Vec::new();
        for (index, name) in METRICS.iter().enumerate() {
            let Some(value) = numbers.get(*name) else { continue };
            let above = airs.iter().any(|air| air.values[index] - off(air, index) <= *value);
            let below = airs.iter().any(|air| *value <= air.values[index] + off(air, index));
            if !(above && below) {
                wrong.push(format!("{what} {name} is {value}, not between {:?}", values(&airs, index)));
            }
        }
        wrong
    }

    fn note(&mut self, airs: &[Air], index: usize, value: f64) {
        self.compared += 1;
        let [first, rest @ ..] = airs else { return };
        let still = |air: &Air| air.noise[index] == 0.0 && air.values[index] == first.values[index];
        if still(first) && rest.iter().all(still) {
            self.largest[index] = self.largest[index].max((value - first.values[index]).abs());
        }
    }
}

fn off(air: &Air, index: usize) -> f64 {
    OFF[index] + DEVIATIONS * air.noise[index]
}

fn values(airs: &[Air], index: usize) -> Vec<f64> {
    airs.iter().map(|air| air.values[index]).collect()
}

/// How a reading differs from each air that it may have been taken in.
fn deviation(airs: &[Air], index: usize, value: f64) -> Option<String> {
    let right = airs.iter().any(|air| (value - air.values[index]).abs() <= off(air, index));
    (!right).then(|| format!("is {value}, and the air had {:?}", values(airs, index)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::messages::Stamp;
    use super::*;

    const FIRST: Air = Air { values: [20.0, 1000.0, 40.0], noise: [0.0; 3] };
    const SECOND: Air = Air { values: [30.0, 1000.0, 40.0], noise: [0.0; 3] };

    fn state(at_ms: u64, celsius: f64, mean: f64) -> State {
        let numbers = |celsius: f64| -> Numbers {
            METRICS.iter().map(|name| (*name).to_owned()).zip([celsius, 1000.0, 40.0]).collect()
        };
        let stamp = Stamp { monotonic_ms: at_ms, time_ms: 0, clock: String::new() };
        State { stamp, now: numbers(celsius), mean: numbers(mean), faults: BTreeMap::new() }
    }

    fn world() -> World {
        let mut world = World::new(FIRST, 1000, 10_000);
        world.set(50_000, SECOND);
        world
    }

    fn wrong(at_ms: u64, celsius: f64, mean: f64) -> usize {
        world().judge(&state(at_ms, celsius, mean)).len()
    }

    #[test]
    fn a_reading_must_be_of_the_air_of_its_time() {
        assert_eq!(wrong(40_000, 20.01, 20.0), 0);
        assert_eq!(wrong(40_000, 20.02, 20.0), 1, "more than a step and a rounding");
        assert_eq!(wrong(49_500, 20.0, 20.0) + wrong(49_500, 30.0, 20.5), 0, "it changes during this tick");
        assert_eq!(wrong(49_500, 25.0, 20.0), 1, "but was never between");
        assert_eq!(wrong(51_000, 20.0, 25.0), 1, "that is the last value again");
    }

    #[test]
    fn a_mean_lies_between_the_airs_of_its_window() {
        assert_eq!(wrong(55_000, 30.0, 25.0), 0);
        assert_eq!(wrong(55_000, 30.0, 19.0) + wrong(55_000, 30.0, 31.0), 2);
        assert_eq!(wrong(70_000, 30.0, 25.0), 1, "the window has left the old air behind");
    }

    #[test]
    fn a_fault_excludes_readings_and_no_fault_demands_them() {
        let mut faulty = state(40_000, 20.0, 20.0);
        faulty.faults.insert(SENSOR.to_owned(), "absent".to_owned());
        assert_eq!(world().judge(&faulty).len(), 3);
        faulty.now.clear();
        faulty.mean.clear();
        assert!(world().judge(&faulty).is_empty());
        faulty.faults.clear();
        assert_eq!(world().judge(&faulty).len(), 3);
    }

    #[test]
    fn time_may_not_run_backwards() {
        let mut world = world();
        assert!(world.judge(&state(40_000, 20.0, 20.0)).is_empty());
        assert_eq!(world.judge(&state(39_999, 20.0, 20.0)).len(), 1);
    }
}
