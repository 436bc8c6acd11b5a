//! The BMP280: the bytes of Bosch's example, each fault, and any.

use crate::{
    at,
    property::{glitches, ride},
    script::{Scripted, get, set},
    transactions::LOW,
    wire::{Glitch, Wire, air, is_true},
};
use edge_agent::{
    bus::{Bus, BusError, Model},
    clock::Moment,
    sensor::{Bmp280Config, ChipSensor, Sensor},
};
use embedded_hal_mock::eh1::i2c::{Mock, Transaction};
use proptest::prelude::*;
use protocol::Fault;
use std::{collections::HashMap, sync::Arc, time::Duration};

fn sensor(keys: &str, bus: impl Bus + 'static) -> ChipSensor {
    toml::from_str::<Bmp280Config>(keys).unwrap().sensor(Box::new(bus))
}

/// Temperature and pressure at a tick, both or a fault.
fn read(sensor: &mut ChipSensor, at: Moment) -> Result<[f64; 2], Fault> {
    let mut values = [None; 2];
    sensor.read(at, &mut values)?;
    Ok(values.map(|value| value.expect("a BMP280 without a fault has both its readings")))
}

/// Codes of the data sheet's example, section 3.12: pressure 415148 and temperature 519888.
const DATA: [u8; 6] = [0x65, 0x5A, 0xC0, 0x7E, 0xED, 0x00];

/// From the status register to the data.
fn registers(status: u8, [ctrl_meas, config]: [u8; 2], data: [u8; 6]) -> Transaction {
    get(0xF3, &[&[status, ctrl_meas, config, 0x00][..], &data].concat())
}

fn two_ticks(keys: &str, settings: [u8; 2], longest_ms: u64) {
    let [ctrl_meas, config] = settings;
    let set_up = vec![
        get(0xD0, &[0x58]),
        set(0xE0, 0xB6),
        get(0xF3, &[0x01, 0x00]),
        get(0xF3, &[0x00, 0x00]),
        get(0x88, &LOW[..24]),
        get(0x94, &LOW[12..24]),
        get(0x88, &LOW[..12]),
        set(0xF5, config),
        set(0xF4, ctrl_meas),
        registers(0, settings, [0x80, 0, 0, 0x80, 0, 0]),
    ];
    let measurement = |before| {
        vec![
            get(0xD0, &[0x58]),
            registers(0, settings, before),
            set(0xF4, ctrl_meas | 1),
            get(0xF3, &[0x08, ctrl_meas | 1]),
            get(0xF3, &[0x00, ctrl_meas]),
            registers(0, settings, DATA),
            registers(0, settings, DATA),
        ]
    };
    let first = measurement([0x80, 0, 0, 0x80, 0, 0]);
    let mut script = Mock::new(&[set_up, first, measurement(DATA)].concat());
    let waits = Arc::default();
    let mut sensor = sensor(keys, Scripted { script: script.clone(), waits: Arc::clone(&waits) });
    for tick in 0..2 {
        // 25.08 degrees and 100653.27 Pa in the example.
        assert_eq!(read(&mut sensor, at(tick * 5000)), Ok([25.08, 1006.53]));
    }
    script.done();
    assert_eq!(*waits.lock().unwrap(), [2, 2, longest_ms, longest_ms].map(Duration::from_millis));
}

#[test]
fn two_ticks_are_these_bytes_and_give_boschs_example() {
    two_ticks("", [0b001 << 5 | 0b001 << 2, 0], 7);
    // The data sheet's "ultra high resolution", filtered.
    let best = "pressure_oversampling = 16\ntemperature_oversampling = 2\nfilter = 16";
    two_ticks(best, [0b010 << 5 | 0b101 << 2, 0b100 << 2], 44);
}

/// A sensor on a wire, read every 5 s.
struct Bench {
    wire: Wire,
    sensor: ChipSensor,
    now_ms: u64,
}

impl Bench {
    fn new() -> Self {
        let wire = Wire::to(Model::Bmp280, HashMap::new());
        Self { sensor: sensor("", wire.clone()), wire, now_ms: 1000 }
    }

    fn tick(&mut self) -> Result<(), Fault> {
        self.now_ms += 5000;
        let now = at(self.now_ms);
        let readings = read(&mut self.sensor, now)?;
        assert!(fits(&readings, now), "{readings:?}");
        Ok(())
    }

    /// Breaks something after two good ticks: the faults of the next three, then mends it and expects good
    /// ones at once.
    fn faults(breaking: impl FnOnce(&Wire)) -> [Fault; 3] {
        let mut bench = Self::new();
        bench.tick().unwrap();
        bench.tick().unwrap();
        breaking(&bench.wire);
        let faults = [(); 3].map(|()| bench.tick().unwrap_err());
        bench.wire.mend();
        bench.tick().unwrap();
        bench.tick().unwrap();
        faults
    }
}

fn fits([celsius, hectopascal]: &[f64; 2], at: Moment) -> bool {
    let [_, percent, _] = air(at);
    is_true([*celsius, percent, *hectopascal], at)
}

#[test]
fn a_day_of_good_readings_follows_the_air() {
    let mut bench = Bench::new();
    for _ in 0..24 * 720 {
        bench.tick().unwrap();
    }
}

#[test]
fn each_trouble_on_the_bus_has_its_word() {
    let gone = || BusError::Missing(std::io::Error::from_raw_os_error(19));
    assert_eq!(Bench::faults(|wire| wire.fail(gone)), [Fault::Absent; 3]);
    let pulled = Bench::faults(|wire| wire.fail(|| BusError::NoAcknowledge));
    assert_eq!(pulled, [Fault::NoAnswer, Fault::Absent, Fault::Absent]);
    assert_eq!(Bench::faults(|wire| wire.override_registers(0xF3, &[0x08])), [Fault::NoAnswer; 3]);
}

#[test]
fn a_stuck_bus_gives_no_answer_and_is_not_asked_for_long() {
    let mut bench = Bench::new();
    bench.tick().unwrap();
    bench.wire.fail(|| BusError::Timeout);
    let before = bench.wire.transfers();
    assert_eq!([bench.tick(), bench.tick()], [Err(Fault::NoAnswer); 2]);
    assert_eq!(bench.wire.transfers() - before, 1, "every other tick does without");
}

#[test]
fn a_brownout_is_seen_and_healed() {
    let mut bench = Bench::new();
    bench.tick().unwrap();
    bench.wire.power_cycle();
    assert_eq!(bench.tick(), Err(Fault::Skipped));
    bench.tick().unwrap();
}

#[test]
fn a_bme280_and_other_chips_are_the_wrong_ones() {
    for id in [0x60, 0x55, 0x00, 0xFF, 0x61] {
        assert_eq!(Bench::faults(|wire| wire.override_registers(0xD0, &[id])), [Fault::WrongChip; 3]);
    }
    let mut sensor = sensor("", Wire::new());
    assert_eq!(read(&mut sensor, at(0)), Err(Fault::WrongChip), "a whole BME280");
}

#[test]
fn ids_of_samples_are_taken() {
    for id in [0x56, 0x57] {
        let mut bench = Bench::new();
        bench.wire.override_registers(0xD0, &[id]);
        bench.tick().unwrap();
    }
}

#[test]
fn codes_that_mean_nothing_are_refused() {
    for (from, bytes, fault) in [
        (0xF7, &[0x80, 0, 0, 0x80, 0, 0][..], Fault::Skipped),
        (0xF7, &[0x80, 0, 0], Fault::Skipped),
        (0xFA, &[0x80, 0, 0], Fault::Skipped),
        // Settings that nobody set.
        (0xF5, &[0x10], Fault::OutOfRange),
        // 1100 hPa and more, or less than 300; hotter than 85 degrees, colder than -40.
        (0xF7, &[0x00, 0x00, 0x10, 0x7E, 0xED, 0x00], Fault::OutOfRange),
        (0xF7, &[0xF0, 0x00, 0x00, 0x7E, 0xED, 0x00], Fault::OutOfRange),
        (0xF7, &[0x65, 0x5A, 0xC0, 0xF0, 0x00, 0x00], Fault::OutOfRange),
        (0xF7, &[0x65, 0x5A, 0xC0, 0x10, 0x00, 0x00], Fault::OutOfRange),
    ] {
        let faults = Bench::faults(|wire| wire.override_registers(from, bytes));
        assert_eq!(faults, [fault; 3], "{from:#x} {bytes:02x?}");
    }
}

#[test]
fn a_blank_calibration_is_out_of_range() {
    for level in [0x00, 0xFF] {
        let mut bench = Bench::new();
        bench.wire.override_registers(0x88, &[level; 24]);
        assert_eq!(bench.tick(), Err(Fault::OutOfRange));
        bench.wire.mend();
        bench.tick().unwrap();
    }
}

#[test]
fn data_of_the_last_measurement_are_not_taken_for_new_ones() {
    let mut bench = Bench::new();
    bench.tick().unwrap();
    bench.wire.freeze(0xF7..=0xFC);
    bench.wire.override_registers(0xF3, &[0x00]);
    assert_eq!(bench.tick(), Err(Fault::NoAnswer));
}

#[test]
fn one_bit_of_noise_does_not_make_old_data_new() {
    // The order to measure does not get through, and the status then seems to say that it measures.
    let wire = Wire::to(Model::Bmp280, [(18, Glitch::FlipWrite(8)), (19, Glitch::FlipRead(3))].into());
    let mut sensor = sensor("", wire);
    read(&mut sensor, at(1000)).unwrap();
    assert_eq!(read(&mut sensor, at(3_601_000)), Err(Fault::NoAnswer));
}

#[test]
fn one_frozen_quantity_is_stuck_after_ten_minutes() {
    for frozen in [0xF7..=0xF9, 0xFA..=0xFC] {
        let mut bench = Bench::new();
        bench.tick().unwrap();
        bench.wire.freeze(frozen.clone());
        let healthy = (0..200).take_while(|_| {
            bench.now_ms += 5000;
            read(&mut bench.sensor, at(bench.now_ms)).is_ok()
        });
        assert_eq!(healthy.count(), 119, "{frozen:x?}");
        assert_eq!(bench.sensor.read(at(bench.now_ms + 5000), &mut [None; 2]), Err(Fault::Stuck));
        bench.wire.mend();
        bench.tick().unwrap();
    }
}

#[test]
fn noise_that_passes_costs_no_reading() {
    // The set-up has 9 transfers, and each of the measurements 7.
    for transfer in 16..37 {
        let wire = Wire::to(Model::Bmp280, [(transfer, Glitch::Nack)].into());
        let mut sensor = sensor("", wire.clone());
        for tick in 0..4 {
            let now = at(1000 + tick * 5000);
            let readings = read(&mut sensor, now);
            assert!(readings.is_ok_and(|readings| fits(&readings, now)), "{transfer} {tick}: {readings:?}");
        }
        assert!(wire.transfers() >= 9 + 4 * 7, "{transfer}");
    }
}

#[test]
fn an_id_that_is_read_wrong_once_is_noise_and_no_other_chip() {
    for glitch in [Glitch::FlipRead(5), Glitch::Level(0xFF), Glitch::Level(0x60)] {
        let wire = Wire::to(Model::Bmp280, [(16, glitch)].into());
        let mut sensor = sensor("", wire);
        for tick in 0..2 {
            read(&mut sensor, at(1000 + tick * 5000)).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn glitches_give_faults_or_the_truth(glitches in glitches(), power in 0..5_u32) {
        let wire = Wire::to(Model::Bmp280, glitches);
        let mut sensor = sensor(&format!("oversampling = {}", 1 << power), wire.clone());
        ride(&wire, |ms| read(&mut sensor, at(ms)), |readings, ms| fits(readings, at(ms)))?;
    }
}
