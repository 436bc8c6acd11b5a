//! Summaries that become chunks, hours, and in the end nothing.

mod common;

use common::{
    place::{Place, on_both, settings},
    summary,
};
use hub::{
    ingest::retime::{Timed, TimedBy},
    store::{
        Arrivals, Batch, Keep, Point, Read, Source, Span, Store, Upkeep,
        fold::{DAY_MS, HOUR_MS, MINUTE_MS},
        minute::Minute,
        postgresql::PostgresStore,
        sqlite::SqliteStore,
        writer::Record,
    },
};
use protocol::MetricName;
use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    sync::Arc,
};

const KEEP: Keep = Keep { minutes_ms: None, hours_ms: None, settle_ms: 10 * MINUTE_MS };
/// The start of a day.
const DAY: i64 = 20_000 * DAY_MS;

on_both!(
    what_is_packed_of_a_device_is_forgotten_with_it,
    a_device_of_which_only_summaries_are_saved_is_known_after_the_start,
    what_is_over_is_packed_and_reads_the_same,
    late_summaries_join_their_chunk_and_correct_their_hour,
    summaries_of_the_same_time_are_all_kept,
    old_minutes_go_then_old_hours_but_that_they_came_is_known,
    what_is_forgotten_while_it_is_packed_does_not_come_back,
    packing_and_writing_at_the_same_time_lose_nothing,
    kill_9_while_packing_and_forgetting_loses_and_doubles_nothing,
);

struct Case {
    store: Box<dyn Store>,
    upkeep: Box<dyn Upkeep>,
    reader: Arc<dyn Read>,
    place: Place,
}

impl Case {
    fn new(place: Place) -> Self {
        let store = place.open();
        let (upkeep, reader) = (store.upkeep(), store.reader());
        Self { store, upkeep, reader, place }
    }

    /// Summaries whose sequence is their minute since `DAY`, received as told.
    fn commit(&mut self, minutes: impl IntoIterator<Item = i64>, received_ms: i64) {
        let records: Vec<Record> = minutes.into_iter().map(|minute| record(minute, received_ms)).collect();
        commit(&mut *self.store, &records);
    }

    /// All that is due at a time.
    fn keep_up(&mut self, keep: &Keep, now_ms: i64) {
        while self.upkeep.step(keep, now_ms).unwrap() {}
    }

    fn read(&self, step_ms: Option<i64>) -> Vec<Point> {
        let span = Span { from_ms: DAY - DAY_MS, to_ms: DAY + 10 * DAY_MS, step_ms };
        let series = self.reader.history(&"roof".parse().unwrap(), &[metric()], &span).unwrap();
        series.into_iter().next().unwrap().points
    }

    fn rows(&self) -> i64 {
        self.place.count("summaries")
    }
}

fn metric() -> MetricName {
    "a_percent".parse().unwrap()
}

fn record(minute: i64, received_ms: i64) -> Record {
    let (sequence, time_ms) = (minute.unsigned_abs(), DAY + minute * MINUTE_MS);
    let text = summary("b1", sequence, time_ms, "a_percent", minute as f64);
    Record {
        device: "roof".parse().unwrap(),
        boot: "b1".parse().unwrap(),
        sequence,
        monotonic_ms: sequence * 60_000,
        timed: Timed { time_ms, by: if minute % 7 == 0 { TimedBy::Hub } else { TimedBy::Device } },
        received_ms,
        minute: Minute::of_json(&text).unwrap(),
        text: text.into(),
    }
}

fn commit(store: &mut dyn Store, records: &[Record]) {
    let source = Source { device: "roof".parse().unwrap(), boot: "b1".parse().unwrap() };
    let before = store.receipts(&source).unwrap();
    let mut receipts = before.clone();
    records.iter().for_each(|record| assert!(receipts.insert(record.sequence)));
    let changes = [(&source, receipts.changes_since(&before))];
    let arrivals = [(&source, Arrivals { received_ms: 500, ..Arrivals::default() })];
    let records: Vec<&Record> = records.iter().collect();
    let batch = Batch { records: &records, receipts: &changes, arrivals: &arrivals, devices: &[] };
    store.commit(&batch).unwrap();
}

fn minute(minute: i64) -> Point {
    let mean = minute as f64;
    Point {
        time_ms: DAY + minute * MINUTE_MS,
        mean,
        min: mean - 1.0,
        max: mean + 1.0,
        last: Some(mean + 0.5),
        count: 12,
        by_device: minute % 7 != 0,
    }
}

fn minutes(minutes: impl IntoIterator<Item = i64>) -> Vec<Point> {
    minutes.into_iter().map(minute).collect()
}

fn what_is_packed_of_a_device_is_forgotten_with_it(place: Place) {
    let mut case = Case::new(place);
    case.commit(1..=180, DAY + 4 * HOUR_MS);
    case.keep_up(&KEEP, DAY + 5 * HOUR_MS);
    assert!(case.place.count("chunks") > 0, "some of it is packed");
    case.store.forget(&"roof".parse().unwrap()).unwrap();
    for table in ["chunks", "series", "summaries", "receipts", "runs"] {
        assert_eq!(case.place.count(table), 0, "{table}");
    }
    assert!(case.read(None).is_empty());
}

fn a_device_of_which_only_summaries_are_saved_is_known_after_the_start(place: Place) {
    let mut case = Case::new(place);
    case.commit(1..=3, DAY);
    let known = case.store.load().unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!((known[0].0.as_str(), known[0].1.status), ("roof", None));
}

fn what_is_over_is_packed_and_reads_the_same(place: Place) {
    let mut case = Case::new(place);
    case.commit(1..=150, DAY);
    let (before, hours) = (case.read(None), case.read(Some(HOUR_MS)));
    assert_eq!(before, minutes(1..=150));

    case.keep_up(&KEEP, DAY + 2 * HOUR_MS + 9 * MINUTE_MS);
    assert_eq!(case.rows(), 90, "the second hour has not settled");
    assert_eq!((case.read(None), case.read(Some(HOUR_MS))), (before.clone(), hours.clone()));
    case.keep_up(&KEEP, DAY + 2 * HOUR_MS + 10 * MINUTE_MS);
    assert_eq!(case.rows(), 30, "the third is under way");
    assert_eq!((case.read(None), case.read(Some(HOUR_MS))), (before, hours.clone()));

    let [first, second, third] = hours.try_into().unwrap();
    let end = |hour: i64| DAY + hour * HOUR_MS;
    let whole = |hour, mean: f64, from: f64, to: f64, count| Point {
        time_ms: end(hour),
        mean,
        min: from - 1.0,
        max: to + 1.0,
        last: None,
        count,
        by_device: false,
    };
    assert_eq!(first, whole(1, 30.5, 1.0, 60.0, 720), "the minute that ends with the hour is in it");
    assert_eq!(second, whole(2, 90.5, 61.0, 120.0, 720));
    assert_eq!(third, whole(3, 135.5, 121.0, 150.0, 360));
    assert_eq!(case.reader.metrics(&"roof".parse().unwrap()).unwrap(), [metric()]);
}

fn late_summaries_join_their_chunk_and_correct_their_hour(place: Place) {
    let mut case = Case::new(place);
    case.commit((1..=60).filter(|minute| minute % 2 == 0), DAY);
    case.keep_up(&KEEP, DAY + DAY_MS);
    assert_eq!((case.rows(), case.read(Some(HOUR_MS))[0].count), (0, 360));

    let received_ms = DAY + DAY_MS;
    case.commit((1..=60).filter(|minute| minute % 2 == 1).rev(), received_ms);
    assert_eq!(case.read(None), minutes(1..=60), "from rows and chunk");
    case.keep_up(&KEEP, received_ms + 9 * MINUTE_MS);
    assert_eq!(case.rows(), 30, "more of a backlog may be on its way");
    case.keep_up(&KEEP, received_ms + 10 * MINUTE_MS);
    assert_eq!((case.rows(), case.read(None)), (0, minutes(1..=60)));
    let hour = case.read(Some(HOUR_MS))[0];
    assert_eq!((hour.mean, hour.min, hour.max, hour.count), (30.5, 0.0, 61.0, 720));
    assert_eq!(case.place.count("chunks"), 2, "one of each tier");
}

fn summaries_of_the_same_time_are_all_kept(place: Place) {
    let mut case = Case::new(place);
    let mut records = [record(1, DAY), record(2, DAY), record(3, DAY)];
    records.iter_mut().for_each(|record| record.timed.time_ms = DAY + MINUTE_MS);
    commit(&mut *case.store, &records[..2]);
    case.keep_up(&KEEP, DAY + DAY_MS);
    commit(&mut *case.store, &records[2..]);
    case.keep_up(&KEEP, DAY + DAY_MS);
    assert_eq!((case.rows(), case.read(None).len()), (0, 3));
    assert_eq!(case.read(Some(HOUR_MS))[0].count, 36);
}

fn old_minutes_go_then_old_hours_but_that_they_came_is_known(place: Place) {
    let mut case = Case::new(place);
    case.commit(1..=3 * 1440, DAY);
    case.keep_up(&KEEP, DAY + 4 * DAY_MS);
    assert_eq!((case.rows(), case.read(None).len(), case.read(Some(HOUR_MS)).len()), (0, 4320, 72));
    let hours = case.read(Some(HOUR_MS));

    let keep = Keep { minutes_ms: Some(2 * DAY_MS), hours_ms: Some(90 * DAY_MS), ..KEEP };
    case.keep_up(&keep, DAY + 3 * DAY_MS + HOUR_MS);
    assert_eq!(case.read(None), minutes(1441..=4320), "the first day is over as a whole");
    assert_eq!(case.reader.minutes_since_ms().unwrap(), Some(DAY + DAY_MS));
    assert_eq!(case.read(Some(HOUR_MS)), hours);

    // One that comes after its minutes went still counts in its hour, and does not bring the day back.
    let mut late = record(9999, DAY);
    late.timed.time_ms = DAY + 30 * MINUTE_MS;
    commit(&mut *case.store, &[late]);
    case.keep_up(&keep, DAY + 3 * DAY_MS + HOUR_MS);
    assert_eq!((case.rows(), case.read(None).len()), (0, 2880));
    assert_eq!(case.read(Some(HOUR_MS))[0].count, 732);

    case.keep_up(&keep, DAY + 400 * DAY_MS);
    assert_eq!((case.read(None), case.read(Some(HOUR_MS))), (Vec::new(), Vec::new()));
    assert_eq!(case.place.count("chunks"), 0);
    let source = Source { device: "roof".parse().unwrap(), boot: "b1".parse().unwrap() };
    assert_eq!(case.store.receipts(&source).unwrap().len(), 4321);
}

#[test]
fn a_damaged_row_of_a_file_holds_up_nothing() {
    let place = Place::file();
    let Place::File(path, _) = &place else { unreachable!("it is one") };
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut case = Case::new(place);
    case.commit(1..=5, DAY);
    let spoil = |sequence, body: &dyn rusqlite::ToSql, shape| {
        let sql = "UPDATE summaries SET body = ?2, shape = ?3 WHERE sequence = ?1";
        assert_eq!(connection.execute(sql, rusqlite::params![sequence, body, shape]).unwrap(), 1);
    };
    spoil(1, &"{\"mean\":{", None);
    spoil(3, &[1u8, 3], Some(1));
    spoil(4, &[9u8], Some(1));
    let rest = record(5, DAY).minute;
    spoil(5, &hub::store::row::encode(5, 1, &rest.figures), Some(7));
    drop(connection);
    assert_eq!(
        (case.read(None), case.reader.metrics(&"roof".parse().unwrap()).unwrap()),
        (minutes([2]), vec![metric()])
    );
    case.keep_up(&KEEP, DAY + DAY_MS);
    assert_eq!((case.rows(), case.read(None)), (0, minutes([2])));
}

#[test]
fn a_damaged_row_of_a_database_holds_up_nothing() {
    let mut case = Case::new(Place::database());
    let mut damaged = record(1, DAY);
    damaged.text = "{\"mean\":{".into();
    commit(&mut *case.store, &[damaged, record(2, DAY)]);
    case.keep_up(&KEEP, DAY + DAY_MS);
    assert_eq!((case.rows(), case.read(None)), (0, minutes([2])));
}

/// A device is forgotten, and speaks again, again and again while it is packed.
fn what_is_forgotten_while_it_is_packed_does_not_come_back(place: Place) {
    let mut case = Case::new(place);
    let Case { store, upkeep, .. } = &mut case;
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || {
            for round in 0..40 {
                let records: Vec<Record> = (1..=60).map(|n| record(round * 60 + n, DAY)).collect();
                commit(&mut **store, &records);
                store.forget(&"roof".parse().unwrap()).unwrap();
            }
        });
        while !writer.is_finished() {
            upkeep.step(&KEEP, DAY + 9 * DAY_MS).unwrap();
        }
    });
    case.keep_up(&KEEP, DAY + 9 * DAY_MS);
    assert_eq!(case.read(None), []);
    assert_eq!(case.place.count("chunks"), 0);
}

/// Writes while it packs, as a hub does: nothing may be lost between the two.
fn packing_and_writing_at_the_same_time_lose_nothing(place: Place) {
    let mut case = Case::new(place);
    let Case { store, upkeep, .. } = &mut case;
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || {
            for minute in 1..=600 {
                commit(&mut **store, &[record(minute, DAY)]);
            }
        });
        while !writer.is_finished() {
            upkeep.step(&KEEP, DAY + DAY_MS).unwrap();
        }
    });
    case.keep_up(&KEEP, DAY + DAY_MS);
    assert_eq!((case.rows(), case.read(None)), (0, minutes(1..=600)));
    assert_eq!(case.read(Some(HOUR_MS)).iter().map(|hour| hour.count).sum::<u64>(), 7200);
}

const STORE: &str = "EDGEWISE_TEST_PACKED_STORE";

/// The process that is killed: this test, started again by the other one with a store that has rows to pack.
#[test]
fn packs_until_killed() {
    let Ok(store) = std::env::var(STORE) else { return };
    let store: Box<dyn Store> = match store.strip_prefix("file:") {
        Some(path) => Box::new(SqliteStore::open(path.as_ref()).unwrap()),
        None => Box::new(PostgresStore::open(settings(&store)).unwrap()),
    };
    let mut upkeep = store.upkeep();
    let keep = Keep { minutes_ms: Some(3 * DAY_MS), ..KEEP };
    // The hub's day goes on while it packs, so that it forgets, too.
    for hour in 0.. {
        while upkeep.step(&keep, DAY + DAY_MS + hour * HOUR_MS).unwrap() {
            println!("STEP");
        }
        println!("STEP");
    }
}

fn kill_after(place: &Place, steps: usize) {
    let store = match place {
        Place::File(path, _) => format!("file:{}", path.display()),
        Place::Database(server) | Place::Behind(_, server) => server.url(),
    };
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "packs_until_killed", "--nocapture"])
        .env(STORE, store)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let seen = output.lines().map_while(Result::ok).filter(|line| line.contains("STEP")).take(steps).count();
    child.kill().unwrap();
    assert!(seen == steps && !child.wait().unwrap().success(), "it ended by itself");
}

fn kill_9_while_packing_and_forgetting_loses_and_doubles_nothing(place: Place) {
    let mut case = Case::new(place);
    case.commit(1..=4000, DAY);
    let Case { mut place, store, upkeep, reader } = case;
    drop((store, upkeep, reader));
    for steps in [1, 3, 4, 5, 6, 9, 14, 40] {
        kill_after(&place, steps);
        let case = Case::new(place);
        let since_ms = case.reader.minutes_since_ms().unwrap().unwrap_or(DAY);
        let kept = minutes(1..=4000).into_iter().filter(|point| point.time_ms > since_ms);
        let read = case.read(None).into_iter().filter(|point| point.time_ms > since_ms);
        assert!(read.eq(kept), "minutes since {since_ms} after {steps} steps");
        let counts: Vec<u64> = case.read(Some(HOUR_MS)).iter().map(|hour| hour.count).collect();
        assert_eq!(counts[..66], [720; 66], "hours after {steps} steps");
        assert_eq!(counts.iter().sum::<u64>(), 48_000);
        place = case.place;
    }
}
