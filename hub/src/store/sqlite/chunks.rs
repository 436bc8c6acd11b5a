//! The table of chunks: two tiers of each metric, in spans of fixed length.

use crate::store::{
    Oldest, Point, StoreError, chunk,
    fold::{DAY_MS, span_of},
};
use protocol::{DeviceId, MetricName};
use rusqlite::{Connection, OptionalExtension, params};
use std::ops::RangeInclusive;

/// How fine a chunk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tier {
    /// Summaries as they came.
    Minutes,
    /// Their hours.
    Hours,
}

impl Tier {
    /// As it stands in the table.
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Minutes => 0,
            Self::Hours => 1,
        }
    }

    /// How much time one chunk covers, in milliseconds. Either way about 1,440 points, from where on longer chunks hardly
    /// become smaller, but dearer to add to.
    pub(super) fn span_ms(self) -> i64 {
        match self {
            Self::Minutes => DAY_MS,
            Self::Hours => 60 * DAY_MS,
        }
    }

    /// Number of the chunk that a window ending at `time_ms` is in.
    pub(super) fn span_of(self, time_ms: i64) -> i64 {
        span_of(time_ms, self.span_ms())
    }
}

/// The number that stands for a metric of a device, if it has any chunk.
pub(super) fn series(
    connection: &Connection,
    device: &DeviceId,
    metric: &MetricName,
) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM series WHERE device = ?1 AND metric = ?2")?
        .query_row(params![device.as_str(), metric.as_str()], |row| row.get(0))
        .optional()
}

/// The points of one chunk; none when there is no such chunk.
pub(super) fn load(
    connection: &Connection,
    tier: Tier,
    span: i64,
    series: i64,
) -> Result<Vec<Point>, StoreError> {
    let mut select = connection
        .prepare_cached("SELECT points FROM chunks WHERE tier = ?1 AND span = ?2 AND series = ?3")?;
    let mut rows = select.query(params![tier.number(), span, series])?;
    match rows.next()? {
        Some(row) => Ok(chunk::unpack(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)?),
        None => Ok(Vec::new()),
    }
}

/// Writes a chunk in place of the one that was there, if there was one.
pub(super) fn save(
    connection: &Connection,
    tier: Tier,
    span: i64,
    series: i64,
    packed: &[u8],
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO chunks (tier, span, series, points) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET points = excluded.points",
        )?
        .execute(params![tier.number(), span, series, packed])?;
    Ok(())
}

/// Those of the spans between two times that there can be chunks of.
pub(super) fn spans(
    connection: &Connection,
    tier: Tier,
    from_ms: i64,
    to_ms: i64,
) -> rusqlite::Result<RangeInclusive<i64>> {
    let mut select = connection.prepare_cached(
        "SELECT (SELECT min(span) FROM chunks WHERE tier = ?1), (SELECT max(span) FROM chunks WHERE tier = ?1)",
    )?;
    let (first, last): (Option<i64>, Option<i64>) =
        select.query_row([tier.number()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let asked = tier.span_of(from_ms.saturating_add(1))..=tier.span_of(to_ms);
    Ok(match (first, last) {
        (Some(first), Some(last)) => first.max(*asked.start())..=last.min(*asked.end()),
        #[expect(clippy::reversed_empty_ranges, reason = "there are none")]
        _ => 1..=0,
    })
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
