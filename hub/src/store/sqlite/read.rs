//! Reading: devices and receipts by the writer, history by anybody on connections of their own.

use super::{chunks, history, labels, open::BUSY_TIMEOUT, timing};
use crate::{
    receipts::Receipts,
    state::Device,
    store::{LedgerTotals, Oldest, Read, Run, Series, Source, Span, StoreError},
};
use parking_lot::Mutex;
use protocol::{DeviceId, MetricName, SequenceRange};
use rusqlite::{Connection, OpenFlags, Row, params};
use std::{path::PathBuf, sync::Arc};

/// Connections kept open between two reads.
const MAX_IDLE: usize = 4;

pub(super) fn devices(connection: &Connection) -> Result<Vec<(DeviceId, Device)>, StoreError> {
    // What a device is like is saved later than what it measured, and than how people call it: a kill in between must
    // hide neither.
    let mut select = connection.prepare(
        "SELECT k.device, status, status_since_ms, last_heard_ms, birth, state, state_received_ms,
             name, tags, group_name
         FROM (SELECT device FROM devices UNION SELECT device FROM labels UNION SELECT device FROM runs) k
         LEFT JOIN devices d ON d.device = k.device LEFT JOIN labels l ON l.device = k.device",
    )?;
    let rows = select.query_map([], |row| Ok((row.get::<_, String>(0)?, device(row)?)))?;
    rows.map(|row| {
        let (id, device) = row?;
        let id = id.parse().map_err(|error| StoreError::Failed(format!("device {id:?} in it: {error}")))?;
        Ok((id, device))
    })
    .collect()
}

fn device(row: &Row<'_>) -> rusqlite::Result<Device> {
    let status: Option<String> = row.get(1)?;
    let text = |at| Ok::<_, rusqlite::Error>(row.get::<_, Option<String>>(at)?.map(Into::into));
    Ok(Device {
        status: status.and_then(|text| text.parse().ok()),
        status_since_ms: row.get(2)?,
        last_heard_ms: row.get(3)?,
        birth: text(4)?,
        state: text(5)?,
        state_received_ms: row.get(6)?,
        labels: labels::read(row, 7)?.map(Arc::new),
    })
}

pub(super) fn receipts(connection: &Connection, source: &Source) -> rusqlite::Result<Receipts> {
    let mut select = connection
        .prepare_cached("SELECT first, last FROM receipts WHERE device = ?1 AND boot = ?2 ORDER BY first")?;
    let number = |row: &Row<'_>, index| row.get::<_, i64>(index).map(i64::unsigned_abs);
    let rows = select.query_map(params![source.device.as_str(), source.boot.as_str()], |row| {
        Ok(SequenceRange { first: number(row, 0)?, last: number(row, 1)? })
    })?;
    rows.collect::<Result<_, _>>().map(Receipts::from_ranges)
}

/// Connections that only read.
pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::default() }
    }

    /// Reads on a connection of its own, which is kept for the next if all went well.
    pub(super) fn with<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let connection = self.take()?;
        let result = read(&connection)?;
        self.give_back(connection);
        Ok(result)
    }

    fn take(&self) -> rusqlite::Result<Connection> {
        if let Some(connection) = self.idle.lock().pop() {
            return Ok(connection);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        Ok(connection)
    }

    fn give_back(&self, connection: Connection) {
        let mut idle = self.idle.lock();
        if idle.len() < MAX_IDLE {
            idle.push(connection);
        }
    }
}

impl Read for Readers {
    fn metrics(&self, device: &DeviceId) -> Result<Vec<MetricName>, StoreError> {
        self.with(|connection| history::metrics(connection, device))
    }

    fn history(
        &self,
        device: &DeviceId,
        metrics: &[MetricName],
        span: &Span,
    ) -> Result<Vec<Series>, StoreError> {
        self.with(|connection| history::read(connection, device, metrics, span))
    }

    fn minutes_since_ms(&self) -> Result<Option<i64>, StoreError> {
        self.with(|connection| Ok(chunks::minutes_since_ms(connection)?))
    }

    fn oldest(&self) -> Result<Oldest, StoreError> {
        self.with(|connection| Ok(chunks::oldest(connection)?))
    }

    fn ledger(&self, device: &DeviceId) -> Result<Vec<Run>, StoreError> {
        self.with(|connection| ledger(connection, device))
    }

    fn ledger_totals(&self) -> Result<LedgerTotals, StoreError> {
        self.with(|connection| Ok(ledger_totals(connection)?))
    }

    fn bytes(&self) -> Result<u64, StoreError> {
        let size = |suffix: &str| {
            let mut path = self.path.clone().into_os_string();
            path.push(suffix);
            std::fs::metadata(path).map(|file| file.len())
        };
        let file = size("").map_err(|error| StoreError::FailedForNow(error.to_string()))?;
        // The log beside it is gone while nothing is written.
        Ok(file + size("-wal").unwrap_or(0))
    }
}

fn ledger_totals(connection: &Connection) -> rusqlite::Result<LedgerTotals> {
    let number = |row: &Row<'_>, index| row.get::<_, i64>(index).map(i64::unsigned_abs);
    connection.query_row(
        "SELECT received, highest - received, late, double FROM
             (SELECT coalesce(sum(here), 0) AS received, coalesce(sum(top), 0) AS highest FROM
                 (SELECT sum(last - first + 1) AS here, max(last) AS top FROM receipts GROUP BY device, boot)),
             (SELECT coalesce(sum(late), 0) AS late, coalesce(sum(double), 0) AS double FROM runs)",
        [],
        |row| {
            Ok(LedgerTotals {
                received: number(row, 0)?,
                missing: number(row, 1)?,
                late: number(row, 2)?,
                double: number(row, 3)?,
            })
        },
    )
}

fn ledger(connection: &Connection, device: &DeviceId) -> Result<Vec<Run>, StoreError> {
    // One transaction: receipts and counts of the same moment.
    let transaction = connection.unchecked_transaction()?;
    let mut select = transaction.prepare(
        "SELECT boot, first_received_ms, last_received_ms, late, double FROM runs WHERE device = ?1
         ORDER BY last_received_ms DESC, boot",
    )?;
    let mut rows = select.query(params![device.as_str()])?;
    let mut runs = Vec::new();
    while let Some(row) = rows.next()? {
        let boot: String = row.get(0)?;
        let boot = boot
            .parse()
            .map_err(|error| StoreError::Failed(format!("boot {boot:?} of {device} in it: {error}")))?;
        let source = Source { device: device.clone(), boot };
        let [by_hub, by_receipt] = timing::of_run(&transaction, &source)?;
        runs.push(Run {
            receipts: receipts(&transaction, &source)?,
            boot: source.boot,
            first_received_ms: row.get(1)?,
            last_received_ms: row.get(2)?,
            late: row.get::<_, i64>(3)?.unsigned_abs(),
            double: row.get::<_, i64>(4)?.unsigned_abs(),
            by_hub,
            by_receipt,
        });
    }
    Ok(runs)
}
