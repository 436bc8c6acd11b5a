//! TE's HTU21D: temperature and humidity of the air. The SHT21, SHT20, Si7020 and Si7021 speak the same language.
//!
//! It has no id. That it is one is told from its user register, whose value after a reset is known, and from the
//! checksums of its answers.

use super::{
    chip::{Chip, Codes, Quantity, Session as ChipSession, Trouble, Words, cropped},
    config::chip_config,
};
use crate::{bus::SharedBus, clock::Moment};
use protocol::Unit;
use std::time::Duration;

const RESET: u8 = 0xFE;
const READ_USER: u8 = 0xE7;
/// Measurements during which the bus is free: the Pi's has trouble with chips that hold the clock.
const TEMPERATURE: u8 = 0xF3;
const HUMIDITY: u8 = 0xF5;

/// The data sheet's longest times, of 14 and 12 bits for the measurements.
const RESET_TAKES: Duration = Duration::from_millis(15);
const TEMPERATURE_TAKES: Duration = Duration::from_millis(50);
const HUMIDITY_TAKES: Duration = Duration::from_millis(16);

/// The bits of the user register that say something: resolution, heater, reload of the factory's settings.
const USER_MASK: u8 = 0b1000_0111;
/// Full resolution, heater off, no reload: so after a reset.
const USER: u8 = 0b0000_0010;

/// The two lowest bits of an answer are no part of the code. What they say differs from maker to maker.
const STATUS: u16 = 0b11;

chip_config! {
    /// An HTU21D, SHT2x or Si702x. Its address is 0x40.
    Htu21dConfig, "htu21d" at 0x40 of [0x40] {}
}

impl Htu21dConfig {
    fn chip(&self, bus: SharedBus) -> Box<dyn Chip> {
        Box::new(Htu21d { config: self.clone(), bus })
    }
}

struct Htu21d {
    config: Htu21dConfig,
    bus: SharedBus,
}

impl Chip for Htu21d {
    fn title(&self) -> String {
        self.config.title("HTU21D")
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
        let address = self.config.address.get();
        let session = Session { words: Words::new(&self.bus, address, 0), bus: self.bus.clone(), address };
        session.words.command(&[RESET], RESET_TAKES)?;
        let user = session.user()?;
        if user & USER_MASK != USER {
            let what = format!("a user register of {user:#04x} after a reset is not an HTU21D's 0x02");
            return Err(Trouble::WrongChip(what));
        }
        Ok(Box::new(session))
    }
}

struct Session {
    words: Words,
    bus: SharedBus,
    address: u8,
}

impl Session {
    fn user(&self) -> Result<u8, Trouble> {
        let [user] = self.bus.read(self.address, READ_USER)?;
        Ok(user)
    }

    /// Measures what `command` says: the code without its status bits.
    fn code(&self, command: u8, takes: Duration) -> Result<u16, Trouble> {
        self.words.command(&[command], takes)?;
        let [word] = self.words.answer()?;
        match word & !STATUS {
            // All bits alike pass the checksum when they are zero, and are no measurement either way.
            0 | 0xFFFC => Err(Trouble::Skipped),
            code => Ok(code),
        }
    }
}

impl ChipSession for Session {
    fn measure(&mut self, _at: Moment, values: &mut [Option<f64>]) -> Result<Codes, Trouble> {
        let temperature = self.code(TEMPERATURE, TEMPERATURE_TAKES)?;
        let humidity = self.code(HUMIDITY, HUMIDITY_TAKES)?;
        // With its heater on, the chip measures itself.
        let user = self.user()?;
        if user & USER_MASK != USER {
            return Err(Trouble::Settings(vec![user]));
        }
        values.copy_from_slice(&[Some(celsius(temperature)), Some(cropped(percent(humidity)))]);
        let ([t1, t2], [h1, h2]) = (temperature.to_be_bytes(), humidity.to_be_bytes());
        Ok([t1, t2, h1, h2, 0, 0, 0, 0])
    }
}

/// Degrees Celsius, by the data sheet's section on the conversion of signal outputs.
fn celsius(code: u16) -> f64 {
    -46.85 + 175.72 * f64::from(code) / 65_536.0
}

/// Percent of relative humidity, by the same section.
fn percent(code: u16) -> f64 {
    -6.0 + 125.0 * f64::from(code) / 65_536.0
}
