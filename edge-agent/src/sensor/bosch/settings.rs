//! Oversampling and filter: what an owner may choose, and the registers' bits for it.

use super::Trouble;
use bme280::IIRFilter;
use serde::Deserialize;
use std::time::Duration;

/// How often a quantity is converted for one measurement: 1, 2, 4, 8 or 16 times.
///
/// Noise falls with the square root of it, resolution grows by a bit with each doubling from 16 bits on, and
/// the measurement takes 2.3 ms longer for each conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "i64")]
pub struct Oversampling(u8);

impl Oversampling {
    /// Converted once, which is what weather needs.
    pub const ONCE: Self = Self(1);

    /// The register's three bits.
    fn bits(self) -> u8 {
        // One bit is set, at place 0 to 4.
        1 + self.0.trailing_zeros() as u8
    }
}

impl TryFrom<i64> for Oversampling {
    type Error = String;
    fn try_from(times: i64) -> Result<Self, String> {
        match times {
            1 => Ok(Self(1)),
            2 => Ok(Self(2)),
            4 => Ok(Self(4)),
            8 => Ok(Self(8)),
            16 => Ok(Self(16)),
            _ => Err(format!("{times} is no oversampling: give 1, 2, 4, 8 or 16")),
        }
    }
}

impl From<Oversampling> for bme280::Oversampling {
    fn from(Oversampling(times): Oversampling) -> Self {
        match times {
            16 => Self::Oversampling16X,
            8 => Self::Oversampling8X,
            4 => Self::Oversampling4X,
            2 => Self::Oversampling2X,
            _ => Self::Oversampling1X,
        }
    }
}

/// The chip's low-pass filter of temperature and pressure: 0 is off, otherwise a new measurement counts for
/// one part in 2, 4, 8 or 16, the value before for the rest.
///
/// It is meant for many measurements a second. At one in 5 s a filter of 16 lags minutes behind, and where
/// humidity is measured, it is corrected by that late temperature (by some 0.2 % for each degree).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "i64")]
pub struct Filter(u8);

impl Filter {
    /// No filter: each value is of its own measurement.
    pub const OFF: Self = Self(0);

    fn bits(self) -> u8 {
        match self.0 {
            0 => 0,
            coefficient => coefficient.trailing_zeros() as u8,
        }
    }
}

impl TryFrom<i64> for Filter {
    type Error = String;
    fn try_from(coefficient: i64) -> Result<Self, String> {
        match coefficient {
            0 => Ok(Self(0)),
            2 => Ok(Self(2)),
            4 => Ok(Self(4)),
            8 => Ok(Self(8)),
            16 => Ok(Self(16)),
            _ => Err(format!("{coefficient} is no filter: give 0 for none, 2, 4, 8 or 16")),
        }
    }
}

impl From<Filter> for IIRFilter {
    fn from(Filter(coefficient): Filter) -> Self {
        match coefficient {
            16 => Self::Coefficient16,
            8 => Self::Coefficient8,
            4 => Self::Coefficient4,
            2 => Self::Coefficient2,
            _ => Self::Off,
        }
    }
}

/// Everything that is set in a chip.
#[derive(Debug, Clone, Copy)]
pub(in crate::sensor) struct Settings {
    pub(in crate::sensor) temperature: Oversampling,
    pub(in crate::sensor) pressure: Oversampling,
    /// `None` for a chip without humidity.
    pub(in crate::sensor) humidity: Option<Oversampling>,
    pub(in crate::sensor) filter: Filter,
}

impl Settings {
    /// What the register `ctrl_hum` must hold, where there is one.
    fn ctrl_hum(self) -> u8 {
        self.humidity.map_or(0, Oversampling::bits)
    }

    /// The register `ctrl_meas` while the chip sleeps, as it does when a forced measurement is done.
    pub(in crate::sensor) fn asleep(self) -> u8 {
        self.temperature.bits() << 5 | self.pressure.bits() << 2
    }

    /// The register `ctrl_meas` that starts a measurement, and holds this while it runs.
    pub(in crate::sensor) fn forced(self) -> u8 {
        self.asleep() | 0b01
    }

    /// The register `config`: the filter. The pauses of normal mode do not matter, and the three-wire bus is off.
    pub(in crate::sensor) fn config(self) -> u8 {
        self.filter.bits() << 2
    }

    /// What `ctrl_hum`, `ctrl_meas` and `config` of a sleeping chip hold, reserved bits apart, must be this. A
    /// chip without humidity has no `ctrl_hum`: 0 stands for it.
    ///
    /// # Errors
    /// When the chip was reset since, or holds what nobody set.
    pub(in crate::sensor) fn check(self, [ctrl_hum, ctrl_meas, config]: [u8; 3]) -> Result<(), Trouble> {
        let found = [ctrl_hum & 0b111, ctrl_meas, config & 0b1111_1101];
        if found == [self.ctrl_hum(), self.asleep(), self.config()] {
            Ok(())
        } else if found == [0; 3] {
            Err(Trouble::Reset)
        } else {
            Err(Trouble::Settings(found.to_vec()))
        }
    }

    /// The longest that a measurement takes: 1.25 ms, 2.3 ms for each conversion, and 0.575 ms each for pressure
    /// and humidity (Bosch, BME280 data sheet, appendix 9.1; the BMP280's table 13 has the same figures), in
    /// whole milliseconds.
    pub(in crate::sensor) fn longest(self) -> Duration {
        let conversions = |times: Oversampling| 2300 * u64::from(times.0);
        let humidity = self.humidity.map_or(0, |times| conversions(times) + 575);
        let us = 1250 + conversions(self.temperature) + conversions(self.pressure) + 575 + humidity;
        Duration::from_millis(us.div_ceil(1000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(temperature: u8, pressure: u8, humidity: Option<u8>) -> Settings {
        Settings {
            temperature: Oversampling(temperature),
            pressure: Oversampling(pressure),
            humidity: humidity.map(Oversampling),
            filter: Filter::OFF,
        }
    }

    #[test]
    fn durations_are_those_of_the_data_sheets() {
        // BMP280, table 13, maximum: 6.4, 8.7, 13.3, 22.5 and 43.2 ms.
        for (pressure, temperature, ms) in [(1, 1, 7), (2, 1, 9), (4, 1, 14), (8, 1, 23), (16, 2, 44)] {
            assert_eq!(settings(temperature, pressure, None).longest(), Duration::from_millis(ms));
        }
        // BME280, 9.1: 9.3 ms for one of each, 112.8 ms for sixteen.
        assert_eq!(settings(1, 1, Some(1)).longest(), Duration::from_millis(10));
        assert_eq!(settings(16, 16, Some(16)).longest(), Duration::from_millis(113));
    }

    #[test]
    fn bits_are_those_of_the_data_sheet() {
        let all = Settings { filter: Filter(16), ..settings(2, 16, Some(8)) };
        assert_eq!(
            [all.ctrl_hum(), all.asleep(), all.forced()],
            [0b100, 0b010 << 5 | 0b101 << 2, 0b010 << 5 | 0b101 << 2 | 1]
        );
        assert_eq!(all.config(), 0b100 << 2);
        let bits = [0, 2, 4, 8, 16].map(|coefficient| Filter(coefficient).bits());
        assert_eq!(bits, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn only_numbers_that_exist_are_taken() {
        for bad in [-1, 0, 3, 32, 256 + 1] {
            let error = Oversampling::try_from(bad).unwrap_err();
            assert!(error.contains(&bad.to_string()) && error.contains("16"), "{error}");
        }
        for bad in [-2, 1, 3, 32, 256] {
            assert!(Filter::try_from(bad).unwrap_err().contains("0 for none"));
        }
    }

    #[test]
    fn lost_settings_are_told_from_foreign_ones() {
        let ours = settings(1, 1, Some(1));
        assert!(ours.check([0xF9, 0b0010_0100, 0b10]).is_ok(), "reserved bits do not count");
        assert!(matches!(ours.check([0; 3]), Err(Trouble::Reset)));
        assert!(matches!(ours.check([1, 0b0010_0100, 4]), Err(Trouble::Settings(_))));
        assert!(matches!(ours.check([0, 0b0010_0100, 0]), Err(Trouble::Settings(_))));
    }
}
