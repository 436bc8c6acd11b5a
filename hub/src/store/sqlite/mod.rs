//! The embedded store: one SQLite file.

mod chunks;
mod copy;
mod examine;
mod forget;
mod history;
mod import;
mod labels;
mod open;
mod pack;
mod read;
mod retain;
mod rows;
mod schema;
mod shapes;
mod timing;
mod upkeep;
mod write;

pub use copy::{Exclusive, check, copy, integrity, reader};
pub use examine::examine;

use super::{Batch, Read, Source, Store, StoreError, Upkeep, round::Round};
use crate::{labels::Labels, receipts::Receipts, settings::Chosen, state::Device};
use parking_lot::Mutex;
use protocol::DeviceId;
use rusqlite::{Connection, ErrorCode};
use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

/// An open store. No other hub can open the same file meanwhile.
pub struct SqliteStore {
    writing: Arc<Writing>,
    readers: Arc<read::Readers>,
    path: PathBuf,
}

/// The one connection that writes. Who wants to write takes turns here, where waiting is fair, and not at the
/// database's own lock, where it is not.
struct Writing {
    // Declared before the lock, and so closed before it is given up.
    connection: Mutex<Connection>,
    /// Asked for after the connection, never before it.
    shapes: Mutex<shapes::Shapes>,
    _lock: File,
}

impl SqliteStore {
    /// Opens the store, which is created if it is not there. Its directory must be.
    ///
    /// # Errors
    /// One line that says why it cannot be used, and what to do.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let lock = open::lock(path)?;
        let connection = Mutex::new(open::connection(path)?);
        let readers = Arc::new(read::Readers::new(path.to_owned()));
        let writing = Writing { connection, shapes: Mutex::default(), _lock: lock };
        Ok(Self { writing: Arc::new(writing), readers, path: path.to_owned() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Store for SqliteStore {
    fn load(&mut self) -> Result<Vec<(DeviceId, Device)>, StoreError> {
        read::devices(&self.writing.connection.lock())
    }

    fn receipts(&mut self, source: &Source) -> Result<Receipts, StoreError> {
        Ok(read::receipts(&self.writing.connection.lock(), source)?)
    }

    fn commit(&mut self, batch: &Batch<'_>) -> Result<(), StoreError> {
        Ok(write::commit(&self.writing, batch)?)
    }

    fn forget(&mut self, device: &DeviceId) -> Result<(), StoreError> {
        Ok(forget::forget(&self.writing, device)?)
    }

    fn label(&mut self, device: &DeviceId, labels: &Labels) -> Result<(), StoreError> {
        Ok(labels::write(&self.writing.connection.lock(), device, labels)?)
    }

    fn chosen(&mut self) -> Result<Chosen, StoreError> {
        labels::chosen(&self.writing.connection.lock())
    }

    fn choose(&mut self, chosen: &Chosen) -> Result<(), StoreError> {
        Ok(labels::choose(&self.writing.connection.lock(), chosen)?)
    }

    fn reader(&self) -> Arc<dyn Read> {
        self.readers.clone()
    }

    fn upkeep(&self) -> Box<dyn Upkeep> {
        let (writing, readers) = (self.writing.clone(), self.readers.clone());
        Box::new(Round::new(upkeep::Upkeeper { writing, readers }))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let passing = [
            ErrorCode::DiskFull,
            ErrorCode::SystemIoFailure,
            ErrorCode::DatabaseBusy,
            ErrorCode::DatabaseLocked,
            ErrorCode::CannotOpen,
            ErrorCode::ReadOnly,
            ErrorCode::OutOfMemory,
            ErrorCode::PermissionDenied,
        ];
        match error.sqlite_error_code() {
            Some(code) if passing.contains(&code) => Self::FailedForNow(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}
