//! Bosch's BME280: temperature, humidity and pressure of the air.
//!
//! A value is given only if it can be believed; see [`session`] for what is checked.

mod session;

use super::{
    bosch::{Filter, Oversampling, Settings},
    chip::{Chip, Codes, Quantity, Session as ChipSession, Trouble},
    config::chip_config,
};
use crate::{bus::SharedBus, clock::Moment};
use bme280::Configuration;
use protocol::Unit;
use session::Session;
use std::ops::Range;

chip_config! {
    /// A BME280. Its address is 0x76, or 0x77 with SDO high.
    Bme280Config, "bme280" at 0x76 of [0x76, 0x77] {
        /// How often each quantity is converted for one measurement.
        oversampling: Oversampling = Oversampling::ONCE,
        /// The same for the temperature alone.
        temperature_oversampling: Option<Oversampling> = None,
        /// The same for the pressure alone: at 16 its noise falls from 3.3 to 1.3 Pa.
        pressure_oversampling: Option<Oversampling> = None,
        /// The same for the humidity alone.
        humidity_oversampling: Option<Oversampling> = None,
        /// The chip's low-pass filter of temperature and pressure. Off, so that a value is that of its tick.
        filter: Filter = Filter::OFF,
    }
}

impl Bme280Config {
    fn chip(&self, bus: SharedBus) -> Box<dyn Chip> {
        Box::new(Bme280 { config: self.clone(), bus })
    }

    fn settings(&self) -> Settings {
        let of = |own: Option<Oversampling>| own.unwrap_or(self.oversampling);
        Settings {
            temperature: of(self.temperature_oversampling),
            pressure: of(self.pressure_oversampling),
            humidity: Some(of(self.humidity_oversampling)),
            filter: self.filter,
        }
    }

    /// The same as the driver wants it.
    fn configuration(&self) -> Configuration {
        let of = |own: Option<Oversampling>| own.unwrap_or(self.oversampling).into();
        Configuration::default()
            .with_temperature_oversampling(of(self.temperature_oversampling))
            .with_pressure_oversampling(of(self.pressure_oversampling))
            .with_humidity_oversampling(of(self.humidity_oversampling))
            .with_iir_filter(self.filter.into())
    }
}

struct Bme280 {
    config: Bme280Config,
    bus: SharedBus,
}

impl Chip for Bme280 {
    fn title(&self) -> String {
        self.config.title("BME280")
    }

    fn quantities(&self) -> Vec<Quantity> {
        vec![
            Quantity::gauge("temperature", Unit::Celsius, -40.0..=85.0, 2).with_jump(10.0),
            Quantity::gauge("humidity", Unit::Percent, 0.0..=100.0, 2).with_jump(30.0),
            Quantity::gauge("pressure", Unit::Hectopascal, 300.0..=1100.0, 2).with_jump(10.0),
        ]
    }

    fn bus(&self) -> Option<&SharedBus> {
        Some(&self.bus)
    }

    fn open(&self) -> Result<Box<dyn ChipSession>, Trouble> {
        let address = self.config.address.get();
        Ok(Box::new(Session::open(&self.bus, address, self.config.settings(), self.config.configuration())?))
    }

    /// Pressure, temperature, humidity.
    fn parts(&self) -> &'static [Range<usize>] {
        &[0..3, 3..6, 6..8]
    }
}

impl ChipSession for Session {
    fn measure(&mut self, _at: Moment, values: &mut [Option<f64>]) -> Result<Codes, Trouble> {
        let measured = self.measure_once()?;
        let readings = [measured.celsius, measured.percent, measured.pascal / 100.0];
        values.copy_from_slice(&readings.map(|reading| Some(f64::from(reading))));
        Ok(measured.codes)
    }
}
