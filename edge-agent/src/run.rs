//! The wiring.

use crate::{
    config::{Config, ConfigError},
    identity,
    publish::{Connection, Publisher, Settings},
    sample::Sampler,
    sensor,
    window::Reporter,
};
use protocol::{Channel, Status, Topics};
use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};
use tokio::sync::mpsc;

/// Samples that wait for the window. The window is quick; more than one here means a starved process.
const SAMPLES: usize = 4;
/// Reports that wait for the publisher, which never waits for the network.
const REPORTS: usize = 8;

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
/// ```
///
/// Stopping ends the sampler; each stage then drains what it was given and ends in turn, so the last
/// summary and `offline` go out last.
///
/// # Errors
/// When it cannot start. Once started, only `stop` ends it.
pub async fn run(config: Config, stop: impl Future<Output = ()>) -> Result<(), StartError> {
    let machine = identity::Machine::read();
    let pi = machine.pi.clone();
    let device = config.device(&machine.hostname, machine.serial.as_deref())?;
    let topics = Topics::new(config.mqtt.prefix.clone());
    let lanes = sensor::registry(&config.host.clone().unwrap_or_default(), &config.sensor)?;
    let sampler =
        Sampler::start(lanes, Duration::from_millis(config.interval_ms())).map_err(StartError::Threads)?;
    let catalogue = sampler.catalogue().clone();
    let birth =
        machine.birth(identity::new_boot(), config.interval_ms(), config.window_ms(), catalogue.metrics());
    let connection = Connection::open(Settings {
        url: config.mqtt.url()?,
        credentials: config.mqtt.credentials()?,
        ca_file: config.mqtt.ca_file.clone(),
        client_id: format!("edgewise-{device}"),
        will: (topics.device(&device, Channel::Status), Status::Offline.as_str()),
        ack_topic: topics.device(&device, Channel::Ack),
    })?;
    tracing::info!(%device, pi, metrics = catalogue.len(), interval_ms = config.interval_ms(), "started");

    let dropped = Arc::new(AtomicU64::new(0));
    let boot = birth.stamp.boot.clone();
    let reporter = Reporter::new(catalogue, boot, config.interval_ms(), config.window_ms(), dropped.clone());
    let spool = config.spool.settings(&device);
    let publisher = Publisher::new(topics, device, birth, dropped, spool);

    let (samples, samples_inbox) = mpsc::channel(SAMPLES);
    let (reports, reports_inbox) = mpsc::channel(REPORTS);
    tokio::join!(
        sampler.run(samples, stop),
        reporter.run(samples_inbox, reports),
        publisher.run(reports_inbox, connection),
    );
    Ok(())
}
