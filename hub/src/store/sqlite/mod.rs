//! The embedded store: one SQLite file.

mod forget;
mod open;
mod read;
mod schema;
mod write;

use super::{Batch, Read, Source, Store, StoreError};
use crate::{receipts::Receipts, state::Device};
use protocol::DeviceId;
use rusqlite::{Connection, ErrorCode};
use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

/// An open store. No other hub can open the same file meanwhile.
pub struct SqliteStore {
    // Declared before the lock, and so closed before it is given up.
    connection: Connection,
    readers: Arc<read::Readers>,
    path: PathBuf,
    _lock: File,
}

impl SqliteStore {
    /// Opens the store, which is created if it is not there. Its directory must be.
    ///
    /// # Errors
    /// One line that says why it cannot be used, and what to do.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let lock = open::lock(path)?;
        let connection = open::connection(path)?;
        let readers = Arc::new(read::Readers::new(path.to_owned()));
        Ok(Self { connection, readers, path: path.to_owned(), _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Store for SqliteStore {
    fn load(&mut self) -> Result<Vec<(DeviceId, Device)>, StoreError> {
        read::devices(&self.connection)
    }

    fn receipts(&mut self, source: &Source) -> Result<Receipts, StoreError> {
        Ok(read::receipts(&self.connection, source)?)
    }

    fn commit(&mut self, batch: &Batch<'_>) -> Result<(), StoreError> {
        Ok(write::commit(&mut self.connection, batch)?)
    }

    fn prune(&mut self, before_ms: i64, limit: usize) -> Result<usize, StoreError> {
        Ok(write::prune(&self.connection, before_ms, limit)?)
    }

    fn forget(&mut self, device: &DeviceId) -> Result<(), StoreError> {
        Ok(forget::forget(&mut self.connection, device)?)
    }

    fn reader(&self) -> Arc<dyn Read> {
        self.readers.clone()
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
