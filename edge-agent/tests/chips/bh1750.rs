use crate::scripted::{At, Bench, good};
use edge_agent::sensor::Bh1750Config;
use embedded_hal_mock::eh1::i2c::Transaction;
use protocol::Fault;
use std::time::Duration;

const CHIP: At = At(0x23);

/// The data sheet's example: 28067 lx.
const EXAMPLE: [u8; 2] = [0x83, 0x90];

fn bench(script: &[Transaction]) -> Bench {
    Bench::new(script, |bus| Bh1750Config::default().sensor(bus))
}

fn set_up() -> Vec<Transaction> {
    vec![CHIP.write(&[0x01])]
}

/// A measurement with the usual time, 69, or the short one, 31.
fn measurement(time: [u8; 2], code: [u8; 2]) -> Vec<Transaction> {
    vec![
        CHIP.write(&time[..1]),
        CHIP.write(&time[1..]),
        CHIP.write(&[0x20]),
        CHIP.read(&code),
        CHIP.read(&code),
    ]
}

const USUAL: [u8; 2] = [0b0100_0010, 0b0110_0101];
const SHORT: [u8; 2] = [0b0100_0000, 0b0111_1111];

#[test]
fn two_ticks_are_these_bytes_and_give_the_data_sheets_example() {
    let script = [set_up(), measurement(USUAL, EXAMPLE), measurement(USUAL, EXAMPLE)].concat();
    assert_eq!(bench(&script).ticks(2), [good(&[28066.7]), good(&[28066.7])]);
}

#[test]
fn what_is_too_bright_is_measured_on_the_other_scale_and_both_waits_suffice() {
    let script = [set_up(), measurement(USUAL, [0xFF, 0xFF]), measurement(SHORT, [0xD0, 0x00])].concat();
    let (tick, waits) = bench(&script).waits_of_one_tick();
    // 53248 / 1.2 x 69 / 31.
    assert_eq!(tick, good(&[98766.5]));
    // The data sheet allows 180 ms at 69, in proportion at 31.
    assert_eq!(waits.len(), 2);
    let enough = |wait: Duration, least: f64| (least..least * 1.1).contains(&(wait.as_secs_f64() * 1000.0));
    assert!(enough(waits[0], 180.0) && enough(waits[1], 180.0 * 31.0 / 69.0), "{waits:?}");
}

#[test]
fn what_is_too_bright_for_both_is_out_of_range() {
    let both = [measurement(USUAL, [0xFF, 0xFF]), measurement(SHORT, [0xFF, 0xFF])].concat();
    assert_eq!(bench(&[set_up(), both].concat()).ticks(1), [Err(Fault::OutOfRange)]);
}

#[test]
fn darkness_is_measured_twice_for_a_chip_without_power_is_dark_as_well() {
    let dark = measurement(USUAL, [0, 0]);
    let script = [set_up(), dark.clone(), dark.clone()].concat();
    assert_eq!(bench(&script).ticks(1), [good(&[0.0])]);
    let script = [set_up(), dark, measurement(USUAL, EXAMPLE)].concat();
    assert_eq!(bench(&script).ticks(1), [good(&[28066.7])]);
}

#[test]
fn a_night_long_darkness_is_not_stuck() {
    let night = vec![measurement(USUAL, [0, 0]); 2 * 500].concat();
    assert!(bench(&[set_up(), night].concat()).ticks(500).iter().all(Result::is_ok));
}

#[test]
fn absent_stuck_and_there_again() {
    let script =
        [vec![CHIP.absent(&[0x01])], vec![CHIP.stuck(&[0x01])], set_up(), measurement(USUAL, EXAMPLE)];
    let ticks = bench(&script.concat()).ticks(4);
    let faults = [Fault::Absent, Fault::NoAnswer, Fault::NoAnswer].map(Err);
    assert_eq!(ticks, [&faults[..], &[good(&[28066.7])]].concat());
}

#[test]
fn two_readings_that_differ_are_measured_again_and_told_when_they_stay() {
    let mut noisy = measurement(USUAL, EXAMPLE);
    noisy[4] = CHIP.read(&[0x83, 0x91]);
    let script = [set_up(), noisy.clone(), set_up(), measurement(USUAL, EXAMPLE)].concat();
    assert_eq!(bench(&script).ticks(1), [good(&[28066.7])]);
    let once = [set_up(), noisy].concat();
    assert_eq!(bench(&[once.clone(), once.clone(), once].concat()).ticks(1), [Err(Fault::OutOfRange)]);
}
