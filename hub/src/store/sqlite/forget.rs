//! Forgetting all of a device.

use super::Writing;
use protocol::DeviceId;
use rusqlite::TransactionBehavior;

/// Deletes its chunks, and its rows from every table that has a column `device`, all or nothing; so a table that is
/// added later cannot be left out.
pub(super) fn forget(writing: &Writing, device: &DeviceId) -> rusqlite::Result<()> {
    let mut connection = writing.connection.lock();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let chunks = "DELETE FROM chunks WHERE series IN (SELECT id FROM series WHERE device = ?1)";
    transaction.execute(chunks, [device.as_str()])?;
    let tables: Vec<String> = {
        let mut select = transaction.prepare(
            "SELECT t.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
             WHERE t.type = 'table' AND c.name = 'device'",
        )?;
        select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?
    };
    for table in tables {
        // The names are our own and have no quote in them.
        transaction.execute(&format!("DELETE FROM \"{table}\" WHERE device = ?1"), [device.as_str()])?;
    }
    writing.shapes.lock().forget(device);
    transaction.commit()
}
