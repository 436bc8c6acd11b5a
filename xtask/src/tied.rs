//! Runs a program that receives SIGTERM when the process that started it is gone, however it went.
//!
//! Linux can tie a process to its parent, but the call must come from the child itself. Doing that
//! between fork and exec needs unsafe code; a moment as this small program, which then becomes the
//! wanted one, does not. The tie survives the exec.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, bail};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Process id of the starter
    parent: i32,
    /// The program and its arguments
    #[arg(required = true, last = true)]
    program: Vec<OsString>,
}

/// A command that is tied to this process. Build on it as on any other.
pub(crate) fn command(program: impl Into<OsString>) -> Command {
    let program = program.into();
    if cfg!(not(target_os = "linux")) {
        return Command::new(program);
    }
    // By this path and not by name, because a build may replace the file while it runs.
    let mut command = Command::new("/proc/self/exe");
    command.arg("tied").arg(std::process::id().to_string()).arg("--").arg(program);
    command
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    tie(options.parent)?;
    let (program, arguments) = options.program.split_first().context("no program named")?;
    let error = Command::new(program).args(arguments).exec();
    Err(error).with_context(|| format!("cannot run {}", program.to_string_lossy()))
}

#[cfg(target_os = "linux")]
fn tie(parent: i32) -> anyhow::Result<()> {
    use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
    set_parent_process_death_signal(Some(Signal::TERM))?;
    // It may have ended before the call above.
    if getppid() != Pid::from_raw(parent) {
        bail!("the process that asked for this is gone");
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn tie(_parent: i32) -> anyhow::Result<()> {
    bail!("only Linux ties a process to its parent")
}
