//! A connection that does not wait for ever: a server that hangs neither answers nor closes.
//!
//! How long a statement may take cannot be known: a migration takes minutes. So nobody is given up for being slow. After some
//! silence the server is asked, on another connection, what it does for this one. While it is at work it is waited for;
//! if it waits for us an answer was lost; and if it does not answer there either, it hangs.

use super::{connect::Settings, trouble::Trouble, wire::Wire};
use std::{pin::pin, time::Duration};
use tokio::{
    runtime::{Builder, Runtime},
    time::timeout,
};
use tokio_postgres::{Client, Error};

/// How long an answer may still be on its way once the server has given it.
const ON_ITS_WAY: Duration = Duration::from_secs(1);
/// How long it may take to say goodbye, which a server that is gone does not hear.
const GOODBYE: Duration = Duration::from_secs(1);

/// A way to a server, for one thing at a time.
pub(super) struct Line {
    runtime: Runtime,
    wire: Wire,
    settings: Settings,
    /// The server's process at the other end, once it is known.
    process: Option<i32>,
    /// It was given up: nothing is sent any more.
    broken: bool,
}

impl Line {
    /// Connects.
    pub(super) fn open(settings: &Settings) -> Result<(Client, Self), Trouble> {
        // Without a runtime there is no connection, which may pass like other wants of the machine.
        let runtime = Builder::new_current_thread().enable_all().build().map_err(Trouble::NoRuntime)?;
        let connecting = async { timeout(settings.greeting(), settings.connect()).await };
        let (client, wire) = runtime.block_on(connecting).map_err(|_| Trouble::Silent)??;
        let settings = settings.clone();
        Ok((client, Self { runtime, wire, settings, process: None, broken: false }))
    }

    /// From now on it is known whom to ask about.
    pub(super) fn leads_to(&mut self, process: i32) {
        self.process = Some(process);
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Waits for an answer as long as there is hope.
    pub(super) fn answer<T>(&mut self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Trouble> {
        if self.broken {
            return Err(Trouble::Silent);
        }
        let Self { runtime, wire, settings, process, .. } = self;
        let waited = runtime.block_on(async {
            let mut work = pin!(wire.carry(work));
            let mut told = false;
            loop {
                if let Ok(result) = timeout(settings.silence(), &mut work).await {
                    return Ok(result?);
                }
                let at_work = tokio::select! {
                    biased;
                    result = &mut work => return Ok(result?),
                    found = is_at_work(settings, *process) => found?,
                };
                if !at_work {
                    let late = timeout(ON_ITS_WAY, &mut work).await;
                    return Ok(late.map_err(|_| Trouble::Lost)??);
                }
                if !std::mem::replace(&mut told, true) {
                    let (database, seconds) = (settings.shown(), settings.silence().as_secs());
                    tracing::warn!(
                        "the database {database} is at one statement for {seconds} s, it is waited for"
                    );
                }
            }
        });
        self.broken |= matches!(waited, Err(Trouble::Silent | Trouble::Lost));
        waited
    }

    /// Waits for an answer that an idle server gives at once.
    pub(super) fn answer_at_once<T>(
        &mut self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Trouble> {
        let Self { runtime, wire, settings, .. } = self;
        let waited = runtime.block_on(async { timeout(settings.silence() / 2, wire.carry(work)).await });
        self.broken |= waited.is_err();
        Ok(waited.map_err(|_| Trouble::Silent)??)
    }

    /// Ends the connection of a client that was dropped.
    pub(super) fn close(mut self) {
        if !self.broken {
            let wire = &mut self.wire;
            // The server notices in any case when the socket is closed.
            let _ = self.runtime.block_on(async { timeout(GOODBYE, wire.finish()).await });
        }
    }
}

/// Whether the server is busy with what it was given on that connection, by its own word.
async fn is_at_work(settings: &Settings, process: Option<i32>) -> Result<bool, Trouble> {
    let asked = async {
        let (client, mut wire) = settings.connect().await?;
        // A server that tells nothing of its processes is believed to be at work.
        let select = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1 AND state LIKE 'idle%')
                          AND EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)";
        let row = wire.carry(client.query_one(select, &[&process])).await?;
        row.try_get(0)
    };
    match timeout(settings.greeting(), asked).await {
        Ok(Ok(at_work)) => Ok(at_work),
        // It is full, or not to be asked: it answers at least.
        Ok(Err(error)) if error.as_db_error().is_some() => Ok(true),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(Trouble::Silent),
    }
}
