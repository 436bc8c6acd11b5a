//! Every byte on the bus, for Bosch's published example.

use crate::{at, read, sensor};
use edge_agent::bus::{Bus, BusError};
use embedded_hal::i2c::{ErrorType, I2c, Operation};
use embedded_hal_mock::eh1::i2c::{Mock, Transaction};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

const ADDRESS: u8 = 0x76;

/// A bus that follows a script and notes for how long it was told to wait.
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

fn get(register: u8, bytes: &[u8]) -> Transaction {
    Transaction::write_read(ADDRESS, vec![register], bytes.to_vec())
}

fn set(register: u8, value: u8) -> Transaction {
    Transaction::write(ADDRESS, vec![register, value])
}

/// The calibration words of the example in the BMP280's data sheet, section 3.12, low byte first, and
/// humidity words, of which that chip has none: H1 75, H2 362, H3 0, H4 322, H5 -27, H6 30.
#[rustfmt::skip]
const LOW: [u8; 26] = [
    0x70, 0x6B, 0x43, 0x67, 0x18, 0xFC, // T1 27504, T2 26435, T3 -1000
    0x7D, 0x8E, 0x43, 0xD6, 0xD0, 0x0B, // P1 36477, P2 -10685, P3 3024
    0x27, 0x0B, 0x8C, 0x00, 0xF9, 0xFF, // P4 2855, P5 140, P6 -7
    0x8C, 0x3C, 0xF8, 0xC6, 0x70, 0x17, // P7 15500, P8 -14600, P9 6000
    0x00, 75,
];
const HIGH: [u8; 7] = [0x6A, 0x01, 0x00, 0x14, 0x52, 0xFE, 0x1E];

/// The example's codes, pressure 415148 and temperature 519888, and a humidity code of 0x6E00.
const DATA: [u8; 8] = [0x65, 0x5A, 0xC0, 0x7E, 0xED, 0x00, 0x6E, 0x00];

fn set_up() -> Vec<Transaction> {
    vec![
        get(0xD0, &[0x60]),
        get(0xD0, &[0x60]),
        set(0xE0, 0xB6),
        get(0xF3, &[0x01, 0x00]),
        get(0xF3, &[0x00, 0x00]),
        get(0x88, &LOW),
        get(0xE1, &HIGH),
        get(0xF4, &[0x00]),
        set(0xF2, 0x01),
        get(0xF4, &[0x00]),
        set(0xF4, 0x24),
        get(0xF5, &[0x00]),
        set(0xF5, 0x00),
        get(0x88, &LOW),
        get(0xE1, &HIGH),
        get(0xF7, &[0x80, 0, 0, 0x80, 0, 0, 0x80, 0]),
    ]
}

fn measurement() -> Vec<Transaction> {
    let mut again = vec![0x01, 0x00, 0x24, 0x00, 0x00];
    again.extend(DATA);
    vec![
        get(0xD0, &[0x60]),
        get(0xF2, &[0x01, 0x00, 0x24, 0x00]),
        get(0xF4, &[0x24]),
        get(0xF4, &[0x24]),
        set(0xF4, 0x25),
        get(0xF3, &[0x08, 0x25]),
        get(0xF3, &[0x00, 0x24]),
        get(0xF7, &DATA),
        get(0xF2, &again),
    ]
}

#[test]
fn two_ticks_are_these_bytes_and_give_boschs_example() {
    let mut script = Mock::new(&[set_up(), measurement(), measurement()].concat());
    let waits = Arc::default();
    let mut sensor = sensor(Scripted { script: script.clone(), waits: Arc::clone(&waits) });

    for tick in 0..2 {
        let [celsius, percent, hectopascal] = read(&mut sensor, at(tick * 5000)).unwrap();
        assert_eq!(celsius, 25.08);
        // 100653.27 Pa in the example.
        assert_eq!(hectopascal, 1006.53);
        // By the data sheet's formula in double precision 42.892.
        assert_eq!(percent, 42.89);
    }
    script.done();
    let ms = Duration::from_millis;
    assert_eq!(*waits.lock().unwrap(), [ms(2), ms(2), ms(10), ms(10)]);
}
