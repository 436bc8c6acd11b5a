//! The BME280 and the BMP280 as the agent reads them: byte by byte, with every fault, and with any.

mod bmp280;
mod faults;
mod property;
mod script;
mod transactions;
mod wire;

use edge_agent::{
    bus::Bus,
    clock::Moment,
    sensor::{Bme280Config, ChipSensor, Sensor},
};
use protocol::{ClockTrust, Fault};

/// A sensor with the default configuration, on `bus`.
fn sensor(bus: impl Bus + 'static) -> ChipSensor {
    Bme280Config::default().sensor(Box::new(bus))
}

/// The wall time at which the tests begin: a morning in November 2026.
const START_MS: i64 = 1_795_000_000_000;

/// The tick that comes `monotonic_ms` after the machine has started.
fn at(monotonic_ms: u64) -> Moment {
    let time_ms = START_MS + i64::try_from(monotonic_ms).unwrap();
    Moment { monotonic_ms, time_ms, clock: ClockTrust::Synchronized }
}

/// Temperature, humidity and pressure at a tick, all of them or a fault.
fn read(sensor: &mut ChipSensor, at: Moment) -> Result<[f64; 3], Fault> {
    let mut values = [None; 3];
    sensor.read(at, &mut values)?;
    Ok(values.map(|value| value.expect("a BME280 without a fault has all its readings")))
}
