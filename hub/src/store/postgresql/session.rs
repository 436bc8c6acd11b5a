//! One connection: its prepared statements, and its transactions.

use super::{connect::Settings, line::Line, trouble::Trouble};
use crate::store::StoreError;
use futures_util::TryStreamExt;
use std::{collections::HashMap, pin::pin, thread};
use tokio_postgres::{Client, Error, Row, Statement, types::ToSql};

/// For what changes something.
pub(super) const WRITE: &str = "BEGIN";
/// All reads see the same moment.
pub(super) const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Values for a statement.
pub(super) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// An open connection.
pub(super) struct Session {
    /// Both there until it is dropped.
    open: Option<(Client, Line)>,
    statements: HashMap<&'static str, Statement>,
    /// A transaction is under way, or its end is not known.
    under_way: bool,
}

impl Session {
    /// Connects, and sets what must not depend on the server's defaults.
    pub(super) fn open(settings: &Settings) -> Result<Self, Trouble> {
        let (client, mut line) = Line::open(settings)?;
        // A commit is acknowledged to an agent that forgets then, so it must outlive a power loss. The hub's machine may
        // have one too: left to its defaults, the server keeps its lock for hours then.
        line.answer_at_once(client.batch_execute(
            "SET search_path = edgewise; SET synchronous_commit = on; SET lock_timeout = '2s'; SET jit = off;
             SET TimeZone = 'UTC'; SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5;
             SET tcp_keepalives_count = 3; SET tcp_user_timeout = '25s'",
        ))?;
        // Rows of many metrics are compressed by the server, with the faster method where it has it.
        let row = line.answer_at_once(client.query_one(
            "SELECT pg_backend_pid(), (SELECT set_config(name, 'lz4', false) FROM pg_settings
                 WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals))",
            &[],
        ))?;
        line.leads_to(row.try_get(0)?);
        Ok(Self { open: Some((client, line)), statements: HashMap::new(), under_way: false })
    }

    /// Whether it cannot be used any more.
    pub(super) fn is_broken(&self) -> bool {
        self.under_way
            || self.open.as_ref().is_none_or(|(client, line)| client.is_closed() || line.is_broken())
    }

    /// Whether it was given up because nobody answered.
    pub(super) fn is_given_up(&self) -> bool {
        self.open.as_ref().is_some_and(|(_, line)| line.is_broken())
    }

    /// Asks the server for a sign of life: a connection that broke off while nobody used it looks like any other.
    pub(super) fn is_alive(&mut self) -> bool {
        if self.under_way {
            return false;
        }
        let (client, line) = self.halves();
        line.answer_at_once(client.check_connection()).is_ok()
    }

    /// Runs statements without values.
    pub(super) fn batch(&mut self, sql: &str) -> Result<(), Trouble> {
        let (client, line) = self.halves();
        line.answer(client.batch_execute(sql))
    }

    /// The rows that a statement gives.
    pub(super) fn query(&mut self, sql: &'static str, values: Values<'_>) -> Result<Vec<Row>, Trouble> {
        let statement = self.statement(sql)?;
        let (client, line) = self.halves();
        line.answer(client.query(&statement, values))
    }

    /// The only row that a statement gives.
    pub(super) fn query_one(&mut self, sql: &'static str, values: Values<'_>) -> Result<Row, Trouble> {
        let statement = self.statement(sql)?;
        let (client, line) = self.halves();
        line.answer(client.query_one(&statement, values))
    }

    /// The number of rows that a statement changes.
    pub(super) fn execute(&mut self, sql: &'static str, values: Values<'_>) -> Result<u64, Trouble> {
        let statement = self.statement(sql)?;
        let (client, line) = self.halves();
        line.answer(client.execute(&statement, values))
    }

    /// Deletes the rows of a device from a table, named as SQL wants it.
    pub(super) fn delete(&mut self, table: &str, device: &str) -> Result<(), Trouble> {
        let (client, line) = self.halves();
        let sql = format!("DELETE FROM {table} WHERE device = $1");
        line.answer(client.execute(&sql, &[&device]))?;
        Ok(())
    }

    /// Takes rows as they come, for there may be many.
    pub(super) fn each(
        &mut self,
        sql: &'static str,
        values: Values<'_>,
        mut take: impl FnMut(&Row) -> Result<(), Error>,
    ) -> Result<(), Trouble> {
        let statement = self.statement(sql)?;
        let (client, line) = self.halves();
        let rows = line.answer(client.query_raw(&statement, values.iter().copied()))?;
        let mut rows = pin!(rows);
        while let Some(row) = line.answer(rows.try_next())? {
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
    pub(super) fn start_over(&mut self) -> Result<(), Trouble> {
        self.batch("ROLLBACK; BEGIN")
    }

    fn statement(&mut self, sql: &'static str) -> Result<Statement, Trouble> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let (client, line) = self.halves();
        let statement = line.answer(client.prepare(sql))?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }

    fn halves(&mut self) -> (&Client, &mut Line) {
        let (client, line) = self.open.as_mut().expect("it is taken out only when the session is dropped");
        (client, line)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Statements close themselves over the client when they are dropped.
        self.statements.clear();
        let Some((client, line)) = self.open.take() else { return };
        drop(client);
        // Saying goodbye waits for that to be sent, which no thread of an async runtime may.
        if tokio::runtime::Handle::try_current().is_ok() {
            thread::spawn(|| line.close());
        } else {
            line.close();
        }
    }
}
