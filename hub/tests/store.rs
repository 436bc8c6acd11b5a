//! Summaries on their way into a real file, and what is acknowledged.

mod common;

use common::{
    Hub, backlog, birth,
    place::{Place, on_both},
    state, summary,
};
use hub::{
    ingest::retime::{Timed, TimedBy},
    store::{
        Arrivals, Batch, Source, Store, StoreError, minute::Minute, sqlite::SqliteStore, writer::Record,
    },
};
use protocol::SequenceRange;
use rusqlite::Connection;
use std::{os::unix::fs::PermissionsExt, sync::atomic::Ordering::Relaxed, time::Duration};

const SUMMARY: &str = "edgewise/roof/summary";
const BACKLOG: &str = "edgewise/roof/backlog";

on_both!(
    async
    a_summary_is_acknowledged_once_it_is_stored_and_again_when_it_comes_again,
    holes_are_asked_for_until_they_are_filled,
    an_agent_that_connects_hears_where_the_hub_stands,
    bad_input_changes_nothing_and_stops_nothing,
    the_latest_of_a_device_survives_a_restart,
    what_cannot_be_committed_is_not_acknowledged_and_comes_in_once_it_can_be,
    a_writer_that_cannot_write_can_be_stopped,
);

fn one(boot: &str, sequence: u64) -> String {
    summary(boot, sequence, 1_000, "a_percent", 5.0)
}

async fn a_summary_is_acknowledged_once_it_is_stored_and_again_when_it_comes_again(place: Place) {
    let mut hub = Hub::start_at(&place).await;
    hub.receive(SUMMARY, one("b1", 1), 5).await;
    let ack = hub.next_ack().await;
    assert_eq!((ack.sequence, ack.missing.len()), (1, 0));
    assert_eq!(place.sequences("b1"), [1], "in the file when the ack goes out");

    hub.receive(SUMMARY, one("b1", 1), 6).await;
    assert_eq!(hub.next_ack().await, ack);
    hub.receive(BACKLOG, backlog(&[one("b1", 1), one("b1", 2), one("b1", 2)]), 7).await;
    assert_eq!(hub.acked("b1", 2).await.sequence, 2);
    assert_eq!(place.sequences("b1"), [1, 2]);
    let health = hub.health.clone();
    hub.stop().await;
    assert_eq!((health.committed.load(Relaxed), health.duplicates.load(Relaxed)), (2, 3));
}

async fn holes_are_asked_for_until_they_are_filled(place: Place) {
    let mut hub = Hub::start_at(&place).await;
    hub.receive(BACKLOG, backlog(&[one("b1", 2), one("b1", 5), one("b2", 1)]), 5).await;
    let ack = hub.acked("b1", 5).await;
    assert_eq!(ack.missing, [SequenceRange { first: 1, last: 1 }, SequenceRange { first: 3, last: 4 }]);
    hub.stop().await;

    // The holes are known after a restart too: an agent that connects hears of them.
    let mut hub = Hub::start_at(&place).await;
    hub.receive("edgewise/roof/birth", birth("b1"), 6).await;
    assert_eq!(hub.next_ack().await, ack);
    hub.receive(BACKLOG, backlog(&[one("b1", 3), one("b1", 1), one("b1", 4)]), 7).await;
    // They may fill one commit after the other.
    while !hub.acked("b1", 5).await.missing.is_empty() {}
    hub.stop().await;

    let ranges = place.figure("SELECT count(*) FROM receipts WHERE boot = 'b1' AND first = 1 AND last = 5");
    assert_eq!((ranges, place.count("receipts")), (1, 2), "one row when there is no hole, and one of b2");
}

async fn an_agent_that_connects_hears_where_the_hub_stands(place: Place) {
    let mut hub = Hub::start_at(&place).await;
    hub.receive("edgewise/roof/birth", birth("new"), 5).await;
    let ack = hub.next_ack().await;
    assert_eq!((ack.boot.as_str(), ack.sequence, ack.missing.len()), ("new", 0, 0));
    hub.stop().await;
}

async fn bad_input_changes_nothing_and_stops_nothing(place: Place) {
    let mut hub = Hub::start_at(&place).await;
    let contradiction = one("b1", 9).replace(r#""min":{"a_percent":4.0}"#, r#""min":{"a_percent":99.0}"#);
    let bad: [(&str, Vec<u8>); 9] = [
        (SUMMARY, b"{".to_vec()),
        (SUMMARY, one("b1", 9).replace(r#""version":1"#, r#""version":2"#).into()),
        (SUMMARY, one("b1", 9).replace("5.0", "\"warm\"").into()),
        (SUMMARY, one("b1", 9).replace("5.0", "NaN").into()),
        (SUMMARY, contradiction.into()),
        (SUMMARY, vec![b' '; 10 << 20]),
        ("edgewise/a/b/summary", one("b1", 9).into()),
        ("edgewise/a+/summary", one("b1", 9).into()),
        ("edgewise/roof/status", b"perhaps".to_vec()),
    ];
    let count = bad.len() as u64;
    for (topic, payload) in bad {
        hub.receive(topic, payload, 5).await;
    }
    hub.receive("zigbee2mqtt/lamp", "{", 5).await;
    let counters = hub.ingest.counters();
    assert_eq!((counters.refused.load(Relaxed), counters.ignored.load(Relaxed)), (count, 1));
    assert_eq!(hub.state.all(), []);

    hub.receive(SUMMARY, one("b1", 1), 6).await;
    assert_eq!(hub.next_ack().await.sequence, 1, "everything goes on");
    assert_eq!(place.stored().len(), 1);
    hub.stop().await;
}

async fn the_latest_of_a_device_survives_a_restart(place: Place) {
    let mut hub = Hub::start_at(&place).await;
    hub.receive("edgewise/roof/status", "online", 5).await;
    hub.receive("edgewise/roof/birth", birth("b1"), 6).await;
    hub.receive("edgewise/roof/state", state("b1", 10, 42.0), 7).await;
    let before = hub.state.all();
    hub.stop().await;
    let hub = Hub::start_at(&place).await;
    assert_eq!(hub.state.all(), before);
    assert_eq!(before[0].1.last_heard_ms, Some(7));
    hub.stop().await;
}

/// A hub with one summary, and another program that holds its database: commits fail in earnest.
async fn hub_whose_store_is_held(place: &Place) -> (Hub, Box<dyn std::any::Any>) {
    let mut hub = Hub::start_at(place).await;
    hub.receive(SUMMARY, one("b1", 1), 5).await;
    hub.acked("b1", 1).await;
    let other: Box<dyn std::any::Any> = match place {
        Place::File(path, _) => {
            let other = Connection::open(path).unwrap();
            other.execute_batch("BEGIN IMMEDIATE").unwrap();
            Box::new(other)
        }
        Place::Database(server) | Place::Behind(_, server) => {
            Box::new(server.busy_with("BEGIN; LOCK TABLE edgewise.summaries IN EXCLUSIVE MODE"))
        }
    };
    (hub, other)
}

async fn in_trouble(hub: &Hub) {
    while hub.health.check().is_ok() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn what_cannot_be_committed_is_not_acknowledged_and_comes_in_once_it_can_be(place: Place) {
    let (mut hub, other) = hub_whose_store_is_held(&place).await;
    hub.receive(SUMMARY, one("b1", 2), 6).await;
    in_trouble(&hub).await;
    let (status, problem) = hub.get("/readyz").await;
    assert_eq!(status, 503);
    let told = match &place {
        Place::File(..) => "store: the store failed: database is locked",
        Place::Database(_) | Place::Behind(..) => {
            "store: the store failed: canceling statement due to lock timeout; it is tried again"
        }
    };
    assert!(problem["detail"].as_str().unwrap().starts_with(told), "{problem}");
    hub.receive(SUMMARY, one("b1", 3), 7).await;
    hub.receive("edgewise/roof/state", state("b1", 10, 42.0), 7).await;
    assert_eq!(
        hub.get("/api/v1/devices/roof").await.1["state"]["now"]["a_percent"],
        42.0,
        "live values go on"
    );
    assert!(hub.acks.try_recv().is_err(), "nothing is acknowledged");

    drop(other);
    assert_eq!(hub.acked("b1", 3).await.missing, []);
    assert_eq!(hub.get("/readyz").await.0, 200);
    assert_eq!(place.sequences("b1"), [1, 2, 3]);
    hub.stop().await;
}

/// More waits than one commit takes: the end must not wait for the disk.
async fn a_writer_that_cannot_write_can_be_stopped(place: Place) {
    let (mut hub, _other) = hub_whose_store_is_held(&place).await;
    for sequence in 2..9_000 {
        hub.receive(SUMMARY, one("b1", sequence), 6).await;
    }
    in_trouble(&hub).await;
    let stopped = tokio::time::timeout(Duration::from_secs(60), hub.writer.stop()).await;
    assert!(stopped.expect("it ends").is_err(), "and says that something is not committed");
}

fn record(sequence: u64, time_ms: i64) -> Record {
    let text = summary("b1", sequence, time_ms, "a_percent", 5.0);
    Record {
        device: "roof".parse().unwrap(),
        boot: "b1".parse().unwrap(),
        sequence,
        monotonic_ms: sequence * 60_000,
        timed: Timed { time_ms, by: TimedBy::Device },
        received_ms: time_ms,
        minute: Minute::of_json(&text).unwrap(),
        text: text.into(),
    }
}

fn refused(path: &std::path::Path) -> String {
    let error = SqliteStore::open(path).err().expect("it is refused").to_string();
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

#[test]
fn a_store_that_cannot_be_used_is_told_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    assert!(refused(&at("none/hub.db")).contains("does not exist: create it"));

    std::fs::create_dir(at("folder.db")).unwrap();
    assert!(refused(&at("folder.db")).contains("cannot be opened"));

    std::fs::write(at("text.db"), "a letter to my aunt, long enough to be taken for a header".repeat(20))
        .unwrap();
    assert!(refused(&at("text.db")).contains("is no store of Edgewise"));

    Connection::open(at("other.db")).unwrap().execute_batch("CREATE TABLE photos (name TEXT)").unwrap();
    assert!(refused(&at("other.db")).contains("is no store of Edgewise"));

    drop(SqliteStore::open(&at("newer.db")).unwrap());
    Connection::open(at("newer.db")).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(refused(&at("newer.db")).contains("newer hub (schema 99, this one knows 4): update the hub"));
}

/// The tables of schema 1, as a hub of then made them.
const SCHEMA_1: &str = "
    CREATE TABLE devices (device TEXT PRIMARY KEY, status TEXT, status_since_ms INTEGER, last_heard_ms INTEGER,
        birth TEXT, state TEXT, state_received_ms INTEGER) STRICT;
    CREATE TABLE summaries (device TEXT NOT NULL, boot TEXT NOT NULL, sequence INTEGER NOT NULL,
        time_ms INTEGER NOT NULL, by_device INTEGER NOT NULL, received_ms INTEGER NOT NULL, body TEXT NOT NULL,
        UNIQUE (device, boot, sequence)) STRICT;
    CREATE INDEX summaries_by_time ON summaries (device, time_ms);
    CREATE TABLE receipts (device TEXT NOT NULL, boot TEXT NOT NULL, first INTEGER NOT NULL,
        last INTEGER NOT NULL, PRIMARY KEY (device, boot, first)) STRICT, WITHOUT ROWID;
    PRAGMA application_id = 0x45646765;
    PRAGMA user_version = 1;
    INSERT INTO receipts VALUES ('roof', 'b1', 1, 2), ('roof', 'b1', 4, 4), ('roof', 'pruned', 1, 9);
    INSERT INTO summaries VALUES ('roof', 'b1', 1, 10, 1, 11, '{}'), ('roof', 'b1', 4, 40, 1, 41, '{}');
";

#[test]
fn a_store_of_an_older_hub_has_a_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.db");
    Connection::open(&path).unwrap().execute_batch(SCHEMA_1).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    let runs = store.reader().ledger(&"roof".parse().unwrap()).unwrap();
    let told: Vec<_> =
        runs.iter().map(|run| (run.boot.as_str(), run.first_received_ms, run.receipts.len())).collect();
    assert_eq!(told, [("b1", 11, 3), ("pruned", 0, 9)]);
}

#[test]
fn a_second_hub_is_kept_out_until_the_first_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.db");
    let first = SqliteStore::open(&path).unwrap();
    assert!(matches!(SqliteStore::open(&path), Err(StoreError::InUse(_))));
    drop(first);
    SqliteStore::open(&path).unwrap();
}

#[test]
fn only_its_user_reads_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.db");
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let mut store = SqliteStore::open(&path).unwrap();
    let source = Source { device: "roof".parse().unwrap(), boot: "b1".parse().unwrap() };
    let arrivals = [(&source, Arrivals::default())];
    let batch = Batch { records: &[&record(1, 1)], receipts: &[], arrivals: &arrivals, devices: &[] };
    store.commit(&batch).unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.path());
    }
}
