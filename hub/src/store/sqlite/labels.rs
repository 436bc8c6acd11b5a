//! What people say of devices, and what they chose for the hub: small tables beside the history.

use crate::{labels::Labels, settings::Chosen, store::StoreError};
use protocol::DeviceId;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Apart from the numbered steps: nothing that was there before changes with it.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS labels (
        device     TEXT PRIMARY KEY,
        name       TEXT,
        -- A JSON array of texts.
        tags       TEXT NOT NULL,
        group_name TEXT
    ) STRICT;
    -- One row, with a JSON object.
    CREATE TABLE IF NOT EXISTS chosen (
        id       INTEGER PRIMARY KEY,
        settings TEXT NOT NULL
    ) STRICT;
";

/// Creates the tables where they are missing.
pub(super) fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(SCHEMA)
}

/// Reads labels from the columns `name`, `tags` and `group_name`, the first of which is `at`.
pub(super) fn read(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Labels>> {
    let Some(tags) = row.get::<_, Option<String>>(at + 1)? else { return Ok(None) };
    let tags = serde_json::from_str(&tags).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(at + 1, rusqlite::types::Type::Text, Box::new(error))
    })?;
    Ok(Some(Labels { name: row.get(at)?, tags, group: row.get(at + 2)? }))
}

/// Writes the labels of a device in place of those before.
pub(super) fn write(connection: &Connection, device: &DeviceId, labels: &Labels) -> rusqlite::Result<()> {
    if labels.is_empty() {
        connection.execute("DELETE FROM labels WHERE device = ?1", [device.as_str()])?;
        return Ok(());
    }
    // Texts always serialise.
    let tags = serde_json::to_string(&labels.tags).unwrap_or_default();
    connection.execute(
        "INSERT INTO labels (device, name, tags, group_name) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (device) DO UPDATE SET
             name = excluded.name, tags = excluded.tags, group_name = excluded.group_name",
        params![device.as_str(), labels.name, tags, labels.group],
    )?;
    Ok(())
}

/// What was chosen; nothing when nobody ever chose.
pub(super) fn chosen(connection: &Connection) -> Result<Chosen, StoreError> {
    let text: Option<String> =
        connection.query_row("SELECT settings FROM chosen WHERE id = 1", [], |row| row.get(0)).optional()?;
    text.map_or(Ok(Chosen::default()), |text| {
        serde_json::from_str(&text).map_err(|error| StoreError::Failed(format!("settings in it: {error}")))
    })
}

/// Writes what was chosen.
pub(super) fn choose(connection: &Connection, chosen: &Chosen) -> rusqlite::Result<()> {
    // Numbers always serialise.
    let text = serde_json::to_string(chosen).unwrap_or_default();
    connection.execute(
        "INSERT INTO chosen (id, settings) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET settings = excluded.settings",
        [text],
    )?;
    Ok(())
}
