//! The log of events in the same database.

use super::{
    link::Link,
    read::{Readers, id},
    session::{Session, WRITE},
    write,
};
use crate::{
    events::{Event, Filter, MAX_PER_DEVICE, News, PRUNE_CHUNK, Records, Seen},
    store::StoreError,
};
use parking_lot::Mutex;
use protocol::DeviceId;
use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, RandomState},
    sync::Arc,
};
use tokio_postgres::Row;

/// Takes turns with who else writes, and reads as all readers do.
pub(super) struct Events {
    link: Arc<Link>,
    readers: Arc<Readers>,
    /// Tells news apart.
    hasher: RandomState,
    trouble: Mutex<Trouble>,
}

/// What became of news whose writer was told of a failure, and will bring them again.
#[derive(Default)]
struct Trouble {
    /// Their commit failed when all that was missing was the answer.
    in_doubt: Option<(i64, Vec<u64>)>,
    /// They are written after all, each so many times.
    written: HashMap<u64, usize>,
}

impl Events {
    pub(super) fn new(link: Arc<Link>, readers: Arc<Readers>) -> Self {
        Self { link, readers, hasher: RandomState::new(), trouble: Mutex::default() }
    }

    fn tell_apart(&self, (device, events, seen): &News<'_>) -> u64 {
        self.hasher.hash_one(format!("{device} {events:?} {seen:?}"))
    }

    /// Those that are not written yet.
    fn unwritten<'a>(&self, news: &[News<'a>]) -> Result<Vec<News<'a>>, StoreError> {
        let mut trouble = self.trouble.lock();
        if let Some((number, doubtful)) = &trouble.in_doubt {
            let stands = self.link.with(|session| write::is_marked(session, "events", *number))?;
            let stand = if stands { doubtful.clone() } else { Vec::new() };
            stand.into_iter().for_each(|one| *trouble.written.entry(one).or_default() += 1);
            trouble.in_doubt = None;
        }
        let mut written = trouble.written.clone();
        let is_new = |news: &&News<'_>| match written.get_mut(&self.tell_apart(news)) {
            Some(left @ 1..) => {
                *left -= 1;
                false
            }
            _ => true,
        };
        Ok(news.iter().filter(is_new).copied().collect())
    }
}

impl Records for Events {
    fn seen(&self) -> Result<HashMap<DeviceId, Seen>, StoreError> {
        let rows =
            self.readers.with(|session| Ok(session.query("SELECT device, seen FROM event_marks", &[])?))?;
        let one = |row: &Row| {
            let (device, seen): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
            let bad =
                |what: &dyn std::fmt::Display| StoreError::Failed(format!("mark of {device:?}: {what}"));
            Ok((id(device)?, serde_json::from_str(seen).map_err(|error| bad(&error))?))
        };
        rows.iter().map(one).collect()
    }

    fn append(&self, news: &[News<'_>]) -> Result<(), StoreError> {
        // What is written stays so while the rest fails again and again.
        let news = self.unwritten(news)?;
        let number = self.hasher.hash_one(RandomState::new().hash_one(())).cast_signed();
        let mut written = false;
        let result = self.link.with(|session| {
            session.transaction(WRITE, |session| {
                append(session, &news)?;
                write::mark(session, "events", number)?;
                written = true;
                Ok(())
            })
        });
        let mut trouble = self.trouble.lock();
        if result.is_ok() {
            *trouble = Trouble::default();
        } else if written {
            trouble.in_doubt = Some((number, news.iter().map(|news| self.tell_apart(news)).collect()));
        }
        result
    }

    fn page(&self, filter: &Filter, limit: usize) -> Result<Vec<(i64, Event)>, StoreError> {
        let devices: Vec<&str> = filter.devices.iter().map(DeviceId::as_str).collect();
        let kinds: Vec<&str> = filter.kinds.iter().map(|kind| kind.as_str()).collect();
        let (time_ms, number) = filter.after.map(|place| (place.time_ms, place.id)).unzip();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.readers.with(|session| {
            Ok(session.query(
                "SELECT id, time_ms, device, kind, subject, detail, late FROM events
                 WHERE (cardinality($1::text[]) = 0 OR device = ANY($1))
                     AND (cardinality($2::text[]) = 0 OR kind = ANY($2))
                     AND ($3::bigint IS NULL OR time_ms >= $3) AND ($4::bigint IS NULL OR time_ms < $4)
                     AND ($5::bigint IS NULL OR (time_ms, id) < ($5, $6::bigint))
                 ORDER BY time_ms DESC, id DESC LIMIT $7",
                &[&devices, &kinds, &filter.from_ms, &filter.to_ms, &time_ms, &number, &limit],
            )?)
        })?;
        rows.iter().map(event).collect()
    }

    fn prune(&self, before_ms: i64) -> Result<bool, StoreError> {
        let limit = i64::try_from(PRUNE_CHUNK).unwrap_or(i64::MAX);
        let gone = self.link.with(|session| {
            Ok(session.execute(
                "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE time_ms < $1 LIMIT $2)",
                &[&before_ms, &limit],
            )?)
        })?;
        Ok(gone == PRUNE_CHUNK as u64)
    }

    fn forget(&self, device: &DeviceId) -> Result<(), StoreError> {
        self.link.with(|session| {
            session.transaction(WRITE, |session| {
                for table in ["events", "event_marks"] {
                    session.delete(table, device.as_str())?;
                }
                Ok(())
            })
        })
    }
}

fn append(session: &mut Session, news: &[News<'_>]) -> Result<(), StoreError> {
    let all = || news.iter().flat_map(|(_, events, _)| events.iter());
    let times_ms: Vec<i64> = all().map(|event| event.time_ms).collect();
    let devices: Vec<&str> = all().map(|event| event.device.as_str()).collect();
    let kinds: Vec<&str> = all().map(|event| event.kind.as_str()).collect();
    let subjects: Vec<Option<&str>> = all().map(|event| event.subject.as_deref()).collect();
    let details: Vec<&str> = all().map(|event| event.detail.as_str()).collect();
    let late: Vec<bool> = all().map(|event| event.late).collect();
    session.execute(
        "INSERT INTO events (time_ms, device, kind, subject, detail, late)
         SELECT time_ms, device, kind, subject, detail, late
         FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[])
             WITH ORDINALITY AS new (time_ms, device, kind, subject, detail, late, place)
         ORDER BY place ON CONFLICT DO NOTHING",
        &[&times_ms, &devices, &kinds, &subjects, &details, &late],
    )?;
    // What is known last counts. Text and numbers always serialise.
    let marks: BTreeMap<&str, String> = news
        .iter()
        .map(|(device, _, seen)| (device.as_str(), serde_json::to_string(seen).unwrap_or_default()))
        .collect();
    let (devices, seen): (Vec<&str>, Vec<String>) = marks.into_iter().unzip();
    session.execute(
        "INSERT INTO event_marks (device, seen) SELECT * FROM unnest($1::text[], $2::text[])
         ON CONFLICT (device) DO UPDATE SET seen = excluded.seen",
        &[&devices, &seen],
    )?;
    session.execute(
        "DELETE FROM events WHERE id IN (
             SELECT old.id FROM unnest($1::text[]) AS of (device), LATERAL (
                 SELECT id FROM events WHERE events.device = of.device
                 ORDER BY time_ms DESC, id DESC OFFSET $2) AS old)",
        &[&devices, &i64::try_from(MAX_PER_DEVICE).unwrap_or(i64::MAX)],
    )?;
    Ok(())
}

fn event(row: &Row) -> Result<(i64, Event), StoreError> {
    let kind = row.try_get::<_, &str>(3)?.parse();
    let event = Event {
        time_ms: row.try_get(1)?,
        device: id(row.try_get(2)?)?,
        kind: kind.map_err(|error: crate::events::UnknownKind| StoreError::Failed(error.to_string()))?,
        subject: row.try_get(4)?,
        detail: row.try_get(5)?,
        late: row.try_get(6)?,
    };
    Ok((row.try_get(0)?, event))
}
