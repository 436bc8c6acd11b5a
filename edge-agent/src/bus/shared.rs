//! One bus in two hands: the chip's driver, and the checks beside it.

use super::{Bus, BusError};
use crate::clock::Moment;
use embedded_hal::{
    delay::DelayNs,
    i2c::{ErrorType, I2c, Operation},
};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// A handle on a bus with a single register-addressed chip of interest. Clones are the same bus.
///
/// What is transferred through the [`I2c`] trait, by a driver, is remembered by register; what is read by
/// [`SharedBus::read`], by the checks, is not. So the checks can read again what the driver believed.
#[derive(Clone)]
pub(crate) struct SharedBus(Arc<Mutex<Inner>>);

struct Inner {
    bus: Box<dyn Bus>,
    /// What the driver last read of each register.
    believed: [u8; 256],
}

impl SharedBus {
    pub(crate) fn new(bus: Box<dyn Bus>) -> Self {
        Self(Arc::new(Mutex::new(Inner { bus, believed: [0; 256] })))
    }

    pub(crate) fn begin(&self, at: Moment) {
        self.lock().bus.begin(at);
    }

    pub(crate) fn wait(&self, duration: Duration) {
        self.lock().bus.wait(duration);
    }

    /// Reads `N` registers from `register` on, beside the driver.
    pub(crate) fn read<const N: usize>(&self, address: u8, register: u8) -> Result<[u8; N], BusError> {
        let mut bytes = [0; N];
        self.fill(address, register, &mut bytes)?;
        Ok(bytes)
    }

    /// Fills `bytes` with the registers from `register` on, beside the driver.
    pub(crate) fn fill(&self, address: u8, register: u8, bytes: &mut [u8]) -> Result<(), BusError> {
        self.lock().bus.write_read(address, &[register], bytes)
    }

    /// Writes `bytes`, beside the driver.
    pub(crate) fn send(&self, address: u8, bytes: &[u8]) -> Result<(), BusError> {
        self.lock().bus.write(address, bytes)
    }

    /// Fills `bytes` with what the chip has to say without being told a register, beside the driver.
    pub(crate) fn receive(&self, address: u8, bytes: &mut [u8]) -> Result<(), BusError> {
        self.lock().bus.read(address, bytes)
    }

    /// What the driver last read of the `N` registers from `register` on.
    pub(crate) fn believed<const N: usize>(&self, register: u8) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.lock().believed[usize::from(register)..][..N]);
        bytes
    }

    /// Nothing that panics can leave the bus half changed, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A driver that waits, waits on the bus.
impl DelayNs for SharedBus {
    fn delay_ns(&mut self, ns: u32) {
        self.wait(Duration::from_nanos(ns.into()));
    }
}

impl ErrorType for SharedBus {
    type Error = BusError;
}

impl I2c for SharedBus {
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), BusError> {
        let mut inner = self.lock();
        inner.bus.transaction(address, operations)?;
        if let [Operation::Write([register]), Operation::Read(bytes)] = operations {
            let start = usize::from(*register);
            let end = (start + bytes.len()).min(inner.believed.len());
            inner.believed[start..end].copy_from_slice(&bytes[..end - start]);
        }
        Ok(())
    }
}
