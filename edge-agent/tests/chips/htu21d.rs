use crate::scripted::{At, Bench, Tick, crc, good, ms};
use edge_agent::sensor::Htu21dConfig;
use embedded_hal_mock::eh1::i2c::Transaction;
use protocol::Fault;

const CHIP: At = At(0x40);

/// The words of the data sheet's section on checksums: 24.7 degrees and 32.3 %.
const TEMPERATURE: [u8; 3] = [0x68, 0x3A, 0x7C];
const HUMIDITY: [u8; 3] = [0x4E, 0x85, 0x6B];

fn bench(script: &[Transaction]) -> Bench {
    Bench::new(script, |bus| Htu21dConfig::default().sensor(bus))
}

fn set_up() -> Vec<Transaction> {
    vec![CHIP.write(&[0xFE]), CHIP.get(0xE7, &[0x02])]
}

fn measurement(temperature: [u8; 3], humidity: [u8; 3]) -> Vec<Transaction> {
    vec![
        CHIP.write(&[0xF3]),
        CHIP.read(&temperature),
        CHIP.write(&[0xF5]),
        CHIP.read(&humidity),
        CHIP.get(0xE7, &[0x02]),
    ]
}

fn word(word: u16) -> [u8; 3] {
    let [high, low] = word.to_be_bytes();
    [high, low, crc(0, [high, low])]
}

fn example() -> Tick {
    good(&[24.69, 32.34])
}

#[test]
fn two_ticks_are_these_bytes_and_give_the_data_sheets_examples() {
    let measurement = measurement(TEMPERATURE, HUMIDITY);
    let script = [set_up(), measurement.clone(), measurement].concat();
    assert_eq!(bench(&script).ticks(2), [example(), example()]);
}

#[test]
fn it_waits_as_the_data_sheet_says_and_until_the_chip_acknowledges() {
    let mut script = [set_up(), measurement(TEMPERATURE, HUMIDITY)].concat();
    script.insert(3, CHIP.not_yet(3));
    let (tick, waits) = bench(&script).waits_of_one_tick();
    assert_eq!((tick, waits), (example(), vec![ms(15), ms(50), ms(2), ms(16)]));
}

#[test]
fn the_brothers_reserved_bits_are_let_be() {
    let mut script = [set_up(), measurement(TEMPERATURE, HUMIDITY)].concat();
    script[1] = CHIP.get(0xE7, &[0x3A]);
    script[6] = CHIP.get(0xE7, &[0x7A]);
    assert_eq!(bench(&script).ticks(1), [example()]);
}

#[test]
fn another_user_register_is_another_chip() {
    for user in [0x00, 0xFF, 0x39] {
        let script = [CHIP.write(&[0xFE]), CHIP.get(0xE7, &[user])];
        assert_eq!(bench(&script).ticks(1), [Err(Fault::WrongChip)], "{user:#04x}");
    }
}

#[test]
fn absent_stuck_and_there_again() {
    let script =
        [vec![CHIP.absent(&[0xFE])], vec![CHIP.stuck(&[0xFE])], set_up(), measurement(TEMPERATURE, HUMIDITY)];
    let ticks = bench(&script.concat()).ticks(4);
    let faults = [Fault::Absent, Fault::NoAnswer, Fault::NoAnswer].map(Err);
    assert_eq!(ticks, [&faults[..], &[example()]].concat());
}

#[test]
fn a_wrong_checksum_is_measured_again_and_told_when_it_stays() {
    let bad = vec![CHIP.write(&[0xF3]), CHIP.read(&[0x68, 0x3A, 0x7D])];
    let script = [set_up(), bad.clone(), set_up(), measurement(TEMPERATURE, HUMIDITY)].concat();
    assert_eq!(bench(&script).ticks(1), [example()]);
    let once = [set_up(), bad].concat();
    assert_eq!(bench(&[once.clone(), once.clone(), once].concat()).ticks(1), [Err(Fault::OutOfRange)]);
}

#[test]
fn one_that_never_acknowledges_its_result_gives_no_answer() {
    let script = [set_up(), vec![CHIP.write(&[0xF3])], vec![CHIP.not_yet(3); 10]].concat();
    assert_eq!(bench(&script).ticks(1), [Err(Fault::NoAnswer)]);
}

#[test]
fn a_heater_that_is_on_is_no_air() {
    let mut hot = [set_up(), measurement(TEMPERATURE, HUMIDITY)].concat();
    hot[6] = CHIP.get(0xE7, &[0x06]);
    let script = [hot, set_up(), measurement(TEMPERATURE, HUMIDITY)].concat();
    assert_eq!(bench(&script).ticks(2), [Err(Fault::OutOfRange), example()]);
}

#[test]
fn bits_that_are_all_alike_are_no_measurement() {
    for (temperature, humidity) in
        [(word(0), HUMIDITY), (word(0xFFFF), HUMIDITY), (TEMPERATURE, word(2)), (TEMPERATURE, word(0xFFFE))]
    {
        let mut script = [set_up(), measurement(temperature, humidity)].concat();
        script.truncate(if temperature == TEMPERATURE { 6 } else { 4 });
        assert_eq!(bench(&script).ticks(1), [Err(Fault::Skipped)], "{temperature:02x?} {humidity:02x?}");
    }
}

#[test]
fn beyond_the_data_sheets_ranges_there_is_no_value_but_for_fog() {
    for (temperature, humidity) in [
        (word(0x0100), HUMIDITY),
        (word(0xFB00), HUMIDITY),
        (TEMPERATURE, word(0x0100)),
        (TEMPERATURE, word(0xF000)),
    ] {
        let script = [set_up(), measurement(temperature, humidity)].concat();
        assert_eq!(bench(&script).ticks(1), [Err(Fault::OutOfRange)], "{temperature:02x?} {humidity:02x?}");
    }
    // 102 %.
    let script = [set_up(), measurement(TEMPERATURE, word(0xDD2E))].concat();
    assert_eq!(bench(&script).ticks(1), [good(&[24.69, 100.0])]);
}
