//! A bus that follows a script.

use edge_agent::bus::{Bus, BusError};
use embedded_hal::i2c::{ErrorType, I2c, Operation};
use embedded_hal_mock::eh1::i2c::{Mock, Transaction};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// Where the chips are.
const ADDRESS: u8 = 0x76;

/// A bus that follows a script and notes for how long it was told to wait.
pub(crate) struct Scripted {
    pub(crate) script: Mock,
    pub(crate) waits: Arc<Mutex<Vec<Duration>>>,
}

impl ErrorType for Scripted {
    type Error = BusError;
}

impl I2c for Scripted {
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), BusError> {
        let done = match operations {
            [Operation::Write(bytes)] => self.script.write(address, bytes),
            [Operation::Write(bytes), Operation::Read(into)] => self.script.write_read(address, bytes, into),
            other => panic!("no driver here does {other:?}"),
        };
        done.map_err(|_| BusError::NoAcknowledge)
    }
}

impl Bus for Scripted {
    fn wait(&mut self, duration: Duration) {
        self.waits.lock().unwrap().push(duration);
    }
}

/// A read of registers.
pub(crate) fn get(register: u8, bytes: &[u8]) -> Transaction {
    Transaction::write_read(ADDRESS, vec![register], bytes.to_vec())
}

/// A write of a register.
pub(crate) fn set(register: u8, value: u8) -> Transaction {
    Transaction::write(ADDRESS, vec![register, value])
}
