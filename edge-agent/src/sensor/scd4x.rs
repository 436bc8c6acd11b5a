//! Sensirion's SCD40 and SCD41: carbon dioxide, temperature and humidity, by the `scd4x` crate, which checks every
//! checksum.
//!
//! The chip measures by itself, every 5 or 30 s, and says when it has something new; between two measurements
//! there is no value. One that lost power no longer measures, and so has nothing new: after three intervals it
//! is set up again, with all its settings.

use super::{
    bounded::Whole,
    chip::{Chip, Codes, Quantity, Session as ChipSession, Trouble},
    config::chip_config,
};
use crate::{
    bus::{BusError, SharedBus},
    clock::Moment,
};
use protocol::Unit;
use scd4x::{Error, Scd4x as Driver};
use std::time::Duration;

/// What the chip takes for loading its settings: more than the driver waits.
const REINIT_TAKES: Duration = Duration::from_millis(30);
/// Without anything new for so many intervals it does not measure.
const PATIENCE: u64 = 3;

chip_config! {
    /// An SCD40 or SCD41. Its address is 0x62.
    Scd4xConfig, "scd4x" at 0x62 of [0x62], is_told_altitude {
        /// Measures every 30 s instead of every 5, with a fifth of the current.
        low_power: bool = false,
        /// Takes the lowest value of each week for fresh air. Turn it off where there is none for weeks.
        self_calibration: bool = true,
        /// Pressure of the air in hectopascal, if it is better known than by the altitude.
        pressure_hectopascal: Option<Whole<700, 1200>> = None,
        /// Degrees that the chip is warmer than the air around its case: 0 to 20. 4 when not given.
        temperature_offset_celsius: Option<Whole<0, 20>> = None,
    }
}

impl Scd4xConfig {
    fn chip(&self, bus: SharedBus) -> Box<dyn Chip> {
        Box::new(Scd4x { config: self.clone(), bus })
    }

    fn interval_ms(&self) -> u64 {
        if self.low_power { 30_000 } else { 5_000 }
    }
}

struct Scd4x {
    config: Scd4xConfig,
    bus: SharedBus,
}

impl Chip for Scd4x {
    fn title(&self) -> String {
        self.config.title("SCD4x")
    }

    fn quantities(&self) -> Vec<Quantity> {
        vec![
            // A breath multiplies it.
            Quantity::gauge("carbon_dioxide", Unit::PartsPerMillion, 1.0..=40_000.0, 0),
            Quantity::gauge("temperature", Unit::Celsius, -10.0..=60.0, 2).with_jump(10.0),
            Quantity::gauge("humidity", Unit::Percent, 0.0..=100.0, 2).with_jump(30.0),
        ]
    }

    fn bus(&self) -> Option<&SharedBus> {
        Some(&self.bus)
    }

    fn open(&self) -> Result<Box<dyn ChipSession>, Trouble> {
        let config = &self.config;
        let mut driver = Driver::new(self.bus.clone(), self.bus.clone());
        // It may still measure from the last time, and then takes no settings.
        driver.stop_periodic_measurement()?;
        driver.reinit()?;
        self.bus.wait(REINIT_TAKES);
        let serial = driver.serial_number()?;
        if matches!(serial, 0 | 0xFFFF_FFFF_FFFF) {
            return Err(Trouble::WrongChip(format!("a serial number of {serial:#014x} is not an SCD4x's")));
        }
        driver.set_automatic_self_calibration(config.self_calibration)?;
        if let Some(meters) = config.altitude_meters {
            // The chip takes no others.
            driver.set_altitude(meters.get().clamp(0.0, 3000.0) as u16)?;
        }
        if let Some(offset) = config.temperature_offset_celsius {
            driver.set_temperature_offset(offset.get().into())?;
        }
        if let Some(pressure) = config.pressure_hectopascal {
            driver.set_ambient_pressure(pressure.get())?;
        }
        if config.low_power {
            driver.start_low_power_periodic_measurements()?;
        } else {
            driver.start_periodic_measurement()?;
        }
        Ok(Box::new(Session { driver, interval_ms: config.interval_ms(), since_ms: None }))
    }
}

struct Session {
    driver: Driver<SharedBus, SharedBus>,
    interval_ms: u64,
    /// When it last had something new, or began to measure.
    since_ms: Option<u64>,
}

impl ChipSession for Session {
    fn measure(&mut self, at: Moment, values: &mut [Option<f64>]) -> Result<Codes, Trouble> {
        let since_ms = *self.since_ms.get_or_insert(at.monotonic_ms);
        if !self.driver.data_ready_status()? {
            let silent_ms = at.monotonic_ms.saturating_sub(since_ms);
            return if silent_ms > PATIENCE * self.interval_ms {
                Err(Trouble::Slow)
            } else {
                Ok(Codes::default())
            };
        }
        self.since_ms = Some(at.monotonic_ms);
        let raw = self.driver.sensor_output()?;
        if raw.co2 == 0 {
            return Err(Trouble::Skipped);
        }
        let readings = [f64::from(raw.co2), celsius(raw.temperature), percent(raw.humidity)];
        values.copy_from_slice(&readings.map(Some));
        let ([c1, c2], [t1, t2], [h1, h2]) =
            (raw.co2.to_be_bytes(), raw.temperature.to_be_bytes(), raw.humidity.to_be_bytes());
        Ok([c1, c2, t1, t2, h1, h2, 0, 0])
    }
}

/// Degrees Celsius, by section 3.6.2 of the data sheet.
fn celsius(code: u16) -> f64 {
    -45.0 + 175.0 * f64::from(code) / 65_535.0
}

/// Percent of relative humidity, by the same section.
fn percent(code: u16) -> f64 {
    100.0 * f64::from(code) / 65_535.0
}

impl From<Error<BusError>> for Trouble {
    fn from(error: Error<BusError>) -> Self {
        match error {
            Error::I2c(error) => Trouble::Bus(error),
            Error::Crc => Trouble::Checksum,
            // Of commands that are not given here.
            Error::SelfTest | Error::NotAllowed | Error::Internal => Trouble::Nonsense,
        }
    }
}
