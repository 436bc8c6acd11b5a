//! Reading the history: chunks, and the rows that are not packed yet, as one.

use super::{chunks::Tables, rows, shapes};
use crate::store::{Point, Series, Span, StoreError, history};
use protocol::{DeviceId, MetricName};
use rusqlite::{Connection, params};
use std::collections::BTreeSet;

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

/// The points of some metrics that are not packed yet, in the order of time.
pub(super) fn fresh(
    connection: &Connection,
    device: &DeviceId,
    metrics: &[MetricName],
    span: &Span,
) -> rusqlite::Result<Vec<Vec<Point>>> {
    let mut all = vec![Vec::new(); metrics.len()];
    let which = "WHERE device = ?1 AND time_ms > ?2 AND time_ms <= ?3";
    rows::read(connection, device, which, params![device.as_str(), span.from_ms, span.to_ms], |row| {
        if let Some(minute) = &row.minute {
            for (metric, points) in metrics.iter().zip(&mut all) {
                points.extend(minute.of(metric).map(|figures| row.point(figures)));
            }
        }
        true
    })?;
    all.iter_mut().for_each(|points: &mut Vec<Point>| points.sort_by_key(|point| point.time_ms));
    Ok(all)
}

/// All metrics that a device has chunks or rows of.
pub(super) fn metrics(connection: &Connection, device: &DeviceId) -> Result<Vec<MetricName>, StoreError> {
    let transaction = connection.unchecked_transaction()?;
    let mut all: BTreeSet<MetricName> = shapes::metrics(&transaction, device)?.into_iter().collect();
    // Of an older hub.
    let which = "WHERE device = ?1 AND shape IS NULL";
    rows::read(&transaction, device, which, [device.as_str()], |row| {
        all.extend(row.minute.iter().flat_map(|minute| minute.shape.names().to_vec()));
        true
    })?;
    let mut select = transaction.prepare_cached("SELECT metric FROM series WHERE device = ?1")?;
    let names = select.query_map([device.as_str()], |row| row.get::<_, String>(0))?;
    for name in names {
        let name = name?;
        let parsed =
            name.parse().map_err(|error| StoreError::Failed(format!("metric {name:?} in it: {error}")))?;
        all.insert(parsed);
    }
    Ok(all.into_iter().collect())
}
