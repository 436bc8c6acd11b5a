//! Sensirion's SHT30, SHT31 and SHT35: temperature and humidity of the air.
//!
//! A measurement is one command, so there are no settings to lose. Every word bears a checksum; the status
//! register says whether the heater is on, when the chip measures itself.

use super::{
    chip::{Chip, Codes, Quantity, Session as ChipSession, Trouble, Words},
    config::chip_config,
};
use crate::{bus::SharedBus, clock::Moment};
use protocol::Unit;
use std::time::Duration;

const RESET: [u8; 2] = [0x30, 0xA2];
const READ_STATUS: [u8; 2] = [0xF3, 0x2D];
/// High repeatability, and the bus is free meanwhile: the Pi's has trouble with chips that hold the clock.
const MEASURE: [u8; 2] = [0x24, 0x00];

/// The data sheet's longest times at the lowest supply.
const RESET_TAKES: Duration = Duration::from_micros(1500);
const MEASURE_TAKES: Duration = Duration::from_micros(15_500);

/// Bits of the status register.
const HEATER: u16 = 1 << 13;
const WAS_RESET: u16 = 1 << 4;
const COMMAND_FAILED: u16 = 1 << 1;

chip_config! {
    /// An SHT3x. Its address is 0x44, or 0x45 with ADDR high.
    Sht3xConfig, "sht3x" at 0x44 of [0x44, 0x45] {}
}

impl Sht3xConfig {
    fn chip(&self, bus: SharedBus) -> Box<dyn Chip> {
        Box::new(Sht3x { config: self.clone(), bus })
    }
}

struct Sht3x {
    config: Sht3xConfig,
    bus: SharedBus,
}

impl Chip for Sht3x {
    fn title(&self) -> String {
        self.config.title("SHT3x")
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
        let session = Session { words: Words::new(&self.bus, self.config.address.get(), 0xFF) };
        session.words.command(&RESET, RESET_TAKES)?;
        let status = session.status()?;
        if status & (WAS_RESET | HEATER) != WAS_RESET {
            let what = format!("a status of {status:#06x} after a reset is not an SHT3x's");
            return Err(Trouble::WrongChip(what));
        }
        Ok(Box::new(session))
    }
}

struct Session {
    words: Words,
}

impl Session {
    fn status(&self) -> Result<u16, Trouble> {
        self.words.command(&READ_STATUS, Duration::ZERO)?;
        let [status] = self.words.answer()?;
        Ok(status)
    }
}

impl ChipSession for Session {
    fn measure(&mut self, _at: Moment, values: &mut [Option<f64>]) -> Result<Codes, Trouble> {
        self.words.command(&MEASURE, MEASURE_TAKES)?;
        let [temperature, humidity] = self.words.answer()?;
        let status = self.status()?;
        if status & COMMAND_FAILED != 0 {
            return Err(Trouble::Garbled);
        }
        if status & HEATER != 0 {
            return Err(Trouble::Settings(status.to_be_bytes().to_vec()));
        }
        if matches!((temperature, humidity), (0, 0) | (0xFFFF, 0xFFFF)) {
            return Err(Trouble::Skipped);
        }
        values.copy_from_slice(&[Some(celsius(temperature)), Some(percent(humidity))]);
        let ([t1, t2], [h1, h2]) = (temperature.to_be_bytes(), humidity.to_be_bytes());
        Ok([t1, t2, h1, h2, 0, 0, 0, 0])
    }
}

/// Degrees Celsius, by section 4.13 of the data sheet.
fn celsius(code: u16) -> f64 {
    -45.0 + 175.0 * f64::from(code) / 65_535.0
}

/// Percent of relative humidity, by the same section.
fn percent(code: u16) -> f64 {
    100.0 * f64::from(code) / 65_535.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formulas_run_from_end_to_end() {
        assert_eq!([0, 0xFFFF].map(celsius), [-45.0, 130.0]);
        assert_eq!([0, 0xFFFF].map(percent), [0.0, 100.0]);
        // A fifth and two fifths of the scale.
        assert_eq!([0x3333, 0x6666].map(celsius), [-10.0, 25.0]);
        assert_eq!([0x3333, 0x6666].map(percent), [20.0, 40.0]);
    }
}
