//! Looking through a whole store.

use super::{
    chunks::Tier,
    copy::{integrity, open_to_read},
    rows, schema,
};
use crate::store::{
    StoreError,
    examine::{Findings, Problems, TierFindings, Watch},
};
use rusqlite::Connection;
use std::path::Path;

/// Looks through a store; a hub may write to it meanwhile.
///
/// # Errors
/// When it cannot be opened at all.
pub fn examine(path: &Path, watch: Watch<'_>) -> Result<Findings, StoreError> {
    let connection = open_to_read(path)?;
    schema::is_current(&connection, path)?;
    let mut problems = Problems::default();
    watch("the file as a whole", 0, 1);
    integrity(path)?.into_iter().for_each(|line| problems.add(|| line));
    // One transaction: a hub that packs must not make it look as if something were missing.
    let connection = connection.unchecked_transaction()?;
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs);
    let page = number("PRAGMA page_size")?;
    let range = connection.query_row("SELECT min(time_ms), max(time_ms) FROM summaries", [], |row| {
        Ok(row.get::<_, Option<i64>>(0)?.zip(row.get(1)?))
    })?;
    let waiting = number("SELECT count(*) FROM summaries")?;
    summaries(&connection, waiting, &mut problems, watch)?;
    let chunks = number("SELECT count(*) FROM chunks")?;
    let mut tier =
        |which, done| tier(&connection, which, &mut problems, &mut |n| watch("chunks", done + n, chunks));
    let minutes = tier(Tier::Minutes, 0)?;
    let tiers = [minutes, tier(Tier::Hours, minutes.chunks)?];
    let orphans = number("SELECT count(*) FROM chunks WHERE series NOT IN (SELECT id FROM series)")?;
    if orphans > 0 {
        problems.add(|| format!("{orphans} chunks belong to no metric"));
    }
    Ok(Findings {
        schema: connection.query_row("PRAGMA user_version", [], |row| row.get(0))?,
        bytes: page * number("PRAGMA page_count")?,
        free_bytes: Some(page * number("PRAGMA freelist_count")?),
        devices: number("SELECT count(*) FROM devices")?,
        waiting: (waiting, range),
        tiers,
        problems: problems.into_lines(),
    })
}

/// Decodes all summaries that are not packed.
fn summaries(
    connection: &Connection,
    whole: u64,
    problems: &mut Problems,
    watch: Watch<'_>,
) -> Result<(), StoreError> {
    let mut select = connection.prepare("SELECT DISTINCT device FROM summaries")?;
    let devices: Vec<String> = select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut done = 0;
    for name in &devices {
        let Ok(device) = name.parse() else {
            problems.add(|| format!("there are summaries of {name:?}, which is no name of a device"));
            continue;
        };
        rows::examine(connection, &device, |boot, sequence, damage| {
            if let Some(damage) = damage {
                problems.add_summary(name, boot, sequence, &damage);
            }
            done += 1;
            watch("summaries", done, whole);
        })?;
    }
    Ok(())
}

fn tier(
    connection: &Connection,
    tier: Tier,
    problems: &mut Problems,
    done: &mut dyn FnMut(u64),
) -> Result<TierFindings, StoreError> {
    let mut found = TierFindings::default();
    let mut select = connection.prepare(
        "SELECT span, points, device, metric FROM chunks LEFT JOIN series ON series.id = chunks.series
         WHERE tier = ?1",
    )?;
    let mut rows = select.query([tier.number()])?;
    while let Some(row) = rows.next()? {
        let (device, metric): (Option<String>, Option<String>) = (row.get(2)?, row.get(3)?);
        let owner = format!("{} of {}", metric.unwrap_or_default(), device.unwrap_or_default());
        let chunk = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        found.look(tier, row.get(0)?, &owner, chunk, problems);
        done(found.chunks);
    }
    Ok(found)
}
