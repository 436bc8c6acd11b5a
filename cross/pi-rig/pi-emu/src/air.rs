//! The surroundings: what the sensor is exposed to, and how that changes.

use std::f64::consts::TAU;

/// The air at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Air {
    pub celsius: f64,
    pub hectopascal: f64,
    pub percent: f64,
}

/// xorshift64*: the same numbers for the same seed, which is what a test wants.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        // The one state that it would never leave is 0.
        Self(seed | 1)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn byte(&mut self) -> u8 {
        self.bits().to_be_bytes()[0]
    }

    /// From 0 up to, but not including, 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Near enough to a normal distribution of deviation 1, and never beyond 6.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// One quantity of the air over time.
pub struct Quantity {
    from: f64,
    to: f64,
    /// When it began to go there, and how many seconds it takes.
    since: f64,
    over: f64,
    /// Amplitude and period of a swing around it.
    pub swing: (f64, f64),
    /// Standard deviation of its noise.
    pub noise: f64,
}

impl Quantity {
    pub fn new(value: f64, noise: f64) -> Self {
        Self { from: value, to: value, since: 0.0, over: 0.0, swing: (0.0, 60.0), noise }
    }

    fn without_swing(&self, now: f64) -> f64 {
        let done = if self.over > 0.0 { ((now - self.since) / self.over).clamp(0.0, 1.0) } else { 1.0 };
        self.from + (self.to - self.from) * done
    }

    /// Its value, without noise.
    pub fn at(&self, now: f64) -> f64 {
        let (amplitude, period) = self.swing;
        self.without_swing(now) + amplitude * (TAU * now / period).sin()
    }

    /// Goes to a value within `over` seconds.
    pub fn go(&mut self, to: f64, now: f64, over: f64) {
        self.from = self.without_swing(now);
        (self.to, self.since, self.over) = (to, now, over);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_goes_from_where_it_is() {
        let mut quantity = Quantity::new(20.0, 0.0);
        quantity.go(30.0, 100.0, 10.0);
        assert_eq!(
            [95.0, 100.0, 105.0, 110.0, 200.0].map(|now| quantity.at(now)),
            [20.0, 20.0, 25.0, 30.0, 30.0]
        );
        quantity.go(20.0, 105.0, 0.0);
        assert_eq!(quantity.at(105.0), 20.0);
    }

    #[test]
    fn a_swing_goes_up_and_down_around_it() {
        let mut quantity = Quantity::new(20.0, 0.0);
        quantity.swing = (2.0, 60.0);
        assert!((quantity.at(15.0) - 22.0).abs() < 1e-9 && (quantity.at(45.0) - 18.0).abs() < 1e-9);
    }

    #[test]
    fn noise_is_repeatable_and_bounded() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            (0..100).map(|_| random.normal()).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(9));
        let mut random = Random::new(0);
        assert!((0..10_000).all(|_| random.normal().abs() <= 6.0));
    }
}
