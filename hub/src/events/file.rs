//! The log in a file: two tables of its own in the store's file, behind a connection of its own.

use super::{
    Event, MAX_PER_DEVICE, Seen,
    log::{Filter, News, PRUNE_CHUNK, Place, Records},
};
use crate::store::StoreError;
use parking_lot::Mutex;
use protocol::DeviceId;
use rusqlite::{Connection, OpenFlags, Row, TransactionBehavior, params, types::Value};
use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
    time::Duration,
};

/// How long to wait for the other writer of the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Apart from the store's numbered schema steps, so that neither waits for the other's.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS events (
        -- Never used twice: pages go on from it.
        id      INTEGER PRIMARY KEY AUTOINCREMENT,
        time_ms INTEGER NOT NULL,
        device  TEXT    NOT NULL,
        kind    TEXT    NOT NULL,
        subject TEXT,
        detail  TEXT    NOT NULL,
        late    INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS events_by_time ON events (time_ms);
    CREATE INDEX IF NOT EXISTS events_by_device ON events (device, time_ms);
    -- MQTT may deliver the result of a command twice.
    CREATE UNIQUE INDEX IF NOT EXISTS events_results ON events (device, subject, detail)
        WHERE kind = 'command';
    CREATE TABLE IF NOT EXISTS event_marks (
        device TEXT PRIMARY KEY,
        seen   TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// The tables.
pub(super) struct File {
    writing: Mutex<Connection>,
    reading: Mutex<Connection>,
}

impl File {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let open = |flags| -> Result<Connection, StoreError> {
            let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
            connection.busy_timeout(BUSY_TIMEOUT)?;
            Ok(connection)
        };
        let writing = open(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // What is told once must outlive a power loss: it is not told again.
        writing.pragma_update(None, "synchronous", "FULL")?;
        writing.execute_batch(SCHEMA)?;
        let reading = open(OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        Ok(Self { writing: Mutex::new(writing), reading: Mutex::new(reading) })
    }
}

impl Records for File {
    fn seen(&self) -> Result<HashMap<DeviceId, Seen>, StoreError> {
        let connection = self.reading.lock();
        let mut select = connection.prepare("SELECT device, seen FROM event_marks")?;
        let rows = select.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        let mut all = HashMap::new();
        for row in rows {
            let (device, seen) = row?;
            let bad =
                |what: &dyn std::fmt::Display| StoreError::Failed(format!("mark of {device:?}: {what}"));
            let id = device.parse().map_err(|error| bad(&error))?;
            all.insert(id, serde_json::from_str(&seen).map_err(|error| bad(&error))?);
        }
        Ok(all)
    }

    fn append(&self, news: &[News<'_>]) -> Result<(), StoreError> {
        let mut connection = self.writing.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO events (time_ms, device, kind, subject, detail, late)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
            )?;
            let mut mark = transaction
                .prepare_cached("INSERT OR REPLACE INTO event_marks (device, seen) VALUES (?1, ?2)")?;
            let mut crowded = transaction.prepare_cached(
                "DELETE FROM events WHERE device = ?1 AND id IN (
                     SELECT id FROM events WHERE device = ?1 ORDER BY time_ms DESC, id DESC LIMIT -1 OFFSET ?2)",
            )?;
            let mut devices = BTreeSet::new();
            for &(device, events, seen) in news {
                for event in events {
                    let (kind, device) = (event.kind.as_str(), event.device.as_str());
                    insert.execute(params![
                        event.time_ms,
                        device,
                        kind,
                        event.subject,
                        event.detail,
                        event.late
                    ])?;
                }
                // Text and numbers always serialise.
                mark.execute(params![device.as_str(), serde_json::to_string(seen).unwrap_or_default()])?;
                devices.insert(device);
            }
            for device in devices {
                crowded
                    .execute(params![device.as_str(), i64::try_from(MAX_PER_DEVICE).unwrap_or(i64::MAX)])?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn page(&self, filter: &Filter, limit: usize) -> Result<Vec<(i64, Event)>, StoreError> {
        let (condition, mut values) = condition(filter);
        values.push(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
        let connection = self.reading.lock();
        let mut select = connection.prepare_cached(&format!(
            "SELECT id, time_ms, device, kind, subject, detail, late FROM events WHERE {condition}
             ORDER BY time_ms DESC, id DESC LIMIT ?"
        ))?;
        let rows = select.query_map(rusqlite::params_from_iter(values), event)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn prune(&self, before_ms: i64) -> Result<bool, StoreError> {
        let connection = self.writing.lock();
        let limit = i64::try_from(PRUNE_CHUNK).unwrap_or(i64::MAX);
        let sql = "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE time_ms < ?1 LIMIT ?2)";
        Ok(connection.execute(sql, params![before_ms, limit])? == PRUNE_CHUNK)
    }

    fn forget(&self, device: &DeviceId) -> Result<(), StoreError> {
        let mut connection = self.writing.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for table in ["events", "event_marks"] {
            transaction.execute(&format!("DELETE FROM {table} WHERE device = ?1"), [device.as_str()])?;
        }
        Ok(transaction.commit()?)
    }
}

fn condition(filter: &Filter) -> (String, Vec<Value>) {
    let (mut parts, mut values) = (vec!["true".to_owned()], Vec::new());
    let mut one_of = |column: &str, texts: Vec<&str>| {
        if !texts.is_empty() {
            parts.push(format!("{column} IN ({})", vec!["?"; texts.len()].join(", ")));
            values.extend(texts.into_iter().map(|text| Value::Text(text.to_owned())));
        }
    };
    one_of("device", filter.devices.iter().map(DeviceId::as_str).collect());
    one_of("kind", filter.kinds.iter().map(|kind| kind.as_str()).collect());
    for (column, bound) in [("time_ms >= ?", filter.from_ms), ("time_ms < ?", filter.to_ms)] {
        if let Some(bound) = bound {
            parts.push(column.to_owned());
            values.push(Value::Integer(bound));
        }
    }
    if let Some(Place { time_ms, id }) = filter.after {
        parts.push("(time_ms, id) < (?, ?)".to_owned());
        values.extend([Value::Integer(time_ms), Value::Integer(id)]);
    }
    (parts.join(" AND "), values)
}

fn event(row: &Row<'_>) -> rusqlite::Result<(i64, Event)> {
    let text = |index: usize| row.get::<_, String>(index);
    let unreadable = |index: usize, error: Box<dyn std::error::Error + Send + Sync>| {
        rusqlite::Error::FromSqlConversionFailure(index, rusqlite::types::Type::Text, error)
    };
    let event = Event {
        time_ms: row.get(1)?,
        device: text(2)?.parse().map_err(|error| unreadable(2, Box::new(error)))?,
        kind: text(3)?.parse().map_err(|error| unreadable(3, Box::new(error)))?,
        subject: row.get(4)?,
        detail: text(5)?,
        late: row.get(6)?,
    };
    Ok((row.get(0)?, event))
}
