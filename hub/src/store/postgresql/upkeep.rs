//! What is done in the background: packing, and forgetting what is old.

use super::{
    body::Body,
    link::Link,
    read::Readers,
    session::{Session, WRITE},
    tables::Tables,
};
use crate::store::{
    StoreError,
    packing::{self, Due, Fresh, MAX_BYTES, MAX_ROWS},
    round::{MAX_CHUNKS, Parts},
    shelf::{Packed, Shelf},
    tier::Tier,
};
use protocol::{DeviceId, MetricName};
use std::sync::Arc;

/// Reads on connections of its own, and takes turns with who else writes.
pub(super) struct Upkeeper {
    pub(super) link: Arc<Link>,
    pub(super) readers: Arc<Readers>,
}

impl Parts for Upkeeper {
    fn forget(&self, tier: Tier, before: i64) -> Result<usize, StoreError> {
        self.link.with(|session| {
            let any = "SELECT EXISTS (SELECT FROM chunks WHERE tier = $1 AND span < $2)";
            if !session.query_one(any, &[&tier.number(), &before])?.try_get::<_, bool>(0)? {
                return Ok(0);
            }
            session.transaction(WRITE, |session| forget(session, tier, before))
        })
    }

    fn next_device(&self, after: &str) -> Result<Option<String>, StoreError> {
        self.readers.with(|session| {
            let select = "SELECT min(device) FROM summaries WHERE device > $1";
            Ok(session.query_one(select, &[&after])?.try_get(0)?)
        })
    }

    fn pack(&self, device: &DeviceId, due: &Due) -> Result<usize, StoreError> {
        // All that takes long is done before the connection that writes is asked for.
        let plan = self.readers.with(|session| {
            let (rows, fresh) = rows(session, device, due)?;
            Ok(Plan { chunks: packing::pack(&mut Tables(session), device, &fresh)?, rows })
        })?;
        if plan.rows.sequences.is_empty() {
            return Ok(0);
        }
        self.link.with(|session| session.transaction(WRITE, |session| replace(session, device, &plan)))
    }
}

/// Rows that were read, and what becomes of them.
struct Plan {
    rows: Rows,
    chunks: Vec<Packed>,
}

/// How rows of a device are found again, column by column.
#[derive(Default)]
struct Rows {
    boots: Vec<String>,
    sequences: Vec<i64>,
    times_ms: Vec<i64>,
    received_ms: Vec<i64>,
}

/// Some rows that are due, and their points by metric.
fn rows(session: &mut Session, device: &DeviceId, due: &Due) -> Result<(Rows, Fresh), StoreError> {
    let (mut rows, mut fresh) = (Rows::default(), Fresh::new());
    let limits = [MAX_ROWS, MAX_BYTES].map(|limit| i64::try_from(limit).unwrap_or(i64::MAX));
    session.each(
        "SELECT boot, sequence, time_ms, received_ms, by_device, body FROM
             (SELECT *, row_number() OVER due AS number, sum(octet_length(body)) OVER due AS bytes
              FROM summaries WHERE device = $1 AND time_ms <= $2 AND received_ms <= $3
              WINDOW due AS (ORDER BY time_ms, boot, sequence) ORDER BY time_ms, boot, sequence LIMIT $4) AS first
         WHERE number = 1 OR bytes <= $5 ORDER BY number",
        &[&device.as_str(), &due.ended_ms, &due.received_ms, &limits[0], &limits[1]],
        |row| {
            let (time_ms, by_device) = (row.try_get(2)?, row.try_get(4)?);
            rows.boots.push(row.try_get(0)?);
            rows.sequences.push(row.try_get(1)?);
            rows.times_ms.push(time_ms);
            rows.received_ms.push(row.try_get(3)?);
            // No reader could make anything of a damaged one either.
            if let Some(body) = Body::read(device, row.try_get(5)?) {
                body.metrics().for_each(|metric| add(&mut fresh, &body, metric, time_ms, by_device));
            }
            Ok(())
        },
    )?;
    Ok((rows, fresh))
}

fn add(fresh: &mut Fresh, body: &Body, metric: &MetricName, time_ms: i64, by_device: bool) {
    let Some(point) = body.point(metric, time_ms, by_device) else { return };
    match fresh.get_mut(metric) {
        Some(points) => points.push(point),
        None => {
            fresh.insert(metric.clone(), vec![point]);
        }
    }
}

/// Deletes exactly the rows that were read and writes what they became.
fn replace(session: &mut Session, device: &DeviceId, plan: &Plan) -> Result<usize, StoreError> {
    let Rows { boots, sequences, times_ms, received_ms } = &plan.rows;
    let gone = session.execute(
        "DELETE FROM summaries USING unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
             AS packed (boot, sequence, time_ms, received_ms)
         WHERE summaries.device = $1 AND summaries.boot = packed.boot
             AND summaries.sequence = packed.sequence AND summaries.time_ms = packed.time_ms
             AND summaries.received_ms = packed.received_ms",
        &[&device.as_str(), boots, sequences, times_ms, received_ms],
    )?;
    if gone != sequences.len() as u64 {
        // Somebody forgot the device meanwhile: what was read of it must not come back.
        session.start_over()?;
        return Ok(0);
    }
    Tables(session).save(device, &plan.chunks)?;
    Ok(sequences.len())
}

fn forget(session: &mut Session, tier: Tier, before: i64) -> Result<usize, StoreError> {
    if tier == Tier::Minutes {
        session.execute(
            "INSERT INTO facts (name, value) VALUES ('minutes_since_ms', $1)
             ON CONFLICT (name) DO UPDATE SET value = greatest(facts.value, excluded.value)",
            &[&before.saturating_mul(tier.span_ms())],
        )?;
    }
    let gone = session.execute(
        "DELETE FROM chunks USING (SELECT span, series FROM chunks WHERE tier = $1 AND span < $2 LIMIT $3) AS old
         WHERE chunks.tier = $1 AND chunks.span = old.span AND chunks.series = old.series",
        &[&tier.number(), &before, &MAX_CHUNKS],
    )?;
    Ok(usize::try_from(gone).unwrap_or(usize::MAX))
}
