//! Points from elsewhere, in one transaction.

use super::{SqliteStore, chunks::Tables};
use crate::store::{
    Point, StoreError,
    import::{self, Import, Imported},
};
use protocol::{DeviceId, MetricName};
use rusqlite::TransactionBehavior;

impl Import for SqliteStore {
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

impl SqliteStore {
    fn import(
        &mut self,
        device: &DeviceId,
        add: impl FnOnce(&mut Tables<'_>) -> Result<Imported, StoreError>,
    ) -> Result<Imported, StoreError> {
        let mut connection = self.writing.connection.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // A device that never spoke to this hub is one of its devices now.
        transaction
            .execute("INSERT INTO devices (device) VALUES (?1) ON CONFLICT DO NOTHING", [device.as_str()])?;
        let imported = add(&mut Tables(&transaction))?;
        transaction.commit()?;
        Ok(imported)
    }
}
