//! What the chip at an address is, without harm to whatever else may be there.

use crate::bus::{Bus, BusError};
use serde::Serialize;
use std::time::Duration;

/// What was found at an address.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(super) enum What {
    /// A chip that has said who it is.
    Identified {
        /// The word for it in the config.
        kind: &'static str,
        /// What people call it.
        chip: &'static str,
    },
    /// One that cannot say who it is, or that would have to be written to for it.
    Possible {
        /// The word in the config for what it may be.
        kind: &'static str,
        /// What people call that.
        chip: &'static str,
    },
    /// Something that no sensor of the agent is for.
    Unknown,
    /// A driver of the kernel has it.
    Claimed,
}

const fn identified(kind: &'static str, chip: &'static str) -> Option<What> {
    Some(What::Identified { kind, chip })
}

const fn possible(kind: &'static str, chip: &'static str) -> Option<What> {
    Some(What::Possible { kind, chip })
}

/// What is at `address`, of which a byte was `read` if it let itself be read.
///
/// # Errors
/// When the bus is in trouble. That a chip refuses is an answer like any other.
pub(super) fn identify(bus: &mut dyn Bus, address: u8, read: Option<u8>) -> Result<Option<What>, BusError> {
    let found = match address {
        // No id, and port expanders live there too: to them any byte is an order to their outputs.
        0x23 | 0x5C => read.and(possible("bh1750", "BH1750")),
        0x40 => match ina219(bus, address, read)? {
            None => htu21d(bus, address)?,
            found => found,
        },
        0x41 => ina219(bus, address, read)?,
        0x44..=0x46 => match ina219(bus, address, read)? {
            None => sht(bus, address, read)?,
            found => found,
        },
        0x48..=0x4B => ads1115(bus, address, read)?,
        0x62 => scd4x(bus, address, read)?,
        0x76 | 0x77 => bosch(bus, address, read)?,
        _ => None,
    };
    Ok(found.or(read.map(|_| What::Unknown)))
}

/// The bytes that come after `command`; none if the chip refuses either.
fn ask<const N: usize>(
    bus: &mut dyn Bus,
    address: u8,
    command: &[u8],
    pause: Duration,
) -> Result<Option<[u8; N]>, BusError> {
    let mut bytes = [0; N];
    let done = if pause.is_zero() {
        bus.write_read(address, command, &mut bytes)
    } else {
        bus.write(address, command).and_then(|()| {
            bus.wait(pause);
            bus.read(address, &mut bytes)
        })
    };
    match done {
        Ok(()) => Ok(Some(bytes)),
        Err(BusError::NoAcknowledge) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A register of two bytes, high byte first.
fn register(bus: &mut dyn Bus, address: u8, register: u8) -> Result<Option<u16>, BusError> {
    Ok(ask(bus, address, &[register], Duration::ZERO)?.map(u16::from_be_bytes))
}

/// Bosch's chips have their id in register 0xD0.
fn bosch(bus: &mut dyn Bus, address: u8, read: Option<u8>) -> Result<Option<What>, BusError> {
    const ID: u8 = 0xD0;
    let Some(before) = read else { return Ok(None) };
    Ok(match ask(bus, address, &[ID], Duration::ZERO)? {
        Some([0x60]) => identified("bme280", "BME280"),
        Some([0x56..=0x58]) => identified("bmp280", "BMP280"),
        Some([0x55]) if address == 0x77 => identified("bmp180", "BMP180"),
        Some([ID]) => {
            // A switch of buses has one register, which now has what was meant for a number of a register.
            bus.write(address, &[before])?;
            None
        }
        _ => None,
    })
}

/// An INA219 that nobody has set up has 0x399F in its configuration register, 0. One that the agent has read holds
/// what its driver sets, whose two bits for the range are the owner's.
fn ina219(bus: &mut dyn Bus, address: u8, read: Option<u8>) -> Result<Option<What>, BusError> {
    if read.is_none() {
        return Ok(None);
    }
    const AFTER_POWER_ON: u16 = 0x399F;
    const RANGE: u16 = 0x1800;
    const AS_THE_AGENT_SETS_IT: u16 = 0x26EB;
    let known =
        |configuration| configuration == AFTER_POWER_ON || configuration & !RANGE == AS_THE_AGENT_SETS_IT;
    Ok(if register(bus, address, 0)?.is_some_and(known) { identified("ina219", "INA219") } else { None })
}

/// An ADS1115 has its thresholds in registers 2 and 3, which only its comparator needs: they are as after
/// power-on, the lowest and the highest number.
fn ads1115(bus: &mut dyn Bus, address: u8, read: Option<u8>) -> Result<Option<What>, BusError> {
    if read.is_none() || register(bus, address, 2)? != Some(0x8000) {
        return Ok(None);
    }
    let highest = register(bus, address, 3)?;
    Ok(if highest == Some(0x7FFF) { identified("ads1115", "ADS1115") } else { None })
}

/// An HTU21D (or SHT21, or Si7021) measures the temperature, and signs it with a checksum. The command is one byte,
/// which is no more than the number of a register to other chips.
fn htu21d(bus: &mut dyn Bus, address: u8) -> Result<Option<What>, BusError> {
    const MEASURE: u8 = 0xF3;
    const LONGEST: Duration = Duration::from_millis(60);
    let Some([high, low, sum]) = ask(bus, address, &[MEASURE], LONGEST)? else { return Ok(None) };
    // Zeros are their own checksum.
    let measured = [high, low] != [0, 0] && low & 0b10 == 0 && crc8(0x00, [high, low]) == sum;
    Ok(if measured { identified("htu21d", "HTU21D") } else { None })
}

/// Sensirion's chips refuse to be read before a command. So what can be read is none of them, and is sent no
/// command of two bytes, which might be a register and its value. Serial number and status are signed.
fn sht(bus: &mut dyn Bus, address: u8, read: Option<u8>) -> Result<Option<What>, BusError> {
    const PAUSE: Duration = Duration::from_millis(2);
    if read.is_some() {
        return Ok(None);
    }
    if ask::<6>(bus, address, &[0x89], PAUSE)?.is_some_and(|words| signed(&words)) {
        return Ok(identified("sht4x", "SHT4x"));
    }
    let status = ask::<3>(bus, address, &[0xF3, 0x2D], PAUSE)?;
    Ok(if status.is_some_and(|words| signed(&words)) { identified("sht3x", "SHT3x") } else { None })
}

/// An SCD4x tells its serial number while it is idle, and while it measures only whether it is done.
fn scd4x(bus: &mut dyn Bus, address: u8, read: Option<u8>) -> Result<Option<What>, BusError> {
    const PAUSE: Duration = Duration::from_millis(2);
    if read.is_some() {
        return Ok(possible("scd4x", "SCD4x"));
    }
    let serial = ask::<9>(bus, address, &[0x36, 0x82], PAUSE)?.is_some_and(|words| signed(&words));
    let found = serial || ask::<3>(bus, address, &[0xE4, 0xB8], PAUSE)?.is_some_and(|words| signed(&words));
    Ok(if found { identified("scd4x", "SCD4x") } else { None })
}

/// Whether each word of two bytes is followed by Sensirion's checksum of it.
fn signed(words: &[u8]) -> bool {
    words.chunks_exact(3).all(|word| crc8(0xFF, [word[0], word[1]]) == word[2])
}

/// The checksum of Sensirion's data sheets: x^8 + x^5 + x^4 + 1, from `start` on.
fn crc8(start: u8, word: [u8; 2]) -> u8 {
    word.iter().fold(start, |sum, byte| {
        (0..8).fold(sum ^ byte, |sum, _| if sum & 0x80 == 0 { sum << 1 } else { sum << 1 ^ 0x31 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_data_sheets() {
        // SHT3x, section 4.12, and SCD4x, section 3.11; HTU21D, page 14.
        assert_eq!(crc8(0xFF, [0xBE, 0xEF]), 0x92);
        assert_eq!(crc8(0x00, [0x68, 0x3A]), 0x7C);
        assert_eq!(crc8(0x00, [0x4E, 0x85]), 0x6B);
    }
}
