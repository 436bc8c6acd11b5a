//! Scenarios for the agent on the emulated Pi, each with what must come of it.
//!
//! Whatever happens in them, every number that is published is compared with the air of that moment.

mod bench;
mod clock;
mod faults;
mod firmware;
mod messages;
mod power;
mod storm;
mod truth;

use std::fmt;
use std::time::Instant;

use anyhow::bail;
use clap::ValueEnum;

use super::{Built, parts};
use crate::apt;
use crate::signals::EndRequested;
use bench::{Bench, INTERVAL_MS};

/// What a check calls, with the Debian package that brings each.
pub(crate) const PROGRAMS: [(&str, &str); 4] = [
    ("mosquitto", "mosquitto"),
    ("mosquitto_sub", "mosquitto-clients"),
    parts::PROGRAMS[0],
    parts::PROGRAMS[1],
];

/// A scenario: one start of the emulated Pi.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// Readings, every fault of the bus and of the chip, and their ends
    Faults,
    /// A clock that starts in 1970, is set, and jumps
    Clock,
    /// A bus that is troubled by chance
    Storm,
    /// The power fails while summaries wait on the card, without a clock and without a hub
    Power,
}

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only these scenarios
    #[arg(value_enum)]
    scenarios: Vec<Scenario>,
}

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let all = Scenario::value_variants();
    scenarios(if options.scenarios.is_empty() { all } else { &options.scenarios })
}

/// Plays the scenarios and fails if anything was not as it must be.
pub(crate) fn scenarios(scenarios: &[Scenario]) -> anyhow::Result<()> {
    // Before anything is built, so that what is missing is told at once.
    apt::ensure(&apt::lacking(&PROGRAMS), &[])?;
    let built = Built::make()?;
    let end = EndRequested::install()?;
    let mut findings = Findings { right: 0, wrong: Vec::new(), end: end.clone() };
    for scenario in scenarios {
        play(*scenario, &built, &end, &mut findings)?;
        if end.seen() {
            bail!("stopped");
        }
    }
    println!("\n{findings}");
    if findings.wrong.is_empty() {
        Ok(())
    } else {
        bail!("the agent on the emulated Pi is not as it must be")
    }
}

fn play(
    scenario: Scenario,
    built: &Built,
    end: &EndRequested,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let name = format!("{scenario:?}").to_lowercase();
    println!("\n{name}:");
    let start = Instant::now();
    let dir = super::cache().join("check").join(&name);
    let play: fn(&mut Bench, &mut Findings) -> anyhow::Result<()> = match scenario {
        Scenario::Faults => faults::play,
        Scenario::Clock => clock::play,
        Scenario::Storm => storm::play,
        Scenario::Power => return power::play(&dir, built, end, findings),
    };
    let interval_ms = if scenario == Scenario::Storm { storm::INTERVAL_MS } else { INTERVAL_MS };
    let mut bench = Bench::start(&dir, built, interval_ms, scenario != Scenario::Clock, end)?;
    println!("  up after {:.1} s", start.elapsed().as_secs_f64());
    play(&mut bench, findings)?;
    findings.note("no wrong number", truth(&bench));
    println!("  {:.1} s in all", start.elapsed().as_secs_f64());
    Ok(())
}

fn truth(bench: &Bench) -> anyhow::Result<String> {
    if !bench.untrue.is_empty() {
        bail!("{}", bench.untrue.join("; "));
    }
    let ([celsius, hectopascal, percent], compared) = bench.precision();
    Ok(format!(
        "of {compared}; without noise at most {celsius:.3} °C, {hectopascal:.3} hPa, {percent:.3} % off"
    ))
}

/// What was as it must be, and what was not.
struct Findings {
    right: usize,
    wrong: Vec<String>,
    /// Once it is asked for, what fails is no finding.
    end: EndRequested,
}

impl Findings {
    fn note(&mut self, what: &str, outcome: anyhow::Result<String>) {
        match outcome {
            Ok(remark) => {
                println!("  ok      {what}: {remark}");
                self.right += 1;
            }
            Err(_) if self.end.seen() => {}
            Err(error) => {
                println!("  FAILED  {what}: {error:#}");
                self.wrong.push(format!("{what}: {error:#}"));
            }
        }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.wrong {
            writeln!(out, "FAILED  {line}")?;
        }
        write!(out, "{} as they must be, {} not", self.right, self.wrong.len())
    }
}
