//! Opening what the hub remembers, a file or a database.

use super::{RunError, STORE};
use crate::{
    config::Config,
    events::Log,
    settings::Chosen,
    state::Device,
    store::{Store, StoreError, postgresql::PostgresStore, sqlite::SqliteStore},
};
use protocol::DeviceId;
use std::{fs, io, os::unix::fs::DirBuilderExt, path::Path, time::Duration};
use tokio::task::spawn_blocking;

/// How often a database is tried that is not there yet.
const TRY_EVERY: Duration = Duration::from_secs(1);

/// What the hub remembers.
pub(super) struct Opened {
    pub(super) store: Box<dyn Store>,
    pub(super) events: Log,
    /// The latest of every device.
    pub(super) devices: Vec<(DeviceId, Device)>,
    /// What people chose for the hub.
    pub(super) chosen: Chosen,
}

/// Opens the store. Waits for a database that is not there yet: it may be started together with the hub.
pub(super) async fn store(config: &Config) -> Result<Opened, RunError> {
    create(&config.data)?;
    let mut waiting = false;
    loop {
        let database = config.store.database()?;
        let path = config.data.join(STORE);
        let opened = spawn_blocking(move || {
            let (mut store, events): (Box<dyn Store>, Log) = match database {
                Some(database) => {
                    let store = PostgresStore::open(database)?;
                    let events = store.events();
                    (Box::new(store), events)
                }
                None => {
                    let store = SqliteStore::open(&path)?;
                    (Box::new(store), Log::open(&path)?)
                }
            };
            let (devices, chosen) = (store.load()?, store.chosen()?);
            Ok(Opened { store, events, devices, chosen })
        });
        match opened.await.map_err(|error| RunError::System(io::Error::other(error)))? {
            Err(StoreError::Unreachable { database, reason }) => {
                if !std::mem::replace(&mut waiting, true) {
                    tracing::warn!("waiting for the database {database}: {reason}");
                }
                tokio::time::sleep(TRY_EVERY).await;
            }
            opened => return Ok(opened?),
        }
    }
}

fn create(data: &Path) -> Result<(), RunError> {
    // What devices measure can tell when somebody is at home: for this user only.
    let created = fs::DirBuilder::new().recursive(true).mode(0o700).create(data);
    created.map_err(|source| RunError::Data { path: data.display().to_string(), source })
}

/// How the store is called where the hub tells what it started with.
pub(super) fn name(config: &Config) -> String {
    let path = || config.data.join(STORE).display().to_string();
    config.store.url.as_ref().map_or_else(path, ToString::to_string)
}
