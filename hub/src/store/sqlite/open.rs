//! Opening the file, and saying clearly why it cannot be.

use super::{labels, schema, timing};
use crate::store::StoreError;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::{
    ffi::OsString,
    fs::{File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

/// How long to wait for another program's lock, a backup's say.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(1);
/// How many pages the log may have before they go to their places, 16 MB: a page that a busy hub writes again with each
/// commit goes there once for many.
const WAL_PAGES: i64 = 4000;
/// Only the hub's user reads the store: it says who is at home.
const MODE: u32 = 0o600;

/// Keeps other hubs out for as long as the file is open. A file of its own, because SQLite's locks on the
/// database would be lost when a second handle to it is closed.
pub(super) fn lock(path: &Path) -> Result<File, StoreError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !directory.is_dir() {
        return Err(StoreError::NoDirectory(directory.display().to_string()));
    }
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(".lock");
    let file = create(&PathBuf::from(name)).map_err(|error| unreadable(path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.display().to_string())),
        Err(TryLockError::Error(error)) => Err(unreadable(path, &error)),
    }
}

/// Opens the database for writing, with its schema brought up to date.
pub(super) fn connection(path: &Path) -> Result<Connection, StoreError> {
    // SQLite gives its other files the mode of this one.
    let file = create(path).map_err(|error| unreadable(path, &error))?;
    file.set_permissions(Permissions::from_mode(MODE)).map_err(|error| unreadable(path, &error))?;
    drop(file);

    let explain = |error: &rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            StoreError::Foreign(path.display().to_string())
        }
        _ => unreadable(path, error),
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(|error| explain(&error))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(|error| explain(&error))?;
    schema::check(&connection, path, explain)?;
    configure(&connection).map_err(|error| explain(&error))?;
    schema::migrate(&mut connection).map_err(|error| explain(&error))?;
    timing::create(&connection).map_err(|error| explain(&error))?;
    labels::create(&connection).map_err(|error| explain(&error))?;
    Ok(connection)
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    // A commit is acknowledged to an agent that forgets then, so it must outlive a power loss.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", WAL_PAGES)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(())
}

pub(super) fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(MODE).open(path)
}

pub(super) fn unreadable(path: &Path, reason: &dyn std::error::Error) -> StoreError {
    StoreError::Unreadable { path: path.display().to_string(), reason: reason.to_string() }
}
