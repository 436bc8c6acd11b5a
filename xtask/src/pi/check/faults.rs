//! Everything that may happen to a sensor: each fault has its name within two intervals, and so has its end.

use std::time::Duration;

use anyhow::{Context, bail, ensure};

use super::bench::{Bench, INTERVAL_MS, START, STUCK_SECONDS, healthy};
use super::messages::State;
use super::truth::{Air, METRICS, SENSOR};
use super::{Findings, firmware};
use crate::pi::parts::{MODEL, SERIAL};

/// How soon a fault and its end must be told, by the clock of the guest.
pub(super) const WITHIN_MS: u64 = 2 * INTERVAL_MS;
/// The agent calls a chip stuck after more than a dozen equal readings, however short the time is set.
const STUCK_READINGS: u64 = 13;
/// Long enough for as many readings on a starved machine, where each second one may fail.
const STUCK_WITHIN_MS: u64 = 40 * INTERVAL_MS;
/// So late, on average, is a program on an emulated Pi that has too little of the machine it runs on.
const STARVED: Duration = Duration::from_millis(3);
const ATTEMPTS: usize = 4;

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

/// Each with noise in one quantity only, so that the chip does not look stuck and the others can be compared
/// to the last digit.
const AIRS: [Air; 3] = [
    Air { values: [-12.34, 985.2, 88.8], noise: [0.01, 0.0, 0.0] },
    Air { values: [41.07, 1043.0, 12.3], noise: [0.0, 0.05, 0.0] },
    START,
];

pub(super) fn play(bench: &mut Bench, findings: &mut Findings) -> anyhow::Result<()> {
    findings.note("the birth says which Pi", identity(bench));
    findings.note("the agent is not root", user(bench));
    for air in AIRS {
        let [celsius, hectopascal, percent] = air.values;
        let name = format!("{celsius} °C, {hectopascal} hPa, {percent} %");
        findings.note(&name, fairly(bench, |bench| readings(bench, air)));
    }
    for report in &firmware::REPORTS {
        findings.note(report.command, fairly(bench, |bench| firmware::told(bench, report)));
    }
    for fault in &FAULTS {
        findings.note(fault.causes, fairly(bench, |bench| undergo(bench, fault)));
    }
    findings.note("freeze", fairly(bench, freeze));
    findings.note("the agent ends on SIGTERM", end(bench));
    Ok(())
}

/// What fails while the machine is starved of CPU proves nothing, and is played again. Numbers are judged all
/// the same.
fn fairly(bench: &mut Bench, play: impl Fn(&mut Bench) -> anyhow::Result<String>) -> anyhow::Result<String> {
    for _ in 1..ATTEMPTS {
        bench.lateness()?;
        let outcome = play(bench);
        let late = bench.lateness()?;
        match outcome {
            Err(error) if late >= STARVED => println!("  again   {error:#} ({} ms late)", late.as_millis()),
            done => return done,
        }
        // As new, whatever the fault has left of it.
        bench.tell("replace")?;
        while !healthy(&bench.next_state()?) {}
    }
    play(bench).context("this machine is too busy to tell, or")
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

/// A step may be doubted once before it is believed.
fn readings(bench: &mut Bench, air: Air) -> anyhow::Result<String> {
    let at_ms = bench.set_air(air)?;
    let new = |state: &State| state.stamp.monotonic_ms > at_ms + INTERVAL_MS / 2 && healthy(state);
    let state = until(bench, at_ms, WITHIN_MS + INTERVAL_MS, new)?;
    let read = METRICS.map(|name| state.now.get(name).map_or(String::new(), ToString::to_string));
    Ok(read.join(", "))
}

fn undergo(bench: &mut Bench, fault: &Fault) -> anyhow::Result<String> {
    let named = |state: &State| told(state).is_some_and(|word| fault.words.contains(&word));
    let began_ms = bench.tell(fault.causes)?.at_ms;
    let outcome = until(bench, began_ms, WITHIN_MS, named);
    // Also after a failure, for the next fault's sake.
    let ended_ms = fault.ends.map(|command| bench.tell(command)).transpose()?.map(|answer| answer.at_ms);
    let faulty = outcome?;
    let ended_ms = ended_ms.unwrap_or(faulty.stamp.monotonic_ms);
    let back = until(bench, ended_ms, WITHIN_MS, healthy).context("its end")?;
    let word = told(&faulty).unwrap_or_default();
    Ok(format!(
        "{word} after {:.1} s, back after {:.1} s",
        seconds(began_ms, &faulty),
        seconds(ended_ms, &back)
    ))
}

/// The air stays as it is, for nobody could know better before the time is up. A chip that was not seen
/// measuring gives no reading, so readings are counted and not the time.
fn freeze(bench: &mut Bench) -> anyhow::Result<String> {
    let began_ms = bench.tell("freeze")?.at_ms;
    let mut readings = 0;
    let outcome = until(bench, began_ms, STUCK_WITHIN_MS, |state| {
        readings += u64::from(healthy(state));
        told(state) == Some("stuck") || readings > STUCK_READINGS + WITHIN_MS / INTERVAL_MS
    });
    let ended_ms = bench.tell("thaw")?.at_ms;
    let faulty = outcome?;
    ensure!(told(&faulty) == Some("stuck"), "{readings} equal readings and it is not called stuck");
    let after = seconds(began_ms, &faulty);
    ensure!(after >= STUCK_SECONDS as f64, "it was called stuck too early");
    let back = until(bench, ended_ms, WITHIN_MS, healthy).context("its end")?;
    Ok(format!(
        "stuck after {after:.1} s and {readings} readings, back after {:.1} s",
        seconds(ended_ms, &back)
    ))
}

pub(super) fn end(bench: &mut Bench) -> anyhow::Result<String> {
    let code = bench.stop_agent()?;
    ensure!(code == 0, "its exit code is {code}");
    Ok("0, offline".to_owned())
}

/// The word for what ails the sensor.
fn told(state: &State) -> Option<&str> {
    state.faults.get(SENSOR).map(String::as_str)
}

/// The first state after `since_ms` that is as wanted. It must come before two intervals, or what is given, are
/// over: the first state after that time is the last that is looked at.
pub(super) fn until(
    bench: &mut Bench,
    since_ms: u64,
    within_ms: u64,
    mut wanted: impl FnMut(&State) -> bool,
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
        seen.push(told(&state).unwrap_or("readings").to_owned());
        if state.stamp.monotonic_ms >= since_ms + within_ms {
            bail!("not within {:.1} s, but: {}", within_ms as f64 / 1000.0, seen.join(", "));
        }
    }
}

fn seconds(since_ms: u64, state: &State) -> f64 {
    state.stamp.monotonic_ms.saturating_sub(since_ms) as f64 / 1000.0
}
