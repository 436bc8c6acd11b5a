//! The writer's thread.

use super::{Health, Job, Options, Order, Outgoing, Record, count, forget::Request};
use crate::{
    receipts::{Position, Receipts},
    state::{Device, State},
    store::{Arrivals, Batch, LATE_MS, Source, Store, StoreError},
};
use protocol::{Ack, BootId, Channel, DeviceId, Version};
use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
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
            Ok(Order::Note(request)) => {
                self.take_note(request);
                return true;
            }
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
                Ok(Order::Note(request)) => self.take_note(request),
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
        *self.health.committing.lock() = Some(Instant::now());
        let result = self.look_back().and_then(|()| self.attempt());
        *self.health.committing.lock() = None;
        match result {
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
        let mut jobs: Vec<&Job> = self.jobs.iter().map(|(job, _)| job).collect();
        // By run, as they are looked for and stored. Of two that are one the first to come stays the first.
        jobs.sort_by_key(|job| place(job));
        let (mut touched, mut changes, mut arrivals) = (Vec::new(), Vec::new(), Vec::new());
        let mut fresh: Vec<&Record> = Vec::new();
        let mut result = Ok(());
        for jobs in jobs.chunk_by(|one, other| run(one) == run(other)) {
            let (device, boot) = run(jobs[0]);
            let source = Source { device: device.clone(), boot: boot.clone() };
            let receipts = match self.cached.entry(source.clone()) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => match self.store.receipts(&source) {
                    Ok(receipts) => unknown.insert(receipts),
                    Err(error) => {
                        result = Err(error);
                        break;
                    }
                },
            };
            let before = receipts.clone();
            if let Some(of_run) = take(jobs, receipts, &mut fresh) {
                arrivals.push((touched.len(), of_run));
            }
            changes.push(receipts.changes_since(&before));
            touched.push((source, receipts.position()));
        }
        let result = result.and_then(|()| {
            let devices: Vec<_> =
                self.unsaved.iter().map(|(id, device)| (id.clone(), device.clone())).collect();
            let receipts: Vec<_> = touched.iter().map(|(source, _)| source).zip(changes).collect();
            let arrivals: Vec<_> = arrivals.iter().map(|(at, of_run)| (&touched[*at].0, *of_run)).collect();
            self.store.commit(&Batch {
                records: &fresh,
                receipts: &receipts,
                arrivals: &arrivals,
                devices: &devices,
            })
        });
        let double = arrivals.iter().map(|(_, of_run)| of_run.double as usize).sum();
        if let Err(error) = result {
            self.tried = Some(Tried { jobs: self.jobs.len(), fresh: fresh.len(), double });
            // Memory must not claim what is not committed: the store is asked again.
            touched.iter().for_each(|(source, _)| {
                self.cached.remove(source);
            });
            return Err(error);
        }
        count(&self.health.committed, fresh.len());
        count(&self.health.duplicates, double);
        Ok(touched)
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

/// The run that a job is about.
fn run(job: &Job) -> (&DeviceId, &BootId) {
    match job {
        Job::Record(record) => (&record.device, &record.boot),
        Job::Position { device, boot } => (device, boot),
    }
}

/// Where a job stands among others.
fn place(job: &Job) -> (&DeviceId, &BootId, u64) {
    let (device, boot) = run(job);
    (device, boot, if let Job::Record(record) = job { record.sequence } else { 0 })
}

/// Notes what came of one run; what is new goes to `fresh`. `None` when nothing came.
fn take<'j>(jobs: &[&'j Job], receipts: &mut Receipts, fresh: &mut Vec<&'j Record>) -> Option<Arrivals> {
    let mut arrivals = None;
    for job in jobs {
        let Job::Record(record) = job else { continue };
        let of_run: &mut Arrivals = arrivals.get_or_insert_default();
        of_run.received_ms = of_run.received_ms.max(record.received_ms);
        if receipts.insert(record.sequence) {
            of_run.late += u64::from(record.received_ms - record.timed.time_ms > LATE_MS);
            of_run.note_time(record.timed);
            fresh.push(record);
        } else {
            of_run.double += 1;
        }
    }
    arrivals
}
