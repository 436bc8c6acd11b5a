//! What the hub remembers: summaries, which of them it has, and the latest of every device.

pub mod chunk;
pub mod examine;
pub mod fold;
mod history;
pub mod import;
pub mod keeper;
pub mod minute;
mod oldest;
mod packing;
pub mod postgresql;
mod retimed;
mod round;
pub mod row;
mod shelf;
pub mod sqlite;
mod tier;
pub mod writer;

use crate::{
    labels::Labels,
    receipts::{Changes, Receipts},
    settings::Chosen,
    state::Device,
};
pub use oldest::Oldest;
use protocol::{BootId, DeviceId, MetricName};
pub use retimed::Retimed;
use std::sync::Arc;
use writer::Record;

/// The writing side of a store. One thread owns it, so its calls may block.
pub trait Store: Send {
    /// The latest of every device, and what people say of it.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn load(&mut self) -> Result<Vec<(DeviceId, Device)>, StoreError>;

    /// Which summaries of a boot have ever been committed, whether or not they were pruned since.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn receipts(&mut self, source: &Source) -> Result<Receipts, StoreError>;

    /// Makes all of a batch durable, or none of it. What it returned `Ok` for outlives a power loss.
    ///
    /// # Errors
    /// When the store cannot be written; nothing has changed then.
    fn commit(&mut self, batch: &Batch<'_>) -> Result<(), StoreError>;

    /// Whether the last commit, which failed, took place nevertheless, because only its answer was lost. To be asked
    /// before the same is committed again.
    ///
    /// # Errors
    /// When that cannot be told yet.
    fn stands_after_all(&mut self) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// Forgets all of a device, receipts included, or nothing.
    ///
    /// # Errors
    /// When the store cannot be written; nothing has changed then.
    fn forget(&mut self, device: &DeviceId) -> Result<(), StoreError>;

    /// Makes durable what people say of a device, in place of what they said before.
    ///
    /// # Errors
    /// When the store cannot be written; nothing has changed then.
    fn label(&mut self, device: &DeviceId, labels: &Labels) -> Result<(), StoreError>;

    /// What was chosen for the hub as a whole.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn chosen(&mut self) -> Result<Chosen, StoreError>;

    /// Makes durable what was chosen for the hub as a whole.
    ///
    /// # Errors
    /// When the store cannot be written; nothing has changed then.
    fn choose(&mut self, chosen: &Chosen) -> Result<(), StoreError>;

    /// The reading side.
    fn reader(&self) -> Arc<dyn Read>;

    /// The side that keeps it small, for a thread of its own.
    fn upkeep(&self) -> Box<dyn Upkeep>;
}

/// What a store does in the background, in small parts, so that writing need not wait long for it.
pub trait Upkeep: Send {
    /// Does one part of what is due. `true` when there is more to do at once.
    ///
    /// # Errors
    /// When the store cannot be read or written; what was begun is undone.
    fn step(&mut self, keep: &Keep, now_ms: i64) -> Result<bool, StoreError>;
}

/// What is kept, and for how long. Nothing is forgotten without a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// How long summaries are kept one by one, in milliseconds.
    pub minutes_ms: Option<i64>,
    /// How long their hours are kept, in milliseconds; not shorter.
    pub hours_ms: Option<i64>,
    /// How long an hour is over, and a summary here, before it is packed away, in milliseconds.
    pub settle_ms: i64,
}

/// The reading side of a store; shared by threads that may block.
pub trait Read: Send + Sync {
    /// The metrics that a device has any history of, by name.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn metrics(&self, device: &DeviceId) -> Result<Vec<MetricName>, StoreError>;

    /// The history of some metrics of a device, each in the order of time. A metric or device that is not
    /// known has no points.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn history(
        &self,
        device: &DeviceId,
        metrics: &[MetricName],
        span: &Span,
    ) -> Result<Vec<Series>, StoreError>;

    /// Since when summaries are kept one by one, in milliseconds since 1970-01-01 UTC; before that there are hours
    /// only. `None` when none was ever forgotten.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn minutes_since_ms(&self) -> Result<Option<i64>, StoreError>;

    /// Since when there is any history, by how fine it is.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn oldest(&self) -> Result<Oldest, StoreError>;

    /// What came of each run of a device's agent, the run last heard of first.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn ledger(&self, device: &DeviceId) -> Result<Vec<Run>, StoreError>;

    /// What came of all runs of all agents together.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn ledger_totals(&self) -> Result<LedgerTotals, StoreError>;

    /// What the store takes on its disk, in bytes.
    ///
    /// # Errors
    /// When that cannot be told now.
    fn bytes(&self) -> Result<u64, StoreError>;
}

/// The sums of all runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LedgerTotals {
    /// Summaries committed, each once.
    pub received: u64,
    /// Summaries below the highest of their run that are not here.
    pub missing: u64,
    /// Summaries that came late, see [`LATE_MS`].
    pub late: u64,
    /// Times that a summary came that was committed already.
    pub double: u64,
}

/// What came of one run of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The run.
    pub boot: BootId,
    /// When the first of it came, in milliseconds since 1970-01-01 UTC; 0 when that was before it was noted.
    pub first_received_ms: i64,
    /// When the last of it came; 0 when that was before it was noted.
    pub last_received_ms: i64,
    /// Which of its summaries are committed.
    pub receipts: Receipts,
    /// Summaries that came late, see [`LATE_MS`].
    pub late: u64,
    /// Times that a summary came that was committed already.
    pub double: u64,
    /// Summaries whose time the hub reckoned, see [`TimedBy::Hub`](crate::ingest::retime::TimedBy).
    pub by_hub: Option<Retimed>,
    /// Summaries whose time nobody knows: they stand at their receipt.
    pub by_receipt: Option<Retimed>,
}

/// One run of a device's agent, within which sequences count.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Source {
    /// The device.
    pub device: DeviceId,
    /// The run.
    pub boot: BootId,
}

/// What came of one run with one batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// When the latest of it came, in milliseconds since 1970-01-01 UTC.
    pub received_ms: i64,
    /// Summaries that are new but came later than [`LATE_MS`] after their window had ended.
    pub late: u64,
    /// Summaries that were committed before.
    pub double: u64,
    /// Of the new ones, those whose time the hub reckoned.
    pub by_hub: Option<Retimed>,
    /// Of the new ones, those whose time nobody knows.
    pub by_receipt: Option<Retimed>,
}

/// A summary that comes more than two minutes after the end of its window waited somewhere.
pub const LATE_MS: i64 = 120_000;

/// What is committed together.
#[derive(Debug)]
pub struct Batch<'a> {
    /// Summaries, none of them committed before.
    pub records: &'a [&'a Record],
    /// How the receipts change with them.
    pub receipts: &'a [(&'a Source, Changes)],
    /// What came of each run that anything came of.
    pub arrivals: &'a [(&'a Source, Arrivals)],
    /// Devices whose latest values changed.
    pub devices: &'a [(DeviceId, Device)],
}

/// Which part of the history, and how fine: the windows that ended after the start and not after the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Start, excluded, in milliseconds since 1970-01-01 UTC.
    pub from_ms: i64,
    /// End, included, in milliseconds since 1970-01-01 UTC.
    pub to_ms: i64,
    /// Length of the steps that summaries are folded into, in milliseconds; `None` for summaries as they came. With a
    /// step, start and end must be multiples of it.
    pub step_ms: Option<i64>,
}

/// The history of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Name of the metric.
    pub metric: MetricName,
    /// Its points, in the order of time. A gap is a gap: nothing is filled in.
    pub points: Vec<Point>,
}

/// What is known of a metric in one window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// End of the window, in milliseconds since 1970-01-01 UTC.
    pub time_ms: i64,
    /// Mean over time.
    pub mean: f64,
    /// Lowest reading.
    pub min: f64,
    /// Highest reading.
    pub max: f64,
    /// Last reading; `None` where several summaries were folded into one.
    pub last: Option<f64>,
    /// Number of readings.
    pub count: u64,
    /// Whether the time is the device's own, synchronised one. Else the hub worked it out.
    pub by_device: bool,
}

/// Why a store cannot be opened, read or written. Each is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The directory is not there.
    #[error("the store's directory {0} does not exist: create it or configure another path")]
    NoDirectory(String),
    /// Nothing is there.
    #[error(
        "there is no store {0}: name the directory of the hub's data with --data, or the database in store.url"
    )]
    Missing(String),
    /// A store that only a hub can bring up to date.
    #[error(
        "the store {0} was written by an older hub: start the hub on it once, which brings it up to date"
    )]
    Older(String),
    /// It cannot be opened.
    #[error("the store {path} cannot be opened for reading and writing: {reason}")]
    Unreadable {
        /// Path of the file.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// A file, but no store.
    #[error("{0} is no store of Edgewise: move it away or configure another path")]
    Foreign(String),
    /// From the future.
    #[error(
        "the store {path} was written by a newer hub (schema {found}, this one knows {known}): update the hub"
    )]
    Newer {
        /// Path of the file.
        path: String,
        /// Its version.
        found: i64,
        /// The version that this hub writes.
        known: i64,
    },
    /// Somebody else has it.
    #[error("the store {0} is in use by another hub: stop that one or configure another store")]
    InUse(String),
    /// Nobody answers there, or only to say that this is not the time.
    #[error("the database {database} cannot be reached: {reason}")]
    Unreachable {
        /// The database, without user and password.
        database: String,
        /// What the system or the server says.
        reason: String,
    },
    /// The server does not let us in.
    #[error("the database {database} cannot be used: {reason}")]
    Refused {
        /// The database, without user and password.
        database: String,
        /// What the server says.
        reason: String,
    },
    /// It would have to be reached in plain text.
    #[error(
        "the database {database} cannot be reached encrypted: {reason}; set up TLS at the server (for a CA of your own store.ca_file), or write sslmode=disable in store.url if nobody can listen"
    )]
    Plain {
        /// The database, without user and password.
        database: String,
        /// What is in the way.
        reason: String,
    },
    /// Tables of somebody else where ours would be.
    #[error(
        "the database {0} has a schema edgewise that is not the hub's: give the hub a database of its own"
    )]
    ForeignDatabase(String),
    /// Not allowed to make our tables.
    #[error(
        "the hub's user may not create a schema in the database {0}: run CREATE SCHEMA edgewise AUTHORIZATION ... there as its owner"
    )]
    NoSchema(String),
    /// A chunk of the history.
    #[error(transparent)]
    Damaged(#[from] chunk::Damaged),
    /// Reading or writing failed.
    #[error("the store failed: {0}")]
    Failed(String),
    /// Reading or writing failed for now: no space, an unplugged disk, a lock of some other program.
    #[error("the store failed: {0}; it is tried again")]
    FailedForNow(String),
}
