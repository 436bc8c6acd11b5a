//! The table of shapes: which metrics the figures of a row belong to.

use crate::store::minute::Shape;
use protocol::{DeviceId, MetricName};
use rusqlite::{Connection, params};
use std::{collections::HashMap, sync::Arc};

/// Shapes of a device that are known without looking. A device has one, and another when a sensor fails.
const RECENT: u8 = 4;
/// Most devices of which they are.
const MAX_DEVICES: usize = 20_000;

/// What the writer knows of the table. Never ahead of it but in a transaction; see [`Shapes::forget_all`].
#[derive(Default)]
pub(super) struct Shapes(HashMap<DeviceId, Known>);

struct Known {
    next: i64,
    recent: Vec<(i64, Arc<Shape>)>,
}

impl Shapes {
    /// The number of a shape, which is written down if it is not known. One that was not met for long gets another
    /// number, so that no device can make looking dear.
    pub(super) fn number(
        &mut self,
        connection: &Connection,
        device: &DeviceId,
        shape: &Arc<Shape>,
    ) -> rusqlite::Result<i64> {
        if !self.0.contains_key(device) {
            if self.0.len() >= MAX_DEVICES {
                self.0.clear();
            }
            self.0.insert(device.clone(), Known::load(connection, device)?);
        }
        let known = self.0.get_mut(device).expect("put there a moment ago");
        let same = |(_, other): &&(i64, Arc<Shape>)| Arc::ptr_eq(other, shape) || other == shape;
        if let Some((number, _)) = known.recent.iter().find(same) {
            return Ok(*number);
        }
        let number = known.next;
        connection
            .prepare_cached("INSERT INTO shapes (device, number, names) VALUES (?1, ?2, ?3)")?
            .execute(params![device.as_str(), number, names(shape)])?;
        known.next += 1;
        if known.recent.len() >= usize::from(RECENT) {
            known.recent.remove(0);
        }
        known.recent.push((number, Arc::clone(shape)));
        Ok(number)
    }

    /// To be called when a transaction did not come through.
    pub(super) fn forget_all(&mut self) {
        self.0.clear();
    }

    /// To be called when rows of the table went.
    pub(super) fn forget(&mut self, device: &DeviceId) {
        self.0.remove(device);
    }
}

impl Known {
    fn load(connection: &Connection, device: &DeviceId) -> rusqlite::Result<Self> {
        let mut select = connection.prepare_cached(
            "SELECT number, names FROM shapes WHERE device = ?1 ORDER BY number DESC LIMIT ?2",
        )?;
        let mut rows = select.query(params![device.as_str(), RECENT])?;
        let mut known = Self { next: 1, recent: Vec::new() };
        while let Some(row) = rows.next()? {
            let number: i64 = row.get(0)?;
            known.next = known.next.max(number + 1);
            if let Some(shape) = shape(row.get_ref(1)?.as_str()?) {
                known.recent.insert(0, (number, Arc::new(shape)));
            }
        }
        Ok(known)
    }
}

fn names(shape: &Shape) -> String {
    let names: Vec<&str> = shape.names().iter().map(MetricName::as_str).collect();
    names.join(" ")
}

/// The shape of such a text, unless it is damaged.
fn shape(names: &str) -> Option<Shape> {
    Some(Shape::new(names.split_ascii_whitespace().map(|name| name.parse().ok()).collect::<Option<_>>()?))
}

/// A shape by its number.
pub(super) fn load(
    connection: &Connection,
    device: &DeviceId,
    number: i64,
) -> rusqlite::Result<Option<Arc<Shape>>> {
    let mut select =
        connection.prepare_cached("SELECT names FROM shapes WHERE device = ?1 AND number = ?2")?;
    let mut rows = select.query(params![device.as_str(), number])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(shape(row.get_ref(0)?.as_str()?).map(Arc::new))
}

/// The metrics of all shapes of a device.
pub(super) fn metrics(connection: &Connection, device: &DeviceId) -> rusqlite::Result<Vec<MetricName>> {
    let mut select = connection.prepare_cached("SELECT names FROM shapes WHERE device = ?1")?;
    let mut rows = select.query([device.as_str()])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.extend(shape(row.get_ref(0)?.as_str()?).iter().flat_map(|shape| shape.names().to_vec()));
    }
    Ok(all)
}

/// Deletes those shapes of a device that no summary needs any more, once there are many.
pub(super) fn tidy(connection: &Connection, device: &DeviceId) -> rusqlite::Result<()> {
    let number: i64 = connection
        .prepare_cached("SELECT count(*) FROM shapes WHERE device = ?1")?
        .query_row([device.as_str()], |row| row.get(0))?;
    if number <= i64::from(RECENT) {
        return Ok(());
    }
    connection
        .prepare_cached(
            "DELETE FROM shapes WHERE device = ?1
             AND number NOT IN (SELECT shape FROM summaries WHERE device = ?1 AND shape IS NOT NULL)",
        )?
        .execute([device.as_str()])?;
    Ok(())
}
