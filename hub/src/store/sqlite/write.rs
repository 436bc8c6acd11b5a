//! Writing: one transaction per batch.

use super::{Writing, shapes::Shapes, timing};
use crate::{
    ingest::retime::TimedBy,
    store::{Batch, row},
};
use rusqlite::{Connection, TransactionBehavior, params};

pub(super) fn commit(writing: &Writing, batch: &Batch<'_>) -> rusqlite::Result<()> {
    let mut connection = writing.connection.lock();
    let mut shapes = writing.shapes.lock();
    let result = commit_within(&mut connection, &mut shapes, batch);
    if result.is_err() {
        shapes.forget_all();
    }
    result
}

fn commit_within(
    connection: &mut Connection,
    shapes: &mut Shapes,
    batch: &Batch<'_>,
) -> rusqlite::Result<()> {
    if batch.arrivals.is_empty() && batch.devices.is_empty() {
        // Without arrivals there are no records, and receipts change with records only.
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    insert_summaries(&transaction, shapes, batch)?;
    update_receipts(&transaction, batch)?;
    update_runs(&transaction, batch)?;
    save_devices(&transaction, batch)?;
    transaction.commit()
}

fn insert_summaries(connection: &Connection, shapes: &mut Shapes, batch: &Batch<'_>) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO summaries (device, boot, sequence, time_ms, by_device, received_ms, shape, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
    )?;
    for record in batch.records {
        insert.execute(params![
            record.device.as_str(),
            record.boot.as_str(),
            number(record.sequence),
            record.timed.time_ms,
            record.timed.by == TimedBy::Device,
            record.received_ms,
            shapes.number(connection, &record.device, &record.minute.shape)?,
            row::encode(record.sequence, record.monotonic_ms, &record.minute.figures),
        ])?;
    }
    Ok(())
}

fn update_receipts(connection: &Connection, batch: &Batch<'_>) -> rusqlite::Result<()> {
    let mut remove =
        connection.prepare_cached("DELETE FROM receipts WHERE device = ?1 AND boot = ?2 AND first = ?3")?;
    let mut write = connection.prepare_cached(
        "INSERT INTO receipts (device, boot, first, last) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET last = excluded.last",
    )?;
    for (source, changes) in batch.receipts {
        let (device, boot) = (source.device.as_str(), source.boot.as_str());
        for &first in &changes.removed {
            remove.execute(params![device, boot, number(first)])?;
        }
        for range in &changes.written {
            write.execute(params![device, boot, number(range.first), number(range.last)])?;
        }
    }
    Ok(())
}

fn update_runs(connection: &Connection, batch: &Batch<'_>) -> rusqlite::Result<()> {
    let mut update = connection.prepare_cached(
        "INSERT INTO runs (device, boot, first_received_ms, last_received_ms, late, double)
         VALUES (?1, ?2, ?3, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET last_received_ms = max(last_received_ms, excluded.last_received_ms),
             late = late + excluded.late, double = double + excluded.double",
    )?;
    for (source, arrivals) in batch.arrivals {
        update.execute(params![
            source.device.as_str(),
            source.boot.as_str(),
            arrivals.received_ms,
            number(arrivals.late),
            number(arrivals.double),
        ])?;
        timing::add(connection, source, arrivals)?;
    }
    Ok(())
}

fn save_devices(connection: &Connection, batch: &Batch<'_>) -> rusqlite::Result<()> {
    let mut save = connection.prepare_cached(
        "INSERT OR REPLACE INTO devices
         (device, status, status_since_ms, last_heard_ms, birth, state, state_received_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (id, device) in batch.devices {
        save.execute(params![
            id.as_str(),
            device.status.map(protocol::Status::as_str),
            device.status_since_ms,
            device.last_heard_ms,
            device.birth.as_deref(),
            device.state.as_deref(),
            device.state_received_ms,
        ])?;
    }
    Ok(())
}

/// Sequences that arrive are bounded far below what SQLite's integers hold.
fn number(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}
