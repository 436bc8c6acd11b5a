//! `edge-agent`: measures this machine and its sensors, and tells a broker.

use clap::{Parser, Subcommand};
use common::{broker_url::BrokerUrl, exit, logs, stop};
use edge_agent::{
    config::{self, Overrides},
    run::{self, Ending, StartError},
    scan,
    sensor::SensorConfig,
};
use protocol::DeviceId;
use std::{path::PathBuf, process::ExitCode};

/// Measures this machine and its sensors, averages over 60 s, and publishes over MQTT.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The broker, which may be the hub's own: mqtt://HOST[:PORT], or mqtts:// for TLS
    #[arg(long, value_name = "URL")]
    hub: Option<BrokerUrl>,

    /// Id of this device in every topic [default: the host name]
    #[arg(long, value_name = "ID")]
    device: Option<DeviceId>,

    /// Config file [default: /etc/edgewise/agent.toml, if it is there]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Add a simulated BME280: its air follows a daily curve
    #[arg(long)]
    simulate: bool,

    #[command(subcommand)]
    command: Option<Command>,
}

/// What to do instead of measuring and publishing.
#[derive(Debug, Subcommand)]
enum Command {
    /// Look for sensors and print a config for those found
    Scan {
        /// Print JSON instead
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    logs::init();
    if let Some(Command::Scan { json }) = arguments.command {
        return scanned(json);
    }
    match start(arguments) {
        Ok(Ending::Stopped) => ExitCode::from(exit::CLEAN),
        Ok(Ending::Restart) => ExitCode::from(exit::RESTART),
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::from(code(&error))
        }
    }
}

fn scanned(json: bool) -> ExitCode {
    match scan::run(json) {
        Ok(()) => ExitCode::from(exit::CLEAN),
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::from(exit::FAILURE)
        }
    }
}

/// What a service manager may conclude: whether another start may help.
fn code(error: &anyhow::Error) -> u8 {
    let system_failed =
        error.is::<std::io::Error>() || matches!(error.downcast_ref(), Some(StartError::Threads(_)));
    if system_failed { exit::FAILURE } else { exit::USAGE }
}

fn start(arguments: Arguments) -> anyhow::Result<Ending> {
    let overrides = Overrides { url: arguments.hub, device: arguments.device };
    let mut config = config::load(arguments.config.as_deref(), overrides)?;
    if arguments.simulate {
        config.sensor.push(SensorConfig::simulated());
    }
    // One thread for all that waits: on a Pi Zero a second one would only cost memory.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        let stop = stop::requested()?;
        Ok(run::run(config, stop).await?)
    });
    // A sensor that hangs in a transfer must not keep the process.
    runtime.shutdown_background();
    ended
}
