//! Writing: one transaction per batch, and in it one statement per table.

use super::session::Session;
use crate::{
    ingest::retime::TimedBy,
    store::{Arrivals, Batch, StoreError, writer::Record},
};

/// Writes a batch, within a transaction.
pub(super) fn batch(session: &mut Session, batch: &Batch<'_>) -> Result<(), StoreError> {
    insert_summaries(session, batch.records)?;
    update_receipts(session, batch)?;
    update_runs(session, batch)?;
    add_timings(session, batch)?;
    save_devices(session, batch)?;
    Ok(())
}

/// Notes which batch of a kind it is.
pub(super) fn mark(session: &mut Session, kind: &str, batch: i64) -> Result<(), StoreError> {
    session.execute(
        "INSERT INTO facts (name, value) VALUES ('batch of ' || $1, $2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        &[&kind, &batch],
    )?;
    Ok(())
}

/// Whether the last batch of a kind is this one.
pub(super) fn is_marked(session: &mut Session, kind: &str, batch: i64) -> Result<bool, StoreError> {
    let select = "SELECT FROM facts WHERE name = 'batch of ' || $1 AND value = $2";
    Ok(!session.query(select, &[&kind, &batch])?.is_empty())
}

fn insert_summaries(session: &mut Session, records: &[&Record]) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    let column = |value: fn(&Record) -> i64| -> Vec<i64> { records.iter().map(|r| value(r)).collect() };
    let devices: Vec<&str> = records.iter().map(|record| record.device.as_str()).collect();
    let boots: Vec<&str> = records.iter().map(|record| record.boot.as_str()).collect();
    let by_device: Vec<bool> = records.iter().map(|record| record.timed.by == TimedBy::Device).collect();
    let bodies = records.iter().map(|record| body(record)).collect::<Result<Vec<_>, _>>()?;
    session.execute(
        "INSERT INTO summaries (device, boot, sequence, time_ms, by_device, received_ms, body)
         SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::boolean[], $6::bigint[],
             $7::text[]) ON CONFLICT DO NOTHING",
        &[
            &devices,
            &boots,
            &column(|record| number(record.sequence)),
            &column(|record| record.timed.time_ms),
            &by_device,
            &column(|record| record.received_ms),
            &bodies,
        ],
    )?;
    Ok(())
}

/// What is stored of a summary.
fn body(record: &Record) -> Result<&str, StoreError> {
    std::str::from_utf8(&record.text).map_err(|error| StoreError::Failed(format!("a summary: {error}")))
}

fn update_receipts(session: &mut Session, batch: &Batch<'_>) -> Result<(), StoreError> {
    let sources = || {
        batch.receipts.iter().map(|(source, changes)| (source.device.as_str(), source.boot.as_str(), changes))
    };
    let (mut devices, mut boots, mut firsts) = (Vec::new(), Vec::new(), Vec::new());
    for (device, boot, first) in sources()
        .flat_map(|(device, boot, changes)| changes.removed.iter().map(move |first| (device, boot, first)))
    {
        devices.push(device);
        boots.push(boot);
        firsts.push(number(*first));
    }
    if !firsts.is_empty() {
        session.execute(
            "DELETE FROM receipts USING unnest($1::text[], $2::text[], $3::bigint[]) AS gone (device, boot, first)
             WHERE receipts.device = gone.device AND receipts.boot = gone.boot AND receipts.first = gone.first",
            &[&devices, &boots, &firsts],
        )?;
    }
    let (mut devices, mut boots) = (Vec::new(), Vec::new());
    let (mut firsts, mut lasts) = (Vec::new(), Vec::new());
    for (device, boot, range) in sources()
        .flat_map(|(device, boot, changes)| changes.written.iter().map(move |range| (device, boot, range)))
    {
        devices.push(device);
        boots.push(boot);
        firsts.push(number(range.first));
        lasts.push(number(range.last));
    }
    if !firsts.is_empty() {
        session.execute(
            "INSERT INTO receipts (device, boot, first, last)
             SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])
             ON CONFLICT (device, boot, first) DO UPDATE SET last = excluded.last",
            &[&devices, &boots, &firsts, &lasts],
        )?;
    }
    Ok(())
}

fn update_runs(session: &mut Session, batch: &Batch<'_>) -> Result<(), StoreError> {
    if batch.arrivals.is_empty() {
        return Ok(());
    }
    let column = |value: fn(&Arrivals) -> i64| -> Vec<i64> {
        batch.arrivals.iter().map(|(_, arrivals)| value(arrivals)).collect()
    };
    let devices: Vec<&str> = batch.arrivals.iter().map(|(source, _)| source.device.as_str()).collect();
    let boots: Vec<&str> = batch.arrivals.iter().map(|(source, _)| source.boot.as_str()).collect();
    session.execute(
        "INSERT INTO runs (device, boot, first_received_ms, last_received_ms, late, double)
         SELECT device, boot, received_ms, received_ms, late, again
         FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
             AS new (device, boot, received_ms, late, again)
         ON CONFLICT (device, boot) DO UPDATE SET
             last_received_ms = greatest(runs.last_received_ms, excluded.last_received_ms),
             late = runs.late + excluded.late, double = runs.double + excluded.double",
        &[
            &devices,
            &boots,
            &column(|arrivals| arrivals.received_ms),
            &column(|arrivals| number(arrivals.late)),
            &column(|arrivals| number(arrivals.double)),
        ],
    )?;
    Ok(())
}

fn add_timings(session: &mut Session, batch: &Batch<'_>) -> Result<(), StoreError> {
    for (source, arrivals) in batch.arrivals {
        for (said_by, span) in [("hub", arrivals.by_hub), ("receipt", arrivals.by_receipt)] {
            let Some(span) = span else { continue };
            session.execute(
                "INSERT INTO timings (device, boot, said_by, from_ms, to_ms, count) VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (device, boot, said_by) DO UPDATE SET
                     from_ms = least(timings.from_ms, excluded.from_ms),
                     to_ms = greatest(timings.to_ms, excluded.to_ms), count = timings.count + excluded.count",
                &[
                    &source.device.as_str(),
                    &source.boot.as_str(),
                    &said_by,
                    &span.from_ms,
                    &span.to_ms,
                    &number(span.count),
                ],
            )?;
        }
    }
    Ok(())
}

fn save_devices(session: &mut Session, batch: &Batch<'_>) -> Result<(), StoreError> {
    if batch.devices.is_empty() {
        return Ok(());
    }
    let all = || batch.devices.iter().map(|(_, device)| device);
    let ids: Vec<&str> = batch.devices.iter().map(|(id, _)| id.as_str()).collect();
    let status: Vec<Option<&str>> = all().map(|device| device.status.map(protocol::Status::as_str)).collect();
    let since_ms: Vec<Option<i64>> = all().map(|device| device.status_since_ms).collect();
    let heard_ms: Vec<Option<i64>> = all().map(|device| device.last_heard_ms).collect();
    let births: Vec<Option<&str>> = all().map(|device| device.birth.as_deref()).collect();
    let states: Vec<Option<&str>> = all().map(|device| device.state.as_deref()).collect();
    let received_ms: Vec<Option<i64>> = all().map(|device| device.state_received_ms).collect();
    session.execute(
        "INSERT INTO devices (device, status, status_since_ms, last_heard_ms, birth, state, state_received_ms)
         SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[],
             $7::bigint[])
         ON CONFLICT (device) DO UPDATE SET status = excluded.status, status_since_ms = excluded.status_since_ms,
             last_heard_ms = excluded.last_heard_ms, birth = excluded.birth, state = excluded.state,
             state_received_ms = excluded.state_received_ms",
        &[&ids, &status, &since_ms, &heard_ms, &births, &states, &received_ms],
    )?;
    Ok(())
}

/// Sequences that arrive are bounded far below what a `bigint` holds.
fn number(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}
