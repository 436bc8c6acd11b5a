//! The one writer: gathers what waits, commits it at once, and only then acknowledges.
//!
//! While a commit waits for the disk the next batch gathers, so the number of commits follows the disk and
//! not the number of messages. Which summaries are double is decided here, where they are committed.

use super::{Store, StoreError};
use crate::{ingest::retime::Timed, mqtt::Outgoing, state::State, store::minute::Minute};
use bytes::Bytes;
use parking_lot::Mutex;
use protocol::{BootId, DeviceId, Topics};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc as std_mpsc,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

mod forget;
mod note;
mod thread;

pub use forget::Forgetter;
pub use note::Notes;

/// Why the writer did not do what somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unwritten {
    /// It had no time; it may do it still.
    #[error("the store is busy")]
    Busy,
    /// The store fails at the moment; nothing has changed.
    #[error("the store cannot be written")]
    Failing,
    /// Something else; nothing has changed.
    #[error("{0}")]
    Other(String),
}

/// Most bytes of summaries that may wait for the disk.
const QUEUE_BYTES: u32 = 64 << 20;
/// What a job costs beside its text.
const JOB_BYTES: usize = 256;
/// How long a full queue may hold up ingest before summaries are left out, for the agent to send again.
const PATIENCE: Duration = Duration::from_secs(5);

/// A summary on its way to the store.
#[derive(Debug)]
pub struct Record {
    /// The device.
    pub device: DeviceId,
    /// The run of its agent.
    pub boot: BootId,
    /// Its number in that run.
    pub sequence: u64,
    /// The time of its machine, in milliseconds since that was started.
    pub monotonic_ms: u64,
    /// Its place in the history.
    pub timed: Timed,
    /// When the hub received it, in milliseconds since 1970-01-01 UTC.
    pub received_ms: i64,
    /// Its figures.
    pub minute: Minute,
    /// Its JSON, as received. UTF-8.
    pub text: Bytes,
}

/// Something for the writer to do.
#[derive(Debug)]
pub enum Job {
    /// Commit a summary and acknowledge it.
    Record(Record),
    /// Tell an agent that has just connected what is committed of its run.
    Position {
        /// The device.
        device: DeviceId,
        /// The run of its agent.
        boot: BootId,
    },
}

enum Order {
    Do(Job, OwnedSemaphorePermit),
    Forget(forget::Request),
    Note(note::Request),
    Stop,
}

/// How long a commit may take before somebody is told that it is under way.
const SLOW: Duration = Duration::from_secs(15);

/// How the writer is doing.
#[derive(Debug, Default)]
pub struct Health {
    trouble: Mutex<Option<String>>,
    /// Since when a commit is under way.
    committing: Mutex<Option<Instant>>,
    /// Cancelled when the writer's thread has died.
    fallen: CancellationToken,
    /// Summaries committed since the start.
    pub committed: AtomicU64,
    /// Summaries that came again and were acknowledged again.
    pub duplicates: AtomicU64,
    /// Acks that found their way out blocked. Each later ack says more, so none is needed.
    pub dropped_acks: AtomicU64,
}

impl Health {
    /// Waits until the writer's thread has died, which it never should.
    pub async fn fallen(&self) {
        self.fallen.cancelled().await;
    }

    /// Whether the store takes what it is given.
    ///
    /// # Errors
    /// Why the last commit failed, or for how long the present one has been under way where it should be over.
    pub fn check(&self) -> Result<(), String> {
        if let Some(trouble) = self.trouble.lock().clone() {
            return Err(trouble);
        }
        let since = *self.committing.lock();
        let waited = since.map(|since| since.elapsed()).filter(|waited| *waited > SLOW);
        waited.map_or(Ok(()), |waited| {
            Err(format!("the store has not answered for {} s; it is waited for", waited.as_secs()))
        })
    }
}

/// How a writer works.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Topics of the acks.
    pub topics: Topics,
}

/// The running writer.
#[derive(Debug)]
pub struct Writer {
    thread: JoinHandle<Result<(), StoreError>>,
    orders: std_mpsc::Sender<Order>,
    /// Says what `Order::Stop` says to a worker that does not read its orders, because its batch is full
    /// and cannot be committed.
    stopping: Arc<AtomicBool>,
    health: Arc<Health>,
}

/// Where ingest leaves what is to be committed.
#[derive(Debug)]
pub struct History {
    // Its bound is the budget: every order but the last holds a part of it until it is done.
    orders: std_mpsc::Sender<Order>,
    budget: Arc<Semaphore>,
    stalled: bool,
}

impl Writer {
    /// Starts the writer's thread. Acks go to `acks` after their commit; `state` is saved by and by, and
    /// at the end.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        store: Box<dyn Store>,
        state: Arc<State>,
        acks: mpsc::Sender<Outgoing>,
        options: Options,
    ) -> std::io::Result<(Self, History)> {
        let (orders, waiting) = std_mpsc::channel();
        let health = Arc::new(Health::default());
        let stopping = Arc::new(AtomicBool::new(false));
        let watched = health.clone();
        let worker = thread::Worker::new(store, state, acks, options, health.clone(), stopping.clone());
        let thread = std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || {
            let _watch = Watch(watched);
            worker.run(&waiting)
        })?;
        let budget = Arc::new(Semaphore::new(QUEUE_BYTES as usize));
        let history = History { orders: orders.clone(), budget, stalled: false };
        Ok((Self { thread, orders, stopping, health }, history))
    }

    /// How it is doing.
    pub fn health(&self) -> Arc<Health> {
        self.health.clone()
    }

    /// Has devices forgotten.
    pub fn forgetter(&self) -> Forgetter {
        Forgetter::new(self.orders.clone())
    }

    /// Has notes of people written.
    pub fn notes(&self) -> Notes {
        Notes::new(self.orders.clone())
    }

    /// Commits what was submitted until now and the latest of every device, then ends.
    ///
    /// # Errors
    /// When that last commit failed.
    pub async fn stop(self) -> Result<(), StoreError> {
        self.stopping.store(true, Relaxed);
        // A worker that is gone has nothing to be told.
        let _ = self.orders.send(Order::Stop);
        let thread = self.thread;
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        match joined {
            Ok(Ok(result)) => result,
            _ => Err(StoreError::Failed("the writer's thread died".to_owned())),
        }
    }
}

impl History {
    /// Leaves a job for the writer, after waiting for room in the queue, but not for long. `false` when it
    /// was left out.
    pub async fn submit(&mut self, job: Job) -> bool {
        let size = JOB_BYTES + if let Job::Record(record) = &job { record.text.len() } else { 0 };
        let size = u32::try_from(size).unwrap_or(QUEUE_BYTES).min(QUEUE_BYTES);
        let Some(permit) = self.room(size).await else { return false };
        self.orders.send(Order::Do(job, permit)).is_ok()
    }

    /// Tells how many bytes wait.
    pub fn waiting_bytes(&self) -> impl Fn() -> usize + Send + Sync + 'static {
        let budget = self.budget.clone();
        move || (QUEUE_BYTES as usize).saturating_sub(budget.available_permits())
    }

    async fn room(&mut self, size: u32) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = self.budget.clone().try_acquire_many_owned(size) {
            self.stalled = false;
            return Some(permit);
        }
        if self.stalled {
            return None;
        }
        let waiting = self.budget.clone().acquire_many_owned(size);
        let permit = tokio::time::timeout(PATIENCE, waiting).await.ok().and_then(Result::ok);
        // Waited for once, then live values go first until the disk is back.
        self.stalled = permit.is_none();
        permit
    }
}

/// Tells when the thread that holds it panics: a hub that commits nothing would look like a whole one.
struct Watch(Arc<Health>);

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            *self.0.trouble.lock() = Some("the writer's thread died; the log says why".to_owned());
            self.0.fallen.cancel();
        }
    }
}

fn count(counter: &AtomicU64, by: usize) {
    counter.fetch_add(by as u64, Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position() -> Job {
        Job::Position { device: "roof".parse().unwrap(), boot: "b".parse().unwrap() }
    }

    /// The clock is tokio's own here and jumps where all wait.
    #[tokio::test(start_paused = true)]
    async fn a_full_queue_holds_ingest_up_once_and_then_leaves_out_until_there_is_room() {
        let (orders, waiting) = std_mpsc::channel();
        let budget = Arc::new(Semaphore::new(2 * JOB_BYTES));
        let mut history = History { orders, budget, stalled: false };
        assert!(history.submit(position()).await);
        assert!(history.submit(position()).await);

        let before = tokio::time::Instant::now();
        assert!(!history.submit(position()).await);
        assert_eq!(before.elapsed().as_secs(), PATIENCE.as_secs());
        assert!(!history.submit(position()).await, "left out at once");
        assert_eq!(before.elapsed().as_secs(), PATIENCE.as_secs());

        drop(waiting.recv().unwrap());
        assert!(history.submit(position()).await);
        assert_eq!(waiting.try_iter().count(), 2, "what was left out is not queued");
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_queue_that_moves_loses_nothing() {
        let (orders, waiting) = std_mpsc::channel();
        let mut history = History { orders, budget: Arc::new(Semaphore::new(JOB_BYTES)), stalled: false };
        assert!(history.submit(position()).await);
        let disk = tokio::spawn(async move {
            tokio::time::sleep(PATIENCE / 2).await;
            drop(waiting.recv().unwrap());
            waiting
        });
        assert!(history.submit(position()).await);
        assert_eq!(disk.await.unwrap().try_iter().count(), 1);
    }
}
