//! The pressure at sea level, as weather reports have it.

use protocol::SensorId;
use serde::Deserialize;
use std::ops::RangeInclusive;

/// Altitudes that people live and measure at: from below the Dead Sea to above the highest mountain.
const ALTITUDES: RangeInclusive<f64> = -500.0..=9000.0;
/// The lowest and highest that were ever measured are 870 and 1085 hPa.
const PLAUSIBLE: RangeInclusive<f64> = 850.0..=1100.0;

/// The standard atmosphere of the ICAO (Doc 7488): pressure and temperature at sea level in hectopascal and
/// kelvin, its fall in kelvin in a metre, and the gas constant of air times that fall by the gravity.
const PRESSURE: f64 = 1013.25;
const KELVIN: f64 = 288.15;
const LAPSE: f64 = 0.0065;
const EXPONENT: f64 = 287.052_87 * LAPSE / 9.806_65;

/// How high a sensor is, in metres above the sea.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Altitude(f64);

impl Altitude {
    /// The metres.
    pub(in crate::sensor) fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Altitude {
    type Error = String;
    fn try_from(meters: f64) -> Result<Self, String> {
        if ALTITUDES.contains(&meters) {
            Ok(Self(meters))
        } else {
            Err(format!("{meters} is no altitude: give the metres above the sea, -500 to 9000"))
        }
    }
}

/// The reduction from one altitude.
pub(super) struct SeaLevel {
    altitude: Altitude,
    /// Whether the log has been told of the altitude's being wrong.
    told: bool,
}

impl SeaLevel {
    pub(super) fn new(altitude: Altitude) -> Self {
        Self { altitude, told: false }
    }

    /// The pressure at sea level in hectopascal: the QNH of aviation, which is what a column of standard air would
    /// have at its foot. With n = R L / g:
    ///
    /// p0 = P ((p / P)^n + L h / T)^(1/n)
    ///
    /// (WMO-No. 8, volume I, chapter 3, and ICAO Doc 7488.) It takes no temperature, for that of a sensor in a
    /// room would make it wrong. `None` if the result was never seen on Earth: then the altitude is wrong, which
    /// the log is told once.
    pub(super) fn reduce(&mut self, hectopascal: f64, sensor: &SensorId) -> Option<f64> {
        let Altitude(meters) = self.altitude;
        let reduced = PRESSURE
            * ((hectopascal / PRESSURE).powf(EXPONENT) + LAPSE * meters / KELVIN).powf(EXPONENT.recip());
        let plausible = PLAUSIBLE.contains(&reduced);
        if !plausible && !self.told {
            tracing::warn!(
                %sensor,
                "{hectopascal} hPa would be {reduced:.0} hPa at sea level, which is left out: is altitude_meters = {meters} right?"
            );
        }
        self.told = !plausible;
        plausible.then_some(reduced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reduce(hectopascal: f64, meters: f64) -> Option<f64> {
        let mut reduction = SeaLevel::new(Altitude::try_from(meters).unwrap());
        reduction.reduce(hectopascal, &"bme280".parse().unwrap())
    }

    #[test]
    fn standard_air_has_standard_pressure_at_sea_level() {
        // ICAO Doc 7488: altitude and pressure of the standard atmosphere.
        for (meters, hectopascal) in [
            (-200.0, 1037.51),
            (0.0, 1013.25),
            (500.0, 954.61),
            (1000.0, 898.75),
            (2000.0, 794.95),
            (3000.0, 701.09),
        ] {
            let found = reduce(hectopascal, meters).unwrap();
            assert!((found - 1013.25).abs() < 0.02, "{meters} m: {found}");
        }
    }

    #[test]
    fn an_altimeter_set_to_it_shows_the_altitude() {
        // The other way round: what the altimeter's scale, in metres of standard air, shows for each pressure.
        let scale = |hectopascal: f64| 44_330.77 * (1.0 - (hectopascal / 1013.25).powf(0.190_263));
        for (hectopascal, meters) in [(980.0, 500.0), (850.0, 1200.0), (1005.0, 30.0), (600.0, 4000.0)] {
            let found = reduce(hectopascal, meters).unwrap();
            assert!(
                (scale(hectopascal) - scale(found) - meters).abs() < 0.1,
                "{hectopascal} {meters}: {found}"
            );
        }
    }

    #[test]
    fn a_wrong_altitude_gives_no_value() {
        assert_eq!(reduce(1013.0, 3000.0), None);
        assert_eq!(reduce(700.0, 0.0), None);
    }

    #[test]
    fn impossible_altitudes_are_refused() {
        for meters in [-501.0, 9001.0, f64::NAN, f64::INFINITY] {
            assert!(Altitude::try_from(meters).unwrap_err().contains("-500 to 9000"));
        }
    }
}
