//! The tables, and how older files become like them.

use crate::store::StoreError;
use rusqlite::Connection;
use std::path::Path;

/// Marks the file as ours, for us and for `file(1)`: "Edge".
const APPLICATION_ID: i64 = 0x4564_6765;

/// One step per schema version, from nothing to today. A step that was released is never changed.
const MIGRATIONS: [&str; 4] = [
    "
    CREATE TABLE devices (
        device            TEXT PRIMARY KEY,
        status            TEXT,
        status_since_ms   INTEGER,
        last_heard_ms     INTEGER,
        birth             TEXT,
        state             TEXT,
        state_received_ms INTEGER
    ) STRICT;

    CREATE TABLE summaries (
        device      TEXT    NOT NULL,
        boot        TEXT    NOT NULL,
        sequence    INTEGER NOT NULL,
        time_ms     INTEGER NOT NULL,
        -- 1: time_ms is the device's own, synchronised time; 0: the hub worked it out.
        by_device   INTEGER NOT NULL,
        received_ms INTEGER NOT NULL,
        -- The JSON as received.
        body        TEXT    NOT NULL,
        UNIQUE (device, boot, sequence)
    ) STRICT;
    CREATE INDEX summaries_by_time ON summaries (device, time_ms);

    -- Sequences ever committed, as ranges: one row per boot when there is no hole. Outlives the summaries.
    CREATE TABLE receipts (
        device TEXT    NOT NULL,
        boot   TEXT    NOT NULL,
        first  INTEGER NOT NULL,
        last   INTEGER NOT NULL,
        PRIMARY KEY (device, boot, first)
    ) STRICT, WITHOUT ROWID;
",
    "
    -- What receipts alone cannot tell of a run of an agent.
    CREATE TABLE runs (
        device            TEXT    NOT NULL,
        boot              TEXT    NOT NULL,
        first_received_ms INTEGER NOT NULL,
        last_received_ms  INTEGER NOT NULL,
        late              INTEGER NOT NULL,
        double            INTEGER NOT NULL,
        PRIMARY KEY (device, boot)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO runs SELECT device, boot, min(received_ms), max(received_ms), 0, 0
        FROM summaries GROUP BY device, boot;
    INSERT INTO runs SELECT device, boot, 0, 0, 0, 0 FROM receipts WHERE true
        GROUP BY device, boot ON CONFLICT DO NOTHING;
",
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
];

const KNOWN: i64 = MIGRATIONS.len() as i64;

/// Refuses a file that is another program's or a newer hub's, before anything is written to it.
pub(super) fn check(
    connection: &Connection,
    path: &Path,
    explain: impl Fn(&rusqlite::Error) -> StoreError,
) -> Result<(), StoreError> {
    let number =
        |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(|error| explain(&error));
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    let application = number("PRAGMA application_id")?;
    let found = number("PRAGMA user_version")?;
    if application != APPLICATION_ID && (tables > 0 || application != 0) {
        return Err(StoreError::Foreign(path.display().to_string()));
    }
    if found > KNOWN {
        return Err(StoreError::Newer { path: path.display().to_string(), found, known: KNOWN });
    }
    Ok(())
}

/// Refuses a file of an older hub, for who only reads.
pub(super) fn is_current(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found < KNOWN {
        return Err(StoreError::Older(path.display().to_string()));
    }
    Ok(())
}

/// Takes the steps that are missing, each whole or not at all.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let done: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    for (version, step) in (1..).zip(MIGRATIONS) {
        if version > done {
            let transaction = connection.transaction()?;
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", version)?;
            transaction.commit()?;
        }
    }
    Ok(())
}
