//! Packing: rows of a device whose hours are over become chunks, in one transaction.

use super::{
    Writing,
    chunks::Tables,
    rows::{self, Stored},
    shapes,
};
use crate::store::{
    StoreError,
    minute::Minute,
    packing::{self, Due, Fresh, MAX_BYTES, MAX_ROWS},
    shelf::{Packed, Shelf},
};
use protocol::DeviceId;
use rusqlite::{Connection, TransactionBehavior, params};

/// A row that was read, and how it is found again.
struct PackedRow {
    boot: String,
    sequence: i64,
    time_ms: i64,
    received_ms: i64,
}

/// Rows that were read, and what becomes of them.
struct Plan {
    rows: Vec<PackedRow>,
    chunks: Vec<Packed>,
}

/// The first device after `after` that has rows.
pub(super) fn next_device(connection: &Connection, after: &str) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT min(device) FROM summaries WHERE device > ?1")?
        .query_row([after], |row| row.get(0))
}

/// Packs some rows of a device; returns how many. Only one at a time may do so.
pub(super) fn pack(
    reading: &Connection,
    writing: &Writing,
    device: &DeviceId,
    due: &Due,
) -> Result<usize, StoreError> {
    // All that takes long is done before the connection that writes is asked for.
    let plan = plan(reading, device, due)?;
    if plan.rows.is_empty() {
        return Ok(0);
    }
    let mut connection = writing.connection.lock();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    Tables(&transaction).save(device, &plan.chunks)?;
    let mut gone = 0;
    {
        // What was forgotten may have come again, and is another row then.
        let mut delete = transaction.prepare_cached(
            "DELETE FROM summaries WHERE device = ?1 AND boot = ?2 AND sequence = ?3 AND time_ms = ?4
             AND received_ms = ?5",
        )?;
        for row in &plan.rows {
            gone += delete.execute(params![
                device.as_str(),
                row.boot,
                row.sequence,
                row.time_ms,
                row.received_ms
            ])?;
        }
    }
    if gone != plan.rows.len() {
        // Somebody forgot the device meanwhile: what was read of it must not come back.
        return Ok(0);
    }
    shapes::tidy(&transaction, device)?;
    writing.shapes.lock().forget(device);
    transaction.commit()?;
    Ok(gone)
}

fn plan(reading: &Connection, device: &DeviceId, due: &Due) -> Result<Plan, StoreError> {
    let transaction = reading.unchecked_transaction()?;
    let (rows, fresh) = rows(&transaction, device, due)?;
    Ok(Plan { rows, chunks: packing::pack(&mut Tables(&transaction), device, &fresh)? })
}

/// Some rows that are due, and their points by metric. Those of one run come in the order of time, and runs one after the
/// other, which is as good as any order: what is packed is put in order then.
fn rows(
    connection: &Connection,
    device: &DeviceId,
    due: &Due,
) -> Result<(Vec<PackedRow>, Fresh), StoreError> {
    let limit = i64::try_from(MAX_ROWS).unwrap_or(i64::MAX);
    let which = "WHERE device = ?1 AND time_ms <= ?2 AND received_ms <= ?3 LIMIT ?4";
    let parameters = params![device.as_str(), due.ended_ms, due.received_ms, limit];
    let (mut found, mut fresh, mut bytes) = (Vec::new(), Fresh::new(), 0);
    rows::read(connection, device, which, parameters, |row| {
        bytes += row.bytes;
        if bytes > MAX_BYTES && !found.is_empty() {
            return false;
        }
        for (metric, figures) in row.minute.iter().flat_map(Minute::by_name) {
            let point = row.point(figures);
            match fresh.get_mut(metric) {
                Some(points) => points.push(point),
                None => {
                    fresh.insert(metric.clone(), vec![point]);
                }
            }
        }
        let Stored { boot, sequence, time_ms, received_ms, .. } = row;
        found.push(PackedRow { boot, sequence, time_ms, received_ms });
        true
    })?;
    Ok((found, fresh))
}
