//! A bus that follows a script, and a sensor that is read on it every 5 s.

use edge_agent::{
    bus::{Bus, BusError},
    clock::Moment,
    sensor::{ChipSensor, Sensor},
};
use embedded_hal::i2c::{ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation};
use embedded_hal_mock::eh1::i2c::{Mock, Transaction};
use protocol::{ClockTrust, Fault};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// What a tick gave: a value for each metric, or the fault.
pub(crate) type Tick = Result<Vec<Option<f64>>, Fault>;

struct Scripted {
    script: Mock,
    waits: Arc<Mutex<Vec<Duration>>>,
}

impl ErrorType for Scripted {
    type Error = BusError;
}

impl I2c for Scripted {
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), BusError> {
        let done = match operations {
            [Operation::Write(bytes)] => self.script.write(address, bytes),
            [Operation::Read(into)] => self.script.read(address, into),
            [Operation::Write(bytes), Operation::Read(into)] => self.script.write_read(address, bytes, into),
            // The Pi's bus refuses a transfer with more than one read, or with one that is not the last.
            other => panic!("no driver here may do {other:?}"),
        };
        done.map_err(|kind| match kind {
            ErrorKind::Bus => BusError::Timeout,
            _ => BusError::NoAcknowledge,
        })
    }
}

impl Bus for Scripted {
    fn wait(&mut self, duration: Duration) {
        self.waits.lock().unwrap().push(duration);
    }
}

/// A sensor on a scripted bus.
pub(crate) struct Bench {
    pub(crate) sensor: ChipSensor,
    script: Mock,
    waits: Arc<Mutex<Vec<Duration>>>,
    now_ms: u64,
}

impl Bench {
    pub(crate) fn new(script: &[Transaction], sensor: impl FnOnce(Box<dyn Bus>) -> ChipSensor) -> Self {
        let (script, waits) = (Mock::new(script), Arc::default());
        let bus = Scripted { script: script.clone(), waits: Arc::clone(&waits) };
        Self { sensor: sensor(Box::new(bus)), script, waits, now_ms: 1000 }
    }

    pub(crate) fn tick(&mut self) -> Tick {
        self.now_ms += 5000;
        let mut values = vec![None; self.sensor.metrics().len()];
        self.sensor.read(at(self.now_ms), &mut values).map(|()| values)
    }

    /// Reads it so often, and expects the script to be done then.
    pub(crate) fn ticks(mut self, count: usize) -> Vec<Tick> {
        let ticks = (0..count).map(|_| self.tick()).collect();
        self.script.done();
        ticks
    }

    /// The same once, and for how long the driver waited each time.
    pub(crate) fn waits_of_one_tick(mut self) -> (Tick, Vec<Duration>) {
        let tick = self.tick();
        self.script.done();
        let waits = self.waits.lock().unwrap().clone();
        (tick, waits)
    }
}

pub(crate) fn at(monotonic_ms: u64) -> Moment {
    let time_ms = 1_795_000_000_000 + i64::try_from(monotonic_ms).unwrap();
    Moment { monotonic_ms, time_ms, clock: ClockTrust::Synchronized }
}

pub(crate) fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A tick with all its values.
pub(crate) fn good(values: &[f64]) -> Tick {
    Ok(values.iter().copied().map(Some).collect())
}

/// The transfers of one chip.
#[derive(Clone, Copy)]
pub(crate) struct At(pub(crate) u8);

impl At {
    pub(crate) fn write(self, bytes: &[u8]) -> Transaction {
        Transaction::write(self.0, bytes.to_vec())
    }

    pub(crate) fn read(self, bytes: &[u8]) -> Transaction {
        Transaction::read(self.0, bytes.to_vec())
    }

    pub(crate) fn get(self, register: u8, bytes: &[u8]) -> Transaction {
        Transaction::write_read(self.0, vec![register], bytes.to_vec())
    }

    /// A write that is not acknowledged.
    pub(crate) fn absent(self, bytes: &[u8]) -> Transaction {
        self.write(bytes).with_error(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address))
    }

    /// A read that is not acknowledged, of as many bytes.
    pub(crate) fn not_yet(self, length: usize) -> Transaction {
        self.read(&vec![0; length]).with_error(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address))
    }

    /// A write on a bus that is stuck.
    pub(crate) fn stuck(self, bytes: &[u8]) -> Transaction {
        self.write(bytes).with_error(ErrorKind::Bus)
    }
}

/// Words as Sensirion's chips send them, each with its checksum.
pub(crate) fn words(words: &[u16]) -> Vec<u8> {
    let each = words.iter().map(|word| word.to_be_bytes());
    each.flat_map(|[high, low]| [high, low, crc(0xFF, [high, low])]).collect()
}

/// Bit by bit, another way than the agent's.
pub(crate) fn crc(seed: u8, word: [u8; 2]) -> u8 {
    let mut rest = u32::from(u16::from_be_bytes(word)) << 8 ^ u32::from(seed) << 16;
    for bit in (8..24).rev() {
        if rest >> bit & 1 == 1 {
            rest ^= 0x131 << (bit - 8);
        }
    }
    u8::try_from(rest).unwrap()
}

#[test]
fn the_checksum_is_that_of_the_data_sheets() {
    assert_eq!((crc(0xFF, [0xBE, 0xEF]), crc(0, [0x68, 0x3A])), (0x92, 0x7C));
}
