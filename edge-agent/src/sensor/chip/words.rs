//! Chips that take commands and answer in words of 16 bits, each with a checksum: the SHT3x and, with another
//! start of the checksum, the HTU21D.

use super::Trouble;
use crate::bus::{BusError, SharedBus};
use std::time::Duration;

/// A chip that is not done does not acknowledge; so long it is given after the time of its data sheet.
const POLL: Duration = Duration::from_millis(2);
const POLLS: u32 = 10;

/// A chip that speaks in words.
pub(in crate::sensor) struct Words {
    bus: SharedBus,
    address: u8,
    /// What the checksum starts with.
    seed: u8,
}

impl Words {
    pub(in crate::sensor) fn new(bus: &SharedBus, address: u8, seed: u8) -> Self {
        Self { bus: bus.clone(), address, seed }
    }

    /// Gives a command and waits until it is done.
    pub(in crate::sensor) fn command(&self, bytes: &[u8], takes: Duration) -> Result<(), Trouble> {
        self.bus.send(self.address, bytes)?;
        self.bus.wait(takes);
        Ok(())
    }

    /// The answer to the last command.
    ///
    /// # Errors
    /// [`Trouble::Slow`] when the chip keeps silent, and when a checksum is wrong.
    pub(in crate::sensor) fn answer<const N: usize>(&self) -> Result<[u16; N], Trouble> {
        let mut bytes = [[0; 3]; N];
        for _ in 0..POLLS {
            match self.bus.receive(self.address, bytes.as_flattened_mut()) {
                Ok(()) => return self.checked(bytes),
                Err(BusError::NoAcknowledge) => self.bus.wait(POLL),
                Err(error) => return Err(error.into()),
            }
        }
        Err(Trouble::Slow)
    }

    fn checked<const N: usize>(&self, bytes: [[u8; 3]; N]) -> Result<[u16; N], Trouble> {
        if bytes.iter().any(|[high, low, sum]| checksum(self.seed, [*high, *low]) != *sum) {
            return Err(Trouble::Checksum);
        }
        Ok(bytes.map(|[high, low, _]| u16::from_be_bytes([high, low])))
    }
}

/// The checksum of a word: CRC-8 with the polynomial x^8 + x^5 + x^4 + 1, as in Sensirion's and TE's data sheets.
fn checksum(seed: u8, word: [u8; 2]) -> u8 {
    word.into_iter().fold(seed, |sum, byte| {
        (0..8).fold(sum ^ byte, |sum, _| if sum & 0x80 == 0 { sum << 1 } else { (sum << 1) ^ 0x31 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_data_sheets() {
        assert_eq!(checksum(0xFF, [0xBE, 0xEF]), 0x92, "SHT3x");
        assert_eq!(checksum(0, [0x68, 0x3A]), 0x7C, "HTU21D, 24.7 degrees");
        assert_eq!(checksum(0, [0x4E, 0x85]), 0x6B, "HTU21D, 32.3 %");
    }
}
