//! The hub under a simulated fleet, each figure beside its reference from the same run.

mod delays;
mod growth;
mod ingest;
mod latency;
mod scene;

use anyhow::Context;
use clap::ValueEnum;

use crate::{apt, run};
use scene::{Programs, Scene};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Summaries committed in a second, beside what mosquitto alone forwards
    Ingest,
    /// A day of minutes from each of 1,000 devices at once
    Backlog,
    /// Memory, CPU and delay at 0, 100, 1,000 and 10,000 connected devices
    Memory,
    /// From a device's message to a reader of the live stream, at 1,000 devices
    Latency,
}

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only these parts
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// How long each measurement lasts, in seconds
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(3..=3600))]
    seconds: u32,
}

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let programs = [("mosquitto", "mosquitto"), ("mosquitto_sub", "mosquitto-clients"), ("curl", "curl")];
    apt::ensure(&apt::lacking(&programs), &[])?;
    let programs = Programs::build()?;
    let parts = if options.parts.is_empty() { Part::value_variants() } else { &options.parts };
    let mut text = String::new();
    for part in parts {
        let scene = Scene::new(&programs)?;
        text += &match part {
            Part::Ingest => ingest::throughput(&scene, options.seconds)?,
            Part::Backlog => ingest::backlog(&scene)?,
            Part::Memory => growth::table(&scene, options.seconds)?,
            Part::Latency => latency::to_a_reader(&scene, options.seconds)?,
        };
    }
    print!("\n{text}");
    Ok(())
}

/// Full path of an installed program.
fn path_of(program: &str) -> anyhow::Result<String> {
    let path = run::find(program).with_context(|| format!("{program} is not installed"))?;
    Ok(path.to_string_lossy().into_owned())
}

/// A figure with its label, as wide as the tables of all parts.
fn row(label: &str, figure: &str) -> String {
    format!("{label:<58}{figure:>18}\n")
}
