use crate::scripted::{At, Bench, Tick, good, ms, words};
use edge_agent::sensor::Sht4xConfig;
use embedded_hal_mock::eh1::i2c::Transaction;
use protocol::Fault;

const CHIP: At = At(0x44);
/// 25 degrees, and two fifths of a scale from -6 to 119: 44 %.
const CODES: [u16; 2] = [0x6666, 0x6666];

fn bench(script: &[Transaction]) -> Bench {
    Bench::new(script, |bus| Sht4xConfig::default().sensor(bus))
}

fn set_up_with(serial: [u16; 2]) -> Vec<Transaction> {
    vec![CHIP.write(&[0x94]), CHIP.write(&[0x89]), CHIP.read(&words(&serial))]
}

fn set_up() -> Vec<Transaction> {
    set_up_with([0x0F00, 0x1234])
}

fn measurement(codes: [u16; 2]) -> Vec<Transaction> {
    vec![CHIP.write(&[0xFD]), CHIP.read(&words(&codes))]
}

fn example() -> Tick {
    good(&[25.0, 44.0])
}

#[test]
fn two_ticks_are_these_bytes() {
    let script = [set_up(), measurement(CODES), measurement(CODES)].concat();
    assert_eq!(bench(&script).ticks(2), [example(), example()]);
}

#[test]
fn it_waits_on_the_bus_for_as_long_as_the_data_sheet_says() {
    let (tick, waits) = bench(&[set_up(), measurement(CODES)].concat()).waits_of_one_tick();
    // 8.3 ms for a measurement, 1 ms for a reset.
    assert_eq!((tick, waits), (example(), vec![ms(1), ms(1), ms(9)]));
}

#[test]
fn the_address_is_the_configured_one() {
    let chip = At(0x46);
    let script = [
        chip.write(&[0x94]),
        chip.write(&[0x89]),
        chip.read(&words(&[1, 1])),
        chip.write(&[0xFD]),
        chip.read(&words(&CODES)),
    ];
    let config: Sht4xConfig = toml::from_str("address = 0x46").unwrap();
    assert_eq!(Bench::new(&script, |bus| config.sensor(bus)).ticks(1), [example()]);
}

#[test]
fn a_serial_number_that_is_none_is_another_chip() {
    for serial in [[0, 0], [0xFFFF, 0xFFFF]] {
        assert_eq!(bench(&set_up_with(serial)).ticks(1), [Err(Fault::WrongChip)]);
    }
}

#[test]
fn absent_stuck_and_there_again() {
    let script =
        [vec![CHIP.absent(&[0x94])], vec![CHIP.stuck(&[0x94])], set_up(), measurement(CODES)].concat();
    let faults = [Fault::Absent, Fault::NoAnswer, Fault::NoAnswer].map(Err);
    assert_eq!(bench(&script).ticks(4), [&faults[..], &[example()]].concat());
}

#[test]
fn a_wrong_checksum_is_measured_again_and_told_when_it_stays() {
    for byte in [2, 5] {
        let mut bytes = words(&CODES);
        bytes[byte] ^= 0x80;
        let bad = [set_up(), vec![CHIP.write(&[0xFD]), CHIP.read(&bytes)]].concat();
        let script = [bad.clone(), set_up(), measurement(CODES)].concat();
        assert_eq!(bench(&script).ticks(1), [example()]);
        assert_eq!(bench(&[bad.clone(), bad.clone(), bad].concat()).ticks(1), [Err(Fault::OutOfRange)]);
    }
}

#[test]
fn one_that_loses_power_while_it_measures_is_tried_again() {
    let lost = vec![CHIP.write(&[0xFD]), CHIP.not_yet(6)];
    let script = [set_up(), measurement(CODES), lost, set_up(), measurement(CODES)].concat();
    assert_eq!(bench(&script).ticks(2), [example(), example()]);
}

#[test]
fn bits_that_are_all_alike_are_no_measurement() {
    for codes in [[0, 0], [0xFFFF, 0xFFFF]] {
        assert_eq!(bench(&[set_up(), measurement(codes)].concat()).ticks(1), [Err(Fault::Skipped)]);
    }
}

#[test]
fn beyond_the_data_sheets_ranges_there_is_no_value_but_for_fog() {
    // -42 and 127 degrees, 118 %.
    for codes in [[0x0463, 0x6666], [0xFB9C, 0x6666], [0x6666, 0xFDF4]] {
        let script = [set_up(), measurement(codes)].concat();
        assert_eq!(bench(&script).ticks(1), [Err(Fault::OutOfRange)], "{codes:04x?}");
    }
    // 102 %.
    let script = [set_up(), measurement([0x6666, 0xDD2F])].concat();
    assert_eq!(bench(&script).ticks(1), [good(&[25.0, 100.0])]);
}
