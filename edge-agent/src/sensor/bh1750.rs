//! Rohm's BH1750: light, as bright as people see it.
//!
//! The chip has no id, no checksums, and settings that cannot be read. What can be done without: each measurement
//! is ordered anew with all its settings, its result is read twice, darkness is measured twice, for a chip that
//! lost power meanwhile is dark as well, and what is too bright for the scale is measured on another.

use super::{
    chip::{Chip, Codes, Quantity, Session as ChipSession, Trouble},
    config::chip_config,
};
use crate::{
    bus::{BusError, SharedBus},
    clock::Moment,
};
use bh1750_embedded::{Address, Bh1750 as Driver, Error, MeasurementTime, Resolution};
use embedded_hal::delay::DelayNs;
use protocol::Unit;
use std::time::Duration;

/// The chip's usual measurement time, in its own unit: up to 54612 lx.
const USUAL: u8 = 69;
/// Its shortest: up to 121557 lx, more than the sun.
const SHORT: u8 = 31;
/// The code of what is too bright.
const SATURATED: f32 = 65_535.0;

chip_config! {
    /// A BH1750. Its address is 0x23, or 0x5C with ADDR high.
    Bh1750Config, "bh1750" at 0x23 of [0x23, 0x5C] {}
}

impl Bh1750Config {
    fn chip(&self, bus: SharedBus) -> Box<dyn Chip> {
        Box::new(Bh1750 { config: self.clone(), bus })
    }
}

struct Bh1750 {
    config: Bh1750Config,
    bus: SharedBus,
}

impl Chip for Bh1750 {
    fn title(&self) -> String {
        self.config.title("BH1750")
    }

    fn quantities(&self) -> Vec<Quantity> {
        vec![Quantity::gauge("illuminance", Unit::Lux, 0.0..=full_scale(SHORT).into(), 1)]
    }

    fn bus(&self) -> Option<&SharedBus> {
        Some(&self.bus)
    }

    fn open(&self) -> Result<Box<dyn ChipSession>, Trouble> {
        let address = Address::Custom(self.config.address.get());
        let mut driver = Driver::new(self.bus.clone(), Patient(self.bus.clone()), address);
        driver.power_on()?;
        Ok(Box::new(Session { driver }))
    }

    fn still_at_most(&self) -> Option<Duration> {
        None
    }
}

struct Session {
    driver: Driver<SharedBus, Patient>,
}

impl Session {
    /// Lux, with the scale that a measurement time of `time` gives.
    fn lux(&mut self, time: u8) -> Result<f32, Trouble> {
        let time = MeasurementTime::new(time).unwrap_or(MeasurementTime::DEFAULT);
        self.driver.set_measurement_time(time)?;
        let lux = self.driver.one_time_measurement(Resolution::High)?;
        let again = self.driver.current_measurement_lux(Resolution::High)?;
        if lux.to_bits() == again.to_bits() { Ok(lux) } else { Err(Trouble::Garbled) }
    }
}

impl ChipSession for Session {
    fn measure(&mut self, _at: Moment, values: &mut [Option<f64>]) -> Result<Codes, Trouble> {
        let mut lux = self.lux(USUAL)?;
        if lux == 0.0 {
            lux = self.lux(USUAL)?;
        }
        if lux >= full_scale(USUAL) {
            lux = self.lux(SHORT)?;
            if lux >= full_scale(SHORT) {
                return Err(Trouble::OutOfRange { what: "illuminance".to_owned(), value: lux.into() });
            }
        }
        values[0] = Some(lux.into());
        let [a, b, c, d] = lux.to_be_bytes();
        Ok([a, b, c, d, 0, 0, 0, 0])
    }
}

/// The lux at which a scale ends: 1.2 counts to the lux at the usual measurement time, in proportion at others.
fn full_scale(time: u8) -> f32 {
    SATURATED / 1.2 * (f32::from(USUAL) / f32::from(time))
}

/// The driver waits 144 and 63 ms for what the data sheet allows 180 and 81: three tenths more will do.
struct Patient(SharedBus);

impl DelayNs for Patient {
    fn delay_ns(&mut self, ns: u32) {
        self.0.wait(Duration::from_nanos(ns.into()) * 13 / 10);
    }
}

impl From<Error<BusError>> for Trouble {
    fn from(error: Error<BusError>) -> Self {
        match error {
            Error::I2c(error) => Trouble::Bus(error),
            Error::MeasurementTimeOutOfRange => Trouble::Nonsense,
        }
    }
}
