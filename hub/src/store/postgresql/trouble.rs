//! What the database says when something is wrong, and whether it may pass.

use crate::store::StoreError;
use postgres::error::SqlState;
use std::error::Error as _;

/// In one line. The details are the server's to log: they may quote what was stored.
pub(super) fn line(error: &postgres::Error) -> String {
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
pub(super) fn is_gone(error: &postgres::Error) -> bool {
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
fn passes(error: &postgres::Error) -> bool {
    let Some(code) = error.code() else { return is_gone(error) };
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
pub(super) fn is_tls(error: &postgres::Error) -> bool {
    let tls = |cause: &(dyn std::error::Error + 'static)| {
        let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        wrapped.is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
    };
    error.to_string().contains("TLS") || error.source().is_some_and(tls)
}

impl From<postgres::Error> for StoreError {
    fn from(error: postgres::Error) -> Self {
        match passes(&error) {
            true => Self::FailedForNow(line(&error)),
            false => Self::Failed(line(&error)),
        }
    }
}
