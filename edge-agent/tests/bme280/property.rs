//! Whatever happens on the wire, no wrong number comes out.

use crate::{
    at, read, sensor,
    wire::{Glitch, Wire, is_true},
};
use proptest::prelude::*;

/// More than the transfers of the ticks below, so that some glitches never come.
const TRANSFERS: usize = 320;
const TICKS: u64 = 20;

fn glitch() -> impl Strategy<Value = Glitch> {
    prop_oneof![
        Just(Glitch::PowerCycle),
        Just(Glitch::Nack),
        Just(Glitch::Timeout),
        (0..208_usize).prop_map(Glitch::FlipRead),
        (0..16_usize).prop_map(Glitch::FlipWrite),
        prop_oneof![Just(0x00), Just(0xFF), any::<u8>()].prop_map(Glitch::Level),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn glitches_give_faults_or_the_truth(glitches in prop::collection::hash_map(0..TRANSFERS, glitch(), 0..12)) {
        let wire = Wire::with_glitches(glitches);
        let mut sensor = sensor(wire.clone());
        for tick in 0..TICKS {
            // Far enough apart for the air to have changed by more than the tolerance.
            let now = at(1000 + tick * 3_600_000);
            if let Ok(readings) = read(&mut sensor, now) {
                prop_assert!(is_true(readings, now), "tick {tick}: {readings:?}");
            }
        }
        // Once the glitches are over, one tick may pass to see the last one's consequence.
        while wire.transfers() < TRANSFERS {
            let _ = read(&mut sensor, at(1000 + TICKS * 3_600_000));
        }
        let _ = read(&mut sensor, at(1000 + (TICKS + 1) * 3_600_000));
        let now = at(1000 + (TICKS + 2) * 3_600_000);
        let readings = read(&mut sensor, now);
        prop_assert!(readings.is_ok_and(|readings| is_true(readings, now)), "{readings:?}");
    }
}
