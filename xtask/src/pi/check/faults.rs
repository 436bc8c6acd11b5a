//! Everything that may happen to a sensor: each fault has its name within two intervals, and so has its end.

use anyhow::{Context, bail, ensure};

use super::Findings;
use super::bench::{Bench, INTERVAL_MS, START, STUCK_SECONDS, healthy};
use super::messages::State;
use super::truth::{Air, METRICS, SENSOR};
use crate::pi::parts::{MODEL, SERIAL};

/// How soon a fault and its end must be told, by the clock of the guest.
const WITHIN_MS: u64 = 2 * INTERVAL_MS;
/// The agent calls a chip stuck after more than a dozen equal readings, however short the time is set.
const STUCK_READINGS: u64 = 13;
/// For so many states the bus is troubled now and then.
const STORM_STATES: usize = 6;

/// Commands that cause a fault, what it is called, and commands that end it; none if it ends by itself.
struct Fault {
    causes: &'static str,
    words: &'static [&'static str],
    ends: Option<&'static str>,
}

const fn lasting(causes: &'static str, words: &'static [&'static str], ends: &'static str) -> Fault {
    Fault { causes, words, ends: Some(ends) }
}

const fn passing(causes: &'static str, words: &'static [&'static str]) -> Fault {
    Fault { causes, words, ends: None }
}

const FAULTS: [Fault; 15] = [
    // The first refusal of a chip that was there is a loose contact; from the second on it is gone.
    lasting("fault nack", &["absent"], "fault off"),
    lasting("fault errno 6", &["absent"], "fault off"),
    lasting("fault eio", &["no_answer"], "fault off"),
    lasting("fault timeout 400", &["no_answer"], "fault off"),
    lasting("fault hang", &["no_answer"], "fault off"),
    // What is read of the chip's id is wrong too.
    lasting("fault garbage", &["wrong_chip", "out_of_range"], "fault off"),
    lasting("fault ones", &["wrong_chip", "out_of_range"], "fault off"),
    lasting("fault zeros", &["wrong_chip", "out_of_range"], "fault off"),
    lasting("unplug", &["absent"], "plug"),
    lasting("addr 0x77", &["absent"], "addr 0x76"),
    lasting("dead", &["skipped"], "alive"),
    lasting("chipid 0x58", &["wrong_chip"], "chipid 0x60"),
    // It forgets its settings and gives the codes of what was not measured.
    passing("brownout", &["skipped"]),
    // What the chip was made with no longer fits its codes, until it is read again.
    passing("badcalib", &["out_of_range"]),
    passing("replace", &["skipped", "out_of_range"]),
];

/// Trouble that comes by chance: any fault may be told, or none, but no wrong number.
const STORMS: [&str; 5] = [
    "fault bitflip 0.02",
    "fault bitflip 0.001",
    "fault garbage prob 0.05",
    "fault nack prob 0.1",
    "fault delay 5",
];

const AIRS: [[f64; 3]; 3] = [[-12.34, 985.2, 88.8], [41.07, 1043.0, 12.3], START.values];

pub(super) fn play(bench: &mut Bench, findings: &mut Findings) -> anyhow::Result<()> {
    findings.note("the birth says which Pi", identity(bench));
    findings.note("the agent is not root", user(bench));
    for values in AIRS {
        let name = format!("{} °C, {} hPa, {} %", values[0], values[1], values[2]);
        findings.note(&name, readings(bench, values));
    }
    for fault in &FAULTS {
        findings.note(fault.causes, undergo(bench, fault));
    }
    findings.note("freeze", freeze(bench));
    for storm in STORMS {
        findings.note(storm, weather(bench, storm));
    }
    findings.note("the agent ends on SIGTERM", end(bench));
    Ok(())
}

fn identity(bench: &mut Bench) -> anyhow::Result<String> {
    let birth = bench.birth.as_ref().context("there was no birth")?;
    ensure!(birth.model.as_deref() == Some(MODEL), "its model is {:?}", birth.model);
    ensure!(birth.arch == "aarch64" && birth.hostname == "raspberrypi", "{} {}", birth.arch, birth.hostname);
    let lacking = METRICS.into_iter().find(|name| birth.metrics.iter().all(|metric| metric.name != *name));
    ensure!(lacking.is_none(), "it does not announce {lacking:?}");
    // The host name is every Pi's, so the id ends as the serial number does.
    let id = format!("raspberrypi-{}", &SERIAL[SERIAL.len() - 4..]);
    ensure!(bench.device == id, "its id is {}", bench.device);
    Ok(format!("{MODEL}, {}", bench.device))
}

fn user(bench: &mut Bench) -> anyhow::Result<String> {
    let status = bench.tell("exec grep -E '^(Uid|Groups)' /proc/$(pidof edge-agent)/status")?.text;
    let words: Vec<&str> = status.split_whitespace().collect();
    let user: u32 = words.get(3).and_then(|word| word.parse().ok()).with_context(|| status.clone())?;
    ensure!(user != 0, "it is root: {status}");
    Ok(format!("user {user}"))
}

/// Without any noise; a step may be doubted once before it is believed.
fn readings(bench: &mut Bench, values: [f64; 3]) -> anyhow::Result<String> {
    let at_ms = bench.set_air(Air { values, noise: [0.0; 3] })?;
    let new = |state: &State| state.stamp.monotonic_ms > at_ms + INTERVAL_MS / 2 && healthy(state);
    let state = until(bench, at_ms, WITHIN_MS + INTERVAL_MS, new)?;
    bench.set_air(Air { values, noise: START.noise })?;
    let read = METRICS.map(|name| state.now.get(name).map_or(String::new(), ToString::to_string));
    Ok(read.join(", "))
}

fn undergo(bench: &mut Bench, fault: &Fault) -> anyhow::Result<String> {
    let named =
        |state: &State| state.faults.get(SENSOR).is_some_and(|word| fault.words.contains(&word.as_str()));
    let began_ms = bench.tell(fault.causes)?.at_ms;
    let told = until(bench, began_ms, WITHIN_MS, named)?;
    let ended_ms = match fault.ends {
        Some(command) => bench.tell(command)?.at_ms,
        None => told.stamp.monotonic_ms,
    };
    let back = until(bench, ended_ms, WITHIN_MS, healthy)?;
    let word = told.faults.get(SENSOR).cloned().unwrap_or_default();
    Ok(format!(
        "{word} after {:.1} s, back after {:.1} s",
        seconds(began_ms, &told),
        seconds(ended_ms, &back)
    ))
}

/// The air stays as it is, for nobody could know better before the time is up.
fn freeze(bench: &mut Bench) -> anyhow::Result<String> {
    let began_ms = bench.tell("freeze")?.at_ms;
    let stuck = |state: &State| state.faults.get(SENSOR).is_some_and(|word| word == "stuck");
    let due_ms = (STUCK_SECONDS * 1000).max(STUCK_READINGS * INTERVAL_MS);
    let told = until(bench, began_ms, due_ms + WITHIN_MS, stuck)?;
    ensure!(seconds(began_ms, &told) >= STUCK_SECONDS as f64, "it was called stuck too early");
    let ended_ms = bench.tell("thaw")?.at_ms;
    let back = until(bench, ended_ms, WITHIN_MS, healthy)?;
    Ok(format!("stuck after {:.1} s, back after {:.1} s", seconds(began_ms, &told), seconds(ended_ms, &back)))
}

fn weather(bench: &mut Bench, storm: &str) -> anyhow::Result<String> {
    let began_ms = bench.tell(storm)?.at_ms;
    let (mut readings, mut faults) = (0, 0);
    while readings + faults < STORM_STATES {
        let state = bench.next_state()?;
        if state.stamp.monotonic_ms > began_ms {
            *(if healthy(&state) { &mut readings } else { &mut faults }) += 1;
        }
    }
    let ended_ms = bench.tell("fault off")?.at_ms;
    until(bench, ended_ms, WITHIN_MS, healthy)?;
    Ok(format!("{readings} states with readings, {faults} with a fault"))
}

pub(super) fn end(bench: &mut Bench) -> anyhow::Result<String> {
    let code = bench.stop_agent()?;
    ensure!(code == 0, "its exit code is {code}");
    Ok("0, offline".to_owned())
}

/// The first state after `since_ms` that is as wanted. It must come before two intervals, or what is given, are
/// over: the first state after that time is the last that is looked at.
fn until(
    bench: &mut Bench,
    since_ms: u64,
    within_ms: u64,
    wanted: impl Fn(&State) -> bool,
) -> anyhow::Result<State> {
    let mut seen = Vec::new();
    loop {
        let state = bench.next_state()?;
        if state.stamp.monotonic_ms <= since_ms {
            continue;
        }
        if wanted(&state) {
            return Ok(state);
        }
        seen.push(state.faults.get(SENSOR).cloned().unwrap_or_else(|| "readings".to_owned()));
        if state.stamp.monotonic_ms >= since_ms + within_ms {
            bail!("not within {:.1} s, but: {}", within_ms as f64 / 1000.0, seen.join(", "));
        }
    }
}

fn seconds(since_ms: u64, state: &State) -> f64 {
    state.stamp.monotonic_ms.saturating_sub(since_ms) as f64 / 1000.0
}
