//! The whole path on this machine: a hub, and an agent that measures it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::failure::{Failure, usage};
use crate::process::Process;
use crate::ready::{self, Readiness};
use crate::signals::EndRequested;
use crate::{panel, ports, project, run};

const POLL: Duration = Duration::from_millis(100);

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Port of the panel
    #[arg(long, default_value_t = 8080)]
    http_port: u16,
    /// Port of the embedded broker
    #[arg(long, default_value_t = 1883)]
    mqtt_port: u16,
    /// Where the hub keeps its data, relative to the repository
    #[arg(long, default_value = "data/demo")]
    data: PathBuf,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let end = EndRequested::install()?;
    if options.http_port == options.mqtt_port {
        return Err(usage("--http-port and --mqtt-port must differ"));
    }
    ports::check_free(options.http_port, "--http-port")?;
    ports::check_free(options.mqtt_port, "--mqtt-port")?;
    if !["cc", "gcc", "clang"].into_iter().any(run::exists) {
        return Err(usage("there is no C compiler; on Debian: apt-get install gcc libc6-dev"));
    }
    panel::check_node()?;

    match build() {
        Err(_) if end.seen() => return Ok(()),
        built => built?,
    }

    let binaries = project::target().join("release");
    // Declared in this order because they would be dropped, and so ended, in the reverse one.
    let mut hub = Process::follow("hub", &mut hub_command(&binaries.join("hub"), options))?;
    if !wait_ready(&mut hub, options.http_port, &end)? {
        println!("Stopped.");
        return Ok(());
    }
    let mut agent = Process::follow("agent", &mut agent_command(&binaries.join("edge-agent"), options))?;
    println!("{}", frame(&announcement(options)));

    let fallen = watch(&mut [&mut hub, &mut agent], &end)?;
    // The agent first, so that it can still say goodbye to the hub.
    agent.end();
    hub.end();
    if let Some(line) = fallen {
        bail!("{line}; the rest was stopped");
    }
    println!("Stopped. The data stays in {}.", options.data.display());
    Ok(())
}

fn build() -> anyhow::Result<()> {
    panel::build()?;
    run::show(&mut run::command("cargo", ["build", "--release", "--locked", "-p", "hub", "-p", "edge-agent"]))
}

fn hub_command(program: &Path, options: &Options) -> Command {
    let mut command = run::command(&program.to_string_lossy(), ["--data"]);
    command.arg(project::root().join(&options.data));
    command.args(["--http", &format!("127.0.0.1:{}", options.http_port)]);
    command.args(["--mqtt", &format!("127.0.0.1:{}", options.mqtt_port)]);
    command
}

fn agent_command(program: &Path, options: &Options) -> Command {
    let hub = format!("mqtt://127.0.0.1:{}", options.mqtt_port);
    let mut command = run::command(&program.to_string_lossy(), ["--hub", &hub, "--simulate"]);
    command.env("EDGEWISE_SPOOL_DIRECTORY", project::root().join(&options.data).join("spool"));
    command
}

/// Waits until the hub answers; false if somebody asked for the end before.
fn wait_ready(hub: &mut Process, port: u16, end: &EndRequested) -> anyhow::Result<bool> {
    match ready::wait(hub, port, || end.seen())? {
        Readiness::Ready => Ok(true),
        Readiness::Stopped => {
            hub.end();
            Ok(false)
        }
        Readiness::Ended(status) => {
            // Its output is complete only after this.
            hub.end();
            let line = format!("the hub ended with {status} before it was ready; its last lines say why");
            Err(match status.code() {
                Some(3) => Failure::AddressInUse(line).into(),
                _ => anyhow::anyhow!(line),
            })
        }
    }
}

/// Returns when the end is asked for (nothing) or one of them has ended (a line that says so).
fn watch(processes: &mut [&mut Process], end: &EndRequested) -> anyhow::Result<Option<String>> {
    while !end.seen() {
        for process in processes.iter_mut() {
            if let Some(status) = process.ended().context("demo")? {
                return Ok(Some(format!("the {} ended with {status}", process.name())));
            }
        }
        std::thread::sleep(POLL);
    }
    Ok(None)
}

fn announcement(options: &Options) -> [String; 3] {
    [
        format!("Panel  http://127.0.0.1:{}", options.http_port),
        format!("MQTT   mqtt://127.0.0.1:{}", options.mqtt_port),
        "Ctrl-C ends the demo, the data stays.".to_owned(),
    ]
}

fn frame(lines: &[String]) -> String {
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let rule = "─".repeat(width + 4);
    let body: String = lines.iter().map(|line| format!("│  {line:<width$}  │\n")).collect();
    format!("\n┌{rule}┐\n{body}└{rule}┘\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_a_frame_has_the_same_width() {
        let framed = frame(&["short".into(), "a longer line".into()]);
        let widths: Vec<_> = framed.trim().lines().map(|line| line.chars().count()).collect();
        assert_eq!(widths, [19, 19, 19, 19]);
    }
}
