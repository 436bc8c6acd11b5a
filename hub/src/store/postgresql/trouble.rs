//! What the database says when something is wrong, and whether it may pass.

use crate::store::StoreError;
use std::error::Error as _;
use tokio_postgres::{Error, error::SqlState};

/// Why there is no answer, or none that helps.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The server said so, or the system.
    #[error(transparent)]
    Server(#[from] Error),
    /// It hangs, or the way to it.
    #[error("it does not answer")]
    Silent,
    /// The server is done with what it was asked, and we never heard.
    #[error("its answer was lost on the way")]
    Lost,
    /// The system gives us nothing to wait with.
    #[error("cannot wait for it: {0}")]
    NoRuntime(std::io::Error),
}

impl Trouble {
    /// What the server calls it.
    pub(super) fn code(&self) -> Option<&SqlState> {
        if let Self::Server(error) = self { error.code() } else { None }
    }
}

/// In one line. The details are the server's to log: they may quote what was stored.
pub(super) fn line(trouble: &Trouble) -> String {
    let Trouble::Server(error) = trouble else { return trouble.to_string() };
    if let Some(error) = error.as_db_error() {
        return error.message().lines().next().unwrap_or_default().to_owned();
    }
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text.lines().next().unwrap_or_default().to_owned()
}

/// Whether nobody answered, or only to say that this is not the time.
pub(super) fn is_gone(trouble: &Trouble) -> bool {
    let Trouble::Server(error) = trouble else { return true };
    match error.code() {
        Some(code) => {
            let passing = [
                SqlState::ADMIN_SHUTDOWN,
                SqlState::CRASH_SHUTDOWN,
                SqlState::CANNOT_CONNECT_NOW,
                SqlState::TOO_MANY_CONNECTIONS,
            ];
            passing.contains(code) || code.code().starts_with("08")
        }
        None => {
            error.is_closed() || error.source().is_some_and(io) || error.to_string().starts_with("timeout")
        }
    }
}

/// Whether what was tried may work later, unchanged.
fn passes(trouble: &Trouble) -> bool {
    let Some(code) = trouble.code() else { return is_gone(trouble) };
    // Resources such as room on the disk, intervention by an operator, trouble of the system, who may log in, what
    // another transaction is at.
    let classes = ["08", "28", "40", "53", "57", "58"];
    let others =
        [SqlState::READ_ONLY_SQL_TRANSACTION, SqlState::LOCK_NOT_AVAILABLE, SqlState::INSUFFICIENT_PRIVILEGE];
    classes.iter().any(|class| code.code().starts_with(class)) || others.contains(code)
}

fn io(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.is::<std::io::Error>()
}

/// Whether the way to the server could not be encrypted.
pub(super) fn is_tls(trouble: &Trouble) -> bool {
    let Trouble::Server(error) = trouble else { return false };
    let tls = |cause: &(dyn std::error::Error + 'static)| {
        let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        wrapped.is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
    };
    error.to_string().contains("TLS") || error.source().is_some_and(tls)
}

impl From<Trouble> for StoreError {
    fn from(trouble: Trouble) -> Self {
        let line = match &trouble {
            Trouble::Server(_) => line(&trouble),
            Trouble::Silent => "the database does not answer".to_owned(),
            Trouble::Lost => "an answer of the database was lost on the way".to_owned(),
            Trouble::NoRuntime(error) => format!("cannot wait for the database: {error}"),
        };
        if passes(&trouble) { Self::FailedForNow(line) } else { Self::Failed(line) }
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        Trouble::from(error).into()
    }
}
