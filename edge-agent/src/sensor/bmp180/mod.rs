//! Bosch's BMP180: temperature and pressure of the air.
//!
//! The chip has no settings that it could lose, and no checksums. So before each measurement its id is read,
//! after each conversion the register that started it must say that it is over, and calibration and results
//! are read twice.

mod conversion;

use super::{
    bosch,
    chip::{Chip, Codes, Quantity, Session as ChipSession, Trouble},
    config::chip_config,
};
use crate::{bus::SharedBus, clock::Moment};
use conversion::Calibration;
use protocol::Unit;
use serde::Deserialize;
use std::time::Duration;

const CALIBRATION: u8 = 0xAA;
const CONTROL: u8 = 0xF4;
const RESULT: u8 = 0xF6;

const CHIP_ID: u8 = 0x55;
const TEMPERATURE: u8 = 0x2E;
const PRESSURE: u8 = 0x34;
/// The bit of the control register that is set while a conversion runs.
const RUNNING: u8 = 0x20;

const POLL: Duration = Duration::from_millis(1);
const POLLS: u32 = 10;
/// What the result registers hold when nothing was measured since power-on.
const UNTOUCHED: [u8; 3] = [0x80, 0, 0];

chip_config! {
    /// A BMP180. Its address is 0x77.
    Bmp180Config, "bmp180" at 0x77 of [0x77] {
        /// How often the pressure is converted for one measurement: 1, 2, 4 or 8 times. More is less noise, and
        /// 26 ms instead of 5.
        oversampling: Samples = Samples(3),
    }
}

/// How many samples make one value, as a power of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u8")]
pub struct Samples(u8);

impl TryFrom<u8> for Samples {
    type Error = String;
    fn try_from(samples: u8) -> Result<Self, String> {
        match samples {
            1 | 2 | 4 | 8 => Ok(Self(samples.ilog2() as u8)),
            _ => Err(format!("{samples} is no oversampling of a BMP180: it takes 1, 2, 4 or 8")),
        }
    }
}

impl Bmp180Config {
    fn chip(&self, bus: SharedBus) -> Box<dyn Chip> {
        Box::new(Bmp180 { config: self.clone(), bus })
    }
}

struct Bmp180 {
    config: Bmp180Config,
    bus: SharedBus,
}

impl Chip for Bmp180 {
    fn title(&self) -> String {
        self.config.title("BMP180")
    }

    fn quantities(&self) -> Vec<Quantity> {
        vec![
            Quantity::gauge("temperature", Unit::Celsius, -40.0..=85.0, 1).with_jump(10.0),
            Quantity::gauge("pressure", Unit::Hectopascal, 300.0..=1100.0, 2).with_jump(10.0),
        ]
    }

    fn bus(&self) -> Option<&SharedBus> {
        Some(&self.bus)
    }

    fn open(&self) -> Result<Box<dyn ChipSession>, Trouble> {
        let address = self.config.address.get();
        check_id(&self.bus, address)?;
        let words: [u8; 22] = self.bus.read(address, CALIBRATION)?;
        if words != self.bus.read(address, CALIBRATION)? {
            return Err(Trouble::Garbled);
        }
        let calibration = Calibration::of(words).ok_or(Trouble::Nonsense)?;
        let Samples(oversampling) = self.config.oversampling;
        Ok(Box::new(Session { bus: self.bus.clone(), address, calibration, oversampling }))
    }
}

fn check_id(bus: &SharedBus, address: u8) -> Result<(), Trouble> {
    bosch::check_id(bus, address, CHIP_ID..=CHIP_ID, "BMP180's 0x55")
}

struct Session {
    bus: SharedBus,
    address: u8,
    calibration: Calibration,
    /// A power of two.
    oversampling: u8,
}

impl Session {
    /// Lets the chip convert what `command` says, and reads the three bytes of the result.
    fn convert(&self, command: u8, takes: Duration) -> Result<[u8; 3], Trouble> {
        self.bus.send(self.address, &[CONTROL, command])?;
        self.bus.wait(takes);
        for _ in 0..POLLS {
            let [control] = self.bus.read(self.address, CONTROL)?;
            match control {
                0 => return Err(Trouble::Reset),
                running if running & RUNNING != 0 => self.bus.wait(POLL),
                // Another command than ours would give another result.
                done if done != command & !RUNNING => return Err(Trouble::Settings(vec![done])),
                _ => {
                    let result = self.bus.read(self.address, RESULT)?;
                    let again: [u8; 3] = self.bus.read(self.address, RESULT)?;
                    return if result == again { Ok(result) } else { Err(Trouble::Garbled) };
                }
            }
        }
        Err(Trouble::Slow)
    }
}

impl ChipSession for Session {
    fn measure(&mut self, _at: Moment, values: &mut [Option<f64>]) -> Result<Codes, Trouble> {
        check_id(&self.bus, self.address)?;
        let [t1, t2, t3] = self.convert(TEMPERATURE, Duration::from_micros(4500))?;
        // The data sheet's longest times of one, two, four and eight samples.
        let takes = [4500, 7500, 13_500, 25_500][usize::from(self.oversampling)];
        let [p1, p2, p3] = self.convert(PRESSURE | self.oversampling << 6, Duration::from_micros(takes))?;
        let skipped = |code: [u8; 3]| code == [0; 3];
        if [[t1, t2, 0], [p1, p2, 0]] == [UNTOUCHED; 2] || skipped([t1, t2, 0]) || skipped([p1, p2, p3]) {
            return Err(Trouble::Skipped);
        }
        let temperature = i64::from(u16::from_be_bytes([t1, t2]));
        let pressure = i64::from(u32::from_be_bytes([0, p1, p2, p3]) >> (8 - self.oversampling));
        let (celsius, pascal) =
            self.calibration.convert(temperature, pressure, self.oversampling).ok_or(Trouble::Nonsense)?;
        values.copy_from_slice(&[Some(celsius), Some(pascal / 100.0)]);
        Ok([t1, t2, t3, p1, p2, p3, 0, 0])
    }
}
