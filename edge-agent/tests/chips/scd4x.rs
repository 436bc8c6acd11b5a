use crate::scripted::{At, Bench, Tick, good, ms, words};
use edge_agent::sensor::Scd4xConfig;
use embedded_hal_mock::eh1::i2c::Transaction;
use protocol::Fault;

const CHIP: At = At(0x62);
/// The data sheet's example: 500 ppm, 25 degrees, 37 %, with its checksums.
const EXAMPLE: [u8; 9] = [0x01, 0xF4, 0x33, 0x66, 0x67, 0xA2, 0x5E, 0xB9, 0x3C];
/// Its example of a serial number.
const SERIAL: [u8; 9] = [0xF8, 0x96, 0x31, 0x9F, 0x07, 0xC2, 0x3B, 0xBE, 0x89];

fn bench(keys: &str, script: &[Transaction]) -> Bench {
    let config: Scd4xConfig = toml::from_str(keys).unwrap();
    Bench::new(script, |bus| config.sensor(bus))
}

fn begin() -> Vec<Transaction> {
    vec![CHIP.write(&[0x3F, 0x86]), CHIP.write(&[0x36, 0x46]), CHIP.write(&[0x36, 0x82]), CHIP.read(&SERIAL)]
}

fn set_up() -> Vec<Transaction> {
    [begin(), vec![CHIP.write(&[0x24, 0x16, 0x00, 0x01, 0xB0]), CHIP.write(&[0x21, 0xB1])]].concat()
}

fn ready(status: u16) -> Vec<Transaction> {
    vec![CHIP.write(&[0xE4, 0xB8]), CHIP.read(&words(&[status]))]
}

fn not_ready() -> Vec<Transaction> {
    ready(0x8000)
}

fn measurement(bytes: &[u8]) -> Vec<Transaction> {
    [ready(0x8006), vec![CHIP.write(&[0xEC, 0x05]), CHIP.read(bytes)]].concat()
}

fn example() -> Tick {
    good(&[500.0, 25.0, 37.0])
}

fn nothing_new() -> Tick {
    Ok(vec![None; 3])
}

#[test]
fn the_ticks_are_these_bytes_and_give_the_data_sheets_example() {
    let script = [set_up(), not_ready(), measurement(&EXAMPLE), measurement(&EXAMPLE)].concat();
    assert_eq!(bench("", &script).ticks(3), [nothing_new(), example(), example()]);
}

#[test]
fn it_waits_on_the_bus_for_as_long_as_the_data_sheet_says() {
    let (_, waits) = bench("", &[set_up(), not_ready()].concat()).waits_of_one_tick();
    // Stop, load (30 ms beside the driver's 20), serial number, self-calibration, start, ready.
    assert_eq!(waits, [500, 20, 30, 1, 1, 1, 1].map(ms));
}

#[test]
fn all_settings_are_given_while_it_is_at_rest() {
    let keys = "low_power = true\nself_calibration = false\naltitude_meters = 1950\npressure_hectopascal = 987\ntemperature_offset_celsius = 5";
    let with_sum = |command: [u8; 2], word: u16| CHIP.write(&[&command[..], &words(&[word])[..]].concat());
    let settings = vec![
        with_sum([0x24, 0x16], 0),
        // 1950 m is the data sheet's example, as is 98700 Pa.
        CHIP.write(&[0x24, 0x27, 0x07, 0x9E, 0x09]),
        // 5 x 65535 / 175.
        with_sum([0x24, 0x1D], 1872),
        CHIP.write(&[0xE0, 0x00, 0x03, 0xDB, 0x42]),
        CHIP.write(&[0x21, 0xAC]),
    ];
    let script = [begin(), settings, measurement(&EXAMPLE)].concat();
    assert_eq!(bench(keys, &script).ticks(1), [example()]);
}

#[test]
fn between_two_measurements_there_is_no_value_and_none_is_repeated() {
    let script = [set_up(), measurement(&EXAMPLE), not_ready(), not_ready(), measurement(&EXAMPLE)].concat();
    assert_eq!(bench("", &script).ticks(4), [example(), nothing_new(), nothing_new(), example()]);
}

#[test]
fn one_that_lost_power_has_nothing_new_and_is_set_up_again() {
    let silence = vec![not_ready(); 4].concat();
    let script = [set_up(), measurement(&EXAMPLE), silence, set_up(), not_ready(), measurement(&EXAMPLE)];
    let ticks = bench("", &script.concat()).ticks(7);
    let expected = [
        example(),
        nothing_new(),
        nothing_new(),
        nothing_new(),
        Err(Fault::NoAnswer),
        // That it has nothing yet does not make it well.
        Err(Fault::NoAnswer),
        example(),
    ];
    assert_eq!(ticks, expected);
}

#[test]
fn low_power_is_given_more_time() {
    let start = vec![CHIP.write(&[0x24, 0x16, 0x00, 0x01, 0xB0]), CHIP.write(&[0x21, 0xAC])];
    let script = [begin(), start, vec![not_ready(); 20].concat()].concat();
    let ticks = bench("low_power = true", &script).ticks(20);
    assert!(ticks[..19].iter().all(|tick| *tick == nothing_new()), "90 s");
    assert_eq!(ticks[19], Err(Fault::NoAnswer));
}

#[test]
fn a_serial_number_that_is_none_is_another_chip() {
    for word in [0, 0xFFFF] {
        let mut script = begin();
        script[3] = CHIP.read(&words(&[word; 3]));
        assert_eq!(bench("", &script).ticks(1), [Err(Fault::WrongChip)]);
    }
}

#[test]
fn absent_stuck_and_there_again() {
    let stop = [0x3F, 0x86];
    let script = [vec![CHIP.absent(&stop), CHIP.stuck(&stop)], set_up(), measurement(&EXAMPLE)].concat();
    let faults = [Fault::Absent, Fault::NoAnswer, Fault::NoAnswer].map(Err);
    assert_eq!(bench("", &script).ticks(4), [&faults[..], &[example()]].concat());
}

#[test]
fn a_wrong_checksum_is_no_value() {
    for byte in [2, 5, 8] {
        let mut bytes = EXAMPLE;
        bytes[byte] ^= 1;
        // Reading it took it from the chip: when it is set up again there is nothing new, and that is told.
        let script = [set_up(), measurement(&bytes), set_up(), not_ready(), measurement(&EXAMPLE)].concat();
        assert_eq!(bench("", &script).ticks(2), [Err(Fault::OutOfRange), example()]);
        let once = [set_up(), measurement(&bytes)].concat();
        assert_eq!(
            bench("", &[once.clone(), once.clone(), once].concat()).ticks(1),
            [Err(Fault::OutOfRange)]
        );
    }
}

#[test]
fn no_carbon_dioxide_at_all_is_no_measurement_and_too_much_is_none_either() {
    let nothing = measurement(&words(&[0, 0x6667, 0x5EB9]));
    assert_eq!(bench("", &[set_up(), nothing].concat()).ticks(1), [Err(Fault::Skipped)]);
    for codes in [[40_001, 0x6667, 0x5EB9], [500, 0x3000, 0x5EB9], [500, 0xA000, 0x5EB9]] {
        let script = [set_up(), measurement(&words(&codes))].concat();
        assert_eq!(bench("", &script).ticks(1), [Err(Fault::OutOfRange)], "{codes:?}");
    }
}
