//! The air around a simulated sensor.

use std::f64::consts::TAU;

const DAY_MS: f64 = 86_400_000.0;

/// The air at one place and moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Air {
    /// Temperature in degrees Celsius.
    pub celsius: f64,
    /// Pressure in hectopascal.
    pub hectopascal: f64,
    /// Relative humidity in percent.
    pub percent: f64,
}

impl Air {
    /// The air of a temperate spring at a wall time: warmest at three in the afternoon (UTC), driest when
    /// it is warmest, pressure with fronts every few days and the small half-daily tide.
    pub(super) fn at(time_ms: i64, seed: u64) -> Self {
        let days = time_ms as f64 / DAY_MS + place(seed);
        let wave = |period_days: f64, peak_day: f64| ((days - peak_day) / period_days * TAU).cos();
        let warmth = 5.5 * wave(1.0, 15.0 / 24.0) + 2.5 * wave(5.3, 2.0);
        Self {
            celsius: 14.0 + warmth,
            hectopascal: 1013.0 + 8.0 * wave(4.1, 1.0) + 0.9 * wave(0.5, 10.0 / 24.0),
            percent: 66.0 - 3.0 * warmth + 5.0 * wave(4.1, 3.0),
        }
    }

    /// By how much one conversion deviates from the air: new at every moment, yet the same for the same one.
    pub(super) fn noise(now_us: u64, seed: u64) -> Self {
        let noise = |channel: u64| uniform(now_us ^ seed.rotate_left(17) ^ (channel << 60));
        Self { celsius: 0.02 * noise(1), hectopascal: 0.04 * noise(2), percent: 0.1 * noise(3) }
    }
}

/// How far a place is from Greenwich, in days: less than an hour, so that the curve stays that of the day.
fn place(seed: u64) -> f64 {
    uniform(seed) / 24.0
}

/// -1 to 1, scattered evenly by the finalizer of splitmix64.
fn uniform(seed: u64) -> f64 {
    let mut bits = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^= bits >> 31;
    bits as f64 / u64::MAX as f64 * 2.0 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    #[test]
    fn afternoons_are_warmer_and_drier_than_nights() {
        for day in 0..30 {
            let night = Air::at((day * 24 + 3) * HOUR_MS, 7);
            let afternoon = Air::at((day * 24 + 15) * HOUR_MS, 7);
            assert!(afternoon.celsius > night.celsius + 5.0, "{night:?} {afternoon:?}");
            assert!(afternoon.percent < night.percent - 10.0, "{night:?} {afternoon:?}");
        }
    }

    #[test]
    fn the_air_stays_within_what_weather_does() {
        for hour in 0..24 * 400 {
            let air = Air::at(1_700_000_000_000 + hour * HOUR_MS, 42);
            assert!((0.0..30.0).contains(&air.celsius), "{air:?}");
            assert!((995.0..1030.0).contains(&air.hectopascal), "{air:?}");
            assert!((20.0..99.0).contains(&air.percent), "{air:?}");
        }
    }

    #[test]
    fn noise_changes_and_stays_small() {
        let noisy: Vec<f64> = (0..1000).map(|us| Air::noise(us, 1).celsius).collect();
        assert!(noisy.iter().all(|n| n.abs() <= 0.02));
        assert!(noisy.windows(2).all(|pair| pair[0] != pair[1]));
        assert!((noisy.iter().sum::<f64>() / 1000.0).abs() < 0.002);
    }
}
