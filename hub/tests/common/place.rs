//! Where a test has its store: in a file, or in a database.

use super::postgres::Server;
use hub::{
    events,
    store::{
        Store,
        postgresql::{PostgresStore, Settings},
        sqlite::SqliteStore,
    },
};
use std::{
    path::{Path, PathBuf},
    thread,
};

/// A store's place, which goes when it is dropped.
pub(crate) enum Place {
    File(PathBuf, Option<tempfile::TempDir>),
    Database(Box<Server>),
    /// A database reached at another address than its own.
    Behind(String, Box<Server>),
}

impl Place {
    pub(crate) fn file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::File(folder.path().join("hub.db"), Some(folder))
    }

    pub(crate) fn database() -> Self {
        Self::Database(Box::new(Server::start()))
    }

    /// Its server.
    pub(crate) fn server(&mut self) -> &mut Server {
        match self {
            Self::Database(server) | Self::Behind(_, server) => server,
            Self::File(..) => panic!("a file has none"),
        }
    }

    /// A file that somebody else cares for.
    pub(crate) fn at(path: &Path) -> Self {
        Self::File(path.to_owned(), None)
    }

    pub(crate) fn open(&self) -> Box<dyn Store> {
        self.open_with_events().0
    }

    pub(crate) fn open_with_events(&self) -> (Box<dyn Store>, events::Log) {
        match self {
            Self::File(path, _) => {
                let store = SqliteStore::open(path).unwrap();
                (Box::new(store), events::Log::open(path).unwrap())
            }
            Self::Database(server) => database(&server.url()),
            Self::Behind(url, _) => database(url),
        }
    }

    /// The one figure that a statement gives, past the hub's own code.
    pub(crate) fn figure(&self, sql: &str) -> i64 {
        match self {
            Self::File(path, _) => {
                rusqlite::Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
            }
            Self::Database(server) | Self::Behind(_, server) => {
                let path = "SET search_path = edgewise";
                server.ask(&format!("{path}; {sql}"))[0].parse().unwrap()
            }
        }
    }

    /// Changes it, past the hub's own code.
    pub(crate) fn change(&self, sql: &str) {
        match self {
            Self::File(path, _) => {
                rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
            }
            Self::Database(server) | Self::Behind(_, server) => {
                server.ask(&format!("SET search_path = edgewise; {sql}"));
            }
        }
    }

    pub(crate) fn count(&self, table: &str) -> i64 {
        self.figure(&format!("SELECT count(*) FROM {table}"))
    }

    /// Rows themselves, past the hub's own code: (device, boot, sequence), in order.
    pub(crate) fn stored(&self) -> Vec<(String, String, u64)> {
        match self {
            Self::File(path, _) => super::stored(path),
            Self::Database(server) | Self::Behind(_, server) => {
                let rows =
                    server.ask("SELECT device, boot, sequence FROM edgewise.summaries ORDER BY 1, 2, 3");
                let row = |row: &String| {
                    let [device, boot, sequence] = row.split('|').collect::<Vec<_>>().try_into().unwrap();
                    (device.to_owned(), boot.to_owned(), sequence.parse().unwrap())
                };
                rows.iter().map(row).collect()
            }
        }
    }

    /// Sequences of one boot in it.
    pub(crate) fn sequences(&self, boot: &str) -> Vec<u64> {
        self.stored().into_iter().filter(|row| row.1 == boot).map(|row| row.2).collect()
    }
}

/// A database that somebody else cares for.
pub(crate) fn database(url: &str) -> (Box<dyn Store>, events::Log) {
    let store = PostgresStore::open(settings(url)).unwrap();
    let events = store.events();
    (Box::new(store), events)
}

pub(crate) fn settings(url: &str) -> Settings {
    Settings::new(&url.parse().unwrap(), None, None).unwrap()
}

/// Does what waits for a database, which a thread of an async runtime must not.
pub(crate) fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(work).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
}

/// The same tests on a file and on a database: each is a function of its place.
macro_rules! on_both {
    (async $($test:ident),+ $(,)?) => {
        mod in_a_file { $(#[tokio::test] async fn $test() { super::$test(super::common::place::Place::file()).await; })+ }
        mod in_a_database { $(#[tokio::test] async fn $test() { super::$test(super::common::place::Place::database()).await; })+ }
    };
    ($($test:ident),+ $(,)?) => {
        mod file { $(#[test] fn $test() { super::$test(super::common::place::Place::file()); })+ }
        mod database { $(#[test] fn $test() { super::$test(super::common::place::Place::database()); })+ }
    };
}
pub(crate) use on_both;
