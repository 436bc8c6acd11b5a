//! Water in the air, from temperature and relative humidity.
//!
//! Relative humidity is over water also below freezing, as meteorology and the chips' makers have it, and so is
//! the dew point.

use std::ops::RangeInclusive;

/// Coefficients of the Magnus formula over water: D. Sonntag, 1990, as in WMO-No. 8, volume I, annex 4.B.
/// Vapour pressure at 0 degrees in hectopascal, a factor, and degrees.
const MAGNUS: (f64, f64, f64) = (6.112, 17.62, 243.12);
/// Where these coefficients hold, in degrees.
const HOLDS: RangeInclusive<f64> = -45.0..=60.0;
/// The mass of vapour in a cubic metre for its pressure: 100 000 g Pa/(kg hPa) by the gas constant of water
/// vapour, 461.52 J/(kg K).
const GRAMS: f64 = 100_000.0 / 461.52;
const ZERO_KELVIN: f64 = -273.15;

/// Pressure of vapour over water, saturated, in hectopascal: 6.112 exp(17.62 t / (243.12 + t)).
fn saturated(celsius: f64) -> f64 {
    let (at_zero, factor, degrees) = MAGNUS;
    at_zero * (factor * celsius / (degrees + celsius)).exp()
}

/// Dew point in degrees Celsius: where this air's vapour is saturated, by the Magnus formula the other way
/// round. `None` where the formula does not hold, and where there is no humidity to speak of.
pub(super) fn dew_point(celsius: f64, percent: f64) -> Option<f64> {
    let (_, factor, degrees) = MAGNUS;
    if !HOLDS.contains(&celsius) || percent <= 0.0 {
        return None;
    }
    let exponent = (percent / 100.0).ln() + factor * celsius / (degrees + celsius);
    let dew_point = degrees * exponent / (factor - exponent);
    HOLDS.contains(&dew_point).then_some(dew_point)
}

/// Grams of water vapour in a cubic metre of air: vapour as an ideal gas, e / (461.52 J/(kg K) T), with e by
/// the Magnus formula. `None` where that does not hold.
pub(super) fn absolute(celsius: f64, percent: f64) -> Option<f64> {
    let vapour = saturated(celsius) * percent / 100.0;
    HOLDS.contains(&celsius).then(|| GRAMS * vapour / (celsius - ZERO_KELVIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64, share: f64) {
        assert!((found / expected - 1.0).abs() < share, "{found} instead of {expected}");
    }

    #[test]
    fn vapour_pressures_are_those_of_the_tables() {
        // Smithsonian Meteorological Tables (Goff and Gratch), over water.
        for (celsius, hectopascal) in [
            (-40.0, 0.1891),
            (-20.0, 1.2540),
            (-10.0, 2.8627),
            (0.0, 6.1078),
            (10.0, 12.272),
            (20.0, 23.373),
            (30.0, 42.430),
            (40.0, 73.777),
            (50.0, 123.40),
            (60.0, 199.26),
        ] {
            close(saturated(celsius), hectopascal, 0.007);
        }
    }

    #[test]
    fn dew_points_are_those_of_the_tables() {
        for (celsius, percent, expected) in [
            (20.0, 100.0, 20.0),
            (20.0, 50.0, 9.3),
            (25.0, 60.0, 16.7),
            (30.0, 80.0, 26.2),
            (10.0, 70.0, 4.8),
            (-10.0, 80.0, -12.8),
        ] {
            let found = dew_point(celsius, percent).unwrap();
            assert!((found - expected).abs() < 0.06, "{celsius} {percent}: {found}");
        }
    }

    #[test]
    fn saturated_air_holds_the_grams_of_the_tables() {
        for (celsius, grams) in [(-10.0, 2.36), (0.0, 4.85), (10.0, 9.40), (20.0, 17.3), (30.0, 30.4)] {
            close(absolute(celsius, 100.0).unwrap(), grams, 0.006);
            close(absolute(celsius, 50.0).unwrap(), grams / 2.0, 0.006);
        }
    }

    #[test]
    fn where_the_formula_does_not_hold_there_is_no_value() {
        for (celsius, percent) in [(60.1, 10.0), (-45.1, 50.0), (20.0, 0.0), (-40.0, 20.0)] {
            assert_eq!(dew_point(celsius, percent), None, "{celsius} {percent}");
        }
        assert_eq!(absolute(60.1, 10.0), None);
        assert_eq!(absolute(-45.1, 10.0), None);
        assert!(absolute(20.0, 0.0).is_some());
    }
}
