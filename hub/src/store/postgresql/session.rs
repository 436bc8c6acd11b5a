//! One connection: its prepared statements, and its transactions.

use super::connect::Settings;
use crate::store::StoreError;
use postgres::{Client, Error, Row, Statement, fallible_iterator::FallibleIterator, types::ToSql};
use std::{collections::HashMap, thread};

/// For what changes something.
pub(super) const WRITE: &str = "BEGIN";
/// All reads see the same moment.
pub(super) const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Values for a statement.
pub(super) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// An open connection.
pub(super) struct Session {
    /// There until it is dropped.
    client: Option<Client>,
    statements: HashMap<&'static str, Statement>,
    /// A transaction is under way, or its end is not known.
    under_way: bool,
}

impl Session {
    /// Connects, and sets what must not depend on the server's defaults.
    pub(super) fn open(settings: &Settings) -> Result<Self, Error> {
        let client = Some(settings.connect()?);
        let mut session = Self { client, statements: HashMap::new(), under_way: false };
        // A commit is acknowledged to an agent that forgets then, so it must outlive a power loss.
        session.batch(
            "SET search_path = edgewise; SET synchronous_commit = on; SET lock_timeout = '2s'; SET jit = off;
             SET TimeZone = 'UTC'",
        )?;
        // Rows of many metrics are compressed by the server, with the faster method where it has it.
        session.query(
            "SELECT set_config(name, 'lz4', false) FROM pg_settings
             WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals)",
            &[],
        )?;
        Ok(session)
    }

    /// Whether it cannot be used any more.
    pub(super) fn is_broken(&self) -> bool {
        self.under_way || self.client.as_ref().is_none_or(Client::is_closed)
    }

    /// Asks the server for a sign of life: a connection that broke off while nobody used it looks like any other.
    pub(super) fn is_alive(&mut self) -> bool {
        !self.under_way && self.client().check_connection().is_ok()
    }

    /// Runs statements without values.
    pub(super) fn batch(&mut self, sql: &str) -> Result<(), Error> {
        self.client().batch_execute(sql)
    }

    /// The rows that a statement gives.
    pub(super) fn query(&mut self, sql: &'static str, values: Values<'_>) -> Result<Vec<Row>, Error> {
        let statement = self.statement(sql)?;
        self.client().query(&statement, values)
    }

    /// The only row that a statement gives.
    pub(super) fn query_one(&mut self, sql: &'static str, values: Values<'_>) -> Result<Row, Error> {
        let statement = self.statement(sql)?;
        self.client().query_one(&statement, values)
    }

    /// The number of rows that a statement changes.
    pub(super) fn execute(&mut self, sql: &'static str, values: Values<'_>) -> Result<u64, Error> {
        let statement = self.statement(sql)?;
        self.client().execute(&statement, values)
    }

    /// Deletes the rows of a device from a table, named as SQL wants it.
    pub(super) fn delete(&mut self, table: &str, device: &str) -> Result<(), Error> {
        self.client().execute(&format!("DELETE FROM {table} WHERE device = $1"), &[&device])?;
        Ok(())
    }

    /// Takes rows as they come, for there may be many.
    pub(super) fn each(
        &mut self,
        sql: &'static str,
        values: Values<'_>,
        mut take: impl FnMut(&Row) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let statement = self.statement(sql)?;
        let mut rows = self.client().query_raw(&statement, values.iter().copied())?;
        while let Some(row) = rows.next()? {
            take(&row)?;
        }
        Ok(())
    }

    /// Does all of it, or nothing.
    pub(super) fn transaction<T>(
        &mut self,
        begin: &str,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        // Until the end is known: should the work panic, say, the connection is not used again, and what was done is
        // undone with it.
        self.under_way = true;
        self.batch(begin)?;
        let result = work(self).and_then(|done| Ok(self.batch("COMMIT").map(|()| done)?));
        if result.is_ok() || self.batch("ROLLBACK").is_ok() {
            self.under_way = false;
        }
        result
    }

    /// Undoes what was done within the transaction so far.
    pub(super) fn start_over(&mut self) -> Result<(), Error> {
        self.batch("ROLLBACK; BEGIN")
    }

    fn statement(&mut self, sql: &'static str) -> Result<Statement, Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client().prepare(sql)?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }

    fn client(&mut self) -> &mut Client {
        self.client.as_mut().expect("it is taken out only when the session is dropped")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let client = self.client.take();
        // A client says goodbye, and waits for that to be sent, which no thread of an async runtime may.
        if tokio::runtime::Handle::try_current().is_ok() {
            thread::spawn(|| drop(client));
        }
    }
}
