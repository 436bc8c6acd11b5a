//! Reading the summaries of a device that are not packed yet.

use super::shapes;
use crate::store::{
    Point,
    chunk::Damaged,
    examine::look_at_figures,
    minute::{Figures, Minute, Shape},
    row,
};
use protocol::DeviceId;
use rusqlite::{Connection, Params, Row, types::ValueRef};
use std::{collections::HashMap, sync::Arc};

/// What every query begins with.
pub(super) const SELECT: &str =
    "SELECT boot, sequence, time_ms, by_device, received_ms, shape, body FROM summaries";

/// One of them.
pub(super) struct Stored {
    pub(super) boot: String,
    pub(super) sequence: i64,
    pub(super) time_ms: i64,
    pub(super) by_device: bool,
    pub(super) received_ms: i64,
    /// What it takes on the disk, in bytes.
    pub(super) bytes: usize,
    /// None where it is damaged.
    pub(super) minute: Option<Minute>,
}

impl Stored {
    pub(super) fn point(&self, figures: &Figures) -> Point {
        let Figures { mean, min, max, last, count } = *figures;
        let (time_ms, by_device) = (self.time_ms, self.by_device);
        Point { time_ms, mean, min, max, last: Some(last), count: count.into(), by_device }
    }
}

/// Reads rows of a device, as they are asked for by what follows [`SELECT`], until told to stop.
pub(super) fn read(
    connection: &Connection,
    device: &DeviceId,
    which: &str,
    parameters: impl Params,
    mut take: impl FnMut(Stored) -> bool,
) -> rusqlite::Result<()> {
    each(connection, device, which, parameters, |stored, damage| {
        if let Some(Damaged(reason)) = damage {
            let sequence = stored.sequence;
            tracing::error!(%device, sequence, "a stored summary is damaged and left out: {reason}");
        }
        take(stored)
    })
}

/// Looks at all rows of a device: `look` is given the run and the number of each, and what is wrong with it.
pub(super) fn examine(
    connection: &Connection,
    device: &DeviceId,
    mut look: impl FnMut(&str, i64, Option<Damaged>),
) -> rusqlite::Result<()> {
    each(connection, device, "WHERE device = ?1", [device.as_str()], |stored, damage| {
        let figures = stored.minute.iter().flat_map(|minute| minute.figures.iter());
        let sound =
            figures.map(|f| [f.mean, f.min, f.max, f.last]).try_for_each(|f| look_at_figures(f.iter()));
        look(&stored.boot, stored.sequence, damage.or(sound.err()));
        true
    })
}

fn each(
    connection: &Connection,
    device: &DeviceId,
    which: &str,
    parameters: impl Params,
    mut take: impl FnMut(Stored, Option<Damaged>) -> bool,
) -> rusqlite::Result<()> {
    let mut select = connection.prepare_cached(&format!("{SELECT} {which}"))?;
    let mut rows = select.query(parameters)?;
    let mut shapes = HashMap::new();
    while let Some(row) = rows.next()? {
        let (stored, damage) = open(connection, device, row, &mut shapes)?;
        if !take(stored, damage) {
            break;
        }
    }
    Ok(())
}

type Known = HashMap<i64, Option<Arc<Shape>>>;

fn open(
    connection: &Connection,
    device: &DeviceId,
    row: &Row<'_>,
    known: &mut Known,
) -> rusqlite::Result<(Stored, Option<Damaged>)> {
    let sequence: i64 = row.get(1)?;
    let (bytes, minute) = match (row.get_ref(6)?, row.get::<_, Option<i64>>(5)?) {
        (ValueRef::Blob(body), Some(number)) => {
            let shape = match known.get(&number) {
                Some(shape) => shape,
                None => known.entry(number).or_insert(shapes::load(connection, device, number)?),
            };
            (body.len(), compact(body, sequence, shape.as_ref()))
        }
        (ValueRef::Text(body), None) => (body.len(), text(body)),
        _ => (0, Err(Damaged("it is of another kind".to_owned()))),
    };
    let (minute, damage) = match minute {
        Ok(minute) => (Some(minute), None),
        Err(damage) => (None, Some(damage)),
    };
    let stored = Stored {
        boot: row.get(0)?,
        sequence,
        time_ms: row.get(2)?,
        by_device: row.get(3)?,
        received_ms: row.get(4)?,
        bytes,
        minute,
    };
    Ok((stored, damage))
}

fn compact(body: &[u8], sequence: i64, shape: Option<&Arc<Shape>>) -> Result<Minute, Damaged> {
    let shape = shape.ok_or_else(|| Damaged("the names of its metrics are not there".to_owned()))?;
    let figures = row::decode(body, sequence.unsigned_abs(), shape.names().len())?;
    Ok(Minute { shape: Arc::clone(shape), figures })
}

fn text(body: &[u8]) -> Result<Minute, Damaged> {
    let text = std::str::from_utf8(body).map_err(|error| Damaged(error.to_string()))?;
    Minute::of_json(text)
}
