//! The registers of a BME280 and what happens when they are written.
//!
//! Modelled: power-on state, calibration words, chip id, soft reset, `ctrl_hum` taking effect with the next
//! write of `ctrl_meas`, oversampling with its resolution and duration, forced mode, status bits, the codes
//! of what was skipped. Not modelled, as no driver of ours asks for it: normal mode and the filter.

use super::{
    Air,
    calibration::{self, Codes},
};

const CHIP_ID: u8 = 0x60;
const SOFT_RESET: u8 = 0xB6;
/// What data registers hold when nothing was measured.
const SKIPPED: Codes = Codes { pressure: 0x8_0000, temperature: 0x8_0000, humidity: 0x8000 };
/// Until the calibration is copied from the chip's memory, after power-on or reset.
const START_US: u64 = 2000;

/// One BME280.
pub(super) struct Chip {
    pointer: u8,
    ctrl_hum: u8,
    /// Oversampling of humidity in force.
    latched_hum: u8,
    ctrl_meas: u8,
    config: u8,
    starting_until_us: u64,
    measuring_until_us: Option<u64>,
    codes: Codes,
    low: [u8; 26],
    high: [u8; 7],
}

impl Chip {
    /// A chip that gets power at `now_us`.
    pub(super) fn new(now_us: u64) -> Self {
        Self {
            pointer: 0,
            ctrl_hum: 0,
            latched_hum: 0,
            ctrl_meas: 0,
            config: 0,
            starting_until_us: now_us + START_US,
            measuring_until_us: None,
            codes: SKIPPED,
            low: calibration::low_registers(),
            high: calibration::high_registers(),
        }
    }

    /// Lets time pass until `now_us`, in `air`.
    pub(super) fn advance(&mut self, now_us: u64, air: Air) {
        if self.measuring_until_us.is_some_and(|until| now_us >= until) {
            self.measuring_until_us = None;
            self.ctrl_meas &= !0b11;
            self.convert(air);
        }
    }

    fn convert(&mut self, air: Air) {
        let [temperature, pressure, humidity] = self.oversampling();
        let codes = Codes::of(air);
        // 16 bits, and one more with each doubling.
        let keep = |code: u32, times: u32| {
            let bits = 4 - times.ilog2().min(4);
            (code >> bits) << bits
        };
        self.codes = Codes {
            pressure: if pressure == 0 { SKIPPED.pressure } else { keep(codes.pressure, pressure) },
            temperature: if temperature == 0 {
                SKIPPED.temperature
            } else {
                keep(codes.temperature, temperature)
            },
            humidity: if humidity == 0 { SKIPPED.humidity } else { codes.humidity },
        };
    }

    /// How often temperature, pressure and humidity are converted for one measurement.
    fn oversampling(&self) -> [u32; 3] {
        [self.ctrl_meas >> 5, self.ctrl_meas >> 2, self.latched_hum].map(|bits| match bits & 0b111 {
            0 => 0,
            bits => 1 << (bits - 1).min(4),
        })
    }

    /// The data sheet's usual duration of one measurement.
    fn duration_us(&self) -> u64 {
        let [temperature, pressure, humidity] = self.oversampling().map(u64::from);
        let with_start = |times: u64| if times == 0 { 0 } else { 2000 * times + 500 };
        1000 + 2000 * temperature + with_start(pressure) + with_start(humidity)
    }

    /// The bytes of a write: a register, its value, and so on in pairs; a last one alone sets where the
    /// next read begins.
    pub(super) fn write(&mut self, now_us: u64, bytes: &[u8]) {
        for pair in bytes.chunks(2) {
            self.pointer = pair[0];
            if let [register, value] = pair {
                self.set(now_us, *register, *value);
            }
        }
    }

    fn set(&mut self, now_us: u64, register: u8, value: u8) {
        match register {
            0xE0 if value == SOFT_RESET => *self = Self::new(now_us),
            0xF2 => self.ctrl_hum = value & 0b111,
            0xF4 => {
                self.ctrl_meas = value;
                self.latched_hum = self.ctrl_hum;
                let forced = matches!(value & 0b11, 0b01 | 0b10);
                self.measuring_until_us = forced.then(|| now_us + self.duration_us());
            }
            0xF5 => self.config = value & 0b1111_1101,
            _ => {}
        }
    }

    /// Fills `bytes` from the register that was set last, counting up.
    pub(super) fn read(&mut self, now_us: u64, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.get(now_us, self.pointer);
            self.pointer = self.pointer.wrapping_add(1);
        }
    }

    fn get(&self, now_us: u64, register: u8) -> u8 {
        let [_, p1, p2, p3] = (self.codes.pressure << 4).to_be_bytes();
        let [_, t1, t2, t3] = (self.codes.temperature << 4).to_be_bytes();
        let [_, _, h1, h2] = self.codes.humidity.to_be_bytes();
        match register {
            0x88..=0xA1 => self.low[usize::from(register - 0x88)],
            0xD0 => CHIP_ID,
            0xE1..=0xE7 => self.high[usize::from(register - 0xE1)],
            0xF2 => self.ctrl_hum,
            0xF3 => {
                let measuring = u8::from(self.measuring_until_us.is_some());
                measuring << 3 | u8::from(now_us < self.starting_until_us)
            }
            0xF4 => self.ctrl_meas,
            0xF5 => self.config,
            0xF7..=0xFE => [p1, p2, p3, t1, t2, t3, h1, h2][usize::from(register - 0xF7)],
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AIR: Air = Air { celsius: 20.0, hectopascal: 1000.0, percent: 40.0 };
    const NOTHING: [u8; 8] = [0x80, 0, 0, 0x80, 0, 0, 0x80, 0];

    fn read<const N: usize>(chip: &mut Chip, now_us: u64, register: u8) -> [u8; N] {
        let mut bytes = [0; N];
        chip.advance(now_us, AIR);
        chip.write(now_us, &[register]);
        chip.read(now_us, &mut bytes);
        bytes
    }

    #[test]
    fn forced_mode_measures_once_and_sleeps() {
        let mut chip = Chip::new(0);
        chip.write(3000, &[0xF2, 1, 0xF4, 0b0010_0101]);
        assert_eq!(read(&mut chip, 4000, 0xF3), [8, 0b0010_0101]);
        assert_eq!(read(&mut chip, 4000, 0xF7), NOTHING);
        assert_eq!(read(&mut chip, 11_100, 0xF3), [0, 0b0010_0100]);
        let measured: [u8; 8] = read(&mut chip, 11_100, 0xF7);
        assert!(measured[..3] != NOTHING[..3] && measured[3..6] != NOTHING[3..6]);
        assert_eq!((measured[2] & 0xF0, measured[5] & 0xF0), (0, 0), "16 bits at oversampling 1");
        assert_eq!(read(&mut chip, 99_000, 0xF7), measured, "asleep");
    }

    #[test]
    fn ctrl_hum_takes_effect_with_ctrl_meas() {
        let mut chip = Chip::new(0);
        chip.write(3000, &[0xF4, 0b0010_0101, 0xF2, 1]);
        let before: [u8; 8] = read(&mut chip, 20_000, 0xF7);
        assert_eq!(before[6..], NOTHING[6..]);
        chip.write(21_000, &[0xF4, 0b0010_0101]);
        let after: [u8; 8] = read(&mut chip, 40_000, 0xF7);
        assert_ne!(after[6..], NOTHING[6..]);
    }

    #[test]
    fn what_is_not_configured_is_skipped() {
        let mut chip = Chip::new(0);
        chip.write(3000, &[0xF4, 0b0010_0001]);
        let data: [u8; 8] = read(&mut chip, 20_000, 0xF7);
        assert_eq!((&data[..3], &data[6..]), (&NOTHING[..3], &NOTHING[6..]));
        assert_ne!(data[3..6], NOTHING[3..6]);
    }

    #[test]
    fn soft_reset_forgets_everything() {
        let mut chip = Chip::new(0);
        chip.write(3000, &[0xF2, 1, 0xF5, 0x10, 0xF4, 0b0010_0101]);
        chip.write(20_000, &[0xE0, 0xB6]);
        assert_eq!(read(&mut chip, 21_000, 0xF2), [0, 1, 0, 0], "the calibration is being copied");
        assert_eq!(read(&mut chip, 22_000, 0xF2), [0, 0, 0, 0]);
        assert_eq!(read(&mut chip, 22_000, 0xF7), NOTHING);
        assert_eq!(read(&mut chip, 22_000, 0xD0), [0x60]);
    }
}
