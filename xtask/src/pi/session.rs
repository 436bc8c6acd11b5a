//! The agent on the emulated Pi, to be looked at: in the panel of the demo, say.

use std::fs;
use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::console::Event;
use super::machine::Machine;
use super::world::World;
use super::{Built, cache};
use crate::signals::EndRequested;

const POLL: Duration = Duration::from_millis(100);
/// The agent says goodbye to the broker within this.
const GRACE: Duration = Duration::from_secs(5);
const CONFIG: &str = "[[sensor]]\nkind = \"bme280\"\n";

#[derive(clap::Args)]
pub(crate) struct Session {
    /// Port of a broker on this machine, such as the one of `cargo xtask demo`
    #[arg(long, default_value_t = 1883)]
    mqtt_port: u16,
    /// The agent's config, in place of one with a BME280; this machine is 10.0.2.2 for it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    world: World,
}

/// Shows what the agent and the emulator print. Lines that are typed are commands for the emulator.
pub(super) fn run(options: &Session) -> anyhow::Result<()> {
    let config = match &options.config {
        Some(path) => fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?,
        None => CONFIG.to_owned(),
    };
    let mut guest = options.world.guest()?;
    let built = Built::make()?;
    let end = EndRequested::install()?;
    // The guest's console is a terminal, ours need not be.
    let colour = if std::io::stdout().is_terminal() { "" } else { "export NO_COLOR=1\n" };
    guest.command =
        format!("{colour}exec ./edge-agent --config agent.toml --hub mqtt://10.0.2.2:{}", options.mqtt_port);
    guest.programs = vec![built.agent.clone()];
    guest.texts = vec![("agent.toml", config)];
    println!(
        "Starting. Type `fault nack` or `set t=30`, say; cross/pi-rig/README.md has all. Ctrl-C ends it."
    );
    let mut machine = Machine::start(&cache().join("run"), &built.parts, &built.emulator, &guest)?;
    if !machine.wait_begun(|| end.seen())? {
        return Ok(());
    }
    let typed = typed_lines();
    let mut ends_by: Option<Instant> = None;
    loop {
        if let Some(Event::Ended(code)) = show(&mut machine)? {
            println!("The agent ended with {code}.");
            return Ok(());
        }
        for line in typed.try_iter() {
            machine.control.send(&line)?;
        }
        match ends_by {
            None if end.seen() => {
                machine.control.send("exec kill -TERM $(pidof edge-agent)")?;
                ends_by = Some(Instant::now() + GRACE);
            }
            Some(deadline) if Instant::now() > deadline => return Ok(()),
            _ => {}
        }
    }
}

/// Shows what has come; returns the end, if it has.
fn show(machine: &mut Machine) -> anyhow::Result<Option<Event>> {
    for line in machine.control.lines() {
        println!("emu   | {line}");
    }
    match machine.next_event(POLL)? {
        Some(Event::Line(line)) => println!("pi    | {line}"),
        event => return Ok(event),
    }
    Ok(None)
}

/// Nothing once standard input is at its end.
fn typed_lines() -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if !line.trim().is_empty() && sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}
