use crate::scripted::{At, Bench, Tick, good, words};
use edge_agent::sensor::Sht3xConfig;
use embedded_hal_mock::eh1::i2c::Transaction;
use protocol::Fault;
use std::time::Duration;

const CHIP: At = At(0x44);
/// The status after a reset.
const STATUS: u16 = 0x8010;
/// Two fifths and a half of the scale: 25 degrees and 50 %.
const CODES: [u16; 2] = [0x6666, 0x8000];

fn bench(script: &[Transaction]) -> Bench {
    Bench::new(script, |bus| Sht3xConfig::default().sensor(bus))
}

fn status(status: u16) -> Vec<Transaction> {
    vec![CHIP.write(&[0xF3, 0x2D]), CHIP.read(&words(&[status]))]
}

fn set_up() -> Vec<Transaction> {
    [vec![CHIP.write(&[0x30, 0xA2])], status(STATUS)].concat()
}

fn conversion(codes: [u16; 2]) -> Vec<Transaction> {
    vec![CHIP.write(&[0x24, 0x00]), CHIP.read(&words(&codes))]
}

fn measurement(codes: [u16; 2]) -> Vec<Transaction> {
    [conversion(codes), status(STATUS)].concat()
}

fn example() -> Tick {
    good(&[25.0, 50.0])
}

#[test]
fn two_ticks_are_these_bytes() {
    let script = [set_up(), measurement(CODES), measurement(CODES)].concat();
    assert_eq!(bench(&script).ticks(2), [example(), example()]);
}

#[test]
fn it_waits_as_the_data_sheet_says_and_until_the_chip_acknowledges() {
    let mut script = [set_up(), measurement(CODES)].concat();
    script.insert(4, CHIP.not_yet(6));
    let (tick, waits) = bench(&script).waits_of_one_tick();
    let [reset, none, conversion, poll] = [1500, 0, 15_500, 2000].map(Duration::from_micros);
    assert_eq!((tick, waits), (example(), vec![reset, none, conversion, poll, none]));
}

#[test]
fn another_status_after_a_reset_is_another_chip() {
    for other in [0x0000, 0xFFFF, 0xA010] {
        let script = [vec![CHIP.write(&[0x30, 0xA2])], status(other)].concat();
        assert_eq!(bench(&script).ticks(1), [Err(Fault::WrongChip)], "{other:#06x}");
    }
}

#[test]
fn absent_stuck_and_there_again() {
    let script =
        [vec![CHIP.absent(&[0x30, 0xA2])], vec![CHIP.stuck(&[0x30, 0xA2])], set_up(), measurement(CODES)];
    let faults = [Fault::Absent, Fault::NoAnswer, Fault::NoAnswer].map(Err);
    assert_eq!(bench(&script.concat()).ticks(4), [&faults[..], &[example()]].concat());
}

#[test]
fn a_wrong_checksum_is_measured_again_and_told_when_it_stays() {
    for byte in [2, 5] {
        let mut bytes = words(&CODES);
        bytes[byte] ^= 1;
        let bad = [set_up(), vec![CHIP.write(&[0x24, 0x00]), CHIP.read(&bytes)]].concat();
        let script = [bad.clone(), set_up(), measurement(CODES)].concat();
        assert_eq!(bench(&script).ticks(1), [example()]);
        assert_eq!(bench(&[bad.clone(), bad.clone(), bad].concat()).ticks(1), [Err(Fault::OutOfRange)]);
    }
}

#[test]
fn one_that_loses_power_while_it_measures_gives_no_answer_and_comes_back() {
    let lost = [set_up(), vec![CHIP.write(&[0x24, 0x00])], vec![CHIP.not_yet(6); 10]].concat();
    let script = [lost, set_up(), measurement(CODES)].concat();
    assert_eq!(bench(&script).ticks(2), [Err(Fault::NoAnswer), example()]);
}

#[test]
fn a_heater_that_is_on_is_no_air_and_a_command_that_failed_is_none() {
    for wrong in [STATUS | 1 << 13, STATUS | 1 << 1] {
        let once = [set_up(), conversion(CODES), status(wrong)].concat();
        // What is noise is tried three times, what is a setting is told at once.
        let script = if wrong & 2 == 0 { once } else { [once.clone(), once.clone(), once].concat() };
        assert_eq!(bench(&script).ticks(1), [Err(Fault::OutOfRange)], "{wrong:#06x}");
    }
}

#[test]
fn bits_that_are_all_alike_are_no_measurement() {
    for codes in [[0, 0], [0xFFFF, 0xFFFF]] {
        assert_eq!(bench(&[set_up(), measurement(codes)].concat()).ticks(1), [Err(Fault::Skipped)]);
    }
}

#[test]
fn beyond_the_data_sheets_range_there_is_no_value() {
    // -42 and 127 degrees.
    for code in [0x0463, 0xFB9C] {
        let script = [set_up(), measurement([code, 0x8000])].concat();
        assert_eq!(bench(&script).ticks(1), [Err(Fault::OutOfRange)], "{code:#06x}");
    }
}
