//! From messages to the log: judged at once, written by a thread of its own.

use super::{Event, Log, News, Seen};
use crate::{
    clock,
    ingest::decode::{Body, Message},
    state::{Change, State},
    store::StoreError,
};
use parking_lot::Mutex;
use protocol::{DeviceId, Status};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// News that may wait for the disk.
const QUEUE: usize = 4096;
/// News in one transaction.
const MAX_BATCH: usize = 1024;
/// How long to wait after a failure.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How often old events are looked for.
const PRUNE_EVERY: Duration = Duration::from_secs(3600);

/// What became of events since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Written.
    pub recorded: AtomicU64,
    /// Put off for want of room in the queue. What is still so is found again with the device's next message; the
    /// result of a command is lost.
    pub deferred: AtomicU64,
}

enum Order {
    News(DeviceId, Vec<Event>, Seen),
    Forget(DeviceId),
    Stop,
}

/// Tells the log what is news. Cheap to clone.
#[derive(Clone)]
pub struct Recorder {
    seen: Arc<Mutex<HashMap<DeviceId, Seen>>>,
    orders: SyncSender<Order>,
    counters: Arc<Counters>,
}

/// The thread that writes.
pub struct RecorderThread {
    thread: JoinHandle<()>,
    orders: SyncSender<Order>,
    /// Says what `Order::Stop` says where that found no room.
    stopping: Arc<AtomicBool>,
}

impl Recorder {
    /// Starts recording into `log`, where events are kept for `retention`, or for ever.
    ///
    /// # Errors
    /// When the log cannot be read, or the system gives no thread.
    pub fn start(log: Log, retention: Option<Duration>) -> Result<(Self, RecorderThread), StoreError> {
        let seen = Arc::new(Mutex::new(log.seen()?));
        let (orders, waiting) = sync_channel(QUEUE);
        let counters = Arc::new(Counters::default());
        let stopping = Arc::new(AtomicBool::new(false));
        let worker = Worker {
            log,
            retention,
            counters: counters.clone(),
            stopping: stopping.clone(),
            batch: Vec::new(),
            failing: false,
        };
        let thread = std::thread::Builder::new()
            .name("event-log".to_owned())
            .spawn(move || worker.run(&waiting))
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok((Self { seen, orders: orders.clone(), counters }, RecorderThread { thread, orders, stopping }))
    }

    /// What became of events since the start.
    pub fn counters(&self) -> Arc<Counters> {
        self.counters.clone()
    }

    /// Judges a message that the state has taken in with this change. Never waits.
    pub fn observe(&self, message: &Message, change: Change, received_ms: i64) {
        // The state knows which live values are old ones that a broker had kept.
        if matches!(message.body, Body::Summaries(_))
            || (matches!(message.body, Body::State(..)) && change == Change::None)
        {
            return;
        }
        self.judge(&message.device, |seen| seen.learn(message, received_ms));
    }

    /// To be called some time after the start, when whoever is there has said so: whoever has not went while the
    /// hub was away.
    pub fn settle(&self, state: &State, now_ms: i64) {
        for (id, device) in state.all() {
            if device.status == Some(Status::Offline) {
                self.judge(&id, |seen| seen.stayed_away(&id, now_ms).into_iter().collect());
            }
        }
    }

    /// Forgets a device, once what waits before it is written. `false` when there is no room to be told so.
    #[must_use]
    pub fn forget(&self, device: &DeviceId) -> bool {
        let mut all = self.seen.lock();
        let told = self.orders.try_send(Order::Forget(device.clone())).is_ok();
        if told {
            all.remove(device);
        }
        told
    }

    fn judge(&self, device: &DeviceId, learn: impl FnOnce(&mut Seen) -> Vec<Event>) {
        let mut all = self.seen.lock();
        let before = all.get(device);
        let mut seen = before.cloned().unwrap_or_default();
        let events = learn(&mut seen);
        if events.is_empty() && before == Some(&seen) {
            return;
        }
        // Known only once it is on its way to the disk, so that what finds no room stays news.
        if self.orders.try_send(Order::News(device.clone(), events, seen.clone())).is_ok() {
            all.insert(device.clone(), seen);
        } else {
            self.counters.deferred.fetch_add(1, Relaxed);
        }
    }
}

impl RecorderThread {
    /// Writes what waits, then ends.
    pub async fn stop(self) {
        self.stopping.store(true, Relaxed);
        // Only wakes a thread that has nothing else to do.
        let _ = self.orders.try_send(Order::Stop);
        let thread = self.thread;
        if !matches!(tokio::task::spawn_blocking(move || thread.join()).await, Ok(Ok(()))) {
            tracing::error!("the event log ended unexpectedly: its last events may be missing");
        }
    }
}

struct Worker {
    log: Log,
    retention: Option<Duration>,
    counters: Arc<Counters>,
    stopping: Arc<AtomicBool>,
    batch: Vec<(DeviceId, Vec<Event>, Seen)>,
    failing: bool,
}

impl Worker {
    fn run(mut self, orders: &Receiver<Order>) {
        let mut prune_at = Instant::now();
        loop {
            let stopping = self.stopping.load(Relaxed);
            let wait = match (stopping, self.failing) {
                (true, _) => Duration::ZERO,
                (false, true) => RETRY_AFTER,
                (false, false) => prune_at.saturating_duration_since(Instant::now()),
            };
            let next = self.gather(orders, wait);
            self.write();
            match next {
                Some(Order::Forget(device)) => self.forget(&device),
                None if stopping => return,
                _ if self.failing && stopping => return,
                _ => {}
            }
            if !self.failing && Instant::now() >= prune_at {
                prune_at = Instant::now() + if self.prune() { Duration::ZERO } else { PRUNE_EVERY };
            }
        }
    }

    /// Waits for news, and takes all that waits; an order that is none ends it and is given back.
    fn gather(&mut self, orders: &Receiver<Order>, wait: Duration) -> Option<Order> {
        if self.batch.len() >= MAX_BATCH {
            // Only a batch that failed is still here. What comes meanwhile waits in the queue, which is bounded.
            std::thread::sleep(wait);
            return None;
        }
        let mut next = orders.recv_timeout(wait).ok()?;
        loop {
            match next {
                Order::News(device, events, seen) => self.batch.push((device, events, seen)),
                other => return Some(other),
            }
            if self.batch.len() >= MAX_BATCH {
                return None;
            }
            next = orders.try_recv().ok()?;
        }
    }

    fn write(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let news: Vec<News<'_>> =
            self.batch.iter().map(|(device, events, seen)| (device, events.as_slice(), seen)).collect();
        match self.log.append(&news) {
            Ok(()) => {
                let events: usize = self.batch.iter().map(|(_, events, _)| events.len()).sum();
                self.counters.recorded.fetch_add(events as u64, Relaxed);
                self.batch.clear();
                self.failing = false;
            }
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::error!("events cannot be recorded and wait: {error}");
                }
            }
        }
    }

    fn forget(&mut self, device: &DeviceId) {
        self.batch.retain(|(of, ..)| of != device);
        if let Err(error) = self.log.forget(device) {
            tracing::error!(%device, "its events stay: {error}");
        }
    }

    /// Whether there is more to forget.
    fn prune(&self) -> bool {
        let Some(retention) = self.retention else { return false };
        let kept = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
        self.log.prune(clock::now_ms().saturating_sub(kept)).unwrap_or_else(|error| {
            tracing::warn!("old events stay for now: {error}");
            false
        })
    }
}
