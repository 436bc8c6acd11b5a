//! Files of older hubs, kept as they were then, under this one. `fixtures/schema-N.db` was written with the tables of
//! schema N: device `roof` with run `b1`, minutes 1 to 90 without 7, and run `b2`, minutes 100 to 110; each minute's mean of
//! `cpu0_percent` is its number. Minute 50 was timed by the hub.

use hub::store::{
    Keep, Point, Span, Store, StoreError,
    fold::{DAY_MS, HOUR_MS, MINUTE_MS},
    sqlite::{self, SqliteStore},
};
use rusqlite::Connection;
use std::path::{Path, PathBuf};

/// The start of the day of the fixtures.
const DAY: i64 = 20_000 * DAY_MS;

fn fixture(version: u32, folder: &Path) -> PathBuf {
    let name = format!("schema-{version}.db");
    let path = folder.join(&name);
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name), &path).unwrap();
    path
}

fn history(store: &SqliteStore, step_ms: Option<i64>) -> Vec<Point> {
    let metric = "cpu0_percent".parse().unwrap();
    let span = Span { from_ms: DAY, to_ms: DAY + DAY_MS, step_ms };
    store.reader().history(&"roof".parse().unwrap(), &[metric], &span).unwrap().remove(0).points
}

#[test]
fn a_store_of_an_older_hub_is_brought_up_to_date_with_all_that_is_in_it() {
    let minutes: Vec<Point> = (1..=90)
        .filter(|n| *n != 7)
        .chain(100..=110)
        .map(|n| {
            let mean = n as f64;
            let (min, max, last) = (mean - 1.0, mean + 1.0, Some(mean + 0.5));
            Point { time_ms: DAY + n * MINUTE_MS, mean, min, max, last, count: 12, by_device: n != 50 }
        })
        .collect();
    for version in [1, 2, 3] {
        let folder = tempfile::tempdir().unwrap();
        let path = fixture(version, folder.path());
        assert!(matches!(sqlite::reader(&path), Err(StoreError::Older(_))), "reading alone changes nothing");

        let mut store = SqliteStore::open(&path).unwrap();
        let devices = store.load().unwrap();
        assert_eq!((devices.len(), devices[0].0.as_str()), (1, "roof"));
        assert!(devices[0].1.birth.as_deref().unwrap().contains("outdoor_temperature_celsius"));
        let runs = store.reader().ledger(&"roof".parse().unwrap()).unwrap();
        let told: Vec<_> = runs.iter().map(|run| (run.boot.as_str(), run.receipts.len(), run.late)).collect();
        assert_eq!(told, [("b2", 11, 0), ("b1", 89, if version == 1 { 0 } else { 2 }), ("b0", 3, 0)]);

        assert!(history(&store, None) == minutes, "schema {version}");
        // An hour's mean is kept with six decimals.
        let hours = |store: &SqliteStore| -> Vec<_> {
            let hours = history(store, Some(HOUR_MS)).into_iter();
            hours
                .map(|hour| (hour.time_ms, (hour.mean * 1e5).round(), hour.min, hour.max, hour.count))
                .collect()
        };
        let before = hours(&store);
        let keep = Keep { minutes_ms: None, hours_ms: None, settle_ms: 0 };
        let mut upkeep = store.upkeep();
        while upkeep.step(&keep, DAY + DAY_MS).unwrap() {}
        assert_eq!(hours(&store), before);
        assert!(history(&store, None) == minutes, "schema {version}, packed");
        drop((store, upkeep));
        let found = sqlite::examine(&path, &mut |_, _, _| {}).unwrap();
        assert_eq!((found.waiting.0, found.tiers[0].points, found.problems.len()), (0, 200, 0));
        assert!(history(&SqliteStore::open(&path).unwrap(), None) == minutes, "once more");
    }
}

#[test]
fn a_step_that_fails_leaves_the_file_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = fixture(1, folder.path());
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("CREATE TABLE chunks (in_the_way)").unwrap();
    let error = SqliteStore::open(&path).err().expect("it is refused").to_string();
    assert!(error.contains("chunks already exists"), "{error}");
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name IN ('runs', 'series')";
    let tables: i64 = connection.query_row(tables, [], |row| row.get(0)).unwrap();
    assert_eq!((version, tables), (2, 1), "the step before is whole, of this one there is nothing");
    connection.execute_batch("DROP TABLE chunks").unwrap();
    assert_eq!(history(&SqliteStore::open(&path).unwrap(), None).len(), 100);
}
