//! The one connection that writes: kept, made anew, and held against other hubs.

use super::{connect::Settings, schema, session::Session};
use crate::store::StoreError;
use common::backoff::Backoff;
use parking_lot::Mutex;
use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

/// The number of the lock that a hub holds in its database: "Edgewise".
const LOCK: i64 = 0x4564_6765_7769_7365;
/// How long the connection of a hub that has just died may hold it, until the server notices.
const HELD_AFTER_DEATH: Duration = Duration::from_secs(5);
/// How often the lock is tried meanwhile.
const TRY_EVERY: Duration = Duration::from_millis(100);
/// Shortest and longest wait between two attempts to connect again.
const WAITS: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(5)];

/// The connection that writes. Who wants to write takes turns here.
///
/// It holds a lock in the database as long as it is open. So only one hub can write, and when a connection broke off,
/// what it was at is over before the next one begins.
pub(super) struct Link {
    settings: Arc<Settings>,
    state: Mutex<State>,
}

struct State {
    session: Option<Session>,
    /// Who the server knows the last session as: its process, and since when.
    known_as: Option<(i32, String)>,
    backoff: Backoff,
    /// Why there is no session, and when it is tried again.
    trouble: Option<(Instant, String)>,
}

impl Link {
    /// Connects, takes the lock and brings the tables up to date.
    pub(super) fn open(settings: Arc<Settings>) -> Result<Self, StoreError> {
        let mut session = settings.session()?;
        let give_up = Instant::now() + HELD_AFTER_DEATH;
        while !try_lock(&mut session)? {
            if Instant::now() >= give_up {
                return Err(StoreError::InUse(settings.shown().to_owned()));
            }
            thread::sleep(TRY_EVERY);
        }
        schema::prepare(&mut session, settings.shown())?;
        if session.query_one("SHOW fsync", &[])?.try_get::<_, String>(0)? == "off" {
            tracing::warn!(
                "the database has fsync off: what the hub acknowledges can be lost when its machine loses power"
            );
        }
        let known_as = Some(name(&mut session)?);
        let backoff = Backoff::between(WAITS[0], WAITS[1]);
        let state = State { session: Some(session), known_as, backoff, trouble: None };
        Ok(Self { settings, state: Mutex::new(state) })
    }

    /// Works with the connection, which is made anew if it broke off.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&mut Session) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut state = self.state.lock();
        let kept = state.session.take().and_then(|mut session| session.is_alive().then_some(session));
        let mut session = match kept {
            Some(session) => session,
            None => state.connect(&self.settings)?,
        };
        let result = work(&mut session);
        // A broken one is closed at once: until then it could hold the lock.
        state.session = Some(session).filter(|session| !session.is_broken());
        result
    }
}

impl State {
    fn connect(&mut self, settings: &Settings) -> Result<Session, StoreError> {
        if let Some((until, reason)) = &self.trouble
            && Instant::now() < *until
        {
            return Err(StoreError::FailedForNow(reason.clone()));
        }
        match self.attempt(settings) {
            Ok(session) => {
                self.trouble = None;
                self.backoff.reset();
                Ok(session)
            }
            Err(error) => {
                // Whatever it is, a hub that runs waits until somebody has mended it.
                let reason = match error {
                    StoreError::FailedForNow(reason) | StoreError::Failed(reason) => reason,
                    error => error.to_string(),
                };
                self.trouble = Some((Instant::now() + self.backoff.next_wait(), reason.clone()));
                Err(StoreError::FailedForNow(reason))
            }
        }
    }

    fn attempt(&mut self, settings: &Settings) -> Result<Session, StoreError> {
        let mut session = settings.session()?;
        if !try_lock(&mut session)? {
            if let Some((process, since)) = &self.known_as {
                // A connection that broke off on the way may stand at the server for hours.
                session.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE pid = $1 AND backend_start::text = $2",
                    &[process, since],
                )?;
            }
            return Err(StoreError::InUse(settings.shown().to_owned()));
        }
        // Another hub may have been there meanwhile.
        schema::prepare(&mut session, settings.shown())?;
        self.known_as = Some(name(&mut session)?);
        Ok(session)
    }
}

fn try_lock(session: &mut Session) -> Result<bool, StoreError> {
    Ok(session.query_one("SELECT pg_try_advisory_lock($1)", &[&LOCK])?.try_get(0)?)
}

fn name(session: &mut Session) -> Result<(i32, String), StoreError> {
    let row = session.query_one(
        "SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()",
        &[],
    )?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}
