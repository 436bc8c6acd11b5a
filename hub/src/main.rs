//! `hub`: keeps what devices tell, and shows it.

use clap::Parser;
use common::{broker_url::BrokerUrl, exit, logs, open_files, stop};
use hub::{
    cli::{self, Command},
    config::{self, Config, Overrides},
    mqtt,
    run::{self, RunError},
};
use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

/// Receives what edge agents publish, keeps it, and serves the panel. With nothing configured it brings its
/// own broker and store, and listens on this machine only.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Config file [default: /etc/edgewise/hub.toml, if it is there]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,

    /// Directory of everything that the hub keeps [default: ./data]
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,

    /// Where panel and API are served [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    http: Option<SocketAddr>,

    /// Where the hub's own broker listens [default: 127.0.0.1:1883]
    #[arg(long, value_name = "ADDRESS:PORT")]
    mqtt: Option<SocketAddr>,

    /// A broker to use instead of the hub's own: mqtt://HOST[:PORT], or mqtts:// for TLS
    #[arg(long, value_name = "URL", conflicts_with = "mqtt")]
    broker: Option<BrokerUrl>,

    #[command(subcommand)]
    command: Option<Command>,
}

fn main() -> ExitCode {
    let Arguments { config, data, http, mqtt, broker, command } = Arguments::parse();
    logs::init();
    let config = match config::load(config.as_deref(), Overrides { data, http, mqtt, broker }) {
        Ok(config) => config,
        Err(error) => return failed(&error, exit::USAGE),
    };
    if let Some(command) = command {
        return match cli::run(&command, &config) {
            Ok(code) => ExitCode::from(code),
            Err(error) => failed(&error, error.code()),
        };
    }
    // Each device is an open file.
    if let Err(error) = open_files::raise_limit() {
        tracing::warn!("cannot raise the limit of open files, which is the limit of devices: {error}");
    }
    match start(config) {
        Ok(()) => ExitCode::from(exit::CLEAN),
        Err(error) => failed(&error, code(&error)),
    }
}

/// A configuration may be wrong in several places, and has a line for each.
fn failed(error: &impl ToString, code: u8) -> ExitCode {
    error.to_string().lines().for_each(|line| tracing::error!("{line}"));
    ExitCode::from(code)
}

#[tokio::main]
async fn start(config: Config) -> Result<(), RunError> {
    let stop = stop::requested().map_err(RunError::System)?;
    run::run(config, stop).await
}

/// What a service manager may conclude.
fn code(error: &RunError) -> u8 {
    match error {
        RunError::HttpInUse(_)
        | RunError::Broker(mqtt::StartError::Embedded(mqtt::embedded::StartError::InUse(_))) => {
            exit::ADDRESS_IN_USE
        }
        RunError::System(_) | RunError::Fallen => exit::FAILURE,
        _ => exit::USAGE,
    }
}
