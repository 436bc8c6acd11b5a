//! Which metrics the figures of a row belong to, as devices change what they measure.

use hub::{
    ingest::retime::{Timed, TimedBy},
    store::{
        Arrivals, Batch, Keep, Source, Span, Store,
        fold::{DAY_MS, MINUTE_MS},
        minute::Minute,
        sqlite::SqliteStore,
        writer::Record,
    },
};
use protocol::SequenceRange;
use rusqlite::Connection;
use std::path::Path;

const DAY: i64 = 20_000 * DAY_MS;
const KEEP: Keep = Keep { minutes_ms: None, hours_ms: None, settle_ms: 0 };

fn record(device: &str, sequence: u64, metrics: &[&str]) -> Record {
    let map = |figure: f64| {
        let figures: Vec<_> = metrics.iter().map(|name| format!("\"{name}\":{figure}")).collect();
        format!("{{{}}}", figures.join(","))
    };
    let mean = sequence as f64 + metrics.len() as f64 / 100.0;
    let text = format!(
        r#"{{"mean":{},"min":{},"max":{},"last":{},"count":{}}}"#,
        map(mean),
        map(mean - 1.0),
        map(mean + 1.0),
        map(mean + 0.125),
        map(12.0).replace("12.0", "12")
    );
    Record {
        device: device.parse().unwrap(),
        boot: "b".parse().unwrap(),
        sequence,
        monotonic_ms: sequence,
        timed: Timed { time_ms: DAY + sequence as i64 * MINUTE_MS, by: TimedBy::Device },
        received_ms: DAY,
        minute: Minute::of_json(&text).unwrap(),
        text: text.into(),
    }
}

fn commit(store: &mut SqliteStore, record: &Record) {
    let source = Source { device: record.device.clone(), boot: record.boot.clone() };
    let one = SequenceRange { first: record.sequence, last: record.sequence };
    let changes = hub::receipts::Changes { removed: vec![], written: vec![one] };
    let batch = Batch {
        records: &[record],
        receipts: &[(&source, changes)],
        arrivals: &[(&source, Arrivals::default())],
        devices: &[],
    };
    store.commit(&batch).unwrap();
}

/// Sequences of the summaries that have a metric, by the whole part of their means.
fn sequences(store: &SqliteStore, device: &str, metric: &str) -> Vec<i64> {
    let span = Span { from_ms: DAY, to_ms: DAY + DAY_MS, step_ms: None };
    let series = store.reader().history(&device.parse().unwrap(), &[metric.parse().unwrap()], &span).unwrap();
    series[0].points.iter().map(|point| point.mean as i64).collect()
}

fn metrics(store: &SqliteStore, device: &str) -> Vec<String> {
    store.reader().metrics(&device.parse().unwrap()).unwrap().iter().map(ToString::to_string).collect()
}

fn shapes(path: &Path, device: &str) -> i64 {
    let sql = "SELECT count(*) FROM shapes WHERE device = ?1";
    Connection::open(path).unwrap().query_row(sql, [device], |row| row.get(0)).unwrap()
}

#[test]
fn each_summary_keeps_its_own_metrics_and_known_ones_are_written_down_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.db");
    let mut store = SqliteStore::open(&path).unwrap();
    for sequence in 1..=20 {
        let measured: &[&str] = if sequence % 5 == 0 { &["a_percent"] } else { &["a_percent", "b_celsius"] };
        commit(&mut store, &record("roof", sequence, measured));
        if sequence == 10 {
            // What was known is known after a restart.
            drop(store);
            store = SqliteStore::open(&path).unwrap();
        }
    }
    commit(&mut store, &record("shed", 1, &["c_volts"]));
    assert_eq!((shapes(&path, "roof"), shapes(&path, "shed")), (2, 1));
    drop(store);
    store = SqliteStore::open(&path).unwrap();
    commit(&mut store, &record("shed", 2, &["d_volts"]));
    assert_eq!(
        (sequences(&store, "shed", "c_volts"), sequences(&store, "shed", "d_volts")),
        (vec![1], vec![2])
    );
    assert_eq!(sequences(&store, "roof", "a_percent"), Vec::from_iter(1..=20));
    assert_eq!(sequences(&store, "roof", "b_celsius"), Vec::from_iter((1..=20).filter(|n| n % 5 != 0)));
    assert_eq!(
        (metrics(&store, "roof"), metrics(&store, "shed")),
        (
            vec!["a_percent".to_owned(), "b_celsius".to_owned()],
            vec!["c_volts".to_owned(), "d_volts".to_owned()]
        )
    );
    store.forget(&"roof".parse().unwrap()).unwrap();
    assert_eq!((shapes(&path, "roof"), metrics(&store, "roof").len()), (0, 0));
    commit(&mut store, &record("roof", 30, &["a_percent"]));
    assert_eq!((shapes(&path, "roof"), sequences(&store, "roof", "a_percent")), (1, vec![30]));
}

#[test]
fn a_device_that_always_measures_something_else_leaves_no_trace_of_it_once_it_is_packed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.db");
    let mut store = SqliteStore::open(&path).unwrap();
    let names: Vec<String> = (0..60).map(|n| format!("m{n}_percent")).collect();
    for (sequence, name) in (1..).zip(&names) {
        commit(&mut store, &record("roof", sequence, &[name]));
    }
    assert_eq!((shapes(&path, "roof"), metrics(&store, "roof").len()), (60, 60));
    let mut upkeep = store.upkeep();
    while upkeep.step(&KEEP, DAY + DAY_MS).unwrap() {}
    assert_eq!((shapes(&path, "roof"), metrics(&store, "roof").len()), (0, 60));
    // The last first: those were known a moment ago.
    for (sequence, name) in (61..).zip(names.iter().rev()) {
        commit(&mut store, &record("roof", sequence, &[name]));
    }
    for (sequence, name) in (1..).zip(&names) {
        assert_eq!(sequences(&store, "roof", name), [sequence, 121 - sequence], "{name}");
    }
}

#[test]
fn what_was_not_committed_is_not_taken_for_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.db");
    let mut store = SqliteStore::open(&path).unwrap();
    let one = record("roof", 1, &["a_percent"]);
    let other = Connection::open(&path).unwrap();
    other
        .execute_batch("CREATE TRIGGER full BEFORE INSERT ON receipts BEGIN SELECT RAISE(ABORT, 'no'); END")
        .unwrap();
    let source = Source { device: one.device.clone(), boot: one.boot.clone() };
    let range = SequenceRange { first: 1, last: 1 };
    let changes = [(&source, hub::receipts::Changes { removed: vec![], written: vec![range] })];
    let batch = Batch {
        records: &[&one],
        receipts: &changes,
        arrivals: &[(&source, Arrivals::default())],
        devices: &[],
    };
    assert!(store.commit(&batch).is_err());
    assert_eq!(shapes(&path, "roof"), 0);
    other.execute_batch("DROP TRIGGER full").unwrap();
    store.commit(&batch).unwrap();
    assert_eq!((shapes(&path, "roof"), sequences(&store, "roof", "a_percent")), (1, vec![1]));
}
