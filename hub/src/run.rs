//! The wiring.

use crate::{
    api::{self, Api, Password},
    clock,
    config::{Config, ConfigError},
    events::{self, Recorder, RecorderThread},
    forget::Forget,
    ingest::Ingest,
    metrics,
    mqtt::{self, Broker, Outgoing},
    settings::Settings,
    state::State,
    store::{
        StoreError,
        keeper::Keeper,
        writer::{Options, Writer},
    },
    stream::{self, Stream},
};
use protocol::Topics;
use std::{
    io,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::{net::TcpListener, sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

mod open;

use open::Opened;

/// Messages between broker and ingest. While it is full, publishers wait for their acknowledgement.
const INCOMING: usize = 4096;
/// Acks between store and broker. Each later ack says more, so those beyond are dropped and counted.
const ACKS: usize = 4096;
/// How long agents may take to come back after the start of the hub before they count as gone: the longest wait
/// between two of their attempts, with room for the attempt itself.
const SETTLED_AFTER: Duration = Duration::from_secs(150);
/// The store's file in the data directory.
pub const STORE: &str = "edgewise.db";

/// Why the hub could not start, or not go on. One line each.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// As configured it cannot.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The panel's password.
    #[error(transparent)]
    Password(#[from] api::EmptyPassword),
    /// The data directory.
    #[error("cannot create the data directory {path}: {source}")]
    Data {
        /// The directory.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The broker.
    #[error(transparent)]
    Broker(#[from] mqtt::StartError),
    /// Somebody else serves there.
    #[error(
        "the HTTP address {0} is in use by another program: stop it, or give the hub another one with --http or http.listen"
    )]
    HttpInUse(SocketAddr),
    /// The address is not ours, or not allowed.
    #[error("cannot serve HTTP on {address}: {source}")]
    Http {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// A part ended that should not; the log may say why.
    #[error(
        "a part of the hub ended unexpectedly, so it stops: start it again, and report what the log says before this"
    )]
    Fallen,
    /// No threads to be had, or the listener failed.
    #[error("the system failed: {0}")]
    System(io::Error),
}

/// Runs the hub until `stop` completes.
///
/// ```text
///  broker --incoming--> Ingest --> State --> History --> Stream --> api: streams
///    ^                               |          |                   api: REST, panel
///    |                               +----------+-------------------^
///    +--------acks, after commit------ Writer <-+
/// ```
///
/// Stopping closes the doors first; what came in by then is still committed.
///
/// # Errors
/// When it cannot start, or the last commit fails.
pub async fn run(config: Config, stop: impl Future<Output = ()>) -> Result<(), RunError> {
    let topics = Topics::new(config.mqtt.prefix.clone());
    let password = config.http.password()?.map(|secret| Password::new(secret.expose())).transpose()?;
    let listener = listen(config.http.listen).await?;
    let mut stop = pin!(stop);
    let Opened { store, events: log, devices, chosen } = tokio::select! {
        opened = open::store(&config) => opened?,
        () = &mut stop => return Ok(()),
    };
    let reader = store.reader();
    let state = Arc::new(State::restore(devices));
    let stream = Stream::new(stream::CAPACITY, clock::now_ms().unsigned_abs());
    let (recorder, recorder_thread) = recorder(log.clone(), config.events.retention()).await?;

    let (acks, acks_out) = mpsc::channel(ACKS);
    let (acks_length, acks_sender) = (length(&acks), acks.clone());
    let settings = Arc::new(Settings::new(config.history.clone(), chosen));
    let kept = settings.clone();
    let keeper = Keeper::start(store.upkeep(), move || kept.keep(&kept.chosen()), config.history.pause())
        .map_err(RunError::System)?;
    let options = Options { topics: topics.clone() };
    let (writer, history) = Writer::start(store, state.clone(), acks, options).map_err(RunError::System)?;

    let (incoming, incoming_inbox) = mpsc::channel(INCOMING);
    let queues = vec![("incoming", length(&incoming)), ("acks", acks_length)];
    let waiting_bytes = history.waiting_bytes();
    let at_broker = broker_settings(&config, &state, &topics)?;
    let broker = Arc::new(mqtt::start(at_broker, incoming).await?);
    let ingest = Ingest::new(config.mqtt.prefix.clone(), state.clone(), history, stream.clone());
    let ingest = ingest.recording(recorder.clone()).sharing(broker.payloads_stand_alone());
    let counted = ingest.counters();
    let no_more = CancellationToken::new();
    // Cancelled when a part ends by itself, which none may: half a hub would look like a whole one.
    let fallen = CancellationToken::new();
    let link = Arc::downgrade(&broker);
    let forget = Forget {
        store: writer.forgetter(),
        events: recorder.clone(),
        stream: stream.clone(),
        outgoing: acks_sender,
        connected: Box::new(move || connected(&link)),
        topics,
    };
    let settled = tokio::spawn(settle(recorder.clone(), state.clone()));
    let ingest = part(&fallen, ingest.run(incoming_inbox, no_more.clone()));
    let acknowledge = part(&fallen, acknowledge(broker.clone(), acks_out));

    let store_health = writer.health();
    let (health, link) = (writer.health(), Arc::downgrade(&broker));
    let checks: Vec<(&'static str, api::Check)> =
        vec![("store", Box::new(move || health.check())), ("broker", Box::new(move || connected(&link)))];
    let metrics = metrics::Sources {
        started_ms: clock::now_ms(),
        ingest: counted,
        store: writer.health(),
        mqtt: broker.counters(),
        events: recorder.counters(),
        queues,
        store_queue_bytes: Box::new(move || Some(waiting_bytes())),
    };
    let http = listener.local_addr().map_err(RunError::System)?;
    let shutdown = CancellationToken::new();
    let open_metrics = config.metrics.without_password;
    let notes = writer.notes();
    let api = Api {
        state,
        stream,
        store: reader,
        events: log,
        forget,
        notes,
        settings,
        metrics,
        open_metrics,
        checks,
        password,
    };
    let server = part(&fallen, api::serve(listener, api, shutdown.clone()));
    tracing::info!(panel = %format!("http://{http}"), broker = %broker, store = %open::name(&config), "started");

    let asked = tokio::select! {
        () = &mut stop => true,
        () = fallen.cancelled() => false,
        () = store_health.fallen() => false,
    };
    shutdown.cancel();
    let served = server.await;
    settled.abort();
    acknowledge.abort();
    let _ = acknowledge.await;
    if let Some(broker) = Arc::into_inner(broker) {
        broker.shutdown().await;
    }
    no_more.cancel();
    let _ = ingest.await;
    keeper.stop().await;
    recorder_thread.stop().await;
    writer.stop().await?;
    served.map_err(io::Error::other).and_then(|result| result).map_err(RunError::System)?;
    if !asked {
        return Err(RunError::Fallen);
    }
    tracing::info!("stopped");
    Ok(())
}

/// Starts recording, for which the log is read on a thread that may wait.
async fn recorder(
    log: events::Log,
    retention: Option<Duration>,
) -> Result<(Recorder, RecorderThread), RunError> {
    let started = tokio::task::spawn_blocking(move || Recorder::start(log, retention)).await;
    Ok(started.map_err(|error| RunError::System(io::Error::other(error)))??)
}

/// Starts a part of the hub; its end, a panic included, cancels `fallen`.
fn part<T: Send + 'static>(
    fallen: &CancellationToken,
    work: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    let guard = fallen.clone().drop_guard();
    tokio::spawn(async move {
        let _guard = guard;
        work.await
    })
}

async fn listen(address: SocketAddr) -> Result<TcpListener, RunError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => RunError::HttpInUse(address),
        _ => RunError::Http { address, source },
    })
}

/// Your broker if there is one, else the hub's own, which is given what it forgot with the last stop.
fn broker_settings(config: &Config, state: &State, topics: &Topics) -> Result<mqtt::Settings, ConfigError> {
    let mqtt = &config.mqtt;
    let (credentials, prefix) = (mqtt.credentials()?, mqtt.prefix.clone());
    Ok(match &mqtt.url {
        Some(url) => mqtt::Settings::External(mqtt::external::Settings {
            url: url.clone(),
            credentials,
            ca_file: mqtt.ca_file.clone(),
            prefix,
            client_id: mqtt.client_id.clone(),
        }),
        None => {
            state.all_offline(clock::now_ms());
            let retained = state.retained(topics);
            mqtt::Settings::Embedded(mqtt::embedded::Settings {
                listen: mqtt.listen,
                credentials,
                prefix,
                retained,
            })
        }
    })
}

/// The check holds no part in the broker, whose shutdown wants to be its only owner.
fn connected(broker: &Weak<Broker>) -> Result<(), String> {
    let connected = broker.upgrade().is_some_and(|broker| broker.connected());
    if connected { Ok(()) } else { Err("not connected".to_owned()) }
}

/// Tells how many wait, without keeping the channel open.
fn length<T: Send + 'static>(sender: &mpsc::Sender<T>) -> metrics::Length {
    let sender = sender.downgrade();
    Box::new(move || sender.upgrade().map(|sender| sender.max_capacity() - sender.capacity()))
}

/// Whoever is still away then went while the hub was away.
async fn settle(recorder: Recorder, state: Arc<State>) {
    tokio::time::sleep(SETTLED_AFTER).await;
    recorder.settle(&state, clock::now_ms());
}

async fn acknowledge(broker: Arc<Broker>, mut acks: mpsc::Receiver<Outgoing>) {
    while let Some(ack) = acks.recv().await {
        if let Err(error) = broker.publish(ack).await {
            tracing::debug!("an ack was not sent, a later one will say more: {error}");
        }
    }
}
