//! Stores looked at without a hub.

use super::{
    connect::Settings,
    read::{self, Readers, number},
    schema,
    session::{READ, Session},
};
use crate::store::{
    Read, StoreError,
    examine::{Findings, TierFindings, named},
    tier::Tier,
};
use protocol::DeviceId;
use std::sync::Arc;

/// A store's reading side and its devices; a hub may write to it meanwhile.
///
/// # Errors
/// One line that says why it cannot be read.
pub fn reader(settings: Settings) -> Result<(Arc<dyn Read>, Vec<DeviceId>), StoreError> {
    let mut session = settings.session()?;
    schema::current(&mut session, settings.shown())?;
    let rows = session.query(
        "SELECT device FROM devices UNION SELECT device FROM series UNION SELECT device FROM summaries ORDER BY 1",
        &[],
    )?;
    let devices = rows.iter().map(|row| read::id(row.try_get(0)?)).collect::<Result<_, StoreError>>()?;
    Ok((Arc::new(Readers::new(Arc::new(settings))), devices))
}

/// Looks through a store; a hub may write to it meanwhile.
///
/// # Errors
/// When it cannot be read at all.
pub fn examine(settings: &Settings) -> Result<Findings, StoreError> {
    let mut session = settings.session()?;
    let schema = schema::current(&mut session, settings.shown())?;
    // One transaction: a hub that packs must not make it look as if something were missing.
    session.transaction(READ, |session| {
        let mut problems = Vec::new();
        let tiers =
            [tier(session, Tier::Minutes, &mut problems)?, tier(session, Tier::Hours, &mut problems)?];
        let row = session.query_one(
            "SELECT (SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c
                     JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'edgewise' AND c.relkind = 'r'),
                 (SELECT count(*) FROM devices), count(*), min(time_ms), max(time_ms),
                 (SELECT count(*) FROM chunks WHERE series NOT IN (SELECT id FROM series))
             FROM summaries",
            &[],
        )?;
        let orphans = number(&row, 5)?;
        if orphans > 0 {
            problems.push(format!("{orphans} chunks belong to no metric"));
        }
        Ok(Findings {
            schema,
            bytes: number(&row, 0)?,
            free_bytes: None,
            devices: number(&row, 1)?,
            waiting: (number(&row, 2)?, row.try_get::<_, Option<i64>>(3)?.zip(row.try_get(4)?)),
            tiers,
            problems: named(problems),
        })
    })
}

fn tier(session: &mut Session, tier: Tier, problems: &mut Vec<String>) -> Result<TierFindings, StoreError> {
    let mut found = TierFindings::default();
    session.each(
        "SELECT span, points, device, metric FROM chunks LEFT JOIN series ON series.id = chunks.series
         WHERE tier = $1",
        &[&tier.number()],
        |row| {
            let (device, metric): (Option<&str>, Option<&str>) = (row.try_get(2)?, row.try_get(3)?);
            let owner = format!("{} of {}", metric.unwrap_or_default(), device.unwrap_or_default());
            found.look(tier, row.try_get(0)?, &owner, row.try_get(1)?, problems);
            Ok(())
        },
    )?;
    Ok(found)
}
