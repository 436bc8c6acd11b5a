//! The wiring.

use crate::{
    clock,
    command::{Commander, Ends},
    config::{Config, ConfigError},
    discovery::{self, Discovery},
    gpio::Board,
    identity,
    output::{self, Outputs},
    publish::{Connection, Publisher, Settings},
    sample::Sampler,
    sensor,
    window::Reporter,
};
use protocol::{Channel, CommandName, Status, Topics};
use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};
use tokio::sync::mpsc;

/// Samples that wait for the window. The window is quick; more than one here means a starved process.
const SAMPLES: usize = 4;
/// Reports that wait for the publisher, which never waits for the network.
const REPORTS: usize = 8;

/// Requests that wait for the sampler: commands come one after the other.
const REQUESTS: usize = 1;

/// Why the agent ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It was told to stop.
    Stopped,
    /// A command wants it to be started again.
    Restart,
}

/// Why the agent could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// As configured it cannot.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The sensors contradict each other.
    #[error(transparent)]
    Sensors(#[from] sensor::RegistryError),
    /// TLS has nothing to trust.
    #[error(transparent)]
    Tls(#[from] common::tls::TlsError),
    /// No threads to be had.
    #[error("cannot start a thread for the sensors: {0}")]
    Threads(std::io::Error),
}

/// Runs the agent until `stop` completes.
///
/// ```text
///  lanes (a thread each)
///  host | bme280 | ...
///    |      |
///    v      v
///  Sampler --samples--> Reporter --reports--> Publisher --> Connection --> broker
///  every interval       rolling window        outbox        reconnects
///    ^                                           ^               |
///    +--------requests-- Commander --results-----+               |
///                        Outputs ^--------------commands---------+
/// ```
///
/// Stopping ends the sampler; each stage then drains what it was given and ends in turn, so the last
/// summary and `offline` go out last.
///
/// # Errors
/// When it cannot start. Once started, only `stop` ends it.
pub async fn run(config: Config, stop: impl Future<Output = ()>) -> Result<Ending, StartError> {
    let machine = identity::Machine::read();
    let pi = machine.pi.clone();
    let device = config.device(&machine.hostname, machine.serial.as_deref())?;
    let topics = Topics::new(config.mqtt.prefix.clone());
    let started_ms = clock::monotonic_ms();
    let outputs = Outputs::new(&config.output, Board::default(), started_ms);
    output::make_safe_on_panic(outputs.clone());
    let lanes = sensor::registry(&config.host.clone().unwrap_or_default(), &config.sensor, &outputs)?;
    let host = discovery::host_sensors(&lanes);
    let commands = config.commands.clone().unwrap_or_default();
    let commanded = !commands.enabled.is_empty();
    let switches = if commands.allows(CommandName::SetOutput) {
        outputs.sensors().map(|sensor| sensor.id().clone()).collect()
    } else {
        BTreeSet::new()
    };
    let (requests, requested) = mpsc::channel(REQUESTS);
    let (commander, ends) =
        Commander::new(commands, outputs.clone(), requests, config.window_ms(), started_ms);
    let Ends { inbox, answers, restart } = ends;
    let sampler = Sampler::start(lanes, Duration::from_millis(config.interval_ms()))
        .map_err(StartError::Threads)?
        .asked_by(requested);
    let catalogue = sampler.catalogue().clone();
    let discovery = Discovery::new(&config.home_assistant, &topics, device.clone(), host).switching(switches);
    let birth =
        machine.birth(identity::new_boot(), config.interval_ms(), config.window_ms(), catalogue.metrics());
    let (boot, metrics) = (birth.stamp.boot.clone(), catalogue.len());
    let dropped = Arc::new(AtomicU64::new(0));
    let reporter = Reporter::new(catalogue, boot, config.window_ms(), dropped.clone());
    let client_id = format!("edgewise-{device}");
    let will = (topics.device(&device, Channel::Status), Status::Offline.as_str());
    let command_topic = topics.device(&device, Channel::Command);
    let spool = config.spool.settings(&device);
    let publisher = Publisher::new(topics, device.clone(), birth, discovery, dropped, spool)
        .commanded(outputs.clone(), answers);
    let connection = Connection::open(Settings {
        url: config.mqtt.url()?,
        credentials: config.mqtt.credentials()?,
        ca_file: config.mqtt.ca_file.clone(),
        client_id,
        will,
        subscriptions: publisher.subscriptions(),
        command_topic,
        commands: commanded.then_some(inbox),
    })?;
    tracing::info!(%device, pi, metrics, interval_ms = config.interval_ms(), "started");

    let (samples, samples_inbox) = mpsc::channel(SAMPLES);
    let (reports, reports_inbox) = mpsc::channel(REPORTS);
    let mut ending = Ending::Stopped;
    let sampling = async {
        let stop = async {
            tokio::select! {
                () = stop => {}
                Ok(()) = restart => ending = Ending::Restart,
            }
        };
        sampler.run(samples, stop).await;
        // At once, not after the last words to a broker that may be slow.
        outputs.shut_down();
    };
    let stages = async {
        tokio::join!(
            sampling,
            reporter.run(samples_inbox, reports),
            publisher.run(reports_inbox, connection),
            commander.run(),
        )
    };
    tokio::select! {
        _ = stages => {}
        never = outputs.attend() => match never {},
    }
    // What came in between, a command or a lamp that winks for the last message.
    outputs.shut_down();
    Ok(ending)
}
