//! Bosch's BME280: temperature, humidity and pressure of the air.
//!
//! A value is given only if it can be believed; see [`session`] for what is checked. After any fault the
//! chip is set up anew at the next tick.

mod session;
mod stillness;
mod trouble;

use super::{Bme280Config, Sensor};
use crate::{
    bus::{Bus, SharedBus},
    clock::Moment,
};
use protocol::{Fault, Kind, MetricDescription, MetricName, SensorId, Unit};
use session::Session;
use stillness::Stillness;
use trouble::Trouble;

/// A BME280 on a bus.
pub struct Bme280 {
    id: SensorId,
    metrics: [MetricDescription; 3],
    bus: SharedBus,
    address: u8,
    /// None before the chip was set up and after a fault.
    session: Option<Session>,
    stillness: Stillness,
    /// The fault of the last tick, so that the log tells changes only.
    last: Option<Fault>,
}

impl Bme280 {
    /// The sensor that `config` describes, on `bus`. Nothing is transferred before the first reading.
    pub fn new(config: &Bme280Config, bus: Box<dyn Bus>) -> Self {
        let id = Self::id_of(config);
        let metric = |what: &str, unit: Unit| MetricDescription {
            name: metric_name(config, what, unit),
            unit,
            sensor: id.clone(),
            label: label(config, what),
            kind: Kind::Gauge,
        };
        let metrics = [
            metric("temperature", Unit::Celsius),
            metric("humidity", Unit::Percent),
            metric("pressure", Unit::Hectopascal),
        ];
        Self {
            id,
            metrics,
            bus: SharedBus::new(bus),
            address: config.address.get(),
            session: None,
            stillness: Stillness::default(),
            last: None,
        }
    }

    /// The id of the sensor that `config` describes.
    pub(super) fn id_of(config: &Bme280Config) -> SensorId {
        match &config.name {
            Some(name) => name.id().clone(),
            None => "bme280".parse().expect("valid by construction"),
        }
    }

    fn measure(&mut self, at: Moment) -> Result<[f64; 3], Trouble> {
        self.bus.begin(at);
        let session = match &mut self.session {
            Some(session) => session,
            none => none.insert(Session::open(&self.bus, self.address)?),
        };
        let air = session.measure()?;
        self.stillness.check(air.codes, at.monotonic_ms)?;
        // The last digit that the chip can tell; more would be the noise of single precision.
        Ok([air.celsius, air.percent, air.pascal / 100.0]
            .map(|value| (f64::from(value) * 100.0).round() / 100.0))
    }

    fn tell(&mut self, fault: Fault, trouble: &Trouble) {
        if self.last != Some(fault) {
            tracing::warn!(sensor = %self.id, fault = %fault, "no readings of the BME280 at {:#04x}: {trouble}", self.address);
        }
        self.last = Some(fault);
    }
}

fn metric_name(config: &Bme280Config, what: &str, unit: Unit) -> MetricName {
    let name = match &config.name {
        Some(name) => MetricName::new(&format!("{}_{what}", name.id()), unit),
        None => MetricName::new(what, unit),
    };
    name.expect("an instance name begins a metric name and leaves room")
}

/// `Roof temperature`, `Outdoor temperature` or `Temperature`, by what is given.
fn label(config: &Bme280Config, what: &str) -> String {
    let label = match (&config.label, &config.name) {
        (Some(label), _) => return format!("{label} {what}"),
        (None, Some(name)) => format!("{} {what}", name.id().as_str().replace('_', " ")),
        (None, None) => what.to_owned(),
    };
    label[..1].to_uppercase() + &label[1..]
}

impl Sensor for Bme280 {
    fn id(&self) -> &SensorId {
        &self.id
    }

    fn metrics(&self) -> &[MetricDescription] {
        &self.metrics
    }

    fn read(&mut self, at: Moment, values: &mut [Option<f64>]) -> Result<(), Fault> {
        let was_there = self.session.is_some();
        match self.measure(at) {
            Ok(air) => {
                values.copy_from_slice(&air.map(Some));
                if self.last.take().is_some() {
                    tracing::info!(sensor = %self.id, "the BME280 measures again");
                }
                Ok(())
            }
            Err(trouble) => {
                self.session = None;
                let fault = trouble.fault(was_there);
                self.tell(fault, &trouble);
                Err(fault)
            }
        }
    }
}
