//! The writer's thread.

use super::{Health, Job, Options, Order, Outgoing, Record, count, forget::Request};
use crate::{
    receipts::{Position, Receipts},
    state::{Device, State},
    store::{Arrivals, Batch, LATE_MS, Source, Store, StoreError},
};
use protocol::{Ack, Channel, DeviceId, Version};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc as std_mpsc,
    },
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// Most jobs in one commit.
const MAX_BATCH: usize = 8192;
/// How often changes of status and birth are saved.
const SAVE_EVERY: Duration = Duration::from_secs(10);
/// Every so many saves take the live values along, which devices repeat anyway.
const VALUES_EVERY: u32 = 6;
/// How long to wait after a failed commit.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Most boots whose receipts are kept in memory.
const MAX_CACHED: usize = 50_000;

/// A commit that failed.
struct Tried {
    jobs: usize,
    fresh: usize,
    double: usize,
}

pub(super) struct Worker {
    pub(super) store: Box<dyn Store>,
    pub(super) state: Arc<State>,
    acks: mpsc::Sender<Outgoing>,
    options: Options,
    health: Arc<Health>,
    stopping: Arc<AtomicBool>,
    /// What the store holds, for boots that were asked for. Never ahead of it.
    pub(super) cached: HashMap<Source, Receipts>,
    /// Devices to be forgotten after the next commit.
    pub(super) forgetting: Vec<Request>,
    jobs: Vec<(Job, OwnedSemaphorePermit)>,
    /// What of the jobs, from the first on, was in the commit that failed.
    tried: Option<Tried>,
    pub(super) unsaved: BTreeMap<DeviceId, Device>,
    save_at: Instant,
    saves: u32,
    pub(super) failing: bool,
}

impl Worker {
    pub(super) fn new(
        store: Box<dyn Store>,
        state: Arc<State>,
        acks: mpsc::Sender<Outgoing>,
        options: Options,
        health: Arc<Health>,
        stopping: Arc<AtomicBool>,
    ) -> Self {
        let now = Instant::now();
        Self {
            store,
            state,
            acks,
            options,
            health,
            stopping,
            cached: HashMap::new(),
            forgetting: Vec::new(),
            jobs: Vec::new(),
            tried: None,
            unsaved: BTreeMap::new(),
            save_at: now + SAVE_EVERY,
            saves: 0,
            failing: false,
        }
    }

    pub(super) fn run(mut self, orders: &std_mpsc::Receiver<Order>) -> Result<(), StoreError> {
        loop {
            let goes_on = self.gather(orders);
            if !goes_on {
                self.unsaved.extend(self.state.take_unsaved(true));
                return self.commit();
            }
            self.save_due();
            // The error is in the log and in `health`; the batch is kept, or given up where hopeless.
            let _ = self.commit();
            self.forget_due();
        }
    }

    /// Waits for something to do, then takes all that waits. `false` when the end has come.
    fn gather(&mut self, orders: &std_mpsc::Receiver<Order>) -> bool {
        let wait =
            if self.failing { RETRY_AFTER } else { self.save_at.saturating_duration_since(Instant::now()) };
        if self.jobs.len() >= MAX_BATCH {
            // Only a batch that failed is still here.
            std::thread::sleep(wait);
            return !self.stopping.load(Relaxed);
        }
        match orders.recv_timeout(wait) {
            Ok(Order::Do(job, permit)) => self.jobs.push((job, permit)),
            // What comes after it may be of the same device again, so it is done first.
            Ok(Order::Forget(request)) => {
                self.forgetting.push(request);
                return true;
            }
            Err(std_mpsc::RecvTimeoutError::Timeout) => return true,
            Ok(Order::Stop) | Err(std_mpsc::RecvTimeoutError::Disconnected) => return false,
        }
        while self.jobs.len() < MAX_BATCH {
            match orders.try_recv() {
                Ok(Order::Do(job, permit)) => self.jobs.push((job, permit)),
                Ok(Order::Forget(request)) => {
                    self.forgetting.push(request);
                    return true;
                }
                Ok(Order::Stop) => return false,
                Err(_) => break,
            }
        }
        true
    }

    fn save_due(&mut self) {
        if Instant::now() >= self.save_at {
            self.save_at = Instant::now() + SAVE_EVERY;
            self.saves += 1;
            self.unsaved.extend(self.state.take_unsaved(self.saves.is_multiple_of(VALUES_EVERY)));
        }
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        if self.jobs.is_empty() && self.unsaved.is_empty() {
            return Ok(());
        }
        match self.look_back().and_then(|()| self.attempt()) {
            Ok(acks) => {
                self.jobs.clear();
                self.unsaved.clear();
                if std::mem::take(&mut self.failing) {
                    *self.health.trouble.lock() = None;
                    tracing::info!("the store works again");
                }
                acks.into_iter().for_each(|ack| self.publish(ack));
                Ok(())
            }
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::error!("{error}; nothing is acknowledged meanwhile");
                }
                *self.health.trouble.lock() = Some(error.to_string());
                if !matches!(error, StoreError::FailedForNow(_)) {
                    // Trying the same again would fail again; the agents still have it.
                    self.jobs.clear();
                    self.tried = None;
                }
                Err(error)
            }
        }
    }

    /// A commit whose answer was lost may have taken place. What was in it is acknowledged then, and counts neither as new
    /// nor as double when the rest is tried again.
    fn look_back(&mut self) -> Result<(), StoreError> {
        let Some(tried) = &self.tried else { return Ok(()) };
        if self.store.stands_after_all()? {
            count(&self.health.committed, tried.fresh);
            count(&self.health.duplicates, tried.double);
            for (job, _) in &mut self.jobs[..tried.jobs] {
                if let Job::Record(Record { device, boot, .. }) = job {
                    *job = Job::Position { device: device.clone(), boot: boot.clone() };
                }
            }
        }
        self.tried = None;
        Ok(())
    }

    /// Commits the batch and returns what may be said then.
    fn attempt(&mut self) -> Result<Vec<(Source, Position)>, StoreError> {
        if self.cached.len() > MAX_CACHED {
            self.cached.clear();
        }
        let mut touched: HashMap<Source, Receipts> = HashMap::new();
        let mut fresh: Vec<&Record> = Vec::new();
        let mut arrivals: HashMap<Source, Arrivals> = HashMap::new();
        let mut result = Ok(());
        for (job, _) in &self.jobs {
            let (device, boot) = match job {
                Job::Record(record) => (&record.device, &record.boot),
                Job::Position { device, boot } => (device, boot),
            };
            let source = Source { device: device.clone(), boot: boot.clone() };
            if !self.cached.contains_key(&source) {
                match self.store.receipts(&source) {
                    Ok(receipts) => {
                        self.cached.insert(source.clone(), receipts);
                    }
                    Err(error) => {
                        result = Err(error);
                        break;
                    }
                }
            }
            let Some(receipts) = self.cached.get_mut(&source) else { continue };
            touched.entry(source.clone()).or_insert_with(|| receipts.clone());
            if let Job::Record(record) = job {
                let of_run = arrivals.entry(source).or_default();
                of_run.received_ms = of_run.received_ms.max(record.received_ms);
                if receipts.insert(record.sequence) {
                    of_run.late += u64::from(record.received_ms - record.timed.time_ms > LATE_MS);
                    of_run.note_time(record.timed);
                    fresh.push(record);
                } else {
                    of_run.double += 1;
                }
            }
        }
        let result = result.and_then(|()| {
            let changes: Vec<_> = touched
                .iter()
                .map(|(source, before)| (source, self.cached[source].changes_since(before)))
                .collect();
            let devices: Vec<_> =
                self.unsaved.iter().map(|(id, device)| (id.clone(), device.clone())).collect();
            let arrivals: Vec<_> = arrivals.iter().map(|(source, arrivals)| (source, *arrivals)).collect();
            self.store.commit(&Batch {
                records: &fresh,
                receipts: &changes,
                arrivals: &arrivals,
                devices: &devices,
            })
        });
        let double = arrivals.values().map(|arrivals| arrivals.double as usize).sum();
        if let Err(error) = result {
            self.tried = Some(Tried { jobs: self.jobs.len(), fresh: fresh.len(), double });
            // Memory must not claim what is not committed: the store is asked again.
            touched.keys().for_each(|source| {
                self.cached.remove(source);
            });
            return Err(error);
        }
        count(&self.health.committed, fresh.len());
        count(&self.health.duplicates, double);
        Ok(touched
            .into_keys()
            .filter_map(|source| {
                let position = self.cached.get(&source)?.position();
                Some((source, position))
            })
            .collect())
    }

    fn publish(&self, (source, Position { sequence, missing }): (Source, Position)) {
        let ack = Ack { version: Version, boot: source.boot, sequence, missing };
        // An ack is two ids and numbers, which always serialise.
        let Ok(payload) = serde_json::to_vec(&ack) else { return };
        let topic = self.options.topics.device(&source.device, Channel::Ack);
        let outgoing = Outgoing { topic, payload: payload.into(), qos: Channel::Ack.qos(), retained: false };
        if self.acks.try_send(outgoing).is_err() {
            count(&self.health.dropped_acks, 1);
        }
    }
}
