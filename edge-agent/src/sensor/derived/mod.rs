//! What follows from readings by a formula: told as further metrics of the same sensor.

mod humidity;
mod sea_level;
mod tendency;

pub use sea_level::Altitude;

use super::{Common, Sensor};
use crate::clock::Moment;
use protocol::{Fault, Kind, MetricDescription, SensorId, Unit};
use sea_level::SeaLevel;
use tendency::Tendency;

const SEA_LEVEL: (&str, Unit) = ("sea_level_pressure", Unit::Hectopascal);

/// A sensor with what follows from its readings. Its faults are those of the sensor: then nothing follows.
struct Derived {
    sensor: Box<dyn Sensor>,
    metrics: Vec<MetricDescription>,
    figures: Vec<Figure>,
}

/// One derived metric, and where its inputs stand among the sensor's own.
enum Figure {
    DewPoint(Humidity),
    AbsoluteHumidity(Humidity),
    SeaLevel { hectopascal: usize, reduction: SeaLevel },
    Tendency { hectopascal: usize, history: Tendency },
}

/// Where temperature and relative humidity of the same air stand.
#[derive(Clone, Copy)]
struct Humidity {
    celsius: usize,
    percent: usize,
}

/// `sensor` with all that follows from what it measures, or as it is if nothing does or nothing is wanted.
pub(super) fn with_derived(sensor: Box<dyn Sensor>, common: &Common<'_>) -> Box<dyn Sensor> {
    let figures = if common.derived { figures(sensor.metrics(), common) } else { Vec::new() };
    if figures.is_empty() {
        return sensor;
    }
    let mut metrics = sensor.metrics().to_vec();
    metrics.extend(figures.iter().map(|figure| {
        let (what, unit) = figure.what();
        common.describe(what, unit, Kind::Gauge)
    }));
    Box::new(Derived { sensor, metrics, figures })
}

/// Whether `sensor` tells the pressure at sea level.
pub(super) fn tells_sea_level(sensor: &dyn Sensor, common: &Common<'_>) -> bool {
    let name = common.metric_name(SEA_LEVEL.0, SEA_LEVEL.1);
    sensor.metrics().iter().any(|metric| metric.name == name)
}

/// What follows from `measured`.
fn figures(measured: &[MetricDescription], common: &Common<'_>) -> Vec<Figure> {
    let find = |what, unit| {
        let name = common.metric_name(what, unit);
        measured.iter().position(|metric| metric.name == name)
    };
    let mut figures = Vec::new();
    if let (Some(celsius), Some(percent)) =
        (find("temperature", Unit::Celsius), find("humidity", Unit::Percent))
    {
        let inputs = Humidity { celsius, percent };
        figures.extend([Figure::DewPoint(inputs), Figure::AbsoluteHumidity(inputs)]);
    }
    if let Some(hectopascal) = find("pressure", Unit::Hectopascal) {
        if let Some(altitude) = common.altitude {
            figures.push(Figure::SeaLevel { hectopascal, reduction: SeaLevel::new(altitude) });
        }
        figures.push(Figure::Tendency { hectopascal, history: Tendency::default() });
    }
    figures
}

impl Figure {
    /// The name that its metrics end with, and its unit.
    fn what(&self) -> (&'static str, Unit) {
        match self {
            Self::DewPoint(_) => ("dew_point", Unit::Celsius),
            Self::AbsoluteHumidity(_) => ("absolute_humidity", Unit::GramsPerCubicMeter),
            Self::SeaLevel { .. } => SEA_LEVEL,
            Self::Tendency { .. } => ("pressure_tendency_3h", Unit::Hectopascal),
        }
    }

    /// Its value with two decimals, if it has one now.
    fn value(&mut self, at: Moment, measured: &[Option<f64>], sensor: &SensorId) -> Option<f64> {
        let value = match self {
            Self::DewPoint(Humidity { celsius, percent }) => {
                humidity::dew_point(measured[*celsius]?, measured[*percent]?)
            }
            Self::AbsoluteHumidity(Humidity { celsius, percent }) => {
                humidity::absolute(measured[*celsius]?, measured[*percent]?)
            }
            Self::SeaLevel { hectopascal, reduction } => reduction.reduce(measured[*hectopascal]?, sensor),
            Self::Tendency { hectopascal, history } => {
                history.tendency(at.monotonic_ms, measured[*hectopascal]?)
            }
        };
        value.map(|value| (value * 100.0).round() / 100.0)
    }
}

impl Sensor for Derived {
    fn id(&self) -> &SensorId {
        self.sensor.id()
    }

    fn metrics(&self) -> &[MetricDescription] {
        &self.metrics
    }

    fn read(&mut self, at: Moment, values: &mut [Option<f64>]) -> Result<(), Fault> {
        let (measured, derived) = values.split_at_mut(self.metrics.len() - self.figures.len());
        self.sensor.read(at, measured)?;
        for (figure, value) in self.figures.iter_mut().zip(derived) {
            *value = figure.value(at, measured, self.sensor.id());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
