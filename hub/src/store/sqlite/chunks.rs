//! The table of chunks: two tiers of each metric, in spans of fixed length.

use super::history;
pub(super) use crate::store::tier::Tier;
use crate::store::{
    Oldest, Point, Span, StoreError,
    shelf::{Chunk, Packed, Shelf},
};
use protocol::{DeviceId, MetricName};
use rusqlite::{Connection, OptionalExtension, params};

/// The tables, on a connection that is within a transaction.
pub(super) struct Tables<'a>(pub(super) &'a Connection);

impl Shelf for Tables<'_> {
    fn fresh(
        &mut self,
        device: &DeviceId,
        metrics: &[MetricName],
        span: &Span,
    ) -> Result<Vec<Vec<Point>>, StoreError> {
        Ok(history::fresh(self.0, device, metrics, span)?)
    }

    fn bounds(&mut self, tier: Tier) -> Result<Option<(i64, i64)>, StoreError> {
        // As two queries in one, each of which looks at one end of the index.
        let mut select = self.0.prepare_cached(
            "SELECT (SELECT min(span) FROM chunks WHERE tier = ?1), (SELECT max(span) FROM chunks WHERE tier = ?1)",
        )?;
        let bounds = |row: &rusqlite::Row<'_>| Ok(row.get::<_, Option<i64>>(0)?.zip(row.get(1)?));
        Ok(select.query_row([tier.number()], bounds)?)
    }

    fn chunks(
        &mut self,
        device: &DeviceId,
        metrics: &[MetricName],
        tier: Tier,
        spans: &[i64],
    ) -> Result<Vec<Vec<Chunk>>, StoreError> {
        metrics.iter().map(|metric| Ok(of_metric(self.0, device, metric, tier, spans)?)).collect()
    }

    fn minutes_since_ms(&mut self) -> Result<Option<i64>, StoreError> {
        Ok(minutes_since_ms(self.0)?)
    }

    fn save(&mut self, device: &DeviceId, chunks: &[Packed]) -> Result<(), StoreError> {
        let mut insert = self
            .0
            .prepare_cached("INSERT INTO series (device, metric) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
        for Packed { metric, tier, span, points } in chunks {
            insert.execute(params![device.as_str(), metric.as_str()])?;
            let series = series(self.0, device, metric)?
                .ok_or_else(|| StoreError::Failed(format!("{metric} of {device} did not get a number")))?;
            save(self.0, *tier, *span, series, points)?;
        }
        Ok(())
    }
}

/// The number that stands for a metric of a device, if it has any chunk.
fn series(connection: &Connection, device: &DeviceId, metric: &MetricName) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM series WHERE device = ?1 AND metric = ?2")?
        .query_row(params![device.as_str(), metric.as_str()], |row| row.get(0))
        .optional()
}

fn of_metric(
    connection: &Connection,
    device: &DeviceId,
    metric: &MetricName,
    tier: Tier,
    spans: &[i64],
) -> rusqlite::Result<Vec<Chunk>> {
    let Some(series) = series(connection, device, metric)? else { return Ok(Vec::new()) };
    let mut select = connection
        .prepare_cached("SELECT points FROM chunks WHERE tier = ?1 AND span = ?2 AND series = ?3")?;
    let mut chunks = Vec::new();
    for &span in spans {
        let found = select.query_row(params![tier.number(), span, series], |row| row.get(0)).optional()?;
        chunks.extend(found.map(|points| (span, points)));
    }
    Ok(chunks)
}

/// Writes a chunk in place of the one that was there, if there was one.
fn save(connection: &Connection, tier: Tier, span: i64, series: i64, packed: &[u8]) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO chunks (tier, span, series, points) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET points = excluded.points",
        )?
        .execute(params![tier.number(), span, series, packed])?;
    Ok(())
}

/// The start of the oldest chunk of each tier. While no day is packed, the oldest summary begins the minutes.
pub(super) fn oldest(connection: &Connection) -> rusqlite::Result<Oldest> {
    let start = |tier: Tier| {
        let span: Option<i64> = connection
            .prepare_cached("SELECT min(span) FROM chunks WHERE tier = ?1")?
            .query_row([tier.number()], |row| row.get(0))?;
        Ok::<_, rusqlite::Error>(span.map(|span| span.saturating_mul(tier.span_ms())))
    };
    let minutes_ms = match start(Tier::Minutes)? {
        Some(start) => Some(start),
        None => connection.query_row("SELECT min(time_ms) FROM summaries", [], |row| row.get(0))?,
    };
    Ok(Oldest { minutes_ms, hours_ms: start(Tier::Hours)? })
}

/// Summaries are kept one by one since this time, hours only before it; `None` when none was ever forgotten.
pub(super) fn minutes_since_ms(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT value FROM facts WHERE name = 'minutes_since_ms'")?
        .query_row([], |row| row.get(0))
        .optional()
}
