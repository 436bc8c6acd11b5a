//! The command line.

mod once;
mod status;
mod table;

use crate::{
    config::{Loader, Overrides, Purpose, Sound},
    identity::Machine,
    run::{self, Ending, StartError},
    scan,
};
use clap::{Args, Parser, Subcommand};
use common::{broker_url::BrokerUrl, config_file::Problems, exit, logs, stop};
use protocol::DeviceId;
use std::{io::Write as _, path::PathBuf, process::ExitCode};

/// Measures this machine and its sensors, averages over 60 s, and publishes over MQTT.
///
/// Without a command it runs. Passwords are taken from files and the environment only: others can read a
/// command line.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    given: Given,

    #[command(subcommand)]
    command: Option<Command>,
}

/// What every command takes.
#[derive(Debug, Args)]
struct Given {
    /// The broker, which may be the hub's own: mqtt://HOST or mqtt://HOST:PORT; mqtts:// for TLS
    #[arg(long, value_name = "URL", global = true)]
    hub: Option<BrokerUrl>,

    /// Id of this device in every topic [default: the host name]
    #[arg(long, value_name = "ID", global = true)]
    device: Option<DeviceId>,

    /// Config file [default: /etc/edgewise/agent.toml, if it is there]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,

    /// Add a simulated BME280: its air follows a daily curve
    #[arg(long, global = true)]
    simulate: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure and publish until asked to stop (the default)
    Run,
    /// Say everything that is wrong with the configuration, a line each
    Check,
    /// Measure once and print it; needs no broker
    Once {
        /// As JSON instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Look for sensors and print a config for those found
    Scan {
        /// As JSON instead
        #[arg(long)]
        json: bool,
    },
    /// Show how the running agent is
    Status {
        /// As JSON instead of a table
        #[arg(long)]
        json: bool,
    },
}

/// The program: reads the command line and does what it says.
pub fn main() -> ExitCode {
    let Arguments { given, command } = Arguments::parse();
    let loader = Loader {
        path: given.config,
        overrides: Overrides { url: given.hub, device: given.device },
        simulate: given.simulate,
    };
    ExitCode::from(match command.unwrap_or(Command::Run) {
        Command::Run => run(loader),
        Command::Check => check(&loader),
        Command::Once { json } => once::once(&loader, json),
        Command::Scan { json } => scan(json),
        Command::Status { json } => status::status(&loader, json),
    })
}

fn run(loader: Loader) -> u8 {
    logs::init();
    let machine = Machine::read();
    match loader.load(Purpose::Run, &machine).map_err(anyhow::Error::from) {
        Ok(sound) => match start(loader, sound, machine) {
            Ok(Ending::Stopped) => exit::CLEAN,
            Ok(Ending::Restart) => exit::RESTART,
            Err(error) => failed(&error),
        },
        Err(error) => failed(&error),
    }
}

fn scan(json: bool) -> u8 {
    logs::init();
    scan::run(json).map_or_else(
        |error| {
            tracing::error!("{error}");
            exit::FAILURE
        },
        |()| exit::CLEAN,
    )
}

fn start(loader: Loader, sound: Sound, machine: Machine) -> anyhow::Result<Ending> {
    sound.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    // One thread for all that waits: on a Pi Zero a second one would only cost memory.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        let stop = stop::requested()?;
        Ok(run::run(loader, sound.config, machine, stop).await?)
    });
    // A sensor that hangs in a transfer must not keep the process.
    runtime.shutdown_background();
    ended
}

/// Logs why it did not work, a line for each reason. The code says what a service manager may conclude:
/// whether another start may help.
fn failed(error: &anyhow::Error) -> u8 {
    format!("{error:#}").lines().for_each(|line| tracing::error!("{line}"));
    let system_failed = error.is::<std::io::Error>()
        || matches!(error.downcast_ref(), Some(StartError::Threads(_) | StartError::Signals(_)));
    if system_failed { exit::FAILURE } else { exit::USAGE }
}

fn check(loader: &Loader) -> u8 {
    match loader.load(Purpose::Run, &Machine::read()) {
        Ok(sound) => {
            sound.warnings.iter().for_each(|warning| say(&format!("{warning} (a warning)")));
            let path = loader.path();
            say(&match (path.exists(), path.display()) {
                (true, path) => format!("{path}: nothing is wrong"),
                (false, path) => format!("nothing is wrong; there is no file {path}"),
            });
            exit::CLEAN
        }
        Err(problems) => tell(&problems),
    }
}

/// Every problem on a line of its own, to standard output: it is what the command was asked for.
fn tell(problems: &Problems) -> u8 {
    for problem in &problems.0 {
        say(&format!("{problem}{}", if problem.warning { " (a warning)" } else { "" }));
    }
    exit::USAGE
}

/// Prints a line. A reader that has hung up, `head` for one, is no reason to panic.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
