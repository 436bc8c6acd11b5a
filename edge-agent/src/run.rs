//! The wiring.

mod change;

use crate::{
    clock,
    config::{Config, ConfigError, Loader},
    control::{Health, Facts, Socket, candidates},
    identity::{self, Machine},
    publish::{Connection, Publisher, Settings},
    reload::Watch,
    sample::Sampler,
    sensor,
    window::Reporter,
};
use protocol::{Channel, DeviceId, Status, Topics};
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
    /// Signals cannot be caught.
    #[error("cannot catch SIGHUP: {0}")]
    Signals(std::io::Error),
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
/// summary and `offline` go out last. A new configuration does the same but for the ending: the stages
/// are drained, changed and wired again, and nothing that they hold is lost.
///
/// # Errors
/// When it cannot start. Once started, only `stop` ends it, or a TLS that has nothing to trust any more.
pub async fn run(
    loader: Loader,
    config: Config,
    machine: Machine,
    stop: impl Future<Output = ()>,
) -> Result<(), StartError> {
    let mut watch = Watch::new(loader.path().to_owned()).map_err(StartError::Signals)?;
    let mut agent = Agent::start(loader, config, machine)?;
    let mut stop = std::pin::pin!(stop);
    loop {
        let mut why = None;
        let (samples, samples_inbox) = mpsc::channel(SAMPLES);
        let (reports, reports_inbox) = mpsc::channel(REPORTS);
        let ended = async {
            tokio::select! {
                () = &mut stop => {}
                reason = watch.changed() => why = Some(reason),
            }
        };
        tokio::join!(
            agent.sampler.run(samples, ended),
            agent.reporter.run(samples_inbox, reports),
            agent.publisher.run(reports_inbox, &mut agent.connection),
        );
        match why {
            Some(reason) => agent = agent.reload(reason).await?,
            None => break,
        }
    }
    agent.end().await;
    Ok(())
}

/// The stages and what they were made by.
struct Agent {
    loader: Loader,
    machine: Machine,
    config: Config,
    device: DeviceId,
    board: Arc<Health>,
    socket: Option<Socket>,
    settings: Settings,
    sampler: Sampler,
    reporter: Reporter,
    publisher: Publisher,
    connection: Connection,
}

impl Agent {
    fn start(loader: Loader, config: Config, machine: Machine) -> Result<Self, StartError> {
        let device = config.device(&machine.hostname, machine.serial.as_deref())?;
        let topics = Topics::new(config.mqtt.prefix.clone());
        let lanes = sensor::registry(&config.host.clone().unwrap_or_default(), &config.sensor)?;
        let interval = Duration::from_millis(config.interval_ms());
        let sampler = Sampler::start(lanes, interval).map_err(StartError::Threads)?;
        let catalogue = sampler.catalogue().clone();
        let (boot, interval_ms, window_ms) = (identity::new_boot(), config.interval_ms(), config.window_ms());
        let birth = machine.clone().birth(boot.clone(), interval_ms, window_ms, catalogue.metrics());
        let settings = settings(&config, &topics, &device)?;
        let path = loader.path().display().to_string();
        let board = Arc::new(Health::new(device.clone(), path, clock::monotonic_ms()));
        let connection = Connection::open(settings.clone())?;
        tracing::info!(%device, metrics = catalogue.len(), interval_ms, "started");

        let dropped = Arc::new(AtomicU64::new(0));
        let reporter = Reporter::new(catalogue, boot, interval_ms, window_ms, dropped.clone());
        let reporter = reporter.noting_on(board.clone());
        let publisher = Publisher::new(topics, device.clone(), birth, dropped).noting_on(board.clone());
        let socket = socket(&config, &board);
        let agent = Self {
            loader,
            machine,
            config,
            device,
            board,
            socket,
            settings,
            sampler,
            reporter,
            publisher,
            connection,
        };
        agent.note_facts();
        Ok(agent)
    }

    fn note_facts(&self) {
        let (interval_ms, window_ms) = (self.config.interval_ms(), self.config.window_ms());
        let broker = self.settings.url.to_string();
        self.board.configured(Facts::of(broker, interval_ms, window_ms, self.sampler.catalogue()));
    }

    /// Says the last word of each stage.
    async fn end(mut self) {
        if let Some(report) = self.reporter.finish() {
            self.publisher.take(report, &self.connection);
        }
        self.publisher.farewell(self.connection).await;
    }
}

fn settings(config: &Config, topics: &Topics, device: &DeviceId) -> Result<Settings, ConfigError> {
    Ok(Settings {
        url: config.mqtt.url()?,
        credentials: config.mqtt.credentials()?,
        ca_file: config.mqtt.ca_file.clone(),
        client_id: format!("edgewise-{device}"),
        will: (topics.device(device, Channel::Status), Status::Offline.as_str()),
        ack_topic: topics.device(device, Channel::Ack),
    })
}

/// The status socket, at the first place where it can be. The agent works without one.
fn socket(config: &Config, board: &Arc<Health>) -> Option<Socket> {
    if !config.status.enabled {
        return None;
    }
    let mut complaint = None;
    for path in candidates(config.status.socket.as_deref()) {
        match Socket::open(path, board.clone()) {
            Ok(socket) => {
                tracing::info!(socket = %socket.path().display(), "`edge-agent status` is answered");
                return Some(socket);
            }
            Err(error) => complaint = Some(error),
        }
    }
    match complaint {
        Some(error) => tracing::warn!("{error}"),
        None => tracing::info!("no status socket: there is neither /run/edgewise nor XDG_RUNTIME_DIR"),
    }
    None
}
