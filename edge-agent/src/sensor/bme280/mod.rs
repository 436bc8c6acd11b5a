//! Bosch's BME280: temperature, humidity and pressure of the air.
//!
//! A value is given only if it can be believed; see [`session`] for what is checked.

mod session;

use super::{
    chip::{Chip, Codes, Quantity, Session as ChipSession, Trouble},
    config::chip_config,
};
use crate::{bus::SharedBus, clock::Moment};
use protocol::Unit;
use session::Session;

chip_config! {
    /// A BME280. Its address is 0x76, or 0x77 with SDO high.
    Bme280Config, "bme280" at 0x76 of [0x76, 0x77] {}
}

impl Bme280Config {
    fn chip(&self, bus: SharedBus) -> Box<dyn Chip> {
        Box::new(Bme280 { config: self.clone(), bus })
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
        Ok(Box::new(Session::open(&self.bus, self.config.address.get())?))
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
