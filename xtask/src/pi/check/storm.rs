//! Trouble that comes by chance: any fault may be told, or none, but no wrong number.

use anyhow::ensure;

use super::Findings;
use super::bench::{Bench, healthy};

/// Quick, because only numbers count here: on a starved machine many readings come too late to be told.
pub(super) const INTERVAL_MS: u64 = 250;
/// How many states each kind of trouble lasts.
const STATES: usize = 24;

/// After so many states a starved machine has found the time for a reading.
const PATIENCE: usize = 120;

const TROUBLE: [&str; 6] = [
    "fault bitflip 0.02",
    "fault bitflip 0.002",
    "fault bitflip 0.0002",
    "fault garbage prob 0.05",
    "fault nack prob 0.1",
    "fault zeros prob 0.1",
];

/// Half way through each the air changes, so that an old value told again would be seen.
const AIRS: [[f64; 3]; 2] = [[18.0, 990.0, 70.0], [27.0, 1025.0, 30.0]];

pub(super) fn play(bench: &mut Bench, findings: &mut Findings) -> anyhow::Result<()> {
    for (trouble, values) in TROUBLE.into_iter().zip(AIRS.into_iter().cycle()) {
        findings.note(trouble, weather(bench, trouble, values));
    }
    Ok(())
}

fn weather(bench: &mut Bench, trouble: &str, values: [f64; 3]) -> anyhow::Result<String> {
    bench.tell(trouble)?;
    let (mut readings, mut faults) = (0, 0);
    for number in 0..STATES {
        if number == STATES / 2 {
            bench.move_air(values)?;
        }
        let state = bench.next_state()?;
        *(if healthy(&state) { &mut readings } else { &mut faults }) += 1;
    }
    bench.tell("fault off")?;
    let mut after = 0;
    while !healthy(&bench.next_state()?) {
        after += 1;
        ensure!(after < PATIENCE, "{after} states after it there are still no readings");
    }
    Ok(format!("{readings} states with readings, {faults} with a fault"))
}
