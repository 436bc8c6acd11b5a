//! The factory's words of a chip, and what they make of its raw codes.

/// Registers 0x88 to 0x9F.
pub(super) type Words = [u8; 24];

/// The words of one chip: three of temperature, nine of pressure.
#[derive(Debug)]
pub(super) struct Calibration {
    t: [f64; 3],
    p: [f64; 9],
}

/// What raw codes mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Air {
    /// Temperature in degrees Celsius.
    pub(super) celsius: f64,
    /// Pressure in hectopascal.
    pub(super) hectopascal: f64,
}

impl Calibration {
    /// Each word has its low byte first. The first of temperature and of pressure have no sign.
    pub(super) fn new(words: &Words) -> Self {
        let word = |place: usize| [words[2 * place], words[2 * place + 1]];
        let unsigned = |place| f64::from(u16::from_le_bytes(word(place)));
        let signed = |place| f64::from(i16::from_le_bytes(word(place)));
        let mut p = [unsigned(3); 9];
        for (slot, place) in p.iter_mut().zip(3..).skip(1) {
            *slot = signed(place);
        }
        Self { t: [unsigned(0), signed(1), signed(2)], p }
    }

    /// Temperature and pressure from codes of 20 bits, by the polynomials of the data sheet's section 8.1 in
    /// double precision: of second degree in each. `None` when the words are such that there is no pressure.
    pub(super) fn compensate(&self, temperature: u32, pressure: u32) -> Option<Air> {
        let [t1, t2, t3] = self.t;
        let [p1, p2, p3, p4, p5, p6, p7, p8, p9] = self.p;

        let above = f64::from(temperature) / 16_384.0 - t1 / 1024.0;
        // In 1/5120 degree.
        let fine = above * t2 + (above / 8.0).powi(2) * t3;

        let around = fine / 2.0 - 64_000.0;
        let scale = (1.0 + (p3 * around * around / 524_288.0 + p2 * around) / 524_288.0 / 32_768.0) * p1;
        if scale <= 0.0 {
            return None;
        }
        let offset = (around * around * p6 / 32_768.0 + around * p5 * 2.0) / 4.0 + p4 * 65_536.0;
        let straight = (1_048_576.0 - f64::from(pressure) - offset / 4096.0) * 6250.0 / scale;
        let bend = p9 * straight * straight / 2_147_483_648.0 + straight * p8 / 32_768.0 + p7;
        Some(Air { celsius: fine / 5120.0, hectopascal: (straight + bend / 16.0) / 100.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of the data sheet's section 3.12, in the order of the registers.
    const EXAMPLE: [i32; 12] = [27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000];

    fn words(of: [i32; 12]) -> Words {
        let mut words = [0; 24];
        for (slot, word) in words.chunks_exact_mut(2).zip(of) {
            slot.copy_from_slice(&word.to_le_bytes()[..2]);
        }
        words
    }

    #[test]
    fn the_data_sheets_example_is_25_08_degrees_and_100653_27_pascal() {
        let air = Calibration::new(&words(EXAMPLE)).compensate(519_888, 415_148).unwrap();
        assert!((air.celsius - 25.08).abs() < 0.005, "{air:?}");
        assert!((air.hectopascal * 100.0 - 100_653.27).abs() < 0.02, "{air:?}");
    }

    #[test]
    fn words_without_a_pressure_give_none() {
        let mut blank = EXAMPLE;
        blank[3] = 0;
        assert!(Calibration::new(&words(blank)).compensate(519_888, 415_148).is_none());
    }
}
