//! Packing: rows of a device whose hours are over become chunks, in one transaction.

use super::{
    Writing,
    chunks::{self, Tier},
    rows::{self, Stored},
    shapes,
};
use crate::store::{
    Point, StoreError, chunk,
    fold::{self, end_of},
    minute::Minute,
};
use protocol::{DeviceId, MetricName};
use rusqlite::{Connection, TransactionBehavior, params};
use std::collections::BTreeMap;

/// Most rows that are packed at once, a day of minutes and some.
const MAX_ROWS: usize = 1600;
/// Most bytes of them: beyond, fewer rows are.
const MAX_BYTES: usize = 8 << 20;

/// Which rows are due.
pub(super) struct Due {
    /// Those of windows that ended at this time or before.
    pub(super) ended_ms: i64,
    /// Of these, the ones that came at this time or before.
    pub(super) received_ms: i64,
}

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
    chunks: Vec<(MetricName, Tier, i64, Vec<u8>)>,
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
    for (metric, tier, span, packed) in &plan.chunks {
        transaction
            .prepare_cached("INSERT INTO series (device, metric) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
            .execute(params![device.as_str(), metric.as_str()])?;
        if let Some(series) = chunks::series(&transaction, device, metric)? {
            chunks::save(&transaction, *tier, *span, series, packed)?;
        }
    }
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
    let minutes_since_ms = chunks::minutes_since_ms(&transaction)?.unwrap_or(i64::MIN);
    let mut chunks = Vec::new();
    for (metric, points) in fresh {
        let series = chunks::series(&transaction, device, &metric)?;
        let stored = |tier, span| match series {
            Some(series) => chunks::load(&transaction, tier, span, series),
            None => Ok(Vec::new()),
        };
        for (span, new) in by_span(&points, Tier::Minutes) {
            if end_of(span, Tier::Minutes.span_ms()) <= minutes_since_ms {
                // Only the hours of that time are kept.
                continue;
            }
            let mut points = stored(Tier::Minutes, span)?;
            points.extend(new);
            points.sort_by_key(|point| point.time_ms);
            chunks.push((metric.clone(), Tier::Minutes, span, chunk::pack(&points)?));
        }
        for (span, new) in by_span(&points, Tier::Hours) {
            let hours = fold::hours(&stored(Tier::Hours, span)?, &new);
            chunks.push((metric.clone(), Tier::Hours, span, chunk::pack(&hours)?));
        }
    }
    Ok(Plan { rows, chunks })
}

/// Points by the chunk of a tier that they belong to.
pub(super) fn by_span(points: &[Point], tier: Tier) -> BTreeMap<i64, Vec<Point>> {
    let mut spans: BTreeMap<i64, Vec<Point>> = BTreeMap::new();
    for point in points {
        spans.entry(tier.span_of(point.time_ms)).or_default().push(*point);
    }
    spans
}

type Fresh = BTreeMap<MetricName, Vec<Point>>;

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
