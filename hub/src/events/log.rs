//! The events on disk, with what the log last knew of each device.

use super::{Event, Kind, Seen, file::File};
use crate::store::StoreError;
use protocol::DeviceId;
use std::{collections::HashMap, path::Path, sync::Arc};

/// Most old events forgotten in one go.
pub const PRUNE_CHUNK: usize = 5000;

/// Events of a device, and what is known of it with them.
pub type News<'a> = (&'a DeviceId, &'a [Event], &'a Seen);

/// Where a page ends: the time and number of its last event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Milliseconds since 1970-01-01 UTC.
    pub time_ms: i64,
    /// The event's number.
    pub id: i64,
}

/// Which events are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of these devices; of all when empty.
    pub devices: Vec<DeviceId>,
    /// Of these kinds; of all when empty.
    pub kinds: Vec<Kind>,
    /// From here on, included, in milliseconds since 1970-01-01 UTC.
    pub from_ms: Option<i64>,
    /// Up to here, excluded.
    pub to_ms: Option<i64>,
    /// Only what comes after the page that ended here.
    pub after: Option<Place>,
}

/// A place where events are kept.
pub trait Records: Send + Sync {
    /// What was last known of every device.
    ///
    /// # Errors
    /// When it cannot be read.
    fn seen(&self) -> Result<HashMap<DeviceId, Seen>, StoreError>;

    /// Writes events, and what is known of their devices now, all or nothing.
    ///
    /// # Errors
    /// When they cannot be written; the same, and more after it, may be tried again.
    fn append(&self, news: &[News<'_>]) -> Result<(), StoreError>;

    /// The newest events that are asked for, newest first, with their numbers.
    ///
    /// # Errors
    /// When they cannot be read.
    fn page(&self, filter: &Filter, limit: usize) -> Result<Vec<(i64, Event)>, StoreError>;

    /// Forgets some events from before `before_ms`; `true` when there are more of them.
    ///
    /// # Errors
    /// When they cannot be written.
    fn prune(&self, before_ms: i64) -> Result<bool, StoreError>;

    /// Forgets a device.
    ///
    /// # Errors
    /// When it cannot be written.
    fn forget(&self, device: &DeviceId) -> Result<(), StoreError>;
}

/// The log. Cheap to clone.
#[derive(Clone)]
pub struct Log(Arc<dyn Records>);

impl Log {
    /// Opens the log in the store's file, which must be there.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self::new(File::open(path)?))
    }

    /// A log that is kept there.
    pub fn new(records: impl Records + 'static) -> Self {
        Self(Arc::new(records))
    }
}

impl std::ops::Deref for Log {
    type Target = dyn Records;
    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}
