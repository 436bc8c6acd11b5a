//! Whose word the times of a run's summaries are, where it is not the device's own.
//!
//! A table of its own beside the schema's versions: an older hub leaves it alone, and it is made where it is
//! not there.

use crate::store::{Arrivals, Retimed, Source};
use rusqlite::{Connection, OptionalExtension, params};

const HUB: &str = "hub";
const RECEIPT: &str = "receipt";

pub(super) fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS timings (
            device  TEXT    NOT NULL,
            boot    TEXT    NOT NULL,
            -- hub: reckoned back from when the hub heard the machine; receipt: when the summary came.
            said_by TEXT    NOT NULL,
            from_ms INTEGER NOT NULL,
            to_ms   INTEGER NOT NULL,
            count   INTEGER NOT NULL,
            PRIMARY KEY (device, boot, said_by)
        ) STRICT, WITHOUT ROWID",
    )
}

pub(super) fn add(connection: &Connection, source: &Source, arrivals: &Arrivals) -> rusqlite::Result<()> {
    for (said_by, span) in [(HUB, arrivals.by_hub), (RECEIPT, arrivals.by_receipt)] {
        let Some(span) = span else { continue };
        connection
            .prepare_cached(
                "INSERT INTO timings (device, boot, said_by, from_ms, to_ms, count)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT DO UPDATE SET from_ms = min(from_ms, excluded.from_ms),
                     to_ms = max(to_ms, excluded.to_ms), count = count + excluded.count",
            )?
            .execute(params![
                source.device.as_str(),
                source.boot.as_str(),
                said_by,
                span.from_ms,
                span.to_ms,
                i64::try_from(span.count).unwrap_or(i64::MAX),
            ])?;
    }
    Ok(())
}

/// By the hub, and by receipt.
pub(super) fn of_run(connection: &Connection, source: &Source) -> rusqlite::Result<[Option<Retimed>; 2]> {
    let mut select = connection.prepare_cached(
        "SELECT from_ms, to_ms, count FROM timings WHERE device = ?1 AND boot = ?2 AND said_by = ?3",
    )?;
    let mut span = |said_by| {
        select
            .query_row(params![source.device.as_str(), source.boot.as_str(), said_by], |row| {
                let count = row.get::<_, i64>(2)?.unsigned_abs();
                Ok(Retimed { from_ms: row.get(0)?, to_ms: row.get(1)?, count })
            })
            .optional()
    };
    Ok([span(HUB)?, span(RECEIPT)?])
}
