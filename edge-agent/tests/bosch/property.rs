//! Whatever happens on the wire, no wrong number comes out.

use crate::{
    at, read, sensor,
    wire::{Glitch, Wire, air, is_between, is_true},
};
use edge_agent::{bus::Model, sensor::Bme280Config};
use proptest::prelude::*;
use std::collections::HashMap;

/// More than the transfers of the ticks below, so that some glitches never come.
const TRANSFERS: usize = 320;
const TICKS: u64 = 20;
/// Far enough apart for the air to have changed by more than the tolerance.
const HOUR_MS: u64 = 3_600_000;

pub(crate) fn glitches() -> impl Strategy<Value = HashMap<usize, Glitch>> {
    let glitch = prop_oneof![
        Just(Glitch::PowerCycle),
        Just(Glitch::Nack),
        Just(Glitch::Timeout),
        (0..208_usize).prop_map(Glitch::FlipRead),
        (0..16_usize).prop_map(Glitch::FlipWrite),
        prop_oneof![Just(0x00), Just(0xFF), any::<u8>()].prop_map(Glitch::Level),
    ];
    prop::collection::hash_map(0..TRANSFERS, glitch, 0..12)
}

/// Oversampling of temperature, pressure and humidity.
fn oversampling() -> impl Strategy<Value = String> {
    let times = || (0..5_u32).prop_map(|power| 1 << power);
    let keys = |(temperature, pressure, humidity): (u32, u32, u32)| {
        format!(
            "temperature_oversampling = {temperature}\npressure_oversampling = {pressure}\nhumidity_oversampling = {humidity}"
        )
    };
    (times(), times(), times()).prop_map(keys)
}

/// Reads ticks through the glitches until they are over, then one more to see the last one's consequence, and
/// then one that must succeed. `is_true` judges each tick's readings.
pub(crate) fn ride<T: std::fmt::Debug>(
    wire: &Wire,
    mut read: impl FnMut(u64) -> Result<T, protocol::Fault>,
    mut is_true: impl FnMut(&T, u64) -> bool,
) -> Result<(), TestCaseError> {
    let mut tick = 0;
    while tick < TICKS || wire.transfers() < TRANSFERS {
        if let Ok(readings) = read(1000 + tick * HOUR_MS) {
            prop_assert!(is_true(&readings, 1000 + tick * HOUR_MS), "tick {tick}: {readings:?}");
        }
        tick += 1;
    }
    let _ = read(1000 + tick * HOUR_MS);
    let last = 1000 + (tick + 1) * HOUR_MS;
    let readings = read(last);
    prop_assert!(readings.as_ref().is_ok_and(|readings| is_true(readings, last)), "{readings:?}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn glitches_give_faults_or_the_truth(glitches in glitches(), keys in oversampling()) {
        let wire = Wire::to(Model::Bme280, glitches);
        let config: Bme280Config = toml::from_str(&keys).unwrap();
        let mut sensor = config.sensor(Box::new(wire.clone()));
        ride(&wire, |ms| read(&mut sensor, at(ms)), |readings, ms| is_true(*readings, at(ms)))?;
    }

    /// A filtered value is between the last one and the air, or is the air if the filter has begun anew.
    #[test]
    fn glitches_give_faults_or_what_the_filter_makes_of_the_truth(
        glitches in glitches(),
        keys in oversampling(),
        filter in prop_oneof![Just(2), Just(4), Just(8), Just(16)],
    ) {
        let wire = Wire::to(Model::Bme280, glitches);
        let config: Bme280Config = toml::from_str(&format!("{keys}\nfilter = {filter}")).unwrap();
        let mut sensor = config.sensor(Box::new(wire.clone()));
        // What the filter may remember, from the lowest to the highest of each quantity.
        let (mut low, mut high) = ([f64::MAX; 3], [f64::MIN; 3]);
        // Ticks without readings may have measured: their air counts as well.
        let mut through = 0;
        ride(&wire, |ms| read(&mut sensor, at(ms)), |readings, ms| {
            while through <= ms {
                let air = air(at(1000 + through / HOUR_MS * HOUR_MS));
                for place in 0..3 {
                    low[place] = low[place].min(air[place]);
                    high[place] = high[place].max(air[place]);
                }
                through += HOUR_MS;
            }
            // Humidity is not filtered, but the temperature that it is corrected by is.
            let [celsius, percent, _] = air(at(ms));
            let correction = 0.25 * (readings[0] - celsius).abs();
            (low[1], high[1]) = (percent - correction, percent + correction);
            let fits = is_between(*readings, low, high);
            (low, high) = (*readings, *readings);
            fits
        })?;
    }
}

/// Noise that is the same twice: a bit in the number of the register, each time the calibration is read.
#[test]
fn calibration_from_a_wrong_register_is_not_believed_even_twice() {
    for bit in 0..8 {
        for (first, again) in [(5, 13), (5, 14), (6, 15), (6, 16)] {
            let glitches = [first, again].map(|transfer| (transfer, Glitch::FlipWrite(bit)));
            let wire = Wire::with_glitches(glitches.into());
            let mut sensor = sensor(wire.clone());
            for tick in 0..3 {
                let at = at(1000 + tick * HOUR_MS);
                if let Ok(readings) = read(&mut sensor, at) {
                    assert!(is_true(readings, at), "bit {bit} of {first} and {again}: {readings:?}");
                }
            }
        }
    }
}
