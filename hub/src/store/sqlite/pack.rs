//! Packing: rows of a device whose hours are over become chunks, in one transaction.

use super::{Writing, chunks::Tables};
use crate::store::{
    Point, StoreError,
    packing::{self, Due, Fresh, MAX_BYTES, MAX_ROWS},
    shelf::{Packed, Shelf},
};
use protocol::{DeviceId, MetricName};
use rusqlite::{Connection, TransactionBehavior, params};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Rows that were read, and what becomes of them.
struct Plan {
    /// Their row and their time.
    rows: Vec<(i64, i64)>,
    chunks: Vec<Packed>,
}

/// What is read of a summary. It was checked when it came.
#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    mean: BTreeMap<MetricName, f64>,
    #[serde(default)]
    min: BTreeMap<MetricName, f64>,
    #[serde(default)]
    max: BTreeMap<MetricName, f64>,
    #[serde(default)]
    last: BTreeMap<MetricName, f64>,
    #[serde(default)]
    count: BTreeMap<MetricName, u32>,
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
        // The number of a row that was forgotten is given to another one.
        let mut delete = transaction
            .prepare_cached("DELETE FROM summaries WHERE rowid = ?1 AND device = ?2 AND time_ms = ?3")?;
        for (row, time_ms) in &plan.rows {
            gone += delete.execute(params![row, device.as_str(), time_ms])?;
        }
    }
    if gone != plan.rows.len() {
        // Somebody forgot the device meanwhile: what was read of it must not come back.
        return Ok(0);
    }
    transaction.commit()?;
    Ok(gone)
}

fn plan(reading: &Connection, device: &DeviceId, due: &Due) -> Result<Plan, StoreError> {
    let transaction = reading.unchecked_transaction()?;
    let (rows, fresh) = rows(&transaction, device, due)?;
    Ok(Plan { rows, chunks: packing::pack(&mut Tables(&transaction), device, &fresh)? })
}

/// Some rows that are due, and their points by metric.
fn rows(
    connection: &Connection,
    device: &DeviceId,
    due: &Due,
) -> Result<(Vec<(i64, i64)>, Fresh), StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT rowid, time_ms, by_device, body FROM summaries
         WHERE device = ?1 AND time_ms <= ?2 AND received_ms <= ?3 ORDER BY time_ms LIMIT ?4",
    )?;
    let limit = i64::try_from(MAX_ROWS).unwrap_or(i64::MAX);
    let mut found = select.query(params![device.as_str(), due.ended_ms, due.received_ms, limit])?;
    let (mut rows, mut fresh, mut bytes) = (Vec::new(), Fresh::new(), 0);
    while let Some(row) = found.next()? {
        let text = row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?;
        bytes += text.len();
        if bytes > MAX_BYTES && !rows.is_empty() {
            break;
        }
        rows.push((row.get(0)?, row.get(1)?));
        match serde_json::from_str(text) {
            Ok(body) => points(&body, row.get(1)?, row.get(2)?, &mut fresh),
            // No reader could make anything of it either.
            Err(error) => tracing::error!(%device, "a stored summary is damaged and left out: {error}"),
        }
    }
    Ok((rows, fresh))
}

fn points(body: &Body, time_ms: i64, by_device: bool, fresh: &mut Fresh) {
    for (metric, &mean) in &body.mean {
        let figure = |of: &BTreeMap<MetricName, f64>| of.get(metric).copied();
        let (Some(min), Some(max), Some(&count)) =
            (figure(&body.min), figure(&body.max), body.count.get(metric))
        else {
            continue;
        };
        let (last, count) = (figure(&body.last), u64::from(count));
        let point = Point { time_ms, mean, min, max, last, count, by_device };
        match fresh.get_mut(metric) {
            Some(points) => points.push(point),
            None => {
                fresh.insert(metric.clone(), vec![point]);
            }
        }
    }
}
