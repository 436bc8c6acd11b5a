//! The store for who outgrows one file: a PostgreSQL database.
//!
//! Everything is in a schema of its own, `edgewise`. The calls block, and none may be made on a thread that drives an
//! async runtime.

mod body;
mod connect;
mod events;
mod examine;
mod forget;
mod import;
mod labels;
mod line;
mod link;
mod read;
mod schema;
mod session;
mod tables;
mod trouble;
mod upkeep;
mod url;
mod wire;
mod write;

pub use connect::Settings;
pub use examine::{examine, reader};
pub use url::{StoreUrl, StoreUrlError};

use super::{Batch, Read, Source, Store, StoreError, Upkeep, round::Round};
use crate::{events::Log, labels::Labels, receipts::Receipts, settings::Chosen, state::Device};
use protocol::DeviceId;
use session::WRITE;
use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

/// What batches of summaries are called where it is noted which was the last.
const SUMMARIES: &str = "summaries";

/// An open store. No other hub can use the same database meanwhile.
pub struct PostgresStore {
    link: Arc<link::Link>,
    readers: Arc<read::Readers>,
    /// The last batch, if it failed when all that was missing was the answer that it is committed.
    in_doubt: Option<i64>,
}

impl PostgresStore {
    /// Connects to the database, and makes the tables if they are not there.
    ///
    /// # Errors
    /// One line that says why it cannot be used, and what to do. [`StoreError::Unreachable`] may pass by itself.
    pub fn open(settings: Settings) -> Result<Self, StoreError> {
        let settings = Arc::new(settings);
        let link = Arc::new(link::Link::open(settings.clone())?);
        Ok(Self { link, readers: Arc::new(read::Readers::new(settings)), in_doubt: None })
    }

    /// The log of events in the same database.
    pub fn events(&self) -> Log {
        Log::new(events::Events::new(self.link.clone(), self.readers.clone()))
    }
}

impl Store for PostgresStore {
    fn load(&mut self) -> Result<Vec<(DeviceId, Device)>, StoreError> {
        self.link.with(read::devices)
    }

    fn receipts(&mut self, source: &Source) -> Result<Receipts, StoreError> {
        self.link.with(|session| read::receipts(session, source))
    }

    fn commit(&mut self, batch: &Batch<'_>) -> Result<(), StoreError> {
        if batch.arrivals.is_empty() && batch.devices.is_empty() {
            // Without arrivals there are no records, and receipts change with records only.
            return Ok(());
        }
        // Told apart from every other batch, of other hubs and of this database as it was restored, too.
        let number = RandomState::new().hash_one(()).cast_signed();
        let mut written = false;
        let result = self.link.with(|session| {
            session.transaction(WRITE, |session| {
                write::batch(session, batch)?;
                write::mark(session, SUMMARIES, number)?;
                written = true;
                Ok(())
            })
        });
        self.in_doubt = (written && result.is_err()).then_some(number);
        result
    }

    fn stands_after_all(&mut self) -> Result<bool, StoreError> {
        let Some(number) = self.in_doubt else { return Ok(false) };
        // While the connection it went over is alive the lock is held, and this fails.
        let stands = self.link.with(|session| write::is_marked(session, SUMMARIES, number))?;
        self.in_doubt = None;
        Ok(stands)
    }

    fn forget(&mut self, device: &DeviceId) -> Result<(), StoreError> {
        self.link.with(|session| session.transaction(WRITE, |session| forget::forget(session, device)))
    }

    fn label(&mut self, device: &DeviceId, labels: &Labels) -> Result<(), StoreError> {
        self.link.with(|session| session.transaction(WRITE, |session| labels::write(session, device, labels)))
    }

    fn chosen(&mut self) -> Result<Chosen, StoreError> {
        self.link.with(labels::chosen)
    }

    fn choose(&mut self, chosen: &Chosen) -> Result<(), StoreError> {
        self.link.with(|session| session.transaction(WRITE, |session| labels::choose(session, chosen)))
    }

    fn reader(&self) -> Arc<dyn Read> {
        self.readers.clone()
    }

    fn upkeep(&self) -> Box<dyn Upkeep> {
        let (link, readers) = (self.link.clone(), self.readers.clone());
        Box::new(Round::new(upkeep::Upkeeper { link, readers }))
    }
}
