use crate::scripted::{At, Bench, Tick, good, ms};
use edge_agent::sensor::Ina219Config;
use embedded_hal_mock::eh1::i2c::Transaction;
use protocol::Fault;
use std::time::Duration;

const CHIP: At = At(0x40);
/// 32 V, 40 mV, 32 samples each, both voltages once.
const SETTINGS: [u8; 2] = [0x26, 0xEB];
const AFTER_RESET: [u8; 2] = [0x39, 0x9F];

/// The data sheet's programming example: 20 mV across 2 milliohms and 11.98 V, so 10 A and 119.8 W.
const SHUNT: u16 = 0x07D0;
const BUS: u16 = 0x5D98;
const NEW: u16 = 0b10;

fn bench(script: &[Transaction]) -> Bench {
    let config: Ina219Config = toml::from_str("shunt_ohms = 0.002\nmax_amperes = 15.0").unwrap();
    Bench::new(script, |bus| config.sensor(bus))
}

fn set_up() -> Vec<Transaction> {
    vec![
        CHIP.write(&[0x00, 0xB9, 0x9F]),
        CHIP.get(0x00, &AFTER_RESET),
        CHIP.get(0x05, &[0, 0]),
        CHIP.get(0x04, &[0, 0]),
        CHIP.get(0x03, &[0, 0]),
        CHIP.get(0x01, &[0x00, 0x10]),
        CHIP.get(0x02, &[0x10, 0x00]),
    ]
}

fn results(bus: u16, shunt: u16) -> Vec<Transaction> {
    vec![CHIP.get(0x02, &bus.to_be_bytes()), CHIP.get(0x03, &[0, 0]), CHIP.get(0x01, &shunt.to_be_bytes())]
}

fn start() -> Vec<Transaction> {
    vec![CHIP.write(&[0x00, SETTINGS[0], SETTINGS[1]])]
}

fn measurement(bus: u16, shunt: u16) -> Vec<Transaction> {
    let checks = vec![
        CHIP.get(0x00, &SETTINGS),
        CHIP.get(0x02, &(bus & !NEW).to_be_bytes()),
        CHIP.get(0x01, &shunt.to_be_bytes()),
    ];
    [start(), results(bus, shunt), checks].concat()
}

fn example() -> Tick {
    good(&[11.98, 10.0, 119.8])
}

#[test]
fn two_ticks_are_these_bytes_and_give_the_data_sheets_example() {
    let measurement = measurement(BUS | NEW, SHUNT);
    let script = [set_up(), measurement.clone(), measurement].concat();
    assert_eq!(bench(&script).ticks(2), [example(), example()]);
}

#[test]
fn it_waits_until_the_measurement_is_flagged_as_new() {
    let old = [results(BUS, 0x0666), vec![CHIP.get(0x00, &SETTINGS)]].concat();
    let mut script = [set_up(), measurement(BUS | NEW, SHUNT)].concat();
    script.splice(8..8, old);
    let (tick, waits) = bench(&script).waits_of_one_tick();
    assert_eq!((tick, waits), (example(), vec![Duration::from_micros(37_440), ms(5)]));
}

#[test]
fn a_measurement_that_never_comes_gives_no_answer() {
    let old = [results(BUS, SHUNT), vec![CHIP.get(0x00, &SETTINGS)]].concat();
    let script = [set_up(), start(), vec![old; 6].concat()].concat();
    assert_eq!(bench(&script).ticks(1), [Err(Fault::NoAnswer)]);
}

#[test]
fn a_current_the_other_way_is_negative() {
    let back = measurement(BUS | NEW, SHUNT.wrapping_neg());
    assert_eq!(bench(&[set_up(), back].concat()).ticks(1), [good(&[11.98, -10.0, -119.8])]);
}

#[test]
fn without_keys_it_is_the_usual_board_with_a_tenth_of_an_ohm() {
    let mut script = [set_up(), measurement(BUS | NEW, SHUNT)].concat();
    script[7] = CHIP.write(&[0x00, 0x3E, 0xEB]);
    script[11] = CHIP.get(0x00, &[0x3E, 0xEB]);
    let bench = Bench::new(&script, |bus| Ina219Config::default().sensor(bus));
    assert_eq!(bench.ticks(1), [good(&[11.98, 0.2, 2.396])]);
}

#[test]
fn a_register_that_does_not_reset_is_another_chip() {
    let other = [vec![CHIP.write(&[0x00, 0xB9, 0x9F])], vec![CHIP.get(0x00, &[0x12, 0x34]); 12]].concat();
    assert_eq!(bench(&other).ticks(1), [Err(Fault::WrongChip)]);
    let mut calibrated = set_up();
    calibrated.truncate(3);
    calibrated[2] = CHIP.get(0x05, &[0xFF, 0xFE]);
    assert_eq!(bench(&calibrated).ticks(1), [Err(Fault::WrongChip)]);
}

#[test]
fn absent_stuck_and_there_again() {
    let reset = [0x00, 0xB9, 0x9F];
    let there = [set_up(), measurement(BUS | NEW, SHUNT)].concat();
    let script = [vec![CHIP.absent(&reset), CHIP.stuck(&reset)], there].concat();
    let faults = [Fault::Absent, Fault::NoAnswer, Fault::NoAnswer].map(Err);
    assert_eq!(bench(&script).ticks(4), [&faults[..], &[example()]].concat());
}

#[test]
fn one_that_lost_power_measures_with_other_settings_and_is_seen() {
    let lost = [start(), results(BUS | NEW, SHUNT), vec![CHIP.get(0x00, &AFTER_RESET)]].concat();
    let script = [set_up(), lost, set_up(), measurement(BUS | NEW, SHUNT)].concat();
    assert_eq!(bench(&script).ticks(2), [Err(Fault::Skipped), example()]);
    let lost = [start(), results(BUS, 0), vec![CHIP.get(0x00, &AFTER_RESET)]].concat();
    assert_eq!(bench(&[set_up(), lost].concat()).ticks(1), [Err(Fault::Skipped)], "before it is done");
}

#[test]
fn settings_that_nobody_set_are_out_of_range() {
    let other = [CHIP.get(0x00, &[0x06, 0xEB]), CHIP.get(0x00, &[0x06, 0xEB])];
    let script = [set_up(), start(), results(BUS | NEW, SHUNT), other.to_vec()].concat();
    assert_eq!(bench(&script).ticks(1), [Err(Fault::OutOfRange)]);
}

#[test]
fn two_readings_that_differ_are_measured_again() {
    let mut noisy = measurement(BUS | NEW, SHUNT);
    noisy[6] = CHIP.get(0x01, &[0x07, 0xD1]);
    let script = [set_up(), noisy, set_up(), measurement(BUS | NEW, SHUNT)].concat();
    assert_eq!(bench(&script).ticks(1), [example()]);
}

#[test]
fn what_is_too_much_is_out_of_range_and_not_the_end_of_the_range() {
    // 20 A clipped at 40 mV, 16 A of which 15 are plausible, 28 V at an input for 26, a flag of overflow.
    for (bus, shunt) in [(BUS, 4000_u16), (BUS, 4000_u16.wrapping_neg()), (BUS, 3200), (7000 << 3, SHUNT)] {
        let script = [set_up(), measurement(bus | NEW, shunt)].concat();
        assert_eq!(bench(&script).ticks(1), [Err(Fault::OutOfRange)], "{bus:#06x} {shunt:#06x}");
    }
    let overflow = [set_up(), start(), results(BUS | NEW | 1, SHUNT)].concat();
    assert_eq!(bench(&overflow).ticks(1), [Err(Fault::OutOfRange)]);
    let beyond = [set_up(), start(), results(BUS | NEW, 4001)].concat();
    assert_eq!(bench(&beyond).ticks(1), [Err(Fault::OutOfRange)]);
}
