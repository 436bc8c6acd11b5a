//! Buses that sensors hang on: the kernel's I2C, and a simulated one that answers as a real chip would.

mod linux;
mod shared;
mod simulated;

pub use linux::LinuxBus;
pub(crate) use shared::SharedBus;
pub use simulated::{Air, Model, SimulatedBus};

use crate::clock::Moment;
use embedded_hal::i2c::{self, ErrorKind, I2c, NoAcknowledgeSource};
use std::{io, thread, time::Duration};

/// An I2C bus and the time that passes on it.
///
/// Drivers wait through the bus and not by themselves, so that on a simulated bus no real time passes.
pub trait Bus: I2c<Error = BusError> + Send {
    /// Says that a tick begins. Real buses have the real time and need not be told.
    fn begin(&mut self, _at: Moment) {}

    /// Lets `duration` pass.
    fn wait(&mut self, duration: Duration) {
        thread::sleep(duration);
    }
}

/// Why a transfer did not take place.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The bus itself is not there.
    #[error("there is no such bus ({0}); is I2C enabled, and the path right?")]
    Missing(io::Error),
    /// No chip acknowledged the address.
    #[error("nothing acknowledges the address; is the sensor wired and the address right?")]
    NoAcknowledge,
    /// A line is held, or the chip stretches the clock for too long.
    #[error("the bus timed out; look for a short circuit or a sensor that holds it")]
    Timeout,
    /// The user may not open the bus.
    #[error("access to the bus is denied; add the agent's user to the group i2c")]
    Denied,
    /// A driver of the kernel has the address to itself.
    #[error("a driver of the kernel has this address; remove its overlay, or leave the sensor out")]
    Claimed,
    /// Anything else that the kernel says.
    #[error("the transfer failed: {0}")]
    Other(io::Error),
}

impl i2c::Error for BusError {
    fn kind(&self) -> ErrorKind {
        match self {
            BusError::NoAcknowledge => ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address),
            BusError::Timeout => ErrorKind::Bus,
            BusError::Missing(_) | BusError::Denied | BusError::Claimed | BusError::Other(_) => {
                ErrorKind::Other
            }
        }
    }
}
