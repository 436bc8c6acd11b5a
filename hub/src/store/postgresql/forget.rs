//! Forgetting all of a device.

use super::session::Session;
use crate::store::StoreError;
use protocol::DeviceId;

/// Deletes its chunks, and its rows from every table that has a column `device`, within a transaction; so a table that
/// is added later cannot be left out.
pub(super) fn forget(session: &mut Session, device: &DeviceId) -> Result<(), StoreError> {
    let chunks = "DELETE FROM chunks WHERE series IN (SELECT id FROM series WHERE device = $1)";
    session.execute(chunks, &[&device.as_str()])?;
    let tables = session.query(
        "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE n.nspname = 'edgewise' AND c.relkind = 'r' AND a.attname = 'device' AND NOT a.attisdropped",
        &[],
    )?;
    for table in tables {
        // Quoted where it needs to be.
        session.delete(table.try_get(0)?, device.as_str())?;
    }
    Ok(())
}
