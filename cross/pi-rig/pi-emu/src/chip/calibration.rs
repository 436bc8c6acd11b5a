//! The factory trimming of the imagined chip, and Bosch's formulas between codes and physical values, in double
//! precision (BST-BME280-DS002, section 8.1).

/// Trimming parameters, in the order and with the signs of the data sheet's table 16.
#[derive(Clone)]
pub struct Calibration {
    /// `dig_T1` to `dig_T3`.
    pub t: (u16, i16, i16),
    /// `dig_P1` to `dig_P9`.
    pub p: (u16, i16, i16, i16, i16, i16, i16, i16, i16),
    /// `dig_H1` to `dig_H6`.
    pub h: (u8, i16, u8, i16, i16, i8),
}

/// Typical values; those of temperature and pressure are of the worked example in the BMP280's data sheet.
pub const TYPICAL: Calibration = Calibration {
    t: (27504, 26435, -1000),
    p: (36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000),
    h: (75, 362, 0, 313, 50, 30),
};

/// Another chip of the same make.
pub const OTHER: Calibration = Calibration {
    t: (28012, 26435, -1000),
    p: (37201, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000),
    h: (75, 355, 0, 313, 50, 30),
};

impl Calibration {
    /// Degrees Celsius of a 20-bit code, and the `t_fine` that the other two need.
    pub fn temperature(&self, code: f64) -> (f64, f64) {
        let (t1, t2, t3) = (f64::from(self.t.0), f64::from(self.t.1), f64::from(self.t.2));
        let linear = (code / 16384.0 - t1 / 1024.0) * t2;
        let square = (code / 131_072.0 - t1 / 8192.0).powi(2) * t3;
        ((linear + square) / 5120.0, linear + square)
    }

    /// Pascals of a 20-bit code.
    pub fn pressure(&self, code: f64, t_fine: f64) -> f64 {
        let (p1, p2, p3, p4, p5, p6, p7, p8, p9) = self.p;
        let mut v1 = t_fine / 2.0 - 64000.0;
        let mut v2 = v1 * v1 * f64::from(p6) / 32768.0 + v1 * f64::from(p5) * 2.0;
        v2 = v2 / 4.0 + f64::from(p4) * 65536.0;
        v1 = (f64::from(p3) * v1 * v1 / 524_288.0 + f64::from(p2) * v1) / 524_288.0;
        v1 = (1.0 + v1 / 32768.0) * f64::from(p1);
        let p = (1_048_576.0 - code - v2 / 4096.0) * 6250.0 / v1;
        p + (f64::from(p9) * p * p / 2_147_483_648.0 + p * f64::from(p8) / 32768.0 + f64::from(p7)) / 16.0
    }

    /// Percent of relative humidity of a 16-bit code.
    pub fn humidity(&self, code: f64, t_fine: f64) -> f64 {
        let (h1, h2, h3, h4, h5, h6) = self.h;
        let v = t_fine - 76800.0;
        let x = (code - (f64::from(h4) * 64.0 + f64::from(h5) / 16384.0 * v))
            * (f64::from(h2) / 65536.0
                * (1.0 + f64::from(h6) / 67_108_864.0 * v * (1.0 + f64::from(h3) / 67_108_864.0 * v)));
        (x * (1.0 - f64::from(h1) * x / 524_288.0)).clamp(0.0, 100.0)
    }

    /// As the registers hold it: 0x88 to 0xA1, and 0xE1 to 0xE7.
    pub fn registers(&self) -> ([u8; 26], [u8; 7]) {
        let (t, p, h) = (&self.t, &self.p, &self.h);
        let signed = [t.1, t.2, p.1, p.2, p.3, p.4, p.5, p.6, p.7, p.8].map(i16::cast_unsigned);
        let words = [&[t.0][..], &signed[..2], &[p.0], &signed[2..]].concat();
        let mut low = [0; 26];
        for (pair, word) in low.chunks_exact_mut(2).zip(words) {
            pair.copy_from_slice(&word.to_le_bytes());
        }
        low[25] = h.0;
        let [h2_low, h2_high] = h.1.to_le_bytes();
        let (h4, h5) = (h.3.cast_unsigned(), h.4.cast_unsigned());
        let nibbles = (h4 & 15) | (h5 & 15) << 4;
        let bytes = [h4 >> 4, nibbles, h5 >> 4].map(|word| word.to_le_bytes()[0]);
        (low, [h2_low, h2_high, h.2, bytes[0], bytes[1], bytes[2], h.5.cast_unsigned()])
    }
}

/// The largest code in `0..=max` whose value is not above `wanted`, for a rising `value`.
pub fn code_of(max: u32, wanted: f64, value: impl Fn(f64) -> f64) -> u32 {
    let (mut low, mut high) = (0, max);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if value(f64::from(middle)) <= wanted {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_sheets_worked_example() {
        // BST-BMP280-DS001, section 3.12.
        let (celsius, t_fine) = TYPICAL.temperature(519_888.0);
        assert!((celsius - 25.08).abs() < 0.01 && (t_fine - 128_422.0).abs() < 1.0, "{celsius} {t_fine}");
        assert!((TYPICAL.pressure(415_148.0, t_fine) - 100_653.27).abs() < 1.0);
    }

    #[test]
    fn parameters_lie_where_the_data_sheet_says() {
        let (low, high) = TYPICAL.registers();
        assert_eq!(low[..6], [0x70, 0x6B, 0x43, 0x67, 0x18, 0xFC]); // the same example, dig_T1 to dig_T3
        assert_eq!((low[24], low[25]), (0, 75), "0xA0 is reserved, 0xA1 holds dig_H1");
        // dig_H4 = 313 = 0x139 and dig_H5 = 50 = 0x032 share 0xE5.
        assert_eq!(high, [0x6A, 0x01, 0, 0x13, 0x29, 0x03, 30]);
    }
}
