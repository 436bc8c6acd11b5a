//! What Bosch's BME280 and BMP280 share: registers, settings, codes, and waiting for a measurement.

mod settings;
mod settling;

pub(super) use settings::Settings;
pub use settings::{Filter, Oversampling};
pub(super) use settling::Settling;

use super::chip::{Codes, Trouble};
use crate::bus::SharedBus;
use std::ops::RangeInclusive;

pub(super) const ID: u8 = 0xD0;
pub(super) const LOW_CALIBRATION: u8 = 0x88;
pub(super) const STATUS: u8 = 0xF3;
pub(super) const DATA: u8 = 0xF7;

/// Bits of the status register: a conversion runs, the calibration is being copied.
const MEASURING: u8 = 0b1000;
pub(super) const BUSY: u8 = 0b1001;

/// How often a code that only looks like a skipped one may come before it is taken for one. A single code may
/// be the one of a skipped measurement by chance, at 26.46 degrees for the chip of Bosch's example. Then it is
/// another one soon.
pub(super) const ATTEMPTS: u32 = 3;

/// Makes sure that the chip's id is one of `ids`, `expected` being the name for it.
///
/// # Errors
/// When it is another chip. What differs the second time is noise and no other chip.
pub(super) fn check_id(
    bus: &SharedBus,
    address: u8,
    ids: RangeInclusive<u8>,
    expected: &str,
) -> Result<(), Trouble> {
    let [id] = bus.read(address, ID)?;
    if ids.contains(&id) {
        return Ok(());
    }
    let [again] = bus.read(address, ID)?;
    Err(if again == id { wrong_chip(id, expected) } else { Trouble::Garbled })
}

/// What the chip with an unexpected id is, `expected` being told with it. The remedy is in the words.
fn wrong_chip(id: u8, expected: &str) -> Trouble {
    let hint = match id {
        0x60 => " but a BME280's: set kind = \"bme280\"",
        0x56..=0x58 => " but a BMP280's, which has no humidity: set kind = \"bmp280\"",
        0x55 => " but a BMP180's: set kind = \"bmp180\"",
        0x61 => " but a BME680's",
        0x00 | 0xFF => "; rather than a chip this looks like a line that is held",
        _ => "",
    };
    Trouble::WrongChip(format!("chip id {id:#04x} is not a {expected}{hint}"))
}

/// Whether calibration words cannot be any: a line that is held and a memory that was never written read the
/// same everywhere, and twice.
pub(super) fn is_blank(calibration: &[u8]) -> bool {
    calibration.iter().all(|byte| *byte == calibration[0])
}

/// Whether the registers from `first` on read as `words` again, in two pieces from two other places: a bit of noise in
/// the number of the register shifts what is read, and the same bit twice shifts it in the same way.
///
/// # Errors
/// When the bus fails.
pub(super) fn read_again(bus: &SharedBus, address: u8, first: u8, words: &[u8]) -> Result<bool, Trouble> {
    let middle = words.len() / 2;
    // No chip has more than 256 registers.
    for (offset, piece) in [(middle as u8, &words[middle..]), (0, &words[..middle])] {
        let mut again = [0; 16];
        let again = &mut again[..piece.len()];
        bus.fill(address, first + offset, again)?;
        if again != piece {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The 24 bits of pressure and of temperature, of which the first 20 count.
pub(super) fn converted([p1, p2, p3, t1, t2, t3, ..]: Codes) -> [u32; 2] {
    [[0, p1, p2, p3], [0, t1, t2, t3]].map(u32::from_be_bytes)
}

/// How many of pressure and temperature have the code of a measurement that did not take place.
pub(super) fn skipped(codes: Codes) -> usize {
    converted(codes).into_iter().filter(|code| code & 0xFF_FFF0 == 0x80_0000).count()
}

/// Whether the converter of pressure or temperature was at one of its ends, by the 16 bits that it has at
/// least.
pub(super) fn at_an_end(codes: Codes) -> bool {
    converted(codes).into_iter().any(|code| code & 0xFF_FFF0 == 0 || code >= 0xFF_FF00)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_the_converters_are_told_at_every_resolution() {
        for low in [0x00, 0x80, 0xC0, 0xE0, 0xF0] {
            assert!(at_an_end([0x80, 0, 0, 0xFF, 0xFF, low, 0, 0]), "{low:#x}");
            assert!(at_an_end([0xFF, 0xFF, low, 0x80, 0, 0, 0, 0]), "{low:#x}");
        }
        assert!(at_an_end([0, 0, 0, 0x80, 0, 0, 0, 0]));
        assert!(!at_an_end([0, 0, 0x10, 0xFF, 0xFE, 0xF0, 0, 0]));
    }
}
