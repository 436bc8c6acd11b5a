//! The wiring.

mod change;

use crate::{
    clock,
    command::{Commander, Ends, Inbox},
    config::{Config, ConfigError, Loader},
    control::{Facts, Health, Socket, candidates},
    discovery::{self, Discovery},
    gpio::Board,
    identity::{self, Machine},
    output::{self, Outputs},
    publish::{Connection, Publisher, Settings, Subscription},
    reload::Watch,
    resident,
    sample::Sampler,
    sensor,
    window::Reporter,
};
use protocol::{Channel, CommandName, DeviceId, SensorId, Status, Topics};
use std::{
    cell::Cell,
    collections::BTreeSet,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

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
    /// Signals cannot be caught.
    #[error("cannot catch SIGHUP: {0}")]
    Signals(std::io::Error),
}

/// Why the stages stopped.
#[derive(Debug, Clone, Copy)]
enum Pause {
    /// For ever.
    End(Ending),
    /// To take over a new configuration, for this reason.
    Reload(&'static str),
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
/// summary and `offline` go out last. A new configuration does the same but for the ending: the stages are
/// drained, changed and wired again, and nothing that they hold is lost.
///
/// # Errors
/// When it cannot start. Once started, only `stop` ends it, or a TLS that has nothing to trust any more.
pub async fn run(
    loader: Loader,
    config: Config,
    machine: Machine,
    stop: impl Future<Output = ()>,
) -> Result<Ending, StartError> {
    let mut watch = Watch::new(loader.path().to_owned()).map_err(StartError::Signals)?;
    let (mut agent, commander, mut restart) = Agent::start(loader, config, machine)?;
    let outputs = agent.outputs.clone();
    let (mut stop, mut commander) = (std::pin::pin!(stop), std::pin::pin!(commander.run()));
    let mut small = std::pin::pin!(resident::keep_small());
    let mut commanded = true;
    let ending = loop {
        let pause = Cell::new(Pause::End(Ending::Stopped));
        let paused = async {
            tokio::select! {
                () = &mut stop => {}
                Ok(()) = &mut restart => pause.set(Pause::End(Ending::Restart)),
                reason = watch.changed() => pause.set(Pause::Reload(reason)),
            }
        };
        tokio::select! {
            () = agent.work(paused, &pause) => {}
            never = outputs.attend() => match never {},
            never = &mut small => match never {},
            // It goes on over a pause with what it has under way.
            () = &mut commander, if commanded => commanded = false,
        }
        match pause.get() {
            Pause::End(ending) => break ending,
            Pause::Reload(reason) => agent = agent.reload(reason).await?,
        }
    };
    let commander = async {
        if commanded {
            commander.await;
        }
    };
    let last_words = async { tokio::join!(agent.end(), commander) };
    tokio::select! {
        _ = last_words => {}
        never = outputs.attend() => match never {},
    }
    // What came in between, a command or a lamp that winks for the last message.
    outputs.shut_down();
    Ok(ending)
}

/// The stages and what they were made by.
struct Agent {
    loader: Loader,
    machine: Machine,
    config: Config,
    device: DeviceId,
    health: Arc<Health>,
    socket: Option<Socket>,
    settings: Settings,
    /// Keeps the commander waiting, also while no connection hands anything in.
    inbox: Inbox,
    outputs: Outputs,
    sampler: Sampler,
    reporter: Reporter,
    publisher: Publisher,
    connection: Connection,
}

impl Agent {
    fn start(
        loader: Loader,
        config: Config,
        machine: Machine,
    ) -> Result<(Self, Commander, oneshot::Receiver<()>), StartError> {
        let device = config.device(&machine.hostname, machine.serial.as_deref())?;
        let topics = Topics::new(config.mqtt.prefix.clone());
        let started_ms = clock::monotonic_ms();
        let outputs = Outputs::new(&config.output, Board::default(), started_ms);
        output::make_safe_on_panic(outputs.clone());
        let lanes = sensor::registry(&config.host.clone().unwrap_or_default(), &config.sensor, &outputs)?;
        let host = discovery::host_sensors(&lanes);
        let commands = config.commands.clone().unwrap_or_default();
        let commanded = !commands.enabled.is_empty();
        let (requests, requested) = mpsc::channel(REQUESTS);
        let (commander, ends) =
            Commander::new(commands, outputs.clone(), requests, config.window_ms(), started_ms);
        let Ends { inbox, answers, restart } = ends;
        let (interval_ms, window_ms) = (config.interval_ms(), config.window_ms());
        let sampler = Sampler::start(lanes, Duration::from_millis(interval_ms))
            .map_err(StartError::Threads)?
            .asked_by(requested);
        let catalogue = sampler.catalogue().clone();
        let discovery = discovery(&config, &topics, &device, host, &outputs);
        let birth = machine.clone().birth(identity::new_boot(), interval_ms, window_ms, catalogue.metrics());
        let (boot, metrics) = (birth.stamp.boot.clone(), catalogue.len());
        let (path, dropped) = (loader.path().display().to_string(), Arc::new(AtomicU64::new(0)));
        let health = Arc::new(Health::new(device.clone(), path, started_ms));
        let reporter = Reporter::new(catalogue, boot, window_ms, dropped.clone())
            .started_as(machine.boot.clone())
            .noting_on(health.clone());
        let spool = config.spool.settings(&device);
        let subscriptions = Publisher::subscriptions_of(&topics, &device, &discovery);
        let settings = Settings {
            commands: commanded.then(|| inbox.clone()),
            ..settings(&config, &topics, &device, subscriptions)?
        };
        let mut publisher = Publisher::new(topics, device.clone(), birth, discovery, dropped, spool)
            .commanded(outputs.clone(), answers)
            .noting_on(health.clone());
        publisher.acknowledged(config.mqtt.delivery);
        let connection = Connection::open(settings.clone())?;
        tracing::info!(%device, pi = machine.pi, metrics, interval_ms, "started");
        let socket = socket(&config, &health);
        let agent = Self {
            loader,
            machine,
            config,
            device,
            health,
            socket,
            settings,
            inbox,
            outputs,
            sampler,
            reporter,
            publisher,
            connection,
        };
        agent.note_facts();
        Ok((agent, commander, restart))
    }

    /// Samples, averages and publishes until `paused` completes; `pause` says then for how long.
    async fn work(&mut self, paused: impl Future<Output = ()>, pause: &Cell<Pause>) {
        let (samples, samples_inbox) = mpsc::channel(SAMPLES);
        let (reports, reports_inbox) = mpsc::channel(REPORTS);
        let sampling = async {
            self.sampler.run(samples, paused).await;
            if matches!(pause.get(), Pause::End(_)) {
                // At once, not after the last words to a broker that may be slow.
                self.outputs.shut_down();
            }
        };
        tokio::join!(
            sampling,
            self.reporter.run(samples_inbox, reports),
            self.publisher.run(reports_inbox, &mut self.connection),
        );
    }

    fn note_facts(&self) {
        let (interval_ms, window_ms) = (self.config.interval_ms(), self.config.window_ms());
        let broker = self.settings.url.to_string();
        self.health.configured(Facts::of(broker, interval_ms, window_ms, self.sampler.catalogue()));
    }

    /// Says the last word of each stage.
    async fn end(mut self) {
        let last = self.reporter.finish();
        // Commands that are under way hear that nobody samples any more, and the last way in is closed.
        drop((self.sampler, self.settings, self.inbox, self.socket));
        self.publisher.end(last, self.connection).await;
    }
}

/// What Home Assistant is told. Outputs are switches there only if they obey commands.
fn discovery(
    config: &Config,
    topics: &Topics,
    device: &DeviceId,
    host: BTreeSet<SensorId>,
    outputs: &Outputs,
) -> Discovery {
    let obey = config.commands.as_ref().is_some_and(|commands| commands.allows(CommandName::SetOutput));
    let switches = outputs.sensors().filter(|_| obey).map(|sensor| sensor.id().clone()).collect();
    Discovery::new(&config.home_assistant, topics, device.clone(), host).switching(switches)
}

/// How to reach the broker, as configured; no commands.
fn settings(
    config: &Config,
    topics: &Topics,
    device: &DeviceId,
    subscriptions: Vec<Subscription>,
) -> Result<Settings, ConfigError> {
    Ok(Settings {
        url: config.mqtt.url()?,
        credentials: config.mqtt.credentials()?,
        ca_file: config.mqtt.ca_file.clone(),
        client_id: format!("edgewise-{device}"),
        will: (topics.device(device, Channel::Status), Status::Offline.as_str()),
        subscriptions,
        command_topic: topics.device(device, Channel::Command),
        commands: None,
    })
}

/// The status socket, at the first place where it can be. The agent works without one.
fn socket(config: &Config, health: &Arc<Health>) -> Option<Socket> {
    if !config.status.enabled {
        return None;
    }
    let mut complaint = None;
    for path in candidates(config.status.socket.as_deref()) {
        match Socket::open(path, health.clone()) {
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
