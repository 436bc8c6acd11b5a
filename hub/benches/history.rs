//! What the history costs: room on the disk, time to write, time to answer. Prints figures; nothing fails on one.
//!
//! `cargo bench -p hub --bench history [-- DEVICES DAYS]`, 100 devices and 30 days unless told otherwise. It needs about
//! 2 GB in the directory for temporary files.

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "history/fleet.rs"]
mod fleet;
#[path = "history/load.rs"]
mod load;

use common::Hub;
use fleet::{Fleet, METRICS};
use hub::store::{
    fold::{DAY_MS, HOUR_MS},
    sqlite::SqliteStore,
    writer::Record,
};
use load::{BATCH, START, commit, fill};
use rusqlite::Connection;
use std::{collections::BTreeMap, path::Path, time::Instant};

fn main() {
    // Cargo itself passes `--bench`.
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<u16>().ok());
    let devices = numbers.next().map_or(100, usize::from);
    let days = numbers.next().map_or(30, i64::from);
    let folder = tempfile::tempdir().expect("a temporary directory");
    let old = folder.path().join("old.db");
    before_chunks(&old);
    println!("commits of {BATCH} summaries of {} metrics, each on disk:", METRICS.len());
    println!("  file of schema 2:  {:>9.0} summaries/s", commits(&old));
    println!("  new file:          {:>9.0} summaries/s", commits(&folder.path().join("new.db")));

    let path = folder.path().join("fleet.db");
    fill(&mut SqliteStore::open(&path).expect("a store"), devices, days);
    room(&path);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(answers(&path, devices, START + days * DAY_MS));
}

/// A file as hubs made it before there were chunks.
fn before_chunks(path: &Path) {
    drop(SqliteStore::open(path).expect("a store"));
    let connection = Connection::open(path).expect("the file");
    let sql = "DROP TABLE series; DROP TABLE chunks; DROP TABLE facts; DROP TABLE shapes;
               PRAGMA user_version = 2; PRAGMA journal_mode = DELETE;";
    connection.execute_batch(sql).expect("tables");
}

fn commits(path: &Path) -> f64 {
    let mut store = SqliteStore::open(path).expect("a store");
    let mut fleet = Fleet::new(1000, START);
    let batches: Vec<Vec<Record>> = (0..30).map(|_| fleet.minute()).collect();
    let mut receipts = BTreeMap::new();
    let start = Instant::now();
    batches.iter().for_each(|batch| commit(&mut store, batch, &mut receipts));
    (batches.len() * BATCH) as f64 / start.elapsed().as_secs_f64()
}

fn room(path: &Path) {
    let connection = Connection::open(path).expect("the file");
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("a checkpoint");
    let number =
        |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a number") as f64;
    let rows = number("SELECT count(*) FROM summaries");
    let page = number("PRAGMA page_size");
    let free = number("PRAGMA freelist_count") * page;
    let bytes = number("PRAGMA page_count") * page - free;
    let chunks = number("SELECT sum(length(points)) FROM chunks");
    let hours = number("SELECT sum(length(points)) FROM chunks WHERE tier = 1");
    let mut select = connection.prepare("SELECT points FROM chunks").expect("chunks");
    let blobs = select.query_map([], |row| row.get::<_, Vec<u8>>(0)).expect("chunks");
    let points: usize = blobs
        .map(|blob| hub::store::chunk::unpack(&blob.expect("a chunk")).expect("a sound one").len())
        .sum();
    let points = points as f64 + rows * METRICS.len() as f64;
    println!("history on disk: {:.1} MB, with {rows} summaries that are not packed yet", bytes / 1e6);
    println!("  and {:.1} MB to be used again, since whole days were packed at once here", free / 1e6);
    println!("  packed minutes {:.1} MB, hours {:.1} MB", (chunks - hours) / 1e6, hours / 1e6);
    println!("  {:.2} bytes a number, of mean, min and max (budget 2)", bytes / (3.0 * points));
    println!("  {:.2} bytes a number, of all: time, mean, min, max, last and count", bytes / (6.0 * points));
}

async fn answers(path: &Path, devices: usize, end_ms: i64) {
    let mut hub = Hub::start(path).await;
    for device in 0..devices {
        hub.receive(&format!("edgewise/{}/status", Fleet::name(device)), "online", end_ms).await;
    }
    let ask = |path: String| {
        let url = hub.url(&path);
        async move {
            let mut times = Vec::new();
            let mut bytes = 0;
            for _ in 0..20 {
                let start = Instant::now();
                let response = reqwest::get(&url).await.expect("an answer");
                assert_eq!(response.status(), 200, "{url}");
                bytes = response.bytes().await.expect("all of it").len();
                times.push(start.elapsed());
            }
            times.sort();
            println!("  {:>6.1} ms, {:>6} KB: {path}", times[10].as_secs_f64() * 1e3, bytes / 1024);
        }
    };
    println!("answers, the middle of 20:");
    let back = |ms: i64| format!("from_ms={}&to_ms={end_ms}", end_ms - ms);
    let (week, month) = (back(7 * DAY_MS), back(30 * DAY_MS));
    let one = "/api/v1/devices/d0/history?metric=outdoor_temperature_celsius";
    ask(format!("{one}&{month}")).await;
    ask(format!("{one}&{month}&step=1h")).await;
    ask(format!("{one}&{month}&max_points=50000")).await;
    ask(format!("{one}&{}", back(6 * HOUR_MS))).await;
    ask(format!("/api/v1/compare?metric=outdoor_temperature_celsius&devices=*&{week}")).await;
    ask(format!(
        "/api/v1/compare?metric=outdoor_temperature_celsius&devices=*&{week}&step=1h&aggregate=mean"
    ))
    .await;
    ask(format!("/api/v1/devices/d0/report?metric=outdoor_temperature_celsius&{month}")).await;
    hub.stop().await;
}
