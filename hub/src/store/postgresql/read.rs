//! Reading: devices and receipts by the writer, history by anybody on connections of their own.

use super::{
    body::Body,
    connect::Settings,
    labels,
    session::{READ, Session},
    tables::Tables,
};
use crate::{
    receipts::Receipts,
    state::Device,
    store::{
        LedgerTotals, Oldest, Read, Retimed, Run, Series, Source, Span, StoreError, history, shelf::Shelf,
        tier::Tier,
    },
};
use parking_lot::Mutex;
use protocol::{BootId, DeviceId, MetricName, SequenceRange};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};
use tokio_postgres::Row;

/// Connections kept open between two reads.
const MAX_IDLE: usize = 4;

pub(super) fn devices(session: &mut Session) -> Result<Vec<(DeviceId, Device)>, StoreError> {
    let rows = session.query(
        // What a device is like is saved later than what it measured, and than how people call it: a kill in between
        // must hide neither.
        "SELECT device, status, status_since_ms, last_heard_ms, birth, state, state_received_ms, name, tags, group_name
         FROM (SELECT device FROM devices UNION SELECT device FROM labels UNION SELECT device FROM runs) AS known
         LEFT JOIN devices USING (device) LEFT JOIN labels USING (device)",
        &[],
    )?;
    let device = |row: Row| {
        let status: Option<&str> = row.try_get(1)?;
        let text = |at| Ok::<_, StoreError>(row.try_get::<_, Option<&str>>(at)?.map(Into::into));
        let device = Device {
            status: status.and_then(|text| text.parse().ok()),
            status_since_ms: row.try_get(2)?,
            last_heard_ms: row.try_get(3)?,
            birth: text(4)?,
            state: text(5)?,
            state_received_ms: row.try_get(6)?,
            labels: labels::read(&row, 7)?.map(Arc::new),
        };
        Ok((id(row.try_get(0)?)?, device))
    };
    rows.into_iter().map(device).collect()
}

/// The name of a device that stands in a row.
pub(super) fn id(name: &str) -> Result<DeviceId, StoreError> {
    name.parse().map_err(|error| StoreError::Failed(format!("device {name:?} in it: {error}")))
}

pub(super) fn receipts(session: &mut Session, source: &Source) -> Result<Receipts, StoreError> {
    let rows = session.query(
        "SELECT first, last FROM receipts WHERE device = $1 AND boot = $2 ORDER BY first",
        &[&source.device.as_str(), &source.boot.as_str()],
    )?;
    let ranges = rows.iter().map(|row| range(row, 0)).collect::<Result<_, _>>()?;
    Ok(Receipts::from_ranges(ranges))
}

fn range(row: &Row, at: usize) -> Result<SequenceRange, tokio_postgres::Error> {
    Ok(SequenceRange { first: number(row, at)?, last: number(row, at + 1)? })
}

pub(super) fn number(row: &Row, at: usize) -> Result<u64, tokio_postgres::Error> {
    row.try_get::<_, i64>(at).map(i64::unsigned_abs)
}

/// Connections that only read.
pub(super) struct Readers {
    settings: Arc<Settings>,
    idle: Mutex<Vec<Session>>,
}

impl Readers {
    pub(super) fn new(settings: Arc<Settings>) -> Self {
        Self { settings, idle: Mutex::default() }
    }

    /// Reads in one transaction, on a connection of its own, which is kept for the next if all went well.
    pub(super) fn with<T>(
        &self,
        read: impl Fn(&mut Session) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        loop {
            // What lay idle while the server was restarted is found dead only now.
            let kept = self.idle.lock().pop();
            let (mut session, fresh) = match kept {
                Some(session) => (session, false),
                None => (self.settings.session()?, true),
            };
            let result = session.transaction(READ, &read);
            if !session.is_broken() {
                let mut idle = self.idle.lock();
                if idle.len() < MAX_IDLE {
                    idle.push(session);
                }
                return result;
            }
            if session.is_given_up() {
                // The others would wait as long, one after the other.
                self.idle.lock().clear();
                return result;
            }
            if fresh || result.is_ok() {
                return result;
            }
        }
    }
}

impl Read for Readers {
    fn metrics(&self, device: &DeviceId) -> Result<Vec<MetricName>, StoreError> {
        self.with(|session| metrics(session, device))
    }

    fn history(
        &self,
        device: &DeviceId,
        metrics: &[MetricName],
        span: &Span,
    ) -> Result<Vec<Series>, StoreError> {
        self.with(|session| history::read(&mut Tables(session), device, metrics, span))
    }

    fn minutes_since_ms(&self) -> Result<Option<i64>, StoreError> {
        self.with(|session| Tables(session).minutes_since_ms())
    }

    fn oldest(&self) -> Result<Oldest, StoreError> {
        self.with(oldest)
    }

    fn ledger(&self, device: &DeviceId) -> Result<Vec<Run>, StoreError> {
        self.with(|session| ledger(session, device))
    }

    fn ledger_totals(&self) -> Result<LedgerTotals, StoreError> {
        self.with(ledger_totals)
    }

    fn bytes(&self) -> Result<u64, StoreError> {
        self.with(bytes)
    }
}

/// What all tables take on the server's disk, with their indexes.
pub(super) fn bytes(session: &mut Session) -> Result<u64, StoreError> {
    let row = session.query_one(
        "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c
         JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'edgewise' AND c.relkind = 'r'",
        &[],
    )?;
    Ok(number(&row, 0)?)
}

/// The start of the oldest chunk of each tier. While no day is packed, the oldest summary begins the minutes.
fn oldest(session: &mut Session) -> Result<Oldest, StoreError> {
    let mut start = |tier: Tier| -> Result<Option<i64>, StoreError> {
        let first = Tables(session).bounds(tier)?.map(|(first, _)| first);
        Ok(first.map(|span| span.saturating_mul(tier.span_ms())))
    };
    let (minutes_ms, hours_ms) = (start(Tier::Minutes)?, start(Tier::Hours)?);
    let minutes_ms = match minutes_ms {
        Some(start) => Some(start),
        None => session.query_one("SELECT min(time_ms) FROM summaries", &[])?.try_get(0)?,
    };
    Ok(Oldest { minutes_ms, hours_ms })
}

/// All metrics that a device has chunks or rows of.
fn metrics(session: &mut Session, device: &DeviceId) -> Result<Vec<MetricName>, StoreError> {
    let mut names = BTreeSet::new();
    for row in session.query("SELECT metric FROM series WHERE device = $1", &[&device.as_str()])? {
        let name: &str = row.try_get(0)?;
        let parsed = name.parse();
        names.insert(parsed.map_err(|error| StoreError::Failed(format!("metric {name:?} in it: {error}")))?);
    }
    session.each("SELECT body FROM summaries WHERE device = $1", &[&device.as_str()], |row| {
        let body = Body::read(device, row.try_get(0)?);
        for metric in body.iter().flat_map(Body::metrics) {
            if !names.contains(metric) {
                names.insert(metric.clone());
            }
        }
        Ok(())
    })?;
    Ok(names.into_iter().collect())
}

fn ledger_totals(session: &mut Session) -> Result<LedgerTotals, StoreError> {
    let row = session.query_one(
        "SELECT received::bigint, (highest - received)::bigint, late::bigint, again::bigint FROM
             (SELECT coalesce(sum(here), 0) AS received, coalesce(sum(top), 0) AS highest FROM
                 (SELECT sum(last - first + 1) AS here, max(last) AS top FROM receipts
                  GROUP BY device, boot) AS runs_here) AS receipts_here,
             (SELECT coalesce(sum(late), 0) AS late, coalesce(sum(double), 0) AS again FROM runs) AS counts",
        &[],
    )?;
    Ok(LedgerTotals {
        received: number(&row, 0)?,
        missing: number(&row, 1)?,
        late: number(&row, 2)?,
        double: number(&row, 3)?,
    })
}

fn ledger(session: &mut Session, device: &DeviceId) -> Result<Vec<Run>, StoreError> {
    let device = device.as_str();
    let mut ranges: HashMap<String, Vec<SequenceRange>> = HashMap::new();
    let select = "SELECT boot, first, last FROM receipts WHERE device = $1 ORDER BY boot, first";
    for row in session.query(select, &[&device])? {
        ranges.entry(row.try_get(0)?).or_default().push(range(&row, 1)?);
    }
    let mut timed: HashMap<(String, String), Retimed> = HashMap::new();
    let select = "SELECT boot, said_by, from_ms, to_ms, count FROM timings WHERE device = $1";
    for row in session.query(select, &[&device])? {
        let span = Retimed { from_ms: row.try_get(2)?, to_ms: row.try_get(3)?, count: number(&row, 4)? };
        timed.insert((row.try_get(0)?, row.try_get(1)?), span);
    }
    let rows = session.query(
        "SELECT boot, first_received_ms, last_received_ms, late, double FROM runs WHERE device = $1
         ORDER BY last_received_ms DESC, boot",
        &[&device],
    )?;
    let mut run = |row: Row| -> Result<Run, StoreError> {
        let name: String = row.try_get(0)?;
        let boot: BootId = name
            .parse()
            .map_err(|error| StoreError::Failed(format!("boot {name:?} of {device} in it: {error}")))?;
        Ok(Run {
            boot,
            first_received_ms: row.try_get(1)?,
            last_received_ms: row.try_get(2)?,
            late: number(&row, 3)?,
            double: number(&row, 4)?,
            receipts: Receipts::from_ranges(ranges.remove(&name).unwrap_or_default()),
            by_hub: timed.remove(&(name.clone(), "hub".to_owned())),
            by_receipt: timed.remove(&(name, "receipt".to_owned())),
        })
    };
    rows.into_iter().map(&mut run).collect()
}
