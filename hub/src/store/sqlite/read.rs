//! Reading: devices and receipts by the writer, history by anybody on connections of their own.

use super::{open::BUSY_TIMEOUT, timing};
use crate::{
    receipts::Receipts,
    state::Device,
    store::{Point, Read, Run, Series, Source, StoreError},
};
use parking_lot::Mutex;
use protocol::{DeviceId, MetricName, SequenceRange};
use rusqlite::{Connection, OpenFlags, Row, params};
use std::{fmt::Write as _, path::PathBuf};

/// Connections kept open between two reads.
const MAX_IDLE: usize = 4;

pub(super) fn devices(connection: &Connection) -> Result<Vec<(DeviceId, Device)>, StoreError> {
    let mut select = connection.prepare(
        "SELECT device, status, status_since_ms, last_heard_ms, birth, state, state_received_ms FROM devices",
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
    Ok(Device {
        status: status.and_then(|text| text.parse().ok()),
        status_since_ms: row.get(2)?,
        last_heard_ms: row.get(3)?,
        birth: row.get(4)?,
        state: row.get(5)?,
        state_received_ms: row.get(6)?,
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
    fn history(
        &self,
        device: &DeviceId,
        metrics: &[MetricName],
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<Series>, StoreError> {
        let connection = self.take()?;
        let series = history(&connection, device, metrics, from_ms, to_ms)?;
        self.give_back(connection);
        Ok(series)
    }

    fn ledger(&self, device: &DeviceId) -> Result<Vec<Run>, StoreError> {
        let connection = self.take()?;
        let runs = ledger(&connection, device)?;
        self.give_back(connection);
        Ok(runs)
    }
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

/// The five figures of a metric, as they are called in a summary.
const FIGURES: [&str; 5] = ["mean", "min", "max", "last", "count"];

fn history(
    connection: &Connection,
    device: &DeviceId,
    metrics: &[MetricName],
    from_ms: i64,
    to_ms: i64,
) -> rusqlite::Result<Vec<Series>> {
    let mut columns = String::new();
    for metric in metrics {
        for figure in FIGURES {
            // A metric name is letters, digits and '_' only, so it can stand in the text.
            let _ = write!(columns, ", body ->> '$.{figure}.{metric}'");
        }
    }
    let mut select = connection.prepare(&format!(
        "SELECT time_ms{columns} FROM summaries WHERE device = ?1 AND time_ms >= ?2 AND time_ms < ?3
         ORDER BY time_ms, boot, sequence"
    ))?;
    let series = |metric: &MetricName| Series { metric: metric.clone(), points: Vec::new() };
    let mut all: Vec<Series> = metrics.iter().map(series).collect();
    let mut rows = select.query(params![device.as_str(), from_ms, to_ms])?;
    while let Some(row) = rows.next()? {
        let time_ms = row.get(0)?;
        for (index, series) in all.iter_mut().enumerate() {
            series.points.extend(point(row, time_ms, 1 + index * FIGURES.len())?);
        }
    }
    Ok(all)
}

fn point(row: &Row<'_>, time_ms: i64, at: usize) -> rusqlite::Result<Option<Point>> {
    let Some(mean) = row.get(at)? else { return Ok(None) };
    Ok(Some(Point {
        time_ms,
        mean,
        min: row.get(at + 1)?,
        max: row.get(at + 2)?,
        last: row.get(at + 3)?,
        count: row.get(at + 4)?,
    }))
}
