//! What can go wrong with a BME280, for people and for the contract.

use crate::bus::BusError;
use bme280::Error;
use protocol::Fault;

/// Why there is no reading.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("{0}")]
    Bus(#[from] BusError),
    #[error("chip id {0:#04x} is not a BME280's 0x60{hint}", hint = hint(*.0))]
    WrongChip(u8),
    #[error("it did not finish a measurement in time")]
    Slow,
    #[error("its settings are gone, it must have lost power; look at its supply and wires")]
    Reset,
    #[error("its settings are {0:02x?}, which nobody set; look for noise on the wires")]
    Settings([u8; 3]),
    #[error("two readings of the same registers differ or make no sense; look for noise on the wires")]
    Garbled,
    #[error("it gives the codes of a measurement that did not take place")]
    Skipped,
    #[error("it measures what the chip cannot: {celsius} °C, {pascal} Pa, {percent} %")]
    OutOfRange { celsius: f32, pascal: f32, percent: f32 },
    #[error("its calibration makes no sense of what it measured")]
    Nonsense,
    #[error("not one bit of what it measures has changed for minutes")]
    Stuck,
}

fn hint(chip_id: u8) -> &'static str {
    match chip_id {
        0x56..=0x58 => " but a BMP280's, which has no humidity",
        0x55 => " but a BMP180's",
        0x61 => " but a BME680's",
        0x00 | 0xFF => "; rather than a chip this looks like a line that is held",
        _ => "",
    }
}

impl Trouble {
    /// The one word for it. A chip that does not acknowledge is `absent`, but for the first time after it
    /// `was_there`: then it is `no answer`, as a loose contact would give.
    pub(super) fn fault(&self, was_there: bool) -> Fault {
        match self {
            Trouble::Bus(BusError::Missing(_)) => Fault::Absent,
            Trouble::Bus(BusError::NoAcknowledge) if !was_there => Fault::Absent,
            Trouble::Bus(_) | Trouble::Slow => Fault::NoAnswer,
            Trouble::WrongChip(_) => Fault::WrongChip,
            Trouble::Reset | Trouble::Skipped => Fault::Skipped,
            Trouble::Settings(_) | Trouble::Garbled | Trouble::OutOfRange { .. } | Trouble::Nonsense => {
                Fault::OutOfRange
            }
            Trouble::Stuck => Fault::Stuck,
        }
    }
}

impl From<Error<BusError>> for Trouble {
    fn from(error: Error<BusError>) -> Self {
        match error {
            Error::Bus(error) => Trouble::Bus(error),
            // The id was right a moment ago, so this was noise, as is a mode that does not exist.
            Error::UnsupportedChip | Error::NoCalibrationData | Error::Delay => Trouble::Garbled,
            Error::InvalidData | Error::CompensationFailed => Trouble::Nonsense,
        }
    }
}
