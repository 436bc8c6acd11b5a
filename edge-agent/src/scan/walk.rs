//! From address to address of one bus.

use super::identify::{self, What};
use crate::bus::{Bus, BusError};
use serde::Serialize;

/// Addresses that are not even read: reading the first takes an alert away from whom it is for (SMBus), and
/// at the second live clock chips that hang the bus when they are read.
const SHUNNED: [u8; 2] = [0x0C, 0x69];

/// What answers at one address.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Device {
    pub(super) address: u8,
    #[serde(flatten)]
    pub(super) what: What,
}

/// Reads a byte at every address, and finds out what it is where a chip may live that this program knows.
///
/// # Errors
/// When the bus itself is in trouble: there is no point in going on then. `found` has what was found before.
pub(super) fn walk(bus: &mut dyn Bus, found: &mut Vec<Device>) -> Result<(), BusError> {
    for address in 0x08..=0x77 {
        if SHUNNED.contains(&address) {
            continue;
        }
        let mut byte = [0];
        let read = match bus.read(address, &mut byte) {
            Ok(()) => Some(byte[0]),
            Err(BusError::NoAcknowledge) => None,
            Err(BusError::Claimed) => {
                found.push(Device { address, what: What::Claimed });
                continue;
            }
            Err(error) => return Err(error),
        };
        let what = identify::identify(bus, address, read)?;
        found.extend(what.map(|what| Device { address, what }));
    }
    Ok(())
}
