//! Reading the history: chunks, and the rows that are not packed yet, as one.

use super::chunks::Tables;
use crate::store::{Point, Series, Span, StoreError, history};
use protocol::{DeviceId, MetricName};
use rusqlite::{Connection, Row, params};
use std::{collections::BTreeSet, fmt::Write as _};

pub(super) fn read(
    connection: &Connection,
    device: &DeviceId,
    metrics: &[MetricName],
    span: &Span,
) -> Result<Vec<Series>, StoreError> {
    // One transaction: what is packed between two reads must not be seen twice, or not at all.
    let transaction = connection.unchecked_transaction()?;
    history::read(&mut Tables(&transaction), device, metrics, span)
}

/// The figures of a metric, as they are called in a summary.
const FIGURES: [&str; 5] = ["mean", "min", "max", "last", "count"];

pub(super) fn rows(
    connection: &Connection,
    device: &DeviceId,
    metrics: &[MetricName],
    span: &Span,
) -> rusqlite::Result<Vec<Vec<Point>>> {
    let mut columns = String::new();
    for metric in metrics {
        for figure in FIGURES {
            // A metric name is letters, digits and '_' only, so it can stand in the text.
            let _ = write!(columns, ", body ->> '$.{figure}.{metric}'");
        }
    }
    let mut select = connection.prepare(&format!(
        "SELECT time_ms, by_device{columns} FROM summaries WHERE device = ?1 AND time_ms > ?2 AND time_ms <= ?3
         ORDER BY time_ms, boot, sequence"
    ))?;
    let mut all = vec![Vec::new(); metrics.len()];
    let mut rows = select.query(params![device.as_str(), span.from_ms, span.to_ms])?;
    while let Some(row) = rows.next()? {
        for (index, points) in all.iter_mut().enumerate() {
            points.extend(point(row, 2 + index * FIGURES.len())?);
        }
    }
    Ok(all)
}

fn point(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Point>> {
    let Some(mean) = row.get(at)? else { return Ok(None) };
    Ok(Some(Point {
        time_ms: row.get(0)?,
        mean,
        min: row.get(at + 1)?,
        max: row.get(at + 2)?,
        last: row.get(at + 3)?,
        count: row.get::<_, i64>(at + 4)?.unsigned_abs(),
        by_device: row.get(1)?,
    }))
}

/// All metrics that a device has chunks or rows of.
pub(super) fn metrics(connection: &Connection, device: &DeviceId) -> Result<Vec<MetricName>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT metric FROM series WHERE device = ?1 UNION
         SELECT key FROM summaries, json_each(body, '$.mean') WHERE device = ?1",
    )?;
    let names = select.query_map([device.as_str()], |row| row.get::<_, String>(0))?;
    let names: BTreeSet<MetricName> = names
        .map(|name| {
            let name = name?;
            name.parse().map_err(|error| StoreError::Failed(format!("metric {name:?} in it: {error}")))
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(names.into_iter().collect())
}
