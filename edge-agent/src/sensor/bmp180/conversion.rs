//! From the BMP180's codes to degrees and pascal, by the integer arithmetic of its data sheet (BST-BMP180-DS000,
//! section 3.5). In 64 bits nothing overflows, and what would divide by zero gives nothing.

/// The words in the chip's memory that tell it from its brothers, by their names in the data sheet.
pub(super) struct Calibration {
    ac1: i64,
    ac2: i64,
    ac3: i64,
    ac4: i64,
    ac5: i64,
    ac6: i64,
    b1: i64,
    b2: i64,
    mc: i64,
    md: i64,
}

impl Calibration {
    /// From the registers, high byte first. `None` where a word is 0 or 0xFFFF, which none is by the data sheet.
    pub(super) fn of(bytes: [u8; 22]) -> Option<Self> {
        let mut words = [0; 11];
        for (word, pair) in words.iter_mut().zip(bytes.as_chunks().0) {
            *word = u16::from_be_bytes(*pair);
        }
        if words.iter().any(|word| matches!(word, 0 | 0xFFFF)) {
            return None;
        }
        let unsigned = |place: usize| i64::from(words[place]);
        let signed = |place: usize| i64::from(words[place].cast_signed());
        // The ninth, MB, is in no formula.
        Some(Self {
            ac1: signed(0),
            ac2: signed(1),
            ac3: signed(2),
            ac4: unsigned(3),
            ac5: unsigned(4),
            ac6: unsigned(5),
            b1: signed(6),
            b2: signed(7),
            mc: signed(9),
            md: signed(10),
        })
    }

    /// Degrees Celsius and pascal of the codes, the pressure's with as many more bits as `oversampling` says.
    /// `None` for codes that no air gives.
    pub(super) fn convert(&self, temperature: i64, pressure: i64, oversampling: u8) -> Option<(f64, f64)> {
        let x1 = ((temperature - self.ac6) * self.ac5) >> 15;
        let x2 = (self.mc << 11).checked_div(x1 + self.md)?;
        let b5 = x1 + x2;
        let tenths = (b5 + 8) >> 4;

        let b6 = b5.checked_sub(4000)?;
        let square = b6.checked_mul(b6)? >> 12;
        let x3 = ((self.b2 * square) >> 11) + ((self.ac2 * b6) >> 11);
        let b3 = (((self.ac1 * 4 + x3) << oversampling) + 2) / 4;
        let x3 = (((self.ac3 * b6) >> 13) + ((self.b1 * square) >> 16) + 2) >> 2;
        let b4 = (self.ac4 * (x3 + 32_768)) >> 15;
        let b7 = (pressure - b3) * (50_000 >> oversampling);
        // Both are unsigned in the data sheet.
        if b4 <= 0 || b7 < 0 {
            return None;
        }
        let p = if b7 < 0x8000_0000 { b7 * 2 / b4 } else { b7 / b4 * 2 };
        let x1 = ((p >> 8) * (p >> 8) * 3038) >> 16;
        let x2 = (-7357 * p) >> 16;
        let pascal = p + ((x1 + x2 + 3791) >> 4);
        Some((tenths as f64 / 10.0, pascal as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The data sheet's example: AC1 408, AC2 -72, AC3 -14383, AC4 32741, AC5 32757, AC6 23153, B1 6190, B2 4,
    /// MB -32768, MC -8711, MD 2868.
    const EXAMPLE: [u8; 22] = [
        0x01, 0x98, 0xFF, 0xB8, 0xC7, 0xD1, 0x7F, 0xE5, 0x7F, 0xF5, 0x5A, 0x71, 0x18, 0x2E, 0x00, 0x04, 0x80,
        0x00, 0xDD, 0xF9, 0x0B, 0x34,
    ];

    #[test]
    fn the_data_sheets_example() {
        let calibration = Calibration::of(EXAMPLE).unwrap();
        assert_eq!(calibration.convert(27898, 23843, 0), Some((15.0, 69964.0)));
        let (_, finer) = calibration.convert(27898, 23843 << 3, 3).unwrap();
        assert!((finer - 69964.0).abs() < 3.0, "{finer}");
    }

    #[test]
    fn a_blank_word_is_no_calibration() {
        for (place, blank) in [(0, [0, 0]), (10, [0xFF, 0xFF]), (20, [0, 0])] {
            let mut bytes = EXAMPLE;
            bytes[place..place + 2].copy_from_slice(&blank);
            assert!(Calibration::of(bytes).is_none(), "{place}");
        }
    }

    #[test]
    fn no_code_makes_the_arithmetic_fail() {
        let calibration = Calibration::of(EXAMPLE).unwrap();
        // Where X1 + MD is zero the formula divides by it.
        let singular = (0..=65_535).filter(|code| ((code - 23153) * 32757) >> 15 == -2868);
        assert!(singular.map(|code| calibration.convert(code, 23843, 0)).all(|values| values.is_none()));
        for temperature in (0..=65_535).step_by(7) {
            for pressure in [0, 1, 23843, 0xFFFF] {
                let _ = calibration.convert(temperature, pressure, 0);
                let _ = calibration.convert(temperature, pressure << 3, 3);
            }
        }
    }
}
