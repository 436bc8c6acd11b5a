//! The commands about the store, as people and scripts see them.

mod common;

use common::{Hub, backlog, summary};
use hub::store::{
    Keep, Store,
    fold::{DAY_MS, MINUTE_MS},
    sqlite::SqliteStore,
};
use rusqlite::Connection;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

/// The start of a day.
const DAY: i64 = 20_000 * DAY_MS;

fn hub(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hub"));
    command.args(arguments).arg("--data").arg(data).env("NO_COLOR", "1").output().unwrap()
}

fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn done_bytes(output: &Output) -> Vec<u8> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout.clone()
}

/// The one line that says what is wrong.
fn refused(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(!output.status.success() && text.lines().count() == 1, "{text}");
    text
}

/// A running hub with 100 minutes of two devices, of which the first 60 are packed.
async fn running(data: &Path) -> Hub {
    let path = data.join("edgewise.db");
    let minute = |n: u64| summary("b1", n, DAY + n as i64 * MINUTE_MS, "a_percent", n as f64);
    let mut hub = Hub::start(&path).await;
    for device in ["roof", "shed"] {
        let minutes: Vec<String> = (1..=100).map(minute).collect();
        hub.receive(&format!("edgewise/{device}/backlog"), backlog(&minutes), DAY + 100 * MINUTE_MS).await;
        while hub.next_ack().await.sequence < 100 {}
    }
    hub.stop().await;
    let store = SqliteStore::open(&path).unwrap();
    let mut upkeep = store.upkeep();
    let keep = Keep { minutes_ms: None, hours_ms: None, settle_ms: 0 };
    while upkeep.step(&keep, DAY + 100 * MINUTE_MS).unwrap() {}
    drop((store, upkeep));
    Hub::start(&path).await
}

async fn history(hub: &Hub, device: &str) -> serde_json::Value {
    let range = format!("from_ms={DAY}&to_ms={}", DAY + DAY_MS);
    hub.get(&format!("/api/v1/devices/{device}/history?metric=a_percent&{range}")).await.1["series"].clone()
}

#[tokio::test]
async fn a_backup_of_a_running_hub_is_restored_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let (data, other) = (folder.path().join("data"), folder.path().join("other"));
    fs::create_dir(&data).unwrap();
    let mut running = running(&data).await;
    let told = history(&running, "roof").await;
    let file = folder.path().join("copy.db");
    let path = file.to_str().unwrap();
    // What a backup leaves that was killed.
    fs::write(folder.path().join("copy.db.part"), "half of it").unwrap();
    assert!(done(&hub(&data, &["backup", path])).contains("holds the store"));
    assert!(!folder.path().join("copy.db.part").exists());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(refused(&hub(&data, &["backup", path])).contains("is there already"));
    assert!(refused(&hub(&data, &["restore", path])).contains("in use by another hub: stop that one"));

    // What came since is not in it, and is kept beside.
    let late = summary("b1", 101, DAY + 101 * MINUTE_MS, "a_percent", 1.0);
    running.receive("edgewise/roof/summary", late, DAY + 101 * MINUTE_MS).await;
    running.acked("b1", 101).await;
    running.stop().await;
    for target in [&data, &other] {
        assert!(done(&hub(target, &["restore", path])).contains("is in place"));
        let restored = Hub::start(&target.join("edgewise.db")).await;
        assert_eq!(history(&restored, "roof").await, told);
        restored.stop().await;
    }
    let kept = Hub::start(&data.join("edgewise.db.before-restore")).await;
    assert_eq!(history(&kept, "roof").await[0]["points"].as_array().unwrap().len(), 101);
    kept.stop().await;
    assert!(refused(&hub(&data, &["restore", path])).contains("what an earlier restore replaced"));

    // What a backup leaves that was killed at once is a database, but nobody's store.
    fs::write(&file, "").unwrap();
    assert!(refused(&hub(&other, &["restore", path])).contains("is no store of Edgewise"));
    fs::write(&file, "no store").unwrap();
    assert!(refused(&hub(&other, &["restore", path])).contains("is no store of Edgewise"));
    assert!(refused(&hub(&folder.path().join("none"), &["backup", path])).contains("is there already"));
    assert!(refused(&hub(&folder.path().join("none"), &["doctor"])).contains("there is no store"));
}

#[tokio::test]
async fn what_was_exported_is_imported_once() {
    let folder = tempfile::tempdir().unwrap();
    let (data, other) = (folder.path().join("data"), folder.path().join("other"));
    [&data, &other].into_iter().for_each(|path| fs::create_dir(path).unwrap());
    let running = running(&data).await;
    let told = [history(&running, "roof").await, history(&running, "shed").await];
    let csv = done(&hub(&data, &["export", "--device", "roof"]));
    let mut lines = csv.lines();
    assert_eq!(lines.next().unwrap(), "device,metric,time,window,mean,min,max,last,count,timed_by");
    assert_eq!(
        lines.next().unwrap(),
        "roof,a_percent,2024-10-04T00:01:00.000Z,summary,1.0,0.0,2.0,1.5,12,device"
    );
    assert_eq!(lines.count(), 99);
    let json = done(&hub(&data, &["export", "--device", "s*", "--metric", "*_percent", "--format", "json"]));
    assert_eq!(json.lines().count(), 100);
    let table = folder.path().join("a.parquet");
    let parquet = ["export", "--format", "parquet", "--output", table.to_str().unwrap()];
    done(&hub(&data, &parquet));
    let bytes = fs::read(&table).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    assert_eq!(done_bytes(&hub(&data, &parquet[..3])), bytes, "to standard output as well");
    let importing = refused(&hub(&other, &["import", table.to_str().unwrap(), "--format", "parquet"]));
    assert!(importing.contains("export as csv or json"), "{importing}");
    let few =
        ["export", "--device", "roof", "--from", "2024-10-04T00:00:00Z", "--to", "2024-10-04T00:10:00Z"];
    assert_eq!(done(&hub(&data, &few)).lines().count(), 11);
    assert!(
        refused(&hub(&data, &["export", "--device", "cellar"])).contains("no device of the store is meant")
    );

    let (first, second) = (folder.path().join("a.csv"), folder.path().join("b.json"));
    fs::write(&first, &csv).unwrap();
    fs::write(&second, &json).unwrap();
    let (first, second) = (first.to_str().unwrap(), second.to_str().unwrap());
    assert!(refused(&hub(&data, &["import", first])).contains("in use by another hub"));
    running.stop().await;
    assert_eq!(done(&hub(&other, &["import", first])), "100 points imported, 0 were there already\n");
    assert_eq!(done(&hub(&other, &["import", first])), "0 points imported, 100 were there already\n");
    assert_eq!(done(&hub(&other, &["import", second])), "100 points imported, 0 were there already\n");
    // Some of it is in rows there.
    assert_eq!(done(&hub(&data, &["import", first])), "0 points imported, 100 were there already\n");
    let imported = Hub::start(&other.join("edgewise.db")).await;
    assert_eq!([history(&imported, "roof").await, history(&imported, "shed").await], told);
    let hours = format!("metric=*&from_ms={DAY}&to_ms={}&step=1h", DAY + DAY_MS);
    let hours = imported.get(&format!("/api/v1/devices/roof/history?{hours}")).await.1;
    assert_eq!(hours["series"][0]["points"][0]["count"], 720);
    imported.stop().await;

    fs::write(first, csv.replacen("2.0,1.5", "-2.0,1.5", 1)).unwrap();
    assert!(refused(&hub(&other, &["import", first])).contains("a.csv, line 2: min is above max"));
}

#[tokio::test]
async fn the_doctor_tells_what_is_there_and_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let running = running(folder.path()).await;
    let text = done(&hub(folder.path(), &["doctor"]));
    for line in [
        "devices    2",
        "waiting    80 summaries, not packed yet, 2024-10-04T01:01:00.000Z to 2024-10-04T01:40:00.000Z",
        "minutes    120 points in 2 chunks, 2024-10-04T00:01:00.000Z to 2024-10-04T01:00:00.000Z",
        "hours      2 points in 2 chunks, 2024-10-04T01:00:00.000Z to 2024-10-04T01:00:00.000Z",
        "wrong      nothing",
    ] {
        assert!(text.lines().any(|told| told == line), "{line}\n{text}");
    }
    let connection = Connection::open(folder.path().join("edgewise.db")).unwrap();
    connection.execute("UPDATE chunks SET points = substr(points, 1, 40) WHERE id = 1", []).unwrap();
    let output = hub(folder.path(), &["doctor"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text.contains(
            "wrong      a_percent of roof, part 20000 of its history: a chunk of the history is damaged"
        ),
        "{text}"
    );
    // What is not damaged is still told.
    assert_eq!(history(&running, "roof").await[0]["points"].as_array().unwrap().len(), 40);
    assert_eq!(history(&running, "shed").await[0]["points"].as_array().unwrap().len(), 100);
    running.stop().await;
}
