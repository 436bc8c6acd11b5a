//! `cargo xtask pi`: an emulated Raspberry Pi 3B for those who have none at hand.
//!
//! A real Debian kernel in QEMU's `raspi3b`, with `pi-emu` in it for what QEMU lacks. The agent is the one for a
//! real Pi; only its profile is quicker to build.

pub(crate) mod check;
mod console;
mod control;
mod cpio;
mod image;
mod machine;
mod modules;
mod parts;
mod session;
mod shell;
mod world;

use std::path::PathBuf;

use clap::Subcommand;

use crate::cross::{self, Arch};
use crate::project;
use parts::Parts;

/// Made for this purpose in the workspace's Cargo.toml.
const PROFILE: &str = "rig";

#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    session: session::Session,
}

#[derive(Subcommand)]
enum Command {
    /// Run a command in the emulated Pi and end with its exit code
    Shell(shell::Options),
    /// Play scenarios against the agent and check what it publishes
    Check(check::Options),
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    match &options.command {
        None => session::run(&options.session),
        Some(Command::Shell(options)) => shell::run(options),
        Some(Command::Check(options)) => check::run(options),
    }
}

/// Everything that the emulated Pi is started from.
struct Built {
    parts: Parts,
    emulator: PathBuf,
    agent: PathBuf,
}

impl Built {
    /// Builds and downloads what is not there yet.
    fn make() -> anyhow::Result<Self> {
        let parts = Parts::ensure()?;
        let [emulator, agent] =
            ["pi-emu", "edge-agent"].map(|package| cross::build_package(Arch::Aarch64, package, PROFILE));
        Ok(Self { parts, emulator: emulator?, agent: agent? })
    }
}

/// Where all of it is kept.
fn cache() -> PathBuf {
    project::target().join("pi-rig")
}
