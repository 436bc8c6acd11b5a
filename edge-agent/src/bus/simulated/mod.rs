//! An I2C bus on which a simulated BME280 or BMP280 hangs, for demonstrations and tests. It answers register by
//! register, so everything above the bus is what runs on a Pi.

mod air;
mod calibration;
mod chip;

pub use air::Air;
pub use chip::Model;

use super::{Bus, BusError};
use crate::clock::Moment;
use chip::Chip;
use embedded_hal::i2c::{ErrorType, I2c, Operation};
use std::time::Duration;

/// Time on the wire for one byte and its acknowledgement, at the Pi's 100 kHz.
const BYTE_US: u64 = 90;

/// A bus with one chip, fresh from power-on, in air that follows a daily curve.
///
/// Its time is what [`Bus::begin`] says, and moves on with transfers and waits; no real time passes.
pub struct SimulatedBus {
    model: Model,
    address: u8,
    seed: u64,
    /// Microseconds by the monotonic clock.
    now_us: u64,
    /// What to add to `now_us` to have the wall clock.
    wall_offset_us: i64,
    chip: Chip,
}

impl SimulatedBus {
    /// A bus whose chip answers at `address`. Different seeds are different places with other air.
    pub fn new(model: Model, address: u8, seed: u64) -> Self {
        Self { model, address, seed, now_us: 0, wall_offset_us: 0, chip: Chip::new(model, 0) }
    }

    /// The air around the sensor at a wall time in milliseconds. What it measures differs from that by
    /// noise of at most 0.02 degrees, 0.04 hPa and 0.1 %, by the resolution of the chip, and by its filter.
    pub fn air(&self, time_ms: i64) -> Air {
        Air::at(time_ms, self.seed)
    }

    /// The power fails for a moment: the chip loses its settings and data.
    pub fn power_cycle(&mut self) {
        self.chip = Chip::new(self.model, self.now_us);
    }

    fn wall_ms(&self) -> i64 {
        (i64::try_from(self.now_us).unwrap_or(i64::MAX).saturating_add(self.wall_offset_us)) / 1000
    }
}

impl ErrorType for SimulatedBus {
    type Error = BusError;
}

impl I2c for SimulatedBus {
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), BusError> {
        self.now_us += BYTE_US;
        if address != self.address {
            return Err(BusError::NoAcknowledge);
        }
        for operation in operations {
            let air = Air::at(self.wall_ms(), self.seed);
            self.chip.advance(self.now_us, air, Air::noise(self.now_us, self.seed));
            let length = match operation {
                Operation::Write(bytes) => {
                    self.chip.write(self.now_us, bytes);
                    bytes.len()
                }
                Operation::Read(bytes) => {
                    self.chip.read(self.now_us, bytes);
                    bytes.len()
                }
            };
            self.now_us += BYTE_US * (1 + length as u64);
        }
        Ok(())
    }
}

impl Bus for SimulatedBus {
    fn begin(&mut self, at: Moment) {
        // Transfers of the last tick may have run past the start of this one, and a chip's time cannot
        // run backwards.
        self.now_us = self.now_us.max(at.monotonic_ms * 1000);
        let now = i64::try_from(self.now_us).unwrap_or(i64::MAX);
        self.wall_offset_us = at.time_ms.saturating_mul(1000).saturating_sub(now);
    }

    fn wait(&mut self, duration: Duration) {
        self.now_us += u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    }
}
