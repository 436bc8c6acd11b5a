use crate::scripted::{At, Bench, good};
use edge_agent::sensor::{Ads1115Config, Sensor};
use embedded_hal_mock::eh1::i2c::Transaction;
use protocol::Fault;
use std::time::Duration;

const CHIP: At = At(0x48);
/// At rest; A0 against ground within 4.096 V.
const A0: u16 = 0xC363;
/// At rest; A0 against A1 within 4.096 V, as the first write of the range leaves it.
const RANGE: u16 = 0x8363;
const AT_REST: u16 = 0x8000;

const ONE: &str = "[[channel]]\nname = 'battery'\ninput = 'a0'\nfull_scale_volts = 4.096";

fn bench(keys: &str, script: &[Transaction]) -> Bench {
    let config: Ads1115Config = toml::from_str(keys).unwrap();
    Bench::new(script, |bus| config.sensor(bus))
}

fn set(config: u16) -> Transaction {
    let [high, low] = config.to_be_bytes();
    CHIP.write(&[0x01, high, low])
}

fn config(config: u16) -> Transaction {
    CHIP.get(0x01, &config.to_be_bytes())
}

fn code(code: i16) -> Transaction {
    CHIP.get(0x00, &code.to_be_bytes())
}

fn set_up() -> Vec<Transaction> {
    vec![set(0x8563), config(0x0563)]
}

/// The range is set, which begins a conversion that has to end first.
fn range(before: u16) -> Vec<Transaction> {
    vec![set(before), config(before & !AT_REST)]
}

fn conversion(before: u16, after: u16, value: i16) -> Vec<Transaction> {
    vec![config(before), set(after), config(after), code(value), config(after), code(value)]
}

fn first(value: i16) -> Vec<Transaction> {
    [range(RANGE), conversion(RANGE, A0, value)].concat()
}

#[test]
fn the_ticks_are_these_bytes_and_give_the_data_sheets_table() {
    let codes = [0x7FFE, 0x4000, 0x0001, 0, -1, -0x7FFF];
    let mut script = [set_up(), first(0x2000)].concat();
    script.extend(codes.iter().flat_map(|value| conversion(A0, A0, *value)));
    let mut ticks = bench(ONE, &script).ticks(7);
    assert_eq!(ticks.remove(0), good(&[1.024]));
    // A bit is 4.096 V / 2^15 = 125 microvolts.
    let expected = [4.09575, 2.048, 0.000125, 0.0, -0.000125, -4.095875].map(|volts| good(&[volts]));
    assert_eq!(ticks, expected);
}

#[test]
fn it_waits_for_a_conversion_at_64_a_second() {
    let (tick, waits) = bench(ONE, &[set_up(), first(0x2000)].concat()).waits_of_one_tick();
    assert_eq!((tick, waits), (good(&[1.024]), vec![Duration::from_micros(17_200); 2]));
}

#[test]
fn channels_have_names_units_ranges_and_scales() {
    let keys = "name = 'bed'\n[[channel]]\nname = 'soil_moisture'\ninput = 'a3'\nunit = 'percent'\nscale = -50.0\noffset = 125.0\n[[channel]]\nname = 'sun'\ninput = 'a0-a1'\nfull_scale_volts = 0.256";
    let (a3, differential) = (0xF563, 0x8B63);
    let script = [
        set_up(),
        conversion(0x8563, a3, 0x4000),
        // The range of the second: the input is the last one's until its conversion.
        range(0xFB63),
        conversion(0xFB63, differential, -0x4000),
    ];
    let bench = bench(keys, &script.concat());
    let names: Vec<String> = bench.sensor.metrics().iter().map(|metric| metric.name.to_string()).collect();
    assert_eq!(names, ["bed_soil_moisture_percent", "bed_sun_volts"]);
    // 1.024 V is 73.8 %.
    assert_eq!(bench.ticks(1), [good(&[73.8, -0.128])]);
}

#[test]
fn a_register_that_does_not_keep_its_settings_is_another_chip() {
    for found in [0x8583, 0x0000, 0xFFFF] {
        let script = [set(0x8563), config(found)];
        assert_eq!(bench(ONE, &script).ticks(1), [Err(Fault::WrongChip)], "{found:#06x}");
    }
}

#[test]
fn absent_stuck_and_there_again() {
    let write = [0x01, 0x85, 0x63];
    let script = [vec![CHIP.absent(&write), CHIP.stuck(&write)], set_up(), first(0x2000)].concat();
    let faults = [Fault::Absent, Fault::NoAnswer, Fault::NoAnswer].map(Err);
    assert_eq!(bench(ONE, &script).ticks(4), [&faults[..], &[good(&[1.024])]].concat());
}

#[test]
fn one_that_lost_power_says_zero_and_is_seen() {
    let lost = vec![config(A0), set(A0), config(0x8583), code(0), config(0x8583)];
    let script = [set_up(), first(0x2000), lost, set_up(), first(0x2000)].concat();
    assert_eq!(bench(ONE, &script).ticks(3), [good(&[1.024]), Err(Fault::Skipped), good(&[1.024])]);
}

#[test]
fn settings_that_nobody_set_are_out_of_range() {
    let other = vec![config(A0), set(A0), config(A0), code(0x2000), config(0xD363)];
    let script = [set_up(), first(0x2000), other].concat();
    assert_eq!(bench(ONE, &script).ticks(2), [good(&[1.024]), Err(Fault::OutOfRange)]);
}

#[test]
fn two_readings_that_differ_are_measured_again() {
    let mut noisy = first(0x2000);
    noisy[7] = code(0x2001);
    let script = [set_up(), noisy, set_up(), first(0x2000)].concat();
    assert_eq!(bench(ONE, &script).ticks(1), [good(&[1.024])]);
}

#[test]
fn a_conversion_that_never_ends_gives_no_answer() {
    let script = [set_up(), vec![set(RANGE)], vec![config(RANGE & !AT_REST); 4]].concat();
    assert_eq!(bench(ONE, &script).ticks(1), [Err(Fault::NoAnswer)]);
}

#[test]
fn an_input_beyond_its_range_is_out_of_range() {
    for end in [i16::MAX, i16::MIN] {
        assert_eq!(bench(ONE, &[set_up(), first(end)].concat()).ticks(1), [Err(Fault::OutOfRange)]);
    }
}

#[test]
fn bad_channels_are_named_with_what_would_be_good() {
    for (keys, named, remedy) in [
        ("name = 'Soil'\ninput = 'a0'", "Soil", "soil_moisture"),
        ("name = 'a_name_of_many_letters'\ninput = 'a0'", "a_name_of_many_letters", "at most 16"),
        ("name = 'soil'\ninput = 'a4'", "a4", "a0"),
        ("name = 'soil'\ninput = 'a0'\nunit = 'volt'", "volt", "volts"),
        ("name = 'soil'\ninput = 'a0'\nfull_scale_volts = 5.0", "5 V", "6.144"),
        ("name = 'soil'\ninput = 'a0'\ngain = 1", "gain", "full_scale_volts"),
    ] {
        let error = toml::from_str::<Ads1115Config>(&format!("[[channel]]\n{keys}")).unwrap_err().to_string();
        assert!(error.contains(named) && error.contains(remedy), "{keys}: {error}");
    }
}
