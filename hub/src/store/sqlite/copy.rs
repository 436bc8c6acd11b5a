//! Stores as files: looked at, copied, locked, without a hub.

use super::{open, read, schema};
use crate::store::{Read, StoreError};
use protocol::DeviceId;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Opens a store for reading; a hub may write to it meanwhile.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, StoreError> {
    if !path.is_file() {
        return Err(StoreError::Missing(path.display().to_string()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let explain = |error: &rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => StoreError::Foreign(path.display().to_string()),
        _ => open::unreadable(path, error),
    };
    let connection = Connection::open_with_flags(path, flags).map_err(|error| explain(&error))?;
    connection.busy_timeout(open::BUSY_TIMEOUT).map_err(|error| explain(&error))?;
    schema::check(&connection, path, explain)?;
    Ok(connection)
}

/// Whether a file is a store that this hub can read. An empty file is none, though it is a database: a copy that was
/// broken off may be left as one.
///
/// # Errors
/// One line that says why not.
pub fn check(path: &Path) -> Result<(), StoreError> {
    let connection = open_to_read(path)?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version == 0 { Err(StoreError::Foreign(path.display().to_string())) } else { Ok(()) }
}

/// Writes a copy of a store as it is now, without gaps, to a file that must not be there. Who writes to the store
/// need not wait.
///
/// # Errors
/// When either cannot be read or written.
pub fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let connection = open_to_read(from)?;
    // Made beforehand, so that it is never anybody else's to read.
    drop(open::create(to).map_err(|error| open::unreadable(to, &error))?);
    connection.execute("VACUUM INTO ?1", [to.to_string_lossy()])?;
    Ok(())
}

/// What SQLite finds wrong with a file.
///
/// # Errors
/// When it cannot be read at all.
pub fn integrity(path: &Path) -> Result<Vec<String>, StoreError> {
    let connection = open_to_read(path)?;
    let mut select = connection.prepare("PRAGMA integrity_check(20)")?;
    let lines = select.query_map([], |row| row.get::<_, String>(0))?;
    let lines: Vec<String> = lines.collect::<Result<_, _>>()?;
    Ok(if lines == ["ok"] { Vec::new() } else { lines })
}

/// A store's reading side and its devices, without a hub.
///
/// # Errors
/// One line that says why it cannot be read.
pub fn reader(path: &Path) -> Result<(Arc<dyn Read>, Vec<DeviceId>), StoreError> {
    let connection = open_to_read(path)?;
    schema::is_current(&connection, path)?;
    let mut select = connection.prepare(
        "SELECT device FROM devices UNION SELECT device FROM series UNION SELECT device FROM summaries",
    )?;
    let devices = select.query_map([], |row| row.get::<_, String>(0))?;
    let devices: Result<Vec<DeviceId>, StoreError> = devices
        .map(|device| {
            let device = device?;
            device.parse().map_err(|error| StoreError::Failed(format!("device {device:?} in it: {error}")))
        })
        .collect();
    Ok((Arc::new(read::Readers::new(path.to_owned())), devices?))
}

/// A store that no hub can open as long as this is there.
pub struct Exclusive {
    path: PathBuf,
    _lock: File,
}

impl Exclusive {
    /// Keeps hubs out.
    ///
    /// # Errors
    /// When one runs.
    pub fn of(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { path: path.to_owned(), _lock: open::lock(path)? })
    }

    /// Brings what is in the database's log into the database, as far as it can be read.
    pub fn settle(&self) {
        // A damaged store is replaced as it is.
        let settled = Connection::open(&self.path)
            .and_then(|connection| connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
        if let Err(error) = settled {
            tracing::warn!("the store that is replaced is damaged: {error}");
        }
    }
}
