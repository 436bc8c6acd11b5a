//! What the pulses of a line mean.

use super::{
    rate::Rate,
    watch::{Seen, Trouble},
};
use protocol::{Kind, Unit};

/// One of the things that a line tells.
pub(super) struct Quantity {
    /// Its name in snake_case without the unit; empty where the name of the instance says it.
    pub(super) what: &'static str,
    pub(super) unit: Unit,
    pub(super) kind: Kind,
    /// What people call it.
    pub(super) label: &'static str,
}

const fn quantity(what: &'static str, unit: Unit, kind: Kind, label: &'static str) -> Quantity {
    Quantity { what, unit, kind, label }
}

/// From pulses to figures.
pub(super) trait Meaning: Send {
    /// What it gives, in the order of the values.
    fn quantities(&self) -> &'static [Quantity];

    /// The figures of a tick.
    fn take(&mut self, now_ms: u64, seen: Seen, values: &mut [Option<f64>]) -> Result<(), Trouble>;

    /// The line was not listened to for a while.
    fn interrupted(&mut self) {}
}

/// Pulses, and their frequency over the tick.
pub(super) struct Pulses(Rate);

impl Pulses {
    pub(super) fn new() -> Self {
        Self(Rate::over(0))
    }
}

impl Meaning for Pulses {
    fn quantities(&self) -> &'static [Quantity] {
        const QUANTITIES: [Quantity; 2] = [
            quantity("", Unit::Count, Kind::Counter, "pulses"),
            quantity("", Unit::Hertz, Kind::Gauge, "frequency"),
        ];
        &QUANTITIES
    }

    fn take(&mut self, now_ms: u64, seen: Seen, values: &mut [Option<f64>]) -> Result<(), Trouble> {
        values.copy_from_slice(&[Some(seen.pulses as f64), self.0.at(now_ms, seen.pulses)]);
        Ok(())
    }

    fn interrupted(&mut self) {
        self.0.clear();
    }
}

/// A tipping bucket: each tip is so much rain.
///
/// The intensity is the rain of the last ten minutes, times six. A shorter time would make one tip of a
/// common gauge (0.28 mm) a downpour, a longer one would smear a shower.
pub(super) struct Rain {
    millimeters_per_tip: f64,
    rate: Rate,
}

impl Rain {
    /// Milliseconds over which the intensity is taken.
    const WINDOW_MS: u64 = 600_000;
    /// Above the heaviest minute on record, 31.2 mm at Unionville in 1956, going on for an hour (World
    /// Meteorological Organization, archive of weather extremes).
    const MOST_MM_PER_HOUR: f64 = 3_000.0;

    pub(super) fn new(millimeters_per_tip: f64) -> Self {
        Self { millimeters_per_tip, rate: Rate::over(Self::WINDOW_MS) }
    }
}

impl Meaning for Rain {
    fn quantities(&self) -> &'static [Quantity] {
        const QUANTITIES: [Quantity; 2] = [
            quantity("rain", Unit::Millimeters, Kind::Counter, "rain"),
            quantity("rain", Unit::MillimetersPerHour, Kind::Gauge, "rain intensity"),
        ];
        &QUANTITIES
    }

    fn take(&mut self, now_ms: u64, seen: Seen, values: &mut [Option<f64>]) -> Result<(), Trouble> {
        let per_second = self.rate.at(now_ms, seen.pulses);
        let per_hour = per_second.map(|tips| tips * 3_600.0 * self.millimeters_per_tip);
        believed(per_hour, Self::MOST_MM_PER_HOUR, "mm/h")?;
        values.copy_from_slice(&[Some(seen.pulses as f64 * self.millimeters_per_tip), per_hour]);
        Ok(())
    }

    fn interrupted(&mut self) {
        self.rate.clear();
    }
}

/// Cups that turn with the wind: speed = frequency x factor.
///
/// Over the tick, but over no less than three seconds, which is what the World Meteorological Organization
/// averages a gust over (Guide to Instruments, part I, chapter 5). The highest of a window is its gust.
pub(super) struct Wind {
    meters_per_second_per_hertz: f64,
    rate: Rate,
}

impl Wind {
    const WINDOW_MS: u64 = 3_000;
    /// Above the strongest gust on record, 113 m/s on Barrow Island in 1996 (World Meteorological
    /// Organization, archive of weather extremes).
    const MOST_METERS_PER_SECOND: f64 = 120.0;

    pub(super) fn new(meters_per_second_per_hertz: f64) -> Self {
        Self { meters_per_second_per_hertz, rate: Rate::over(Self::WINDOW_MS) }
    }
}

impl Meaning for Wind {
    fn quantities(&self) -> &'static [Quantity] {
        const QUANTITIES: [Quantity; 1] = [quantity("wind", Unit::MetersPerSecond, Kind::Gauge, "wind")];
        &QUANTITIES
    }

    fn take(&mut self, now_ms: u64, seen: Seen, values: &mut [Option<f64>]) -> Result<(), Trouble> {
        let speed = self.rate.at(now_ms, seen.pulses).map(|hertz| hertz * self.meters_per_second_per_hertz);
        believed(speed, Self::MOST_METERS_PER_SECOND, "m/s")?;
        values[0] = speed;
        Ok(())
    }

    fn interrupted(&mut self) {
        self.rate.clear();
    }
}

/// A contact that is active or not, a door's for one, and how often it became so.
pub(super) struct Level;

impl Meaning for Level {
    fn quantities(&self) -> &'static [Quantity] {
        const QUANTITIES: [Quantity; 2] = [
            quantity("", Unit::Flag, Kind::Gauge, ""),
            quantity("", Unit::Count, Kind::Counter, "activations"),
        ];
        &QUANTITIES
    }

    fn take(&mut self, _: u64, seen: Seen, values: &mut [Option<f64>]) -> Result<(), Trouble> {
        values.copy_from_slice(&[Some(f64::from(u8::from(seen.active))), Some(seen.pulses as f64)]);
        Ok(())
    }
}

fn believed(value: Option<f64>, most: f64, unit: &'static str) -> Result<(), Trouble> {
    match value {
        Some(value) if value > most => Err(Trouble::OutOfRange { value, unit }),
        _ => Ok(()),
    }
}
