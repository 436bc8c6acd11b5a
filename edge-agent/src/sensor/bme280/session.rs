//! The `bme280` crate's driver, made truthful from outside.
//!
//! The driver believes whatever comes over the bus. So beside it, on the same bus:
//! - the chip id is checked before each measurement, for the driver takes a BMP280 as well
//! - the calibration and the data are read a second time and must be what the driver read
//! - the settings must be ours before and after each measurement: a chip that lost power has none. (It also
//!   keeps the driver from meeting a busy chip, which it would reset and then misread.)
//! - the end of a measurement is when the chip says so, not after a fixed time
//! - the chip must have been seen measuring, or its data have changed: data left from the last time are no
//!   new ones
//! - the codes of what was skipped, the ends of the converters and of the data sheet's ranges are refused

use super::{Codes, Trouble};
use crate::bus::{BusError, SharedBus};
use bme280::{Configuration, Error, IIRFilter, Oversampling, i2c::BME280};
use embedded_hal::delay::DelayNs;
use std::time::Duration;

const ID: u8 = 0xD0;
const LOW_CALIBRATION: u8 = 0x88;
const HIGH_CALIBRATION: u8 = 0xE1;
const CTRL_HUM: u8 = 0xF2;
const STATUS: u8 = 0xF3;
const DATA: u8 = 0xF7;

const CHIP_ID: u8 = 0x60;
/// `ctrl_hum`, `ctrl_meas` and `config` as weather wants them: each quantity converted once, no filter, and
/// asleep, as it is when a forced measurement is done.
const SETTINGS: [u8; 3] = [0b001, 0b0010_0100, 0];
/// `ctrl_meas` while a measurement runs.
const FORCED: u8 = SETTINGS[1] | 1;
const AFTER_RESET: [u8; 3] = [0; 3];

/// Bits of the status register: a conversion runs, the calibration is being copied.
const MEASURING: u8 = 0b1000;
const BUSY: u8 = 0b1001;

/// The data sheet's longest measurement at these settings is 9.3 ms.
const CONVERSION: Duration = Duration::from_millis(10);
const POLL: Duration = Duration::from_millis(2);
const POLLS: u32 = 20;
/// How often a code that only looks like a skipped one may come before it is taken for one.
const ATTEMPTS: u32 = 3;

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
    /// What the data registers held before this measurement.
    last: Codes,
}

impl Session {
    /// Resets the chip, reads its calibration and sets it up.
    pub(super) fn open(bus: &SharedBus, address: u8) -> Result<Self, Trouble> {
        let driver = BME280::new(bus.clone(), address);
        let mut session = Self { driver, bus: bus.clone(), address, last: Codes::default() };
        session.check_id()?;
        let mut settling = Settling::new(bus, address);
        let configuration = Configuration::default()
            .with_temperature_oversampling(Oversampling::Oversampling1X)
            .with_pressure_oversampling(Oversampling::Oversampling1X)
            .with_humidity_oversampling(Oversampling::Oversampling1X)
            .with_iir_filter(IIRFilter::Off);
        session.driver.init_with_config(&mut settling, configuration)?;
        settling.finish()?;
        session.check_calibration()?;
        session.last = bus.read(address, DATA)?;
        Ok(session)
    }

    /// Measures once and checks everything.
    pub(super) fn measure_once(&mut self) -> Result<Measured, Trouble> {
        for _ in 1..ATTEMPTS {
            match self.attempt() {
                // A single code may be the one of a skipped measurement by chance, at 26.46 degrees for
                // the chip of Bosch's example. Then it is another one soon.
                Err(Trouble::Skipped) if skipped(self.last) < 3 => {}
                done => return done,
            }
        }
        self.attempt()
    }

    fn attempt(&mut self) -> Result<Measured, Trouble> {
        self.check_id()?;
        let [ctrl_hum, status, ctrl_meas, config] = self.bus.read(self.address, CTRL_HUM)?;
        check_settings([ctrl_hum, ctrl_meas, config])?;
        if status & BUSY != 0 {
            return Err(Trouble::Slow);
        }

        let mut settling = Settling::new(&self.bus, self.address);
        let measured = self.driver.measure(&mut settling)?;
        let seen_measuring = settling.finish()?;

        let [ctrl_hum, status, ctrl_meas, config, _, codes @ ..]: [u8; 13] =
            self.bus.read(self.address, CTRL_HUM)?;
        check_settings([ctrl_hum, ctrl_meas, config])?;
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
        match self.bus.read(self.address, ID)? {
            [CHIP_ID] => Ok(()),
            [other] => Err(wrong_chip(other)),
        }
    }

    fn check_calibration(&self) -> Result<(), Trouble> {
        let low: [u8; 26] = self.bus.read(self.address, LOW_CALIBRATION)?;
        let high: [u8; 7] = self.bus.read(self.address, HIGH_CALIBRATION)?;
        let same = low == self.bus.believed(LOW_CALIBRATION) && high == self.bus.believed(HIGH_CALIBRATION);
        // A line that is held, or a memory that was never written, is the same twice.
        let blank = low.iter().all(|byte| *byte == low[0]);
        if same && !blank { Ok(()) } else { Err(Trouble::Garbled) }
    }
}

impl Measured {
    /// Within what the data sheet says that the chip measures. The driver clamps to these ranges, so their
    /// ends are no values either; but a humidity of 100 is: it is that of fog, and Bosch's own code clamps to
    /// it as well.
    fn in_range(&self) -> bool {
        let Self { celsius, pascal, percent, codes } = self;
        let [p1, p2, p3, t1, t2, t3, humidity @ ..] = *codes;
        let at_an_end = |code: u32| matches!(code, 0 | 0xFF_FFF0 | 0xFF_FF00);
        let converted = [[0, p1, p2, p3], [0, t1, t2, t3]].map(u32::from_be_bytes);
        *celsius > -40.0
            && *celsius < 85.0
            && *pascal > 30_000.0
            && *pascal < 110_000.0
            && *percent > 0.0
            && *percent <= 100.0
            && !converted.into_iter().any(at_an_end)
            && !matches!(humidity, [0, 0] | [0xFF, 0xFF])
    }

    fn out_of_range(&self) -> Trouble {
        let Self { celsius, pascal, percent, .. } = *self;
        let (what, value) = if !(-40.0..85.0).contains(&celsius) {
            ("temperature", celsius)
        } else if !(0.0..=100.0).contains(&percent) {
            ("humidity", percent)
        } else {
            ("pressure", pascal / 100.0)
        };
        Trouble::OutOfRange { what: what.to_owned(), value: value.into() }
    }
}

/// The settings that the chip has, reserved bits apart, must be ours.
fn check_settings([ctrl_hum, ctrl_meas, config]: [u8; 3]) -> Result<(), Trouble> {
    match [ctrl_hum & 0b111, ctrl_meas, config & 0b1111_1101] {
        SETTINGS => Ok(()),
        AFTER_RESET => Err(Trouble::Reset),
        other => Err(Trouble::Settings(other.to_vec())),
    }
}

/// How many of the three codes are those of a skipped measurement.
fn skipped([p1, p2, p3, t1, t2, t3, h1, h2]: Codes) -> usize {
    let converted = [[p1, p2, p3 & 0xF0] == [0x80, 0, 0], [t1, t2, t3 & 0xF0] == [0x80, 0, 0]];
    converted.into_iter().chain([[h1, h2] == [0x80, 0]]).filter(|skipped| *skipped).count()
}

fn wrong_chip(id: u8) -> Trouble {
    let hint = match id {
        0x56..=0x58 => " but a BMP280's, which has no humidity: set kind = \"bmp280\"",
        0x55 => " but a BMP180's: set kind = \"bmp180\"",
        0x61 => " but a BME680's",
        0x00 | 0xFF => "; rather than a chip this looks like a line that is held",
        _ => "",
    };
    Trouble::WrongChip(format!("chip id {id:#04x} is not a BME280's 0x60{hint}"))
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

/// What the driver calls a delay: waiting until the chip says that it is done.
struct Settling<'a> {
    bus: &'a SharedBus,
    address: u8,
    seen_measuring: bool,
    last: Result<bool, BusError>,
}

impl<'a> Settling<'a> {
    fn new(bus: &'a SharedBus, address: u8) -> Self {
        Self { bus, address, seen_measuring: false, last: Ok(true) }
    }

    /// Whether the chip was seen measuring, once it is done.
    fn finish(self) -> Result<bool, Trouble> {
        if self.last? { Ok(self.seen_measuring) } else { Err(Trouble::Slow) }
    }

    /// Whether to go on waiting: the chip is not done, or starts and so may not even answer. Not so when the
    /// bus is in trouble, where each try may take a second.
    fn busy(&mut self) -> bool {
        self.last = self.bus.read(self.address, STATUS).map(|[status, ctrl_meas]: [u8; 2]| {
            // Both registers must say so, for one bit of noise must not make old data new.
            self.seen_measuring |= status & MEASURING != 0 && ctrl_meas == FORCED;
            status & BUSY == 0
        });
        matches!(self.last, Ok(false) | Err(BusError::NoAcknowledge))
    }
}

impl DelayNs for Settling<'_> {
    fn delay_ns(&mut self, ns: u32) {
        let asked = Duration::from_nanos(ns.into());
        // The driver gives a measurement 40 ms, and a reset 2. That the first look after the start finds the
        // chip at rest may be for having come too early: then it is given its time as well.
        if asked > CONVERSION && !self.busy() && self.last.is_err() {
            return;
        }
        self.bus.wait(asked.min(CONVERSION));
        for _ in 0..POLLS {
            if !self.busy() {
                return;
            }
            self.bus.wait(POLL);
        }
    }
}
