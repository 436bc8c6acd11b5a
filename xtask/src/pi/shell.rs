//! A command in the emulated Pi, from this machine's shell.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;

use super::console::Event;
use super::machine::Machine;
use super::world::World;
use super::{Built, cache};
use crate::signals::EndRequested;

const POLL: Duration = Duration::from_millis(100);

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The command, for busybox's shell; the agent is ./edge-agent
    command: String,
    /// As root, not as the user `pi` in the groups i2c, gpio and video
    #[arg(long)]
    root: bool,
    /// A program or file to bring along, besides the agent
    #[arg(long, value_name = "FILE")]
    with: Vec<PathBuf>,
    #[command(flatten)]
    world: World,
}

/// Runs the command and ends with its exit code.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let mut guest = options.world.guest()?;
    let built = Built::make()?;
    let end = EndRequested::install()?;
    guest.command = format!("{}\n", options.command);
    guest.as_root = options.root;
    guest.programs = std::iter::once(&built.agent).chain(&options.with).cloned().collect();
    let mut machine = Machine::start(&cache().join("shell"), &built.parts, &built.emulator, &guest)?;
    if !machine.wait_begun(|| end.seen())? {
        bail!("stopped");
    }
    while !end.seen() {
        match machine.next_event(POLL)? {
            Some(Event::Line(line)) => println!("{line}"),
            Some(Event::Ended(0)) => return Ok(()),
            Some(Event::Ended(code)) => {
                machine.end();
                std::process::exit(code);
            }
            _ => {}
        }
    }
    bail!("stopped")
}
