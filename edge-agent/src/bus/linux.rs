//! The kernel's I2C buses, `/dev/i2c-1` on a Pi.

use super::{Bus, BusError};
use embedded_hal::i2c::{ErrorType, I2c, Operation, SevenBitAddress};
use linux_embedded_hal::{I2cdev, i2cdev::linux::LinuxI2CError};
use rustix::io::Errno;
use std::{io, path::PathBuf};

/// A handle of its own on one of the kernel's buses.
///
/// The device is opened at the first transfer, and again after it went away: a bus that is absent now may
/// come with an overlay or a USB adapter.
pub struct LinuxBus {
    path: PathBuf,
    device: Option<I2cdev>,
}

impl LinuxBus {
    /// The bus at `path`, which need not exist yet.
    pub fn new(path: PathBuf) -> Self {
        Self { path, device: None }
    }

    fn device(&mut self) -> Result<&mut I2cdev, BusError> {
        match &mut self.device {
            Some(device) => Ok(device),
            closed => {
                let device = I2cdev::new(&self.path).map_err(|error| explain(&error, true))?;
                Ok(closed.insert(device))
            }
        }
    }
}

impl ErrorType for LinuxBus {
    type Error = BusError;
}

impl I2c for LinuxBus {
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), BusError> {
        let done = I2c::<SevenBitAddress>::transaction(self.device()?, address, operations);
        done.map_err(|error| {
            let error = explain(error.inner(), false);
            if matches!(error, BusError::Missing(_)) {
                self.device = None;
            }
            error
        })
    }
}

impl Bus for LinuxBus {}

/// What an errno means depends on when it comes: ENXIO at opening is a missing bus, in a transfer it is how
/// some adapters (EREMOTEIO on the Pi's) tell a missing acknowledgement.
fn explain(error: &LinuxI2CError, opening: bool) -> BusError {
    let raw = match error {
        LinuxI2CError::Errno(raw) => Some(*raw),
        LinuxI2CError::Io(error) => error.raw_os_error(),
    };
    let Some(raw) = raw else { return BusError::Other(io::Error::other(error.to_string())) };
    let error = io::Error::from_raw_os_error(raw);
    match Errno::from_raw_os_error(raw) {
        Errno::NOENT | Errno::NODEV | Errno::NOTDIR => BusError::Missing(error),
        Errno::NXIO if opening => BusError::Missing(error),
        Errno::NXIO | Errno::REMOTEIO => BusError::NoAcknowledge,
        Errno::TIMEDOUT => BusError::Timeout,
        Errno::ACCESS | Errno::PERM => BusError::Denied,
        Errno::BUSY => BusError::Claimed,
        _ => BusError::Other(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bus_that_does_not_exist_is_missing_at_every_transfer() {
        let mut bus = LinuxBus::new("/dev/i2c-no-such-bus".into());
        for _ in 0..2 {
            let error = bus.write(0x76, &[0]).unwrap_err();
            assert!(matches!(error, BusError::Missing(_)), "{error}");
        }
    }

    #[test]
    fn a_file_that_is_no_bus_says_so() {
        let mut bus = LinuxBus::new("/dev/null".into());
        assert!(matches!(bus.write(0x76, &[0]).unwrap_err(), BusError::Other(_)));
    }

    #[test]
    fn errnos_of_transfers_are_told_apart() {
        let of = |errno: Errno| explain(&LinuxI2CError::Errno(errno.raw_os_error()), false);
        assert!(matches!(of(Errno::REMOTEIO), BusError::NoAcknowledge));
        assert!(matches!(of(Errno::NXIO), BusError::NoAcknowledge));
        assert!(matches!(of(Errno::TIMEDOUT), BusError::Timeout));
        assert!(matches!(of(Errno::NODEV), BusError::Missing(_)));
        assert!(matches!(of(Errno::BUSY), BusError::Claimed));
        assert!(matches!(of(Errno::IO), BusError::Other(_)));
    }
}
