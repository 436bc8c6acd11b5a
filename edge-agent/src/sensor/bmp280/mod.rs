//! Bosch's BMP280: temperature and pressure of the air. A BME280 without humidity, and not to be taken for one.

mod calibration;
mod session;

use super::{
    bosch::{Filter, Oversampling, Settings},
    chip::{Chip, Codes, Quantity, Session as ChipSession, Trouble},
    config::chip_config,
};
use crate::{bus::SharedBus, clock::Moment};
use protocol::Unit;
use session::Session;
use std::ops::Range;

chip_config! {
    /// A BMP280. Its address is 0x76, or 0x77 with SDO high.
    Bmp280Config, "bmp280" at 0x76 of [0x76, 0x77] {
        /// How often each quantity is converted for one measurement.
        oversampling: Oversampling = Oversampling::ONCE,
        /// The same for the temperature alone.
        temperature_oversampling: Option<Oversampling> = None,
        /// The same for the pressure alone: at 16 its noise falls from 3.3 to 1.3 Pa.
        pressure_oversampling: Option<Oversampling> = None,
        /// The chip's low-pass filter. Off, so that a value is that of its tick.
        filter: Filter = Filter::OFF,
    }
}

impl Bmp280Config {
    fn chip(&self, bus: SharedBus) -> Box<dyn Chip> {
        let settings = Settings {
            temperature: self.temperature_oversampling.unwrap_or(self.oversampling),
            pressure: self.pressure_oversampling.unwrap_or(self.oversampling),
            humidity: None,
            filter: self.filter,
        };
        Box::new(Bmp280 { title: self.title("BMP280"), address: self.address.get(), settings, bus })
    }
}

struct Bmp280 {
    title: String,
    address: u8,
    settings: Settings,
    bus: SharedBus,
}

impl Chip for Bmp280 {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn quantities(&self) -> Vec<Quantity> {
        vec![
            Quantity::gauge("temperature", Unit::Celsius, -40.0..=85.0, 2).with_jump(10.0),
            Quantity::gauge("pressure", Unit::Hectopascal, 300.0..=1100.0, 2).with_jump(10.0),
        ]
    }

    fn bus(&self) -> Option<&SharedBus> {
        Some(&self.bus)
    }

    fn open(&self) -> Result<Box<dyn ChipSession>, Trouble> {
        Ok(Box::new(Session::open(&self.bus, self.address, self.settings)?))
    }

    /// Pressure, temperature.
    fn parts(&self) -> &'static [Range<usize>] {
        &[0..3, 3..6]
    }
}

impl ChipSession for Session {
    fn measure(&mut self, _at: Moment, values: &mut [Option<f64>]) -> Result<Codes, Trouble> {
        let (air, codes) = self.measure_once()?;
        values.copy_from_slice(&[Some(air.celsius), Some(air.hectopascal)]);
        Ok(codes)
    }
}
