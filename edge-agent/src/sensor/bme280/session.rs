//! The `bme280` crate's driver, made truthful from outside.
//!
//! The driver believes whatever comes over the bus. So beside it, on the same bus:
//! - the chip id is checked before each measurement, for the driver takes a BMP280 as well
//! - the calibration and the data are read a second time and must be what the driver read
//! - the settings must be ours before and after each measurement: a chip that lost power has none. (It also
//!   keeps the driver from meeting a busy chip, which it would reset and then misread.)
//! - the end of a measurement is when the chip says so, after the longest time that it takes with its settings
//!   and not after a fixed one
//! - the chip must have been seen measuring, or its data have changed: data left from the last time are no
//!   new ones
//! - the codes of what was skipped, the ends of the converters and of the data sheet's ranges are refused

use super::{Codes, Trouble};
use crate::{
    bus::{BusError, SharedBus},
    sensor::bosch::{self, BUSY, DATA, LOW_CALIBRATION, Settings, Settling},
};
use bme280::{Configuration, Error, i2c::BME280};

const HIGH_CALIBRATION: u8 = 0xE1;
const CTRL_HUM: u8 = 0xF2;

const CHIP_ID: u8 = 0x60;

/// What was measured, and the codes that it was made of.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) celsius: f32,
    pub(super) pascal: f32,
    pub(super) percent: f32,
    pub(super) codes: Codes,
}

/// A chip that was set up.
pub(super) struct Session {
    driver: BME280<SharedBus>,
    bus: SharedBus,
    address: u8,
    settings: Settings,
    /// What the data registers held before this measurement.
    last: Codes,
}

impl Session {
    /// Resets the chip, reads its calibration and sets it up.
    pub(super) fn open(
        bus: &SharedBus,
        address: u8,
        settings: Settings,
        configuration: Configuration,
    ) -> Result<Self, Trouble> {
        let driver = BME280::new(bus.clone(), address);
        let mut session = Self { driver, bus: bus.clone(), address, settings, last: Codes::default() };
        session.check_id()?;
        let mut settling = Settling::new(bus, address, settings);
        session.driver.init_with_config(&mut settling, configuration)?;
        settling.finish()?;
        session.check_calibration()?;
        session.last = bus.read(address, DATA)?;
        Ok(session)
    }

    /// Measures once and checks everything.
    pub(super) fn measure_once(&mut self) -> Result<Measured, Trouble> {
        for _ in 1..bosch::ATTEMPTS {
            match self.attempt() {
                Err(Trouble::Skipped) if skipped(self.last) < 3 => {}
                done => return done,
            }
        }
        self.attempt()
    }

    fn attempt(&mut self) -> Result<Measured, Trouble> {
        self.check_id()?;
        let [ctrl_hum, status, ctrl_meas, config] = self.bus.read(self.address, CTRL_HUM)?;
        self.settings.check([ctrl_hum, ctrl_meas, config])?;
        if status & BUSY != 0 {
            return Err(Trouble::Slow);
        }

        let mut settling = Settling::new(&self.bus, self.address, self.settings);
        let measured = self.driver.measure(&mut settling)?;
        let seen_measuring = settling.finish()?;

        let [ctrl_hum, status, ctrl_meas, config, _, codes @ ..]: [u8; 13] =
            self.bus.read(self.address, CTRL_HUM)?;
        self.settings.check([ctrl_hum, ctrl_meas, config])?;
        if status & BUSY != 0 || codes != self.bus.believed(DATA) {
            return Err(Trouble::Garbled);
        }
        if !seen_measuring && codes == self.last {
            return Err(Trouble::Slow);
        }
        self.last = codes;
        if skipped(codes) > 0 {
            return Err(Trouble::Skipped);
        }
        let measured = Measured {
            celsius: measured.temperature,
            pascal: measured.pressure,
            percent: measured.humidity,
            codes,
        };
        if measured.in_range() { Ok(measured) } else { Err(measured.out_of_range()) }
    }

    fn check_id(&self) -> Result<(), Trouble> {
        bosch::check_id(&self.bus, self.address, CHIP_ID..=CHIP_ID, "BME280's 0x60")
    }

    fn check_calibration(&self) -> Result<(), Trouble> {
        let low: [u8; 26] = self.bus.believed(LOW_CALIBRATION);
        let high: [u8; 7] = self.bus.believed(HIGH_CALIBRATION);
        let same = bosch::read_again(&self.bus, self.address, LOW_CALIBRATION, &low)?
            && bosch::read_again(&self.bus, self.address, HIGH_CALIBRATION, &high)?;
        if same && !bosch::is_blank(&low) { Ok(()) } else { Err(Trouble::Garbled) }
    }
}

impl Measured {
    /// Within what the data sheet says that the chip measures. The driver clamps to these ranges, so their
    /// ends are no values either; but a humidity of 100 is: it is that of fog, and Bosch's own code clamps to
    /// it as well.
    fn in_range(&self) -> bool {
        let Self { celsius, pascal, percent, codes } = self;
        *celsius > -40.0
            && *celsius < 85.0
            && *pascal > 30_000.0
            && *pascal < 110_000.0
            && *percent > 0.0
            && *percent <= 100.0
            && !bosch::at_an_end(*codes)
            && !matches!(codes[6..], [0, 0] | [0xFF, 0xFF])
    }

    fn out_of_range(&self) -> Trouble {
        let Self { celsius, pascal, percent, .. } = *self;
        // Ends of the ranges are what the driver clamps to.
        let (what, value) = if celsius <= -40.0 || celsius >= 85.0 {
            ("temperature", celsius)
        } else if pascal <= 30_000.0 || pascal >= 110_000.0 || bosch::at_an_end(self.codes) {
            ("pressure", pascal / 100.0)
        } else {
            ("humidity", percent)
        };
        Trouble::OutOfRange { what: what.to_owned(), value: value.into() }
    }
}

/// How many of the three codes are those of a skipped measurement.
fn skipped(codes: Codes) -> usize {
    bosch::skipped(codes) + usize::from(codes[6..] == [0x80, 0])
}

impl From<Error<BusError>> for Trouble {
    fn from(error: Error<BusError>) -> Self {
        match error {
            Error::Bus(error) => Trouble::Bus(error),
            // The id was right a moment ago, so this was noise, as is a mode that does not exist.
            Error::UnsupportedChip | Error::NoCalibrationData | Error::Delay => Trouble::Garbled,
            Error::InvalidData | Error::CompensationFailed => Trouble::Nonsense,
        }
    }
}
