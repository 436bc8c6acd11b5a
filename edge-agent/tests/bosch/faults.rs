//! Each fault by its name, and the way back from it.

use crate::{
    at, read, sensor,
    wire::{Glitch, Wire, is_true},
};
use edge_agent::{bus::BusError, sensor::ChipSensor};
use protocol::Fault;
use std::io;

/// A sensor on a wire, read every 5 s.
struct Bench {
    wire: Wire,
    sensor: ChipSensor,
    now_ms: u64,
}

impl Bench {
    fn new() -> Self {
        let wire = Wire::new();
        Self { sensor: sensor(wire.clone()), wire, now_ms: 1000 }
    }

    fn tick(&mut self) -> Result<(), Fault> {
        self.now_ms += 5000;
        let now = at(self.now_ms);
        let readings = read(&mut self.sensor, now)?;
        assert!(is_true(readings, now), "{readings:?}");
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

#[test]
fn a_day_of_good_readings_follows_the_air() {
    let mut bench = Bench::new();
    for _ in 0..24 * 720 {
        bench.tick().unwrap();
    }
}

#[test]
fn pulled_out_it_does_not_answer_and_then_is_absent() {
    let faults = Bench::faults(|wire| wire.fail(|| BusError::NoAcknowledge));
    assert_eq!(faults, [Fault::NoAnswer, Fault::Absent, Fault::Absent]);
}

#[test]
fn plugged_in_later_it_measures() {
    let mut bench = Bench::new();
    bench.wire.fail(|| BusError::NoAcknowledge);
    assert_eq!([bench.tick(), bench.tick()], [Err(Fault::Absent); 2]);
    bench.wire.mend();
    bench.wire.power_cycle();
    bench.tick().unwrap();
}

#[test]
fn a_bus_that_went_away_makes_it_absent() {
    let gone = || BusError::Missing(io::Error::from_raw_os_error(19));
    assert_eq!(Bench::faults(|wire| wire.fail(gone)), [Fault::Absent; 3]);
}

#[test]
fn a_stuck_bus_gives_no_answer_and_is_not_asked_for_long() {
    let mut bench = Bench::new();
    bench.tick().unwrap();
    bench.wire.fail(|| BusError::Timeout);
    let before = bench.wire.transfers();
    assert_eq!([bench.tick(), bench.tick()], [Err(Fault::NoAnswer); 2]);
    assert_eq!(
        bench.wire.transfers() - before,
        1,
        "each try can take a second: every other tick does without"
    );
    assert_eq!(bench.tick(), Err(Fault::NoAnswer));
    assert_eq!(bench.wire.transfers() - before, 2);
    bench.wire.mend();
    assert_eq!([bench.tick(), bench.tick()], [Err(Fault::NoAnswer), Ok(())]);
}

#[test]
fn noise_that_passes_costs_no_reading() {
    // The set-up has 18 transfers; the first of the measurement fails once.
    let wire = Wire::with_glitches([(18, Glitch::Nack)].into());
    let now = at(1000);
    let mut sensor = sensor(wire.clone());
    assert!(read(&mut sensor, now).is_err(), "a chip that was never there is not waited for");
    let wire = Wire::with_glitches([(18 + 9, Glitch::Nack)].into());
    let mut sensor = crate::sensor(wire);
    read(&mut sensor, now).unwrap();
    assert!(is_true(read(&mut sensor, at(6000)).unwrap(), at(6000)));
}

#[test]
fn a_bus_that_sticks_during_a_measurement_is_not_asked_for_long_either() {
    // The set-up has 18 transfers, and a measurement begins with its fifth.
    let wire = Wire::with_glitches((23..100).map(|transfer| (transfer, Glitch::Timeout)).collect());
    let mut sensor = sensor(wire.clone());
    assert_eq!(read(&mut sensor, at(1000)), Err(Fault::NoAnswer));
    assert_eq!(wire.transfers() - 23, 2, "a look at the status, and the driver's own reading");
}

#[test]
fn a_chip_that_does_not_answer_while_it_starts_is_waited_for() {
    // The fourth transfer is the first look after the reset.
    let wire = Wire::with_glitches((3..8).map(|transfer| (transfer, Glitch::Nack)).collect());
    read(&mut sensor(wire), at(1000)).unwrap();
}

#[test]
fn a_code_that_only_looks_skipped_is_measured_again() {
    let mut bench = Bench::new();
    bench.wire.override_registers(0xFD, &[0x80, 0]);
    bench.wire.mend_at(35);
    bench.tick().unwrap();
    assert!(bench.wire.transfers() > 35);
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
fn skipped_codes_are_refused_all_three_or_one() {
    let all = Bench::faults(|wire| wire.override_registers(0xF7, &[0x80, 0, 0, 0x80, 0, 0, 0x80, 0]));
    assert_eq!(all, [Fault::Skipped; 3]);
    let pressure = Bench::faults(|wire| wire.override_registers(0xF7, &[0x80, 0, 0]));
    assert_eq!(pressure, [Fault::Skipped; 3]);
    let humidity = Bench::faults(|wire| wire.override_registers(0xFD, &[0x80, 0]));
    assert_eq!(humidity, [Fault::Skipped; 3]);
}

#[test]
fn a_bmp280_and_other_chips_are_the_wrong_ones() {
    for id in [0x58, 0x00, 0xFF, 0x61] {
        assert_eq!(Bench::faults(|wire| wire.override_registers(0xD0, &[id])), [Fault::WrongChip; 3]);
    }
}

#[test]
fn settings_that_nobody_set_are_out_of_range() {
    let other = Bench::faults(|wire| wire.override_registers(0xF5, &[0x10]));
    assert_eq!(other, [Fault::OutOfRange; 3]);
}

#[test]
fn what_the_chip_cannot_measure_is_out_of_range() {
    for data in [
        // 1100 hPa and more, or less than 300.
        [0x00, 0x00, 0x10, 0x7E, 0xED, 0x00, 0x6E, 0x00],
        [0xF0, 0x00, 0x00, 0x7E, 0xED, 0x00, 0x6E, 0x00],
        // Hotter than 85 degrees, colder than -40.
        [0x65, 0x5A, 0xC0, 0xF0, 0x00, 0x00, 0x6E, 0x00],
        [0x65, 0x5A, 0xC0, 0x10, 0x00, 0x00, 0x6E, 0x00],
        // Less than no humidity, and a converter at its end.
        [0x65, 0x5A, 0xC0, 0x7E, 0xED, 0x00, 0x10, 0x00],
        [0x65, 0x5A, 0xC0, 0x7E, 0xED, 0x00, 0xFF, 0xFF],
    ] {
        let faults = Bench::faults(|wire| wire.override_registers(0xF7, &data));
        assert_eq!(faults, [Fault::OutOfRange; 3], "{data:02x?}");
    }
}

#[test]
fn a_blank_calibration_is_out_of_range() {
    for level in [0x00, 0xFF] {
        let mut bench = Bench::new();
        bench.wire.override_registers(0x88, &[level; 26]);
        assert_eq!(bench.tick(), Err(Fault::OutOfRange));
        bench.wire.mend();
        bench.tick().unwrap();
    }
}

#[test]
fn a_chip_that_is_never_done_gives_no_answer() {
    assert_eq!(Bench::faults(|wire| wire.override_registers(0xF3, &[0x08])), [Fault::NoAnswer; 3]);
}

#[test]
fn data_of_the_last_measurement_are_not_taken_for_new_ones() {
    let mut bench = Bench::new();
    bench.tick().unwrap();
    bench.wire.freeze(0xF7..=0xFE);
    bench.wire.override_registers(0xF3, &[0x00]);
    assert_eq!(bench.tick(), Err(Fault::NoAnswer));
}

#[test]
fn frozen_data_are_stuck_after_ten_minutes() {
    let mut bench = Bench::new();
    bench.tick().unwrap();
    bench.wire.freeze(0xF7..=0xFE);
    // The air has not moved much in ten minutes, but more than the chip's tolerance.
    let mut ticks = (0..130).map(|_| {
        bench.now_ms += 5000;
        read(&mut bench.sensor, at(bench.now_ms)).err()
    });
    let healthy = ticks.by_ref().take_while(Option::is_none).count();
    assert_eq!(healthy, 119);
    assert!(ticks.all(|fault| fault == Some(Fault::Stuck)), "setting it up anew proves nothing");
    bench.wire.mend();
    bench.tick().unwrap();
}
