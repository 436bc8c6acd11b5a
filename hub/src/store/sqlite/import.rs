//! Points from elsewhere, which go straight into chunks. What is there already stays as it is.

use super::{
    SqliteStore,
    chunks::{self, Tier},
    history,
    pack::by_span,
};
use crate::store::{
    Point, Span, StoreError, chunk,
    fold::{self, HOUR_MS, end_of, span_of},
};
use protocol::{DeviceId, MetricName};
use rusqlite::{Connection, TransactionBehavior, params};
use std::collections::BTreeSet;

/// What became of imported points.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// Points that are new.
    pub added: usize,
    /// Points whose time the metric has a point of.
    pub present: usize,
    /// Summaries of a time of which only hours are kept.
    pub outdated: usize,
}

impl SqliteStore {
    /// Adds summaries of a metric, each of a time that the metric has none of; their hours with them.
    ///
    /// # Errors
    /// When the store cannot be read or written; nothing of it is there then.
    pub fn import_summaries(
        &mut self,
        device: &DeviceId,
        metric: &MetricName,
        points: &[Point],
    ) -> Result<Imported, StoreError> {
        self.import(device, metric, |connection, series| {
            let since_ms = chunks::minutes_since_ms(connection)?.unwrap_or(i64::MIN);
            let (kept, outdated): (Vec<Point>, Vec<Point>) =
                points.iter().partition(|point| point.time_ms > since_ms);
            let present = times(connection, device, metric, &kept, None)?;
            let new = unseen(&kept, present);
            for (span, new) in by_span(&new, Tier::Minutes) {
                let mut points = chunks::load(connection, Tier::Minutes, span, series)?;
                points.extend(new);
                points.sort_by_key(|point| point.time_ms);
                chunks::save(connection, Tier::Minutes, span, series, &chunk::pack(&points)?)?;
            }
            add_hours(connection, series, &new)?;
            Ok(Imported { added: new.len(), present: kept.len() - new.len(), outdated: outdated.len() })
        })
    }

    /// Adds hours of a metric that it has nothing of.
    ///
    /// # Errors
    /// When the store cannot be read or written; nothing of it is there then.
    pub fn import_hours(
        &mut self,
        device: &DeviceId,
        metric: &MetricName,
        points: &[Point],
    ) -> Result<Imported, StoreError> {
        self.import(device, metric, |connection, series| {
            let whole =
                |point: &Point| Point { time_ms: end_of(span_of(point.time_ms, HOUR_MS), HOUR_MS), ..*point };
            let points: Vec<Point> = points.iter().map(whole).collect();
            let present = times(connection, device, metric, &points, Some(HOUR_MS))?;
            let new = unseen(&points, present);
            add_hours(connection, series, &new)?;
            Ok(Imported { added: new.len(), present: points.len() - new.len(), outdated: 0 })
        })
    }

    fn import(
        &mut self,
        device: &DeviceId,
        metric: &MetricName,
        add: impl FnOnce(&Connection, i64) -> Result<Imported, StoreError>,
    ) -> Result<Imported, StoreError> {
        let mut connection = self.writing.connection.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // A device that never spoke to this hub is one of its devices now.
        transaction
            .execute("INSERT INTO devices (device) VALUES (?1) ON CONFLICT DO NOTHING", [device.as_str()])?;
        transaction.execute(
            "INSERT INTO series (device, metric) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            params![device.as_str(), metric.as_str()],
        )?;
        let series = chunks::series(&transaction, device, metric)?
            .ok_or_else(|| StoreError::Failed(format!("{metric} of {device} did not get a number")))?;
        let imported = add(&transaction, series)?;
        transaction.commit()?;
        Ok(imported)
    }
}

fn add_hours(connection: &Connection, series: i64, new: &[Point]) -> Result<(), StoreError> {
    for (span, new) in by_span(new, Tier::Hours) {
        let hours = fold::hours(&chunks::load(connection, Tier::Hours, span, series)?, &new);
        chunks::save(connection, Tier::Hours, span, series, &chunk::pack(&hours)?)?;
    }
    Ok(())
}

/// The times of points that are there, between the first and the last that would come.
fn times(
    connection: &Connection,
    device: &DeviceId,
    metric: &MetricName,
    points: &[Point],
    step_ms: Option<i64>,
) -> Result<BTreeSet<i64>, StoreError> {
    let all = points.iter().map(|point| point.time_ms);
    let (Some(first), Some(last)) = (all.clone().min(), all.max()) else { return Ok(BTreeSet::new()) };
    let span = Span { from_ms: first - step_ms.unwrap_or(1), to_ms: last, step_ms };
    let series = history::read_within(connection, device, std::slice::from_ref(metric), &span)?;
    Ok(series.iter().flat_map(|series| &series.points).map(|point| point.time_ms).collect())
}

/// Those whose time is not there yet.
fn unseen(points: &[Point], mut present: BTreeSet<i64>) -> Vec<Point> {
    points.iter().filter(|point| present.insert(point.time_ms)).copied().collect()
}
