//! Sensirion's SHT40, SHT41 and SHT45: temperature and humidity of the air, by the `sht4x` crate, which checks
//! every checksum and waits as long as the data sheet says. A measurement is one command and its result can be
//! read once, so there are no settings to lose and no old values to be had.

use super::{
    chip::{Chip, Codes, Quantity, Session as ChipSession, Trouble, cropped},
    config::chip_config,
};
use crate::{
    bus::{BusError, SharedBus},
    clock::Moment,
};
use protocol::Unit;
use sht4x::{Address, Error, Precision, Sht4x as Driver};

chip_config! {
    /// An SHT4x. Its address is 0x44; there are ones with 0x45 and 0x46.
    Sht4xConfig, "sht4x" at 0x44 of [0x44, 0x45, 0x46] {}
}

impl Sht4xConfig {
    fn chip(&self, bus: SharedBus) -> Box<dyn Chip> {
        Box::new(Sht4x { config: self.clone(), bus })
    }
}

struct Sht4x {
    config: Sht4xConfig,
    bus: SharedBus,
}

impl Chip for Sht4x {
    fn title(&self) -> String {
        self.config.title("SHT4x")
    }

    fn quantities(&self) -> Vec<Quantity> {
        vec![
            Quantity::gauge("temperature", Unit::Celsius, -40.0..=125.0, 2).with_jump(10.0),
            Quantity::gauge("humidity", Unit::Percent, 0.0..=100.0, 2).with_jump(30.0),
        ]
    }

    fn bus(&self) -> Option<&SharedBus> {
        Some(&self.bus)
    }

    fn open(&self) -> Result<Box<dyn ChipSession>, Trouble> {
        let address = match self.config.address.get() {
            0x45 => Address::Address0x45,
            0x46 => Address::Address0x46,
            _ => Address::Address0x44,
        };
        let mut session =
            Session { driver: Driver::new_with_address(self.bus.clone(), address), bus: self.bus.clone() };
        // The reset ends a heating that another program may have begun.
        session.driver.soft_reset(&mut session.bus)?;
        match session.driver.serial_number(&mut session.bus)? {
            serial @ (0 | u32::MAX) => {
                Err(Trouble::WrongChip(format!("a serial number of {serial:#010x} is not an SHT4x's")))
            }
            _ => Ok(Box::new(session)),
        }
    }
}

struct Session {
    driver: Driver<SharedBus, SharedBus>,
    /// For the driver to wait on.
    bus: SharedBus,
}

impl ChipSession for Session {
    fn measure(&mut self, _at: Moment, values: &mut [Option<f64>]) -> Result<Codes, Trouble> {
        let raw = self.driver.measure_raw(Precision::High, &mut self.bus)?;
        if matches!((raw.temperature, raw.humidity), (0, 0) | (0xFFFF, 0xFFFF)) {
            return Err(Trouble::Skipped);
        }
        values.copy_from_slice(&[Some(celsius(raw.temperature)), Some(cropped(percent(raw.humidity)))]);
        let ([t1, t2], [h1, h2]) = (raw.temperature.to_be_bytes(), raw.humidity.to_be_bytes());
        Ok([t1, t2, h1, h2, 0, 0, 0, 0])
    }
}

/// Degrees Celsius, by section 4.6 of the data sheet. The driver's own conversion rounds to 0.003 degrees.
fn celsius(code: u16) -> f64 {
    -45.0 + 175.0 * f64::from(code) / 65_535.0
}

/// Percent of relative humidity, by the same section.
fn percent(code: u16) -> f64 {
    -6.0 + 125.0 * f64::from(code) / 65_535.0
}

impl From<Error<BusError>> for Trouble {
    fn from(error: Error<BusError>) -> Self {
        match error {
            Error::I2c(error) => Trouble::Bus(error),
            // The checksum is the only other error there is.
            _ => Trouble::Checksum,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formulas_run_from_end_to_end() {
        assert_eq!([0, 0x6666, 0xFFFF].map(celsius), [-45.0, 25.0, 130.0]);
        assert_eq!([0, 0x6666, 0xFFFF].map(percent), [-6.0, 44.0, 119.0]);
    }
}
