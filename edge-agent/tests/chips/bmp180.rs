use crate::scripted::{At, Bench, Tick, good, ms};
use edge_agent::sensor::Bmp180Config;
use embedded_hal_mock::eh1::i2c::Transaction;
use protocol::Fault;
use std::time::Duration;

const CHIP: At = At(0x77);

/// The data sheet's example, section 3.5: AC1 408 to MD 2868.
const CALIBRATION: [u8; 22] = [
    0x01, 0x98, 0xFF, 0xB8, 0xC7, 0xD1, 0x7F, 0xE5, 0x7F, 0xF5, 0x5A, 0x71, 0x18, 0x2E, 0x00, 0x04, 0x80,
    0x00, 0xDD, 0xF9, 0x0B, 0x34,
];
/// Its codes, UT 27898 and UP 23843.
const UT: [u8; 3] = [0x6C, 0xFA, 0x00];
const UP: [u8; 3] = [0x5D, 0x23, 0x00];

fn bench(script: &[Transaction]) -> Bench {
    let config: Bmp180Config = toml::from_str("oversampling = 1").unwrap();
    Bench::new(script, |bus| config.sensor(bus))
}

fn set_up() -> Vec<Transaction> {
    vec![CHIP.get(0xD0, &[0x55]), CHIP.get(0xAA, &CALIBRATION), CHIP.get(0xAA, &CALIBRATION)]
}

fn conversion(command: u8, result: [u8; 3]) -> Vec<Transaction> {
    vec![
        CHIP.write(&[0xF4, command]),
        CHIP.get(0xF4, &[command & !0x20]),
        CHIP.get(0xF6, &result),
        CHIP.get(0xF6, &result),
    ]
}

fn measurement(ut: [u8; 3], up: [u8; 3]) -> Vec<Transaction> {
    [vec![CHIP.get(0xD0, &[0x55])], conversion(0x2E, ut), conversion(0x34, up)].concat()
}

fn example() -> Tick {
    good(&[15.0, 699.64])
}

#[test]
fn two_ticks_are_these_bytes_and_give_the_data_sheets_example() {
    let script = [set_up(), measurement(UT, UP), measurement(UT, UP)].concat();
    assert_eq!(bench(&script).ticks(2), [example(), example()]);
}

#[test]
fn it_waits_as_the_data_sheet_says_and_until_the_chip_is_done() {
    let script = [set_up(), measurement(UT, UP)].concat();
    let mut slow = script.clone();
    slow.insert(5, CHIP.get(0xF4, &[0x2E]));
    let (tick, waits) = bench(&slow).waits_of_one_tick();
    let shortest = Duration::from_micros(4500);
    assert_eq!((tick, waits), (example(), vec![shortest, ms(1), shortest]));

    let config = Bmp180Config::default();
    let start = vec![CHIP.get(0xD0, &[0x55])];
    let finest = [set_up(), start, conversion(0x2E, UT), conversion(0x34 | 3 << 6, UP)].concat();
    let (tick, waits) = Bench::new(&finest, |bus| config.sensor(bus)).waits_of_one_tick();
    assert_eq!(waits, [shortest, Duration::from_micros(25_500)]);
    // The same pressure in steps an eighth as large.
    let pressure = tick.unwrap()[1].unwrap();
    assert!((pressure - 699.64).abs() < 0.03, "{pressure}");
}

#[test]
fn other_chips_are_the_wrong_ones() {
    for id in [0x58, 0x60, 0x00, 0xFF] {
        let script = vec![CHIP.get(0xD0, &[id]); 2];
        assert_eq!(bench(&script).ticks(1), [Err(Fault::WrongChip)], "{id:#04x}");
    }
    let script = [set_up(), measurement(UT, UP), vec![CHIP.get(0xD0, &[0x60]); 2]].concat();
    assert_eq!(bench(&script).ticks(2), [example(), Err(Fault::WrongChip)], "swapped while it runs");
}

#[test]
fn absent_then_there() {
    let script = [
        vec![CHIP.get(0xD0, &[0]).with_error(nack())],
        set_up(),
        measurement(UT, UP),
        // Pulled out: it may be a loose contact, so it is tried three times.
        vec![CHIP.get(0xD0, &[0]).with_error(nack()); 3],
        vec![CHIP.get(0xD0, &[0]).with_error(nack())],
        set_up(),
        measurement(UT, UP),
    ];
    let mut ticks = bench(&script.concat()).ticks(5);
    assert_eq!(ticks.remove(0), Err(Fault::Absent));
    assert_eq!(ticks, [example(), Err(Fault::NoAnswer), Err(Fault::Absent), example()]);
}

fn nack() -> embedded_hal::i2c::ErrorKind {
    embedded_hal::i2c::ErrorKind::NoAcknowledge(embedded_hal::i2c::NoAcknowledgeSource::Address)
}

#[test]
fn a_stuck_bus_gives_no_answer_and_is_left_alone_for_a_tick() {
    let stuck = CHIP.get(0xD0, &[0]).with_error(embedded_hal::i2c::ErrorKind::Bus);
    let script = [vec![stuck], set_up(), measurement(UT, UP)].concat();
    assert_eq!(bench(&script).ticks(3), [Err(Fault::NoAnswer), Err(Fault::NoAnswer), example()]);
}

#[test]
fn a_chip_that_lost_power_during_the_conversion_is_seen() {
    let start = vec![CHIP.get(0xD0, &[0x55]), CHIP.write(&[0xF4, 0x2E]), CHIP.get(0xF4, &[0x00])];
    let script = [set_up(), start, set_up(), measurement(UT, UP)].concat();
    assert_eq!(bench(&script).ticks(2), [Err(Fault::Skipped), example()]);
}

#[test]
fn another_conversion_than_ours_is_no_value() {
    let start = vec![CHIP.get(0xD0, &[0x55]), CHIP.write(&[0xF4, 0x2E]), CHIP.get(0xF4, &[0x14])];
    assert_eq!(bench(&[set_up(), start].concat()).ticks(1), [Err(Fault::OutOfRange)]);
}

#[test]
fn a_conversion_that_never_ends_gives_no_answer() {
    let start = vec![CHIP.get(0xD0, &[0x55]), CHIP.write(&[0xF4, 0x2E])];
    let script = [set_up(), start, vec![CHIP.get(0xF4, &[0x2E]); 10]].concat();
    assert_eq!(bench(&script).ticks(1), [Err(Fault::NoAnswer)]);
}

#[test]
fn noise_in_a_result_or_the_calibration_is_measured_again() {
    let mut noisy = measurement(UT, UP);
    noisy[4] = CHIP.get(0xF6, &[0x6C, 0xFB, 0x00]);
    noisy.truncate(5);
    let script = [set_up(), noisy, set_up(), measurement(UT, UP)].concat();
    assert_eq!(bench(&script).ticks(1), [example()]);

    let mut noisy = set_up();
    noisy[2] = CHIP.get(0xAA, &[0x11; 22]);
    let script = [noisy, set_up(), measurement(UT, UP)].concat();
    assert_eq!(bench(&script).ticks(1), [example()]);
}

#[test]
fn what_was_not_measured_is_skipped() {
    for (ut, up) in [([0; 3], UP), (UT, [0; 3]), ([0x80, 0, 0], [0x80, 0, 0])] {
        let script = [set_up(), measurement(ut, up)].concat();
        assert_eq!(bench(&script).ticks(1), [Err(Fault::Skipped)], "{ut:02x?} {up:02x?}");
    }
}

#[test]
fn what_no_air_gives_is_out_of_range() {
    // Colder than -40 degrees; less than 300 hPa; a pressure code for which the formula has none.
    for (ut, up) in [([0x50, 0, 0], UP), (UT, [0x20, 0, 0]), (UT, [0x00, 0x01, 0])] {
        let script = [set_up(), measurement(ut, up)].concat();
        assert_eq!(bench(&script).ticks(1), [Err(Fault::OutOfRange)], "{ut:02x?} {up:02x?}");
    }
    let blank = vec![CHIP.get(0xD0, &[0x55]), CHIP.get(0xAA, &[0xFF; 22]), CHIP.get(0xAA, &[0xFF; 22])];
    assert_eq!(bench(&blank).ticks(1), [Err(Fault::OutOfRange)]);
}

#[test]
fn an_oversampling_that_the_chip_does_not_have_is_refused() {
    for samples in ["0", "3", "16"] {
        let error =
            toml::from_str::<Bmp180Config>(&format!("oversampling = {samples}")).unwrap_err().to_string();
        assert!(error.contains(samples) && error.contains("1, 2, 4 or 8"), "{error}");
    }
}
