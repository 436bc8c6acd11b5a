//! The two stores beside each other: the same batches into a file and into a PostgreSQL of its own on this machine, with
//! everything on disk at each commit. Prints figures; nothing fails on one.
//!
//! `cargo bench -p hub --bench stores [-- DEVICES DAYS]`, 20 devices and 10 days unless told otherwise.

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "history/fleet.rs"]
mod fleet;
#[path = "history/load.rs"]
mod load;

use common::{place::Place, postgres::Server};
use fleet::{Fleet, METRICS};
use hub::store::{Span, Store, fold::DAY_MS, writer::Record};
use load::{START, commit, fill};
use postgres::{
    Client, NoTls,
    binary_copy::BinaryCopyInWriter,
    types::{ToSql, Type},
};
use std::{collections::BTreeMap, time::Instant};

fn main() {
    // Cargo itself passes `--bench`.
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<u16>().ok());
    let devices = numbers.next().map_or(20, usize::from);
    let days = numbers.next().map_or(10, i64::from);
    for (name, place) in [("file", Place::file()), ("database", durable())] {
        println!("{name}:");
        for devices in [1, 100, 1000] {
            commits(&mut *place.open(), devices);
        }
    }
    for (name, place) in [("file", Place::file()), ("database", durable())] {
        println!("{name}, {devices} devices of {} metrics for {days} days:", METRICS.len());
        let mut store = place.open();
        fill(&mut *store, devices, days);
        answers(&*store, days);
        room(&place);
    }
    ways();
}

fn durable() -> Place {
    Place::Database(Box::new(Server::start_with(&[], |_| {})))
}

/// Commits of one summary of each device.
fn commits(store: &mut dyn Store, devices: usize) {
    let mut fleet = Fleet::new(devices, START);
    let batches: Vec<Vec<Record>> = (0..(20_000 / devices).min(500)).map(|_| fleet.minute()).collect();
    let mut receipts = BTreeMap::new();
    let start = Instant::now();
    batches.iter().for_each(|batch| commit(store, batch, &mut receipts));
    let seconds = start.elapsed().as_secs_f64();
    let summaries: usize = batches.iter().map(Vec::len).sum();
    println!(
        "  commits of {devices:>4}: {:>7.0} a second, {:>7.0} summaries a second",
        batches.len() as f64 / seconds,
        summaries as f64 / seconds
    );
    store.forget(&Fleet::name(0).parse().expect("a name")).expect("forgotten");
}

fn answers(store: &dyn Store, days: i64) {
    let (reader, metric) = (store.reader(), METRICS[0].parse().expect("a name"));
    let end_ms = START + days * DAY_MS;
    for (what, step_ms) in
        [("summaries", None), ("steps of 20 minutes", Some(1_200_000)), ("hours", Some(3_600_000))]
    {
        let span = Span { from_ms: START, to_ms: end_ms, step_ms };
        let mut times: Vec<_> = (0..20)
            .map(|_| {
                let start = Instant::now();
                let device = Fleet::name(0).parse().expect("a name");
                reader.history(&device, std::slice::from_ref(&metric), &span).expect("an answer");
                start.elapsed()
            })
            .collect();
        times.sort();
        println!("  all {what} of one metric: {:.1} ms, the middle of 20", times[10].as_secs_f64() * 1e3);
    }
}

fn room(place: &Place) {
    let points = place.figure("SELECT sum(length(points)) FROM chunks") as f64;
    let minutes = place.figure("SELECT sum(length(points)) FROM chunks WHERE tier = 0") as f64;
    println!("  chunks: {:.1} MB, {:.1} MB of them minutes", points / 1e6, minutes / 1e6);
    match place {
        Place::File(path, _) => {
            let connection = rusqlite::Connection::open(path).expect("the file");
            let number =
                |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a number");
            let pages = number("PRAGMA page_count") - number("PRAGMA freelist_count");
            println!(
                "  on disk: {:.1} MB without free pages",
                (pages * number("PRAGMA page_size")) as f64 / 1e6
            );
        }
        Place::Database(server) | Place::Behind(_, server) => {
            let all = "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class
                       WHERE relnamespace = 'edgewise'::regnamespace AND relkind = 'r'";
            let size = |sql: &str| place.figure(sql) as f64 / 1e6;
            println!("  on disk: {:.1} MB", size(all));
            server.ask("VACUUM FULL");
            println!("  on disk: {:.1} MB when nothing is free (VACUUM FULL)", size(all));
            println!("  of them chunks: {:.1} MB", size("SELECT pg_total_relation_size('chunks')"));
        }
    }
}

/// Two ways to write the rows of a batch, without all that belongs to it.
fn ways() {
    let server = Server::start_with(&[], |_| {});
    let mut client = Client::connect(&server.url(), NoTls).expect("a connection");
    client
        .batch_execute(
            "CREATE TABLE rows (device text COLLATE \"C\", boot text COLLATE \"C\", sequence bigint, body text,
                 PRIMARY KEY (device, boot, sequence));
             CREATE TEMP TABLE arriving (LIKE rows) ON COMMIT DELETE ROWS",
        )
        .expect("tables");
    let mut fleet = Fleet::new(1000, START);
    let minutes: Vec<Vec<Record>> = (0..40).map(|_| fleet.minute()).collect();
    let (arrays, copied) = minutes.split_at(20);
    println!("rows of 1000 summaries at once:");
    let timed = |what: &str, work: &mut dyn FnMut(&[Record]), minutes: &[Vec<Record>]| {
        let start = Instant::now();
        minutes.iter().for_each(|minute| work(minute));
        let rows: usize = minutes.iter().map(Vec::len).sum();
        println!("  {what}: {:.0} a second", rows as f64 / start.elapsed().as_secs_f64());
    };
    let text = |record: &Record| String::from_utf8(record.text.to_vec()).expect("text");
    timed(
        "INSERT of arrays",
        &mut |minute| {
            let devices: Vec<&str> = minute.iter().map(|record| record.device.as_str()).collect();
            let boots: Vec<&str> = minute.iter().map(|record| record.boot.as_str()).collect();
            let sequences: Vec<i64> = minute.iter().map(|record| record.sequence.cast_signed()).collect();
            let bodies: Vec<String> = minute.iter().map(text).collect();
            let insert =
                "INSERT INTO rows SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[])
                          ON CONFLICT DO NOTHING";
            client.execute(insert, &[&devices, &boots, &sequences, &bodies]).expect("rows");
        },
        arrays,
    );
    timed(
        "COPY into a temporary table, then INSERT",
        &mut |minute| {
            let mut transaction = client.transaction().expect("a transaction");
            let writer = transaction.copy_in("COPY arriving FROM STDIN BINARY").expect("a copy");
            let mut writer =
                BinaryCopyInWriter::new(writer, &[Type::TEXT, Type::TEXT, Type::INT8, Type::TEXT]);
            for record in minute {
                let values: [&(dyn ToSql + Sync); 4] = [
                    &record.device.as_str(),
                    &record.boot.as_str(),
                    &record.sequence.cast_signed(),
                    &text(record),
                ];
                writer.write(&values).expect("a row");
            }
            writer.finish().expect("all rows");
            let insert = "INSERT INTO rows SELECT * FROM arriving ON CONFLICT DO NOTHING";
            transaction.execute(insert, &[]).expect("rows");
            transaction.commit().expect("a commit");
        },
        copied,
    );
}
