//! Numbers in the config that have bounds.

use serde::Deserialize;

/// A whole number from `LEAST` to `MOST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "i64")]
pub struct Whole<const LEAST: u16, const MOST: u16>(u16);

impl<const LEAST: u16, const MOST: u16> Whole<LEAST, MOST> {
    /// The number.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl<const LEAST: u16, const MOST: u16> TryFrom<i64> for Whole<LEAST, MOST> {
    type Error = String;
    fn try_from(number: i64) -> Result<Self, String> {
        match u16::try_from(number) {
            Ok(number) if (LEAST..=MOST).contains(&number) => Ok(Self(number)),
            _ => Err(format!("{number} cannot be: it takes {LEAST} to {MOST}")),
        }
    }
}

/// A number above zero, and no more than `MOST`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Positive<const MOST: u16>(f64);

impl<const MOST: u16> Positive<MOST> {
    /// A number that is written in this program.
    pub(super) const fn of(number: f64) -> Self {
        Self(number)
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl<const MOST: u16> TryFrom<f64> for Positive<MOST> {
    type Error = String;
    fn try_from(number: f64) -> Result<Self, String> {
        if number > 0.0 && number <= f64::from(MOST) {
            Ok(Self(number))
        } else {
            Err(format!("{number} cannot be: it takes more than 0, up to {MOST}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_told() {
        assert_eq!(Whole::<1, 8>::try_from(8).unwrap().get(), 8);
        for number in [-1, 0, 9, 65_537] {
            assert!(Whole::<1, 8>::try_from(number).unwrap_err().contains("1 to 8"), "{number}");
        }
        assert_eq!(Positive::<10>::try_from(0.1).unwrap().get(), 0.1);
        for number in [0.0, -0.1, 10.1, f64::NAN] {
            assert!(Positive::<10>::try_from(number).unwrap_err().contains("up to 10"), "{number}");
        }
    }
}
