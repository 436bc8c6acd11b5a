//! Points from elsewhere, in one transaction.

use super::{PostgresStore, session::WRITE, tables::Tables};
use crate::store::{
    Point, StoreError,
    import::{self, Import, Imported},
};
use protocol::{DeviceId, MetricName};

impl Import for PostgresStore {
    fn import_summaries(
        &mut self,
        device: &DeviceId,
        metric: &MetricName,
        points: &[Point],
    ) -> Result<Imported, StoreError> {
        self.import(device, |tables| import::summaries(tables, device, metric, points))
    }

    fn import_hours(
        &mut self,
        device: &DeviceId,
        metric: &MetricName,
        points: &[Point],
    ) -> Result<Imported, StoreError> {
        self.import(device, |tables| import::hours(tables, device, metric, points))
    }
}

impl PostgresStore {
    fn import(
        &mut self,
        device: &DeviceId,
        add: impl FnOnce(&mut Tables<'_>) -> Result<Imported, StoreError>,
    ) -> Result<Imported, StoreError> {
        self.link.with(|session| {
            session.transaction(WRITE, |session| {
                // A device that never spoke to this hub is one of its devices now.
                let insert = "INSERT INTO devices (device) VALUES ($1) ON CONFLICT DO NOTHING";
                session.execute(insert, &[&device.as_str()])?;
                add(&mut Tables(session))
            })
        })
    }
}
