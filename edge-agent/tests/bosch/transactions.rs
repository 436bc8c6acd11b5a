//! Every byte on the bus, for Bosch's published example.

use crate::{
    at, read,
    script::{Scripted, get, set},
    sensor,
};
use edge_agent::sensor::{Bme280Config, ChipSensor};
use embedded_hal_mock::eh1::i2c::{Mock, Transaction};
use std::{sync::Arc, time::Duration};

/// The calibration words of the example in the BMP280's data sheet, section 3.12, low byte first, and
/// humidity words, of which that chip has none: H1 75, H2 362, H3 0, H4 322, H5 -27, H6 30.
#[rustfmt::skip]
pub(crate) const LOW: [u8; 26] = [
    0x70, 0x6B, 0x43, 0x67, 0x18, 0xFC, // T1 27504, T2 26435, T3 -1000
    0x7D, 0x8E, 0x43, 0xD6, 0xD0, 0x0B, // P1 36477, P2 -10685, P3 3024
    0x27, 0x0B, 0x8C, 0x00, 0xF9, 0xFF, // P4 2855, P5 140, P6 -7
    0x8C, 0x3C, 0xF8, 0xC6, 0x70, 0x17, // P7 15500, P8 -14600, P9 6000
    0x00, 75,
];
const HIGH: [u8; 7] = [0x6A, 0x01, 0x00, 0x14, 0x52, 0xFE, 0x1E];

/// The example's codes, pressure 415148 and temperature 519888, and a humidity code of 0x6E00.
const DATA: [u8; 8] = [0x65, 0x5A, 0xC0, 0x7E, 0xED, 0x00, 0x6E, 0x00];

/// What settings there are: `ctrl_hum`, `ctrl_meas` asleep, `config`.
const ONCE: [u8; 3] = [0x01, 0x24, 0x00];

fn set_up([ctrl_hum, ctrl_meas, config]: [u8; 3]) -> Vec<Transaction> {
    vec![
        get(0xD0, &[0x60]),
        get(0xD0, &[0x60]),
        set(0xE0, 0xB6),
        get(0xF3, &[0x01, 0x00]),
        get(0xF3, &[0x00, 0x00]),
        get(0x88, &LOW),
        get(0xE1, &HIGH),
        get(0xF4, &[0x00]),
        set(0xF2, ctrl_hum),
        get(0xF4, &[0x00]),
        set(0xF4, ctrl_meas),
        get(0xF5, &[0x00]),
        set(0xF5, config),
        get(0x95, &LOW[13..]),
        get(0x88, &LOW[..13]),
        get(0xE4, &HIGH[3..]),
        get(0xE1, &HIGH[..3]),
        get(0xF7, &[0x80, 0, 0, 0x80, 0, 0, 0x80, 0]),
    ]
}

fn measurement([ctrl_hum, ctrl_meas, config]: [u8; 3]) -> Vec<Transaction> {
    let mut again = vec![ctrl_hum, 0x00, ctrl_meas, config, 0x00];
    again.extend(DATA);
    let forced = ctrl_meas | 1;
    vec![
        get(0xD0, &[0x60]),
        get(0xF2, &[ctrl_hum, 0x00, ctrl_meas, config]),
        get(0xF4, &[ctrl_meas]),
        get(0xF4, &[ctrl_meas]),
        set(0xF4, forced),
        get(0xF3, &[0x08, forced]),
        get(0xF3, &[0x00, ctrl_meas]),
        get(0xF7, &DATA),
        get(0xF2, &again),
    ]
}

/// Two ticks of a sensor with these settings: the script is followed to its end, each tick gives Bosch's
/// example, and the waits are these, in milliseconds.
fn two_ticks(settings: [u8; 3], sensor: impl FnOnce(Scripted) -> ChipSensor, waits_ms: [u64; 4]) {
    let measurement = measurement(settings);
    let mut script = Mock::new(&[set_up(settings), measurement.clone(), measurement].concat());
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
    assert_eq!(*waits.lock().unwrap(), waits_ms.map(Duration::from_millis));
}

#[test]
fn two_ticks_are_these_bytes_and_give_boschs_example() {
    two_ticks(ONCE, sensor, [2, 2, 10, 10]);
}

#[test]
fn oversampling_and_filter_are_set_and_waited_for() {
    let with =
        |keys: &'static str| move |bus| toml::from_str::<Bme280Config>(keys).unwrap().sensor(Box::new(bus));
    two_ticks(
        [0b101, 0b101 << 5 | 0b101 << 2, 0b100 << 2],
        with("oversampling = 16\nfilter = 16"),
        [2, 2, 113, 113],
    );
    let each = "temperature_oversampling = 2\npressure_oversampling = 16\nfilter = 2";
    two_ticks([0b001, 0b010 << 5 | 0b101 << 2, 0b001 << 2], with(each), [2, 2, 47, 47]);
}
