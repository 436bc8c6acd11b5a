//! The factory's words of the simulated chip and what they do to raw codes, in double precision.
//!
//! This is on purpose apart from the driver: the two check each other.

use super::Air;

/// Temperature and pressure words are those of the example in Bosch's data sheet of the BMP280 (section
/// 3.12), whose humidity-less half the BME280 shares. The humidity words are of a usual size.
const T: (u16, i16, i16) = (27504, 26435, -1000);
const P: (u16, [i16; 8]) = (36477, [-10685, 3024, 2855, 140, -7, 15500, -14600, 6000]);
const H: (u8, i16, u8, i16, i16, i8) = (75, 362, 0, 322, -27, 30);

/// Registers 0x88 to 0xA1.
pub(super) fn low_registers() -> [u8; 26] {
    let mut registers = [0; 26];
    let words = [T.0, T.1.cast_unsigned(), T.2.cast_unsigned(), P.0].into_iter();
    let words = words.chain(P.1.map(i16::cast_unsigned));
    for (slot, word) in registers.chunks_exact_mut(2).zip(words) {
        slot.copy_from_slice(&word.to_le_bytes());
    }
    registers[25] = H.0;
    registers
}

/// Registers 0xE1 to 0xE7, where two words of 12 bits share a byte.
pub(super) fn high_registers() -> [u8; 7] {
    let [h2_low, h2_high] = H.1.to_le_bytes();
    let (h4, h5) = (H.3.to_le_bytes(), H.4.to_le_bytes());
    let upper = |word: i16| (word >> 4).to_le_bytes()[0];
    [h2_low, h2_high, H.2, upper(H.3), (h4[0] & 0x0F) | (h5[0] << 4), upper(H.4), H.5.cast_unsigned()]
}

/// Raw codes as the converter gives them: 20 bits, 20 bits, 16 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Codes {
    pub(super) pressure: u32,
    pub(super) temperature: u32,
    pub(super) humidity: u32,
}

impl Codes {
    /// What the converter gives in this air: the codes whose compensation comes closest to it.
    pub(super) fn of(air: Air) -> Self {
        let temperature = solve(0xF_FFFF, air.celsius, celsius);
        let fine = fine(f64::from(temperature));
        // Pressure falls while its code rises.
        let pressure = solve(0xF_FFFF, -air.hectopascal, |code| -hectopascal(code, fine));
        let humidity = solve(0xFFFF, air.percent, |code| percent(code, fine));
        Self { pressure, temperature, humidity }
    }
}

/// The least code at which the rising `curve` reaches `wanted`.
fn solve(max: u32, wanted: f64, curve: impl Fn(f64) -> f64) -> u32 {
    let (mut low, mut high) = (0, max);
    while low < high {
        let middle = u32::midpoint(low, high);
        if curve(f64::from(middle)) < wanted {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// The temperature as the other two compensations want it, in 1/5120 degree.
fn fine(code: f64) -> f64 {
    let [t1, t2, t3] = [f64::from(T.0), f64::from(T.1), f64::from(T.2)];
    (code / 16384.0 - t1 / 1024.0) * t2 + (code / 131_072.0 - t1 / 8192.0).powi(2) * t3
}

fn celsius(code: f64) -> f64 {
    fine(code) / 5120.0
}

fn hectopascal(code: f64, fine: f64) -> f64 {
    let [p2, p3, p4, p5, p6, p7, p8, p9] = P.1.map(f64::from);
    let around = fine / 2.0 - 64_000.0;
    let offset = (around * around * p6 / 32_768.0 + around * p5 * 2.0) / 4.0 + p4 * 65_536.0;
    let slope = (p3 * around * around / 524_288.0 + p2 * around) / 524_288.0;
    let scale = (1.0 + slope / 32_768.0) * f64::from(P.0);
    let pascal = (1_048_576.0 - code - offset / 4096.0) * 6250.0 / scale;
    let bend = p9 * pascal * pascal / 2_147_483_648.0 + pascal * p8 / 32_768.0 + p7;
    (pascal + bend / 16.0) / 100.0
}

fn percent(code: f64, fine: f64) -> f64 {
    let around = fine - 76_800.0;
    let offset = f64::from(H.3) * 64.0 + f64::from(H.4) / 16_384.0 * around;
    let stretch = 1.0 + f64::from(H.2) / 67_108_864.0 * around;
    let gain = f64::from(H.1) / 65_536.0 * (1.0 + f64::from(H.5) / 67_108_864.0 * around * stretch);
    let linear = (code - offset) * gain;
    linear * (1.0 - f64::from(H.0) * linear / 524_288.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bosch_example() {
        assert!((celsius(519_888.0) - 25.08).abs() < 0.005);
        assert!((hectopascal(415_148.0, fine(519_888.0)) - 1006.5327).abs() < 0.0005);
    }

    #[test]
    fn codes_give_the_air_back_all_over_the_range() {
        for celsius_wanted in [-39.0, -5.0, 0.0, 21.5, 84.0] {
            for (pressure, humidity) in [(310.0, 2.0), (1013.25, 50.0), (1090.0, 99.0)] {
                let air = Air { celsius: celsius_wanted, hectopascal: pressure, percent: humidity };
                let codes = Codes::of(air);
                let fine = fine(f64::from(codes.temperature));
                assert!((celsius(f64::from(codes.temperature)) - air.celsius).abs() < 0.001, "{codes:?}");
                let back = hectopascal(f64::from(codes.pressure), fine);
                assert!((back - air.hectopascal).abs() < 0.005, "{air:?} {back}");
                assert!((percent(f64::from(codes.humidity), fine) - air.percent).abs() < 0.02, "{codes:?}");
            }
        }
    }
}
