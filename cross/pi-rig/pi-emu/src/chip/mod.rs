//! A BME280 at register level, after Bosch's data sheet BST-BME280-DS002: sleep, forced and normal mode,
//! oversampling, the filter, soft reset, and what each setting starts and ends.

pub mod calibration;

use crate::air::Air;
use calibration::{Calibration, TYPICAL, code_of};

/// Codes of what was not measured: pressure, temperature, humidity.
const SKIPPED: [u32; 3] = [0x80000, 0x80000, 0x8000];
/// A start-up takes 2 ms.
const START_SECONDS: f64 = 0.002;
/// After so many steps any filter of the chip has settled.
const SETTLED: f64 = 64.0;

/// The chip. Times are seconds of the emulated world.
pub struct Bme280 {
    pub calibration: Calibration,
    pub chip_id: u8,
    /// The data registers keep what they hold, whatever happens.
    pub frozen: bool,
    /// Conversions give the codes of what was not measured.
    pub dead: bool,
    pointer: u8,
    /// As written; it takes effect with the next write of `ctrl_meas`.
    ctrl_hum: u8,
    ctrl_hum_in_effect: u8,
    ctrl_meas: u8,
    config: u8,
    starts_until: f64,
    /// Since when a conversion runs.
    converting_since: Option<f64>,
    /// In normal mode, when the next conversion starts.
    next: f64,
    /// The filter's memory: pressure and temperature.
    filter: Option<(f64, f64)>,
    codes: [u32; 3],
}

fn oversampling(bits: u8) -> u32 {
    match bits & 7 {
        0 => 0,
        exponent @ 1..=4 => 1 << (exponent - 1),
        _ => 16,
    }
}

impl Bme280 {
    pub fn new(now: f64) -> Self {
        let mut chip = Self {
            calibration: TYPICAL,
            chip_id: 0x60,
            frozen: false,
            dead: false,
            pointer: 0,
            ctrl_hum: 0,
            ctrl_hum_in_effect: 0,
            ctrl_meas: 0,
            config: 0,
            starts_until: 0.0,
            converting_since: None,
            next: 0.0,
            filter: None,
            codes: SKIPPED,
        };
        chip.reset(now);
        chip
    }

    /// Power-on or soft reset: every setting is lost.
    pub fn reset(&mut self, now: f64) {
        self.pointer = 0;
        self.ctrl_hum = 0;
        self.ctrl_hum_in_effect = 0;
        self.ctrl_meas = 0;
        self.config = 0;
        self.converting_since = None;
        self.filter = None;
        if !self.frozen {
            self.codes = SKIPPED;
        }
        self.starts_until = now + START_SECONDS;
    }

    /// Oversampling of pressure, temperature and humidity; 0 is off.
    fn oversampling(&self) -> [u32; 3] {
        [self.ctrl_meas >> 2, self.ctrl_meas >> 5, self.ctrl_hum_in_effect].map(oversampling)
    }

    /// Seconds of one conversion: the typical time of the data sheet's section 9.1.
    fn conversion_seconds(&self) -> f64 {
        let [pressure, temperature, humidity] = self.oversampling();
        let each = |times: u32| if times > 0 { 2.0 * f64::from(times) + 0.5 } else { 0.0 };
        (1.0 + 2.0 * f64::from(temperature) + each(pressure) + each(humidity)) / 1000.0
    }

    fn standby_seconds(&self) -> f64 {
        [0.5, 62.5, 125.0, 250.0, 500.0, 1000.0, 10.0, 20.0][usize::from(self.config >> 5)] / 1000.0
    }

    /// Lets the chip live until `now`, in this air.
    pub fn tick(&mut self, now: f64, air: Air) {
        let takes = self.conversion_seconds();
        match self.ctrl_meas & 3 {
            0 => {}
            3 => {
                let period = takes + self.standby_seconds();
                self.next = self.next.max(now - SETTLED * period);
                while self.next + takes <= now {
                    self.convert(air);
                    self.next += period;
                }
                self.converting_since = (now >= self.next).then_some(self.next);
            }
            _ => {
                if self.converting_since.is_some_and(|since| now >= since + takes) {
                    self.convert(air);
                    self.converting_since = None;
                    self.ctrl_meas &= !3;
                }
            }
        }
    }

    fn convert(&mut self, air: Air) {
        if self.frozen {
            return;
        }
        if self.dead {
            self.codes = SKIPPED;
            return;
        }
        let trim = &self.calibration;
        let temperature = code_of(0xF_FFFF, air.celsius.clamp(-40.0, 85.0), |code| trim.temperature(code).0);
        let t_fine = trim.temperature(f64::from(temperature)).1;
        // The pressure falls with its code.
        let pressure = 0xF_FFFF
            - code_of(0xF_FFFF, air.hectopascal.clamp(300.0, 1100.0) * 100.0, |code| {
                trim.pressure(1_048_575.0 - code, t_fine)
            });
        let humidity = code_of(0xFFFF, air.percent.clamp(0.0, 100.0), |code| trim.humidity(code, t_fine));

        let [for_pressure, for_temperature, for_humidity] = self.oversampling();
        let (mut pressure, mut temperature) = (f64::from(pressure), f64::from(temperature));
        let weight = f64::from(1_u32 << (self.config >> 2 & 7).min(4));
        if weight > 1.0 {
            let (old_pressure, old_temperature) = self.filter.unwrap_or((pressure, temperature));
            pressure = (old_pressure * (weight - 1.0) + pressure) / weight;
            temperature = (old_temperature * (weight - 1.0) + temperature) / weight;
            self.filter = Some((pressure, temperature));
        } else {
            self.filter = None;
        }
        // 16 bits, one more for each doubling of the oversampling; all 20 with the filter.
        let resolved = |code: f64, oversampling: u32| {
            let lost = if weight > 1.0 { 0 } else { 4_u32.saturating_sub(oversampling.trailing_zeros()) };
            (code.round() as u32).min(0xF_FFFF) >> lost << lost
        };
        let measured =
            |oversampling: u32, code: u32, skipped: u32| if oversampling > 0 { code } else { skipped };
        self.codes = [
            measured(for_pressure, resolved(pressure, for_pressure), SKIPPED[0]),
            measured(for_temperature, resolved(temperature, for_temperature), SKIPPED[1]),
            measured(for_humidity, humidity, SKIPPED[2]),
        ];
    }

    fn register(&self, address: u8, now: f64) -> u8 {
        let (low, high) = self.calibration.registers();
        let [pressure, temperature, humidity] = self.codes;
        let status = u8::from(self.converting_since.is_some()) << 3 | u8::from(now < self.starts_until);
        match address {
            0x88..=0xA1 => low[usize::from(address - 0x88)],
            0xD0 => self.chip_id,
            0xE1..=0xE7 => high[usize::from(address - 0xE1)],
            0xF2 => self.ctrl_hum,
            0xF3 => status,
            0xF4 => self.ctrl_meas,
            0xF5 => self.config,
            // 20-bit codes stand in the upper bits of three registers.
            0xF7..=0xF9 => (pressure << 4).to_be_bytes()[usize::from(address - 0xF7) + 1],
            0xFA..=0xFC => (temperature << 4).to_be_bytes()[usize::from(address - 0xFA) + 1],
            0xFD..=0xFE => humidity.to_be_bytes()[usize::from(address - 0xFD) + 2],
            _ => 0,
        }
    }

    fn set(&mut self, address: u8, value: u8, now: f64) {
        match address {
            0xE0 if value == 0xB6 => self.reset(now),
            0xF2 => self.ctrl_hum = value & 7,
            0xF4 => {
                self.ctrl_meas = value;
                self.ctrl_hum_in_effect = self.ctrl_hum;
                self.converting_since = (value & 3 != 0).then_some(now);
                self.next = now;
            }
            0xF5 => self.config = value & 0xFD,
            _ => {}
        }
    }

    /// A write's bytes: the register, then values and further registers in turn (a write does not count on).
    pub fn write(&mut self, bytes: &[u8], now: f64) {
        for pair in bytes.chunks(2) {
            self.pointer = pair[0];
            if let [address, value] = *pair {
                self.set(address, value, now);
            }
        }
    }

    /// A read, from the register last written on.
    pub fn read(&mut self, bytes: &mut [u8], now: f64) {
        for byte in bytes {
            *byte = self.register(self.pointer, now);
            self.pointer = self.pointer.wrapping_add(1);
        }
    }
}

#[cfg(test)]
mod tests;
