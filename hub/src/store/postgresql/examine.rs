//! Stores looked at without a hub.

use super::{
    body::Body,
    connect::Settings,
    read::{self, Readers, number},
    schema,
    session::{READ, Session},
};
use crate::store::{
    Read, StoreError,
    examine::{Findings, Problems, TierFindings, Watch},
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
pub fn examine(settings: &Settings, watch: Watch<'_>) -> Result<Findings, StoreError> {
    let mut session = settings.session()?;
    let schema = schema::current(&mut session, settings.shown())?;
    // One transaction: a hub that packs must not make it look as if something were missing.
    session.transaction(READ, |session| {
        let row = session.query_one(
            "SELECT (SELECT count(*) FROM devices), count(*), min(time_ms), max(time_ms),
                 (SELECT count(*) FROM chunks WHERE series NOT IN (SELECT id FROM series)),
                 (SELECT count(*) FROM chunks)
             FROM summaries",
            &[],
        )?;
        let (waiting, orphans, chunks) = (number(&row, 1)?, number(&row, 4)?, number(&row, 5)?);
        let mut problems = Problems::default();
        summaries(session, waiting, &mut problems, watch)?;
        let mut tier =
            |which, done| tier(session, which, &mut problems, &mut |n| watch("chunks", done + n, chunks));
        let minutes = tier(Tier::Minutes, 0)?;
        let tiers = [minutes, tier(Tier::Hours, minutes.chunks)?];
        if orphans > 0 {
            problems.add(|| format!("{orphans} chunks belong to no metric"));
        }
        Ok(Findings {
            schema,
            bytes: read::bytes(session)?,
            free_bytes: None,
            devices: number(&row, 0)?,
            waiting: (waiting, row.try_get::<_, Option<i64>>(2)?.zip(row.try_get(3)?)),
            tiers,
            problems: problems.into_lines(),
        })
    })
}

/// Decodes all summaries that are not packed.
fn summaries(
    session: &mut Session,
    whole: u64,
    problems: &mut Problems,
    watch: Watch<'_>,
) -> Result<(), StoreError> {
    let mut done = 0;
    session.each("SELECT device, boot, sequence, body FROM summaries", &[], |row| {
        let (device, boot, sequence) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        if let Err(damage) = Body::examine(boot, sequence, row.try_get(3)?) {
            problems.add_summary(device, boot, sequence, &damage);
        }
        done += 1;
        watch("summaries", done, whole);
        Ok(())
    })?;
    Ok(())
}

fn tier(
    session: &mut Session,
    tier: Tier,
    problems: &mut Problems,
    done: &mut dyn FnMut(u64),
) -> Result<TierFindings, StoreError> {
    let mut found = TierFindings::default();
    session.each(
        "SELECT span, points, device, metric FROM chunks LEFT JOIN series ON series.id = chunks.series
         WHERE tier = $1",
        &[&tier.number()],
        |row| {
            let (device, metric): (Option<&str>, Option<&str>) = (row.try_get(2)?, row.try_get(3)?);
            let owner = format!("{} of {}", metric.unwrap_or_default(), device.unwrap_or_default());
            found.look(tier, row.try_get(0)?, &owner, row.try_get(1)?, problems);
            done(found.chunks);
            Ok(())
        },
    )?;
    Ok(found)
}
