//! The registers of a BME280 or BMP280 and what happens when they are written.
//!
//! Modelled: power-on state, calibration words, chip id, soft reset, `ctrl_hum` taking effect with the next
//! write of `ctrl_meas`, oversampling with its noise, resolution and duration, the filter, forced mode, status
//! bits, the codes of what was skipped. A BMP280 has none of the registers of humidity. Not modelled, as no
//! driver of ours asks for it: normal mode.

use super::{
    Air,
    calibration::{self, Codes},
};

/// Which chip it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// Temperature, humidity and pressure.
    Bme280,
    /// Temperature and pressure.
    Bmp280,
}

impl Model {
    /// The chip that sensors of a kind are for, if it can be simulated.
    pub fn of_kind(kind: &str) -> Option<Self> {
        match kind {
            "bme280" => Some(Self::Bme280),
            "bmp280" => Some(Self::Bmp280),
            _ => None,
        }
    }

    fn id(self) -> u8 {
        match self {
            Self::Bme280 => 0x60,
            Self::Bmp280 => 0x58,
        }
    }
}

const SOFT_RESET: u8 = 0xB6;
/// What data registers hold when nothing was measured.
const SKIPPED: Codes = Codes { pressure: 0x8_0000, temperature: 0x8_0000, humidity: 0x8000 };
/// Until the calibration is copied from the chip's memory, after power-on or reset.
const START_US: u64 = 2000;

/// One chip.
pub(super) struct Chip {
    model: Model,
    pointer: u8,
    ctrl_hum: u8,
    /// Oversampling of humidity in force.
    latched_hum: u8,
    ctrl_meas: u8,
    config: u8,
    starting_until_us: u64,
    measuring_until_us: Option<u64>,
    codes: Codes,
    /// Pressure and temperature as the filter remembers them.
    filtered: Option<[f64; 2]>,
    low: [u8; 26],
    high: [u8; 7],
}

impl Chip {
    /// A chip that gets power at `now_us`.
    pub(super) fn new(model: Model, now_us: u64) -> Self {
        Self {
            model,
            pointer: 0,
            ctrl_hum: 0,
            latched_hum: 0,
            ctrl_meas: 0,
            config: 0,
            starting_until_us: now_us + START_US,
            measuring_until_us: None,
            codes: SKIPPED,
            filtered: None,
            low: calibration::low_registers(),
            high: calibration::high_registers(),
        }
    }

    /// Lets time pass until `now_us`, in `air`, of which one conversion deviates by `noise`.
    pub(super) fn advance(&mut self, now_us: u64, air: Air, noise: Air) {
        if self.measuring_until_us.is_some_and(|until| now_us >= until) {
            self.measuring_until_us = None;
            self.ctrl_meas &= !0b11;
            self.convert(air, noise);
        }
    }

    fn convert(&mut self, air: Air, noise: Air) {
        let times = self.oversampling();
        // The noise of a mean falls with the root of their number.
        let [celsius, hectopascal, percent] = times.map(|times| f64::from(times.max(1)).sqrt().recip());
        let codes = Codes::of(Air {
            celsius: air.celsius + noise.celsius * celsius,
            hectopascal: air.hectopascal + noise.hectopascal * hectopascal,
            percent: air.percent + noise.percent * percent,
        });
        let [temperature, pressure, humidity] = times;
        let [filtered_pressure, filtered_temperature] = self.filter([codes.pressure, codes.temperature]);
        self.codes = Codes {
            pressure: self.resolved(filtered_pressure, pressure, SKIPPED.pressure),
            temperature: self.resolved(filtered_temperature, temperature, SKIPPED.temperature),
            humidity: if humidity == 0 { SKIPPED.humidity } else { codes.humidity },
        };
    }

    /// One part of the new codes in so many as the filter says, the rest of what it remembers.
    fn filter(&mut self, codes: [u32; 2]) -> [u32; 2] {
        let coefficient = match self.config >> 2 & 0b111 {
            0 => return codes,
            bits => f64::from(1 << bits.min(4)),
        };
        let new = codes.map(f64::from);
        let old = self.filtered.unwrap_or(new);
        let step = |place: usize| old[place] + (new[place] - old[place]) / coefficient;
        let filtered = [step(0), step(1)];
        self.filtered = Some(filtered);
        filtered.map(|code| code.round() as u32)
    }

    /// A code with the bits that it has: 16, and one more with each doubling of `times`; 20 with the filter.
    fn resolved(&self, code: u32, times: u32, skipped: u32) -> u32 {
        if times == 0 {
            return skipped;
        }
        let bits = if self.config >> 2 & 0b111 == 0 { 4 - times.ilog2() } else { 0 };
        (code >> bits) << bits
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
            0xE0 if value == SOFT_RESET => *self = Self::new(self.model, now_us),
            0xF2 if self.model == Model::Bme280 => self.ctrl_hum = value & 0b111,
            0xF4 => {
                self.ctrl_meas = value;
                self.latched_hum = self.ctrl_hum;
                let forced = matches!(value & 0b11, 0b01 | 0b10);
                self.measuring_until_us = forced.then(|| now_us + self.duration_us());
            }
            0xF5 => {
                self.config = value & 0b1111_1101;
                self.filtered = None;
            }
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
            0xA0 | 0xA1 | 0xE1..=0xE7 | 0xFD | 0xFE if self.model == Model::Bmp280 => 0,
            0x88..=0xA1 => self.low[usize::from(register - 0x88)],
            0xD0 => self.model.id(),
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
    const STILL: Air = Air { celsius: 0.0, hectopascal: 0.0, percent: 0.0 };
    const NOTHING: [u8; 8] = [0x80, 0, 0, 0x80, 0, 0, 0x80, 0];

    fn read<const N: usize>(chip: &mut Chip, now_us: u64, register: u8) -> [u8; N] {
        let mut bytes = [0; N];
        chip.advance(now_us, AIR, STILL);
        chip.write(now_us, &[register]);
        chip.read(now_us, &mut bytes);
        bytes
    }

    #[test]
    fn forced_mode_measures_once_and_sleeps() {
        let mut chip = Chip::new(Model::Bme280, 0);
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
        let mut chip = Chip::new(Model::Bme280, 0);
        chip.write(3000, &[0xF4, 0b0010_0101, 0xF2, 1]);
        let before: [u8; 8] = read(&mut chip, 20_000, 0xF7);
        assert_eq!(before[6..], NOTHING[6..]);
        chip.write(21_000, &[0xF4, 0b0010_0101]);
        let after: [u8; 8] = read(&mut chip, 40_000, 0xF7);
        assert_ne!(after[6..], NOTHING[6..]);
    }

    #[test]
    fn what_is_not_configured_is_skipped() {
        let mut chip = Chip::new(Model::Bme280, 0);
        chip.write(3000, &[0xF4, 0b0010_0001]);
        let data: [u8; 8] = read(&mut chip, 20_000, 0xF7);
        assert_eq!((&data[..3], &data[6..]), (&NOTHING[..3], &NOTHING[6..]));
        assert_ne!(data[3..6], NOTHING[3..6]);
    }

    #[test]
    fn soft_reset_forgets_everything() {
        let mut chip = Chip::new(Model::Bme280, 0);
        chip.write(3000, &[0xF2, 1, 0xF5, 0x10, 0xF4, 0b0010_0101]);
        chip.write(20_000, &[0xE0, 0xB6]);
        assert_eq!(read(&mut chip, 21_000, 0xF2), [0, 1, 0, 0], "the calibration is being copied");
        assert_eq!(read(&mut chip, 22_000, 0xF2), [0, 0, 0, 0]);
        assert_eq!(read(&mut chip, 22_000, 0xF7), NOTHING);
        assert_eq!(read(&mut chip, 22_000, 0xD0), [0x60]);
    }

    /// The temperature's code once more of `air` was measured.
    fn temperature(chip: &mut Chip, now_us: u64, air: Air, noise: Air) -> u32 {
        chip.write(now_us, &[0xF4, 0b0010_0101]);
        chip.advance(now_us + 100_000, air, noise);
        chip.codes.temperature
    }

    #[test]
    fn the_filter_starts_at_once_and_follows_by_its_part() {
        let warm = Air { celsius: 30.0, ..AIR };
        let mut chip = Chip::new(Model::Bme280, 0);
        let cold = temperature(&mut chip, 3000, AIR, STILL);
        let hot = temperature(&mut chip, 200_000, warm, STILL);
        chip.write(400_000, &[0xF5, 0b100 << 2]);
        assert_eq!(temperature(&mut chip, 400_000, AIR, STILL) >> 4, cold >> 4, "nothing to remember yet");
        let step = temperature(&mut chip, 600_000, warm, STILL) - cold;
        assert!(step.abs_diff((hot - cold) / 16) < 16, "{step} of {}", hot - cold);
    }

    #[test]
    fn oversampling_takes_the_noise_down() {
        let noise = Air { celsius: 1.0, ..STILL };
        let mut chip = Chip::new(Model::Bme280, 0);
        let still = temperature(&mut chip, 3000, AIR, STILL);
        let once = temperature(&mut chip, 200_000, AIR, noise) - still;
        chip.write(400_000, &[0xF4, 0b1010_0101]);
        chip.advance(600_000, AIR, noise);
        let often = chip.codes.temperature - still;
        assert!((once / 4).abs_diff(often) < 32, "{once} {often}");
    }

    #[test]
    fn a_bmp280_knows_nothing_of_humidity() {
        let mut chip = Chip::new(Model::Bmp280, 0);
        chip.write(3000, &[0xF2, 1, 0xF4, 0b0010_0101]);
        assert_eq!(read(&mut chip, 20_000, 0xD0), [0x58]);
        assert_eq!(read(&mut chip, 20_000, 0xF2), [0, 0]);
        assert_eq!(read(&mut chip, 20_000, 0xFD), [0, 0]);
        assert_eq!(read(&mut chip, 20_000, 0xE1), [0; 7]);
        let data: [u8; 3] = read(&mut chip, 20_000, 0xF7);
        assert_ne!(data, [0x80, 0, 0]);
    }
}
