use super::*;
use crate::{
    gpio::{Board, SimulatedPins},
    sensor::{
        SensorConfig,
        tests::{at, read},
    },
};
use protocol::{Kind, Unit};
use std::{sync::Arc, time::Duration};

/// A sensor on simulated line 4, and the hand that drives it.
struct Bench {
    pins: SimulatedPins,
    sensor: Box<dyn Sensor>,
    now_ms: u64,
}

impl Bench {
    fn new(config: &str) -> Self {
        let (pins, now_ms) = (SimulatedPins::default(), 1_000_000);
        pins.set_time(Duration::from_millis(now_ms));
        let config: SensorConfig = toml::from_str(&format!("{config}\npin = 'simulated:4'")).unwrap();
        let sensor = config.kind().build_on(&Arc::new(Board::with(pins.clone())));
        Self { pins, sensor, now_ms }
    }

    fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
        self.pins.set_time(Duration::from_millis(self.now_ms));
    }

    /// A contact to ground closes for 30 ms, bouncing at both ends, and stays open for the rest of the time.
    fn pulses(&mut self, number: u64, each_ms: u64) {
        for _ in 0..number {
            for (high, ms) in
                [(false, 1), (true, 1), (false, 28), (true, 1), (false, 1), (true, each_ms - 32)]
            {
                self.pins.drive(4, high);
                self.pass(ms);
            }
        }
    }

    fn read(&mut self) -> Result<Vec<Option<f64>>, Fault> {
        read(self.sensor.as_mut(), at(self.now_ms))
    }

    fn names(&self) -> Vec<(&str, Unit, Kind)> {
        self.sensor.metrics().iter().map(|m| (m.name.as_str(), m.unit, m.kind)).collect()
    }
}

#[test]
fn pulses_are_counted_between_ticks_and_bouncing_is_not() {
    let mut bench = Bench::new("kind = 'pulse_counter'\nname = 'meter'");
    assert_eq!(
        bench.names(),
        [("meter_count", Unit::Count, Kind::Counter), ("meter_hertz", Unit::Hertz, Kind::Gauge)]
    );
    assert_eq!(bench.read(), Ok(vec![Some(0.0), None]), "no rate before there is a time to take it over");
    bench.pulses(50, 100);
    assert_eq!(bench.read(), Ok(vec![Some(50.0), Some(10.0)]));
    bench.pass(5_000);
    assert_eq!(bench.read(), Ok(vec![Some(50.0), Some(0.0)]));
}

#[test]
fn rain_adds_up_and_its_intensity_is_that_of_ten_minutes() {
    let mut bench = Bench::new("kind = 'rain_gauge'\nmillimeters_per_tip = 0.25");
    assert_eq!(
        bench.names(),
        [
            ("rain_millimeters", Unit::Millimeters, Kind::Counter),
            ("rain_millimeters_per_hour", Unit::MillimetersPerHour, Kind::Gauge)
        ]
    );
    assert_eq!(bench.read(), Ok(vec![Some(0.0), None]));
    bench.pulses(4, 60_000);
    assert_eq!(bench.read(), Ok(vec![Some(1.0), None]), "four minutes are not ten");
    bench.pass(360_000);
    assert_eq!(bench.read(), Ok(vec![Some(1.0), Some(6.0)]), "1 mm in ten minutes is 6 mm/h");
    for _ in 0..10 {
        bench.pass(60_000);
        bench.read().unwrap();
    }
    assert_eq!(bench.read(), Ok(vec![Some(1.0), Some(0.0)]), "what has fallen stays fallen");
}

#[test]
fn wind_is_the_frequency_times_the_factor() {
    let mut bench = Bench::new("kind = 'anemometer'\nname = 'roof'\nmeters_per_second_per_hertz = 0.5");
    assert_eq!(bench.names(), [("roof_wind_meters_per_second", Unit::MetersPerSecond, Kind::Gauge)]);
    assert_eq!(bench.read(), Ok(vec![None]));
    bench.pulses(100, 50);
    assert_eq!(bench.read(), Ok(vec![Some(10.0)]));
    bench.pulses(25, 200);
    assert_eq!(bench.read(), Ok(vec![Some(2.5)]));
}

#[test]
fn a_storm_that_cannot_be_is_a_fault_and_leaves_no_rate_behind() {
    let mut bench =
        Bench::new("kind = 'anemometer'\nmeters_per_second_per_hertz = 1\ndebounce_milliseconds = 0");
    bench.read().unwrap();
    for _ in 0..5_000 {
        bench.pins.drive(4, false);
        bench.pins.drive(4, true);
        bench.pass(1);
    }
    assert_eq!(bench.read(), Err(Fault::OutOfRange));
    bench.pass(5_000);
    assert_eq!(bench.read(), Ok(vec![None]), "what was before the fault is no base for a rate");
    bench.pass(5_000);
    assert_eq!(bench.read(), Ok(vec![Some(0.0)]));
}

#[test]
fn a_door_is_open_or_closed_and_short_openings_are_counted() {
    let mut bench = Bench::new("kind = 'level_input'\nname = 'door'\nactive_low = false");
    assert_eq!(
        bench.names(),
        [("door_flag", Unit::Flag, Kind::Gauge), ("door_count", Unit::Count, Kind::Counter)]
    );
    assert_eq!(bench.sensor.metrics()[0].label, "Door");
    // Pulled up and open: so it has been since before the agent ran, which is no opening.
    assert_eq!(bench.read(), Ok(vec![Some(1.0), Some(0.0)]));
    bench.pins.drive(4, false);
    bench.pass(49);
    assert_eq!(bench.read(), Ok(vec![Some(1.0), Some(0.0)]), "not believed yet");
    bench.pass(1);
    assert_eq!(bench.read(), Ok(vec![Some(0.0), Some(0.0)]));
    bench.pins.drive(4, true);
    bench.pass(1_000);
    bench.pins.drive(4, false);
    bench.pass(1_000);
    assert_eq!(bench.read(), Ok(vec![Some(0.0), Some(1.0)]));
}

#[test]
fn polarity_follows_the_pull_unless_given() {
    for (keys, high_is_active) in [
        ("", false),
        ("pull = 'down'", true),
        ("pull = 'off'", false),
        ("pull = 'down'\nactive_low = true", false),
        ("active_low = false", true),
    ] {
        let mut bench = Bench::new(&format!("kind = 'level_input'\n{keys}"));
        bench.pins.drive(4, true);
        bench.pass(1_000);
        assert_eq!(bench.read().unwrap()[0], Some(f64::from(u8::from(high_is_active))), "{keys}");
    }
}

#[test]
fn without_a_name_the_kind_is_one() {
    assert_eq!(Bench::new("kind = 'level_input'").names()[0].0, "level_input_flag");
    let bench = Bench::new("kind = 'pulse_counter'");
    assert_eq!((bench.names()[1].0, bench.sensor.id().as_str()), ("pulse_counter_hertz", "pulse_counter"));
    assert_eq!(bench.sensor.metrics()[0].label, "Pulse counter pulses");
}

#[test]
fn a_line_that_is_not_there_is_absent_until_it_comes() {
    let (pins, config) = (SimulatedPins::default(), "kind = 'pulse_counter'\npin = 'simulated:4'");
    pins.set_time(Duration::from_secs(10));
    pins.remove();
    let config: SensorConfig = toml::from_str(config).unwrap();
    let mut sensor = config.kind().build_on(&Arc::new(Board::with(pins.clone())));
    assert_eq!(read(sensor.as_mut(), at(10_000)), Err(Fault::Absent));
    pins.restore();
    assert_eq!(read(sensor.as_mut(), at(15_000)), Err(Fault::Absent), "not looked for at every tick");
    assert_eq!(read(sensor.as_mut(), at(20_000)), Ok(vec![Some(0.0), None]));
}

#[test]
fn a_line_that_goes_away_is_a_fault_and_comes_back_with_its_count() {
    let mut bench = Bench::new("kind = 'pulse_counter'\nname = 'meter'");
    bench.read().unwrap();
    bench.pulses(7, 100);
    assert_eq!(bench.read().unwrap()[0], Some(7.0));
    bench.pins.remove();
    for _ in 0..2 {
        bench.pass(1_000);
        assert_eq!(bench.read(), Err(Fault::Absent));
    }
    bench.pins.restore();
    bench.pass(10_000);
    assert_eq!(bench.read(), Ok(vec![Some(7.0), None]), "no rate over a time in which nobody counted");
    bench.pulses(3, 100);
    assert_eq!(bench.read().unwrap(), [Some(10.0), Some(10.0)]);
}

#[test]
fn a_listener_that_ended_is_told_once_and_replaced() {
    let mut bench = Bench::new("kind = 'pulse_counter'\nname = 'meter'");
    bench.read().unwrap();
    bench.pins.remove();
    bench.pins.restore();
    bench.pass(5_000);
    assert_eq!(bench.read(), Err(Fault::NoAnswer), "what came in between is lost, so the tick has no count");
    bench.pulses(2, 100);
    assert_eq!(bench.read().unwrap()[0], Some(2.0));
}

#[test]
fn lost_edges_are_a_fault_of_the_tick() {
    let mut bench = Bench::new("kind = 'pulse_counter'\nname = 'meter'");
    bench.read().unwrap();
    bench.pulses(1, 100);
    bench.pins.drive_with_loss(4, false, 12);
    bench.pass(100);
    assert_eq!(bench.read(), Err(Fault::OutOfRange));
    bench.pass(100);
    assert_eq!(bench.read().unwrap()[0], Some(2.0));
}

#[test]
fn on_a_machine_without_pins_a_real_line_is_absent() {
    let config: SensorConfig = toml::from_str("kind = 'rain_gauge'\npin = 17").unwrap();
    let mut sensor = config.kind().build();
    if std::path::Path::new("/dev/gpiochip0").exists() {
        return; // Not such a machine.
    }
    assert_eq!(read(sensor.as_mut(), at(10_000)), Err(Fault::Absent));
}

#[test]
fn bad_values_are_named_with_what_would_be_good() {
    for (text, named) in [
        ("kind = 'rain_gauge'", "missing field `pin`"),
        ("kind = 'rain_gauge'\npin = 40", "0 to 27"),
        ("kind = 'rain_gauge'\npin = 4\nmillimeters_per_tip = 0", "more than 0"),
        ("kind = 'anemometer'\npin = 4\nmillimeters_per_tip = 1", "`meters_per_second_per_hertz`"),
        ("kind = 'pulse_counter'\npin = 4\ndebounce_milliseconds = -1", "give 0 to 10000"),
        ("kind = 'pulse_counter'\npin = 4\npull = 'high'", "`down`"),
        ("kind = 'pulse_counter'\npin = 4\nbus = '/dev/i2c-1'", "`bus`"),
    ] {
        let error = toml::from_str::<SensorConfig>(text).unwrap_err().to_string();
        assert!(error.contains(named), "{text}: {error}");
    }
    let whole: SensorConfig =
        toml::from_str("kind = 'rain_gauge'\npin = 4\nmillimeters_per_tip = 1").unwrap();
    assert!(matches!(whole, SensorConfig::RainGauge(_)));
}
