//! The agent's memory over many windows.

use crate::run;

/// Builds the driver as the agent is built and runs it: a hundred thousand windows in simulated time.
pub(crate) fn run() -> anyhow::Result<()> {
    let arguments =
        ["run", "--quiet", "--locked", "--package", "edge-agent", "--profile", "pi", "--example", "windows"];
    run::show(&mut run::command("cargo", arguments))
}
