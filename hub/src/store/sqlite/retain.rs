//! Forgetting: whole chunks, a few at a time.

use super::{Writing, chunks::Tier};
use crate::store::{StoreError, round::MAX_CHUNKS};
use rusqlite::{Connection, TransactionBehavior, params};

/// Forgets some chunks of a tier, those of spans before this one; returns how many.
pub(super) fn forget(writing: &Writing, tier: Tier, before: i64) -> Result<usize, StoreError> {
    let mut connection = writing.connection.lock();
    if !any(&connection, tier, before)? {
        return Ok(0);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if tier == Tier::Minutes {
        transaction.execute(
            "INSERT INTO facts (name, value) VALUES ('minutes_since_ms', ?1)
             ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
            [before.saturating_mul(tier.span_ms())],
        )?;
    }
    let gone = transaction
        .prepare_cached(
            "DELETE FROM chunks WHERE id IN (SELECT id FROM chunks WHERE tier = ?1 AND span < ?2 LIMIT ?3)",
        )?
        .execute(params![tier.number(), before, MAX_CHUNKS])?;
    transaction.commit()?;
    Ok(gone)
}

fn any(connection: &Connection, tier: Tier, before: i64) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM chunks WHERE tier = ?1 AND span < ?2)")?
        .query_row(params![tier.number(), before], |row| row.get(0))
}
