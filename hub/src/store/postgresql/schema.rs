//! The tables, in a schema of their own, and how older ones become like them.

use super::session::{READ, Session, WRITE};
use crate::store::StoreError;
use tokio_postgres::error::SqlState;

/// One step per schema version, from nothing to today. A step that was released is never changed.
const MIGRATIONS: [&str; 1] = [include_str!("schema_1.sql")];

const KNOWN: i64 = MIGRATIONS.len() as i64;

/// The version of the tables; `None` when there are none.
fn found(session: &mut Session, database: &str) -> Result<Option<i64>, StoreError> {
    session.transaction(READ, |session| {
        let row = session.query_one(
            "SELECT to_regclass('edgewise.schema_version') IS NOT NULL,
                EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                        WHERE n.nspname = 'edgewise')",
            &[],
        )?;
        let foreign = || StoreError::ForeignDatabase(database.to_owned());
        match (row.try_get(0)?, row.try_get(1)?) {
            (false, false) => return Ok(None),
            (false, true) => return Err(foreign()),
            (true, _) => {}
        }
        let version = session.query("SELECT version FROM edgewise.schema_version", &[]);
        let rows = version.map_err(|error| match error.code() {
            Some(code) if *code == SqlState::UNDEFINED_COLUMN => foreign(),
            _ => error.into(),
        })?;
        let known: i64 = rows.first().ok_or_else(foreign)?.try_get(0)?;
        if known > KNOWN {
            let path = database.to_owned();
            return Err(StoreError::Newer { path, found: known, known: KNOWN });
        }
        Ok(Some(known))
    })
}

/// Refuses what is not ours or a newer hub's, and takes the steps that are missing, each whole or not at all.
pub(super) fn prepare(session: &mut Session, database: &str) -> Result<(), StoreError> {
    let done = found(session, database)?.unwrap_or(0);
    for (version, step) in (1i64..).zip(MIGRATIONS).filter(|(version, _)| *version > done) {
        session.transaction(WRITE, |session| {
            if session.query("SELECT FROM pg_namespace WHERE nspname = 'edgewise'", &[])?.is_empty() {
                session.batch("CREATE SCHEMA edgewise").map_err(|error| match error.code() {
                    Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => {
                        StoreError::NoSchema(database.to_owned())
                    }
                    _ => error.into(),
                })?;
            }
            session.batch(step)?;
            session.batch("DELETE FROM schema_version")?;
            session.execute("INSERT INTO schema_version (version) VALUES ($1)", &[&version])?;
            Ok(())
        })?;
    }
    Ok(())
}

/// Its version, for who only reads. Refuses what a hub would first have to make or bring up to date.
pub(super) fn current(session: &mut Session, database: &str) -> Result<i64, StoreError> {
    match found(session, database)? {
        None => Err(StoreError::Missing(database.to_owned())),
        Some(version) if version < KNOWN => Err(StoreError::Older(database.to_owned())),
        Some(version) => Ok(version),
    }
}
