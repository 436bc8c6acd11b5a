//! One measurement after the other, each of them checked.
//!
//! The same is checked as of a BME280: the chip's id and settings before and after each measurement, every
//! register that a value is made of read twice, the end of a measurement as the chip tells it, data that were
//! there before, the codes of what was skipped and the ends of the converters.

use super::{
    Codes, Trouble,
    calibration::{Air, Calibration, Words},
};
use crate::{
    bus::SharedBus,
    sensor::bosch::{self, BUSY, DATA, LOW_CALIBRATION, STATUS, Settings, Settling},
};
use embedded_hal::i2c::I2c;

const RESET: [u8; 2] = [0xE0, 0xB6];
const CTRL_MEAS: u8 = 0xF4;
const CONFIG: u8 = 0xF5;

/// A chip that was set up.
pub(super) struct Session {
    bus: SharedBus,
    address: u8,
    settings: Settings,
    calibration: Calibration,
    /// What the data registers held before this measurement.
    last: Codes,
}

/// Everything from the status register to the data.
struct Registers {
    busy: bool,
    codes: Codes,
}

impl Session {
    /// Resets the chip, reads its calibration and sets it up.
    pub(super) fn open(bus: &SharedBus, address: u8, settings: Settings) -> Result<Self, Trouble> {
        check_id(bus, address)?;
        let mut bus = bus.clone();
        bus.write(address, &RESET)?;
        let mut settling = Settling::new(&bus, address, settings);
        settling.start();
        settling.finish()?;

        let words: Words = bus.read(address, LOW_CALIBRATION)?;
        if bosch::is_blank(&words) || !bosch::read_again(&bus, address, LOW_CALIBRATION, &words)? {
            return Err(Trouble::Garbled);
        }
        bus.write(address, &[CONFIG, settings.config()])?;
        bus.write(address, &[CTRL_MEAS, settings.asleep()])?;
        let calibration = Calibration::new(&words);
        let mut session = Self { bus, address, settings, calibration, last: Codes::default() };
        session.last = session.registers()?.codes;
        Ok(session)
    }

    /// Measures once and checks everything.
    pub(super) fn measure_once(&mut self) -> Result<(Air, Codes), Trouble> {
        for _ in 1..bosch::ATTEMPTS {
            match self.attempt() {
                Err(Trouble::Skipped) if bosch::skipped(self.last) < 2 => {}
                done => return done,
            }
        }
        self.attempt()
    }

    fn attempt(&mut self) -> Result<(Air, Codes), Trouble> {
        check_id(&self.bus, self.address)?;
        if self.registers()?.busy {
            return Err(Trouble::Slow);
        }
        self.bus.write(self.address, &[CTRL_MEAS, self.settings.forced()])?;
        let mut settling = Settling::new(&self.bus, self.address, self.settings);
        settling.measurement();
        let seen_measuring = settling.finish()?;

        let Registers { busy, codes } = self.registers()?;
        if busy || codes != self.registers()?.codes {
            return Err(Trouble::Garbled);
        }
        if !seen_measuring && codes == self.last {
            return Err(Trouble::Slow);
        }
        self.last = codes;
        if bosch::skipped(codes) > 0 {
            return Err(Trouble::Skipped);
        }
        let [pressure, temperature] = bosch::converted(codes).map(|code| code >> 4);
        let air = self.calibration.compensate(temperature, pressure).ok_or(Trouble::Nonsense)?;
        if bosch::at_an_end(codes) {
            return Err(Trouble::OutOfRange { what: "pressure".to_owned(), value: air.hectopascal });
        }
        Ok((air, codes))
    }

    /// Reads status, settings and data, and makes sure that the settings are ours.
    fn registers(&self) -> Result<Registers, Trouble> {
        let [status, ctrl_meas, config, _, data @ ..]: [u8; 10] = self.bus.read(self.address, STATUS)?;
        self.settings.check([0, ctrl_meas, config])?;
        let mut codes = Codes::default();
        codes[..data.len()].copy_from_slice(&data);
        Ok(Registers { busy: status & BUSY != 0, codes })
    }
}

const _: () = assert!(STATUS + 4 == DATA, "one read takes all from the status to the data");

/// The BMP280's id is 0x58; samples had the two below.
fn check_id(bus: &SharedBus, address: u8) -> Result<(), Trouble> {
    bosch::check_id(bus, address, 0x56..=0x58, "BMP280's 0x58")
}
