//! Everything that must hold before a change is good.

mod api;
mod browser;
mod deny;
mod home_assistant;
mod python;
mod report;
mod rust;
mod step;

use std::time::Instant;

use anyhow::bail;

use crate::pi::check::{self, Scenario};
use crate::{apt, panel};
use report::{Outcome, Report};
use step::Step;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leave out what takes longest: doc, deny, faults, browser, api, home-assistant and pi
    #[arg(long)]
    fast: bool,
    /// Only these steps
    #[arg(value_enum, conflicts_with = "fast")]
    steps: Vec<Step>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let steps = step::plan(&options.steps, options.fast);
    prepare(&steps)?;

    let mut report = Report::default();
    for step in steps {
        println!("\n== {step}: {}", step.purpose());
        let start = Instant::now();
        let outcome = match perform(step) {
            Ok(None) => Outcome::Passed,
            Ok(Some(reservation)) => Outcome::PassedExcept(reservation),
            Err(error) => Outcome::failed(&error),
        };
        println!("-- {step}: {} ({:.1} s)", outcome.word(), start.elapsed().as_secs_f64());
        report.add(step, outcome, start.elapsed());
    }
    println!("\n{report}");
    if report.failed() > 0 {
        // The report says what and why, and its count is to be the last line.
        std::process::exit(1);
    }
    Ok(())
}

/// Installs what the steps need. The panel comes before any Rust step, because the hub embeds it.
fn prepare(steps: &[Step]) -> anyhow::Result<()> {
    let programs: Vec<_> = steps.iter().flat_map(|step| step.programs()).copied().collect();
    apt::ensure(&apt::lacking(&programs), &[])?;
    if steps.iter().any(|step| step.needs_node()) {
        panel::check_node()?;
        panel::install()?;
    }
    if steps.iter().any(|step| step.compiles_the_hub()) && !steps.contains(&Step::Panel) {
        panel::build()?;
    }
    Ok(())
}

/// Runs one step; a text is what it passed without.
fn perform(step: Step) -> anyhow::Result<Option<String>> {
    match step {
        Step::Fmt => rust::fmt(),
        Step::Panel => panel(),
        Step::Clippy => rust::clippy(),
        Step::Doc => rust::doc(),
        Step::Deny => return deny::check(),
        Step::Tests => rust::tests(),
        Step::Faults => rust::faults(),
        Step::Browser => browser::run(),
        Step::Pi => check::scenarios(&[Scenario::Faults, Scenario::Clock]),
        Step::Api => api::check(),
        Step::HomeAssistant => home_assistant::check(),
    }?;
    Ok(None)
}

/// Builds first, so that a failing check of the panel does not take the Rust steps with it.
fn panel() -> anyhow::Result<()> {
    panel::build()?;
    let failed: Vec<_> = ["types:check", "check", "lint", "test"]
        .into_iter()
        .filter(|script| {
            let result = panel::script(script);
            if let Err(error) = &result {
                eprintln!("{error:#}");
            }
            result.is_err()
        })
        .collect();
    if !failed.is_empty() {
        bail!("failed: npm run {}", failed.join(", "));
    }
    Ok(())
}
