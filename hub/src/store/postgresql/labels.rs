//! What people say of devices, and what they chose for the hub.

use super::session::Session;
use crate::{labels::Labels, settings::Chosen, store::StoreError};
use protocol::DeviceId;
use tokio_postgres::Row;

/// Reads labels from the columns `name`, `tags` and `group_name`, the first of which is `at`.
pub(super) fn read(row: &Row, at: usize) -> Result<Option<Labels>, StoreError> {
    let Some(tags) = row.try_get::<_, Option<&str>>(at + 1)? else { return Ok(None) };
    let tags = serde_json::from_str(tags)
        .map_err(|error| StoreError::Failed(format!("the tags of a device in it: {error}")))?;
    Ok(Some(Labels { name: row.try_get(at)?, tags, group: row.try_get(at + 2)? }))
}

/// Writes the labels of a device in place of those before.
pub(super) fn write(session: &mut Session, device: &DeviceId, labels: &Labels) -> Result<(), StoreError> {
    if labels.is_empty() {
        session.execute("DELETE FROM labels WHERE device = $1", &[&device.as_str()])?;
        return Ok(());
    }
    // Texts always serialise.
    let tags = serde_json::to_string(&labels.tags).unwrap_or_default();
    session.execute(
        "INSERT INTO labels (device, name, tags, group_name) VALUES ($1, $2, $3, $4)
         ON CONFLICT (device) DO UPDATE SET
             name = excluded.name, tags = excluded.tags, group_name = excluded.group_name",
        &[&device.as_str(), &labels.name, &tags, &labels.group],
    )?;
    Ok(())
}

/// What was chosen; nothing when nobody ever chose.
pub(super) fn chosen(session: &mut Session) -> Result<Chosen, StoreError> {
    let rows = session.query("SELECT settings FROM chosen WHERE id = 1", &[])?;
    let Some(row) = rows.first() else { return Ok(Chosen::default()) };
    serde_json::from_str(row.try_get(0)?)
        .map_err(|error| StoreError::Failed(format!("settings in it: {error}")))
}

/// Writes what was chosen.
pub(super) fn choose(session: &mut Session, chosen: &Chosen) -> Result<(), StoreError> {
    // Numbers always serialise.
    let text = serde_json::to_string(chosen).unwrap_or_default();
    session.execute(
        "INSERT INTO chosen (id, settings) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET settings = excluded.settings",
        &[&text],
    )?;
    Ok(())
}
