//! Looking through a whole store.

use super::{
    chunks::Tier,
    copy::{integrity, open_to_read},
    schema,
};
use crate::store::{StoreError, chunk};
use rusqlite::Connection;
use std::path::Path;

/// Most problems that are named one by one.
const MAX_NAMED: usize = 20;

/// What is in a store, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// Version of its tables.
    pub schema: i64,
    /// Size of the file.
    pub bytes: u64,
    /// How much of that is free to be used again.
    pub free_bytes: u64,
    /// Devices that are known.
    pub devices: u64,
    /// Summaries that are not packed, and the times of the first and the last.
    pub waiting: (u64, Option<(i64, i64)>),
    /// Packed summaries, then their hours.
    pub tiers: [TierFindings; 2],
    /// What is wrong, a line each.
    pub problems: Vec<String>,
}

/// What is in the chunks of one tier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TierFindings {
    /// Number of chunks.
    pub chunks: u64,
    /// Points in those that can be read.
    pub points: u64,
    /// Times of the first and the last.
    pub range: Option<(i64, i64)>,
}

/// Looks through a store; a hub may write to it meanwhile.
///
/// # Errors
/// When it cannot be opened at all.
pub fn examine(path: &Path) -> Result<Findings, StoreError> {
    let connection = open_to_read(path)?;
    schema::is_current(&connection, path)?;
    let mut problems = integrity(path)?;
    // One transaction: a hub that packs must not make it look as if something were missing.
    let connection = connection.unchecked_transaction()?;
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs);
    let page = number("PRAGMA page_size")?;
    let range = connection.query_row("SELECT min(time_ms), max(time_ms) FROM summaries", [], |row| {
        Ok(row.get::<_, Option<i64>>(0)?.zip(row.get(1)?))
    })?;
    let tiers =
        [tier(&connection, Tier::Minutes, &mut problems)?, tier(&connection, Tier::Hours, &mut problems)?];
    let orphans = number("SELECT count(*) FROM chunks WHERE series NOT IN (SELECT id FROM series)")?;
    if orphans > 0 {
        problems.push(format!("{orphans} chunks belong to no metric"));
    }
    let more = problems.len().saturating_sub(MAX_NAMED);
    problems.truncate(MAX_NAMED);
    if more > 0 {
        problems.push(format!("and {more} more of the kind"));
    }
    Ok(Findings {
        schema: connection.query_row("PRAGMA user_version", [], |row| row.get(0))?,
        bytes: page * number("PRAGMA page_count")?,
        free_bytes: page * number("PRAGMA freelist_count")?,
        devices: number("SELECT count(*) FROM devices")?,
        waiting: (number("SELECT count(*) FROM summaries")?, range),
        tiers,
        problems,
    })
}

fn tier(connection: &Connection, tier: Tier, problems: &mut Vec<String>) -> Result<TierFindings, StoreError> {
    let mut found = TierFindings::default();
    let mut select = connection.prepare(
        "SELECT span, points, device, metric FROM chunks LEFT JOIN series ON series.id = chunks.series
         WHERE tier = ?1",
    )?;
    let mut rows = select.query([tier.number()])?;
    while let Some(row) = rows.next()? {
        found.chunks += 1;
        let span: i64 = row.get(0)?;
        let told = |what: &str| -> rusqlite::Result<String> {
            let (device, metric): (Option<String>, Option<String>) = (row.get(2)?, row.get(3)?);
            let of = format!("{} of {}", metric.unwrap_or_default(), device.unwrap_or_default());
            Ok(format!("{of}, part {span} of its history: {what}"))
        };
        let points = match chunk::unpack(row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?) {
            Ok(points) => points,
            Err(error) => {
                problems.push(told(&error.to_string())?);
                continue;
            }
        };
        if !points.is_sorted_by_key(|point| point.time_ms) {
            problems.push(told("its points are not in the order of time")?);
        }
        if points.iter().any(|point| tier.span_of(point.time_ms) != span) {
            problems.push(told("it has points of another time")?);
        }
        found.points += points.len() as u64;
        if let (Some(first), Some(last)) = (points.first(), points.last()) {
            let (from, to) = found.range.unwrap_or((first.time_ms, last.time_ms));
            found.range = Some((from.min(first.time_ms), to.max(last.time_ms)));
        }
    }
    Ok(found)
}
