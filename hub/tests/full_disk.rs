//! A disk that is full: a small one in memory, in a place of its own for mounts.

mod common;

use common::{Hub, sequences, summary};
use std::{fs, path::PathBuf, process::Command};

const DISK: &str = "EDGEWISE_TEST_SMALL_DISK";
const SUMMARY: &str = "edgewise/roof/summary";

/// Runs where the disk is small: this test, started again by the other one.
#[tokio::test]
async fn on_a_small_disk() {
    let Some(disk) = std::env::var_os(DISK).map(PathBuf::from) else { return };
    let path = disk.join("hub.db");
    let one = |sequence| summary("b1", sequence, 1_000, "a_percent", 5.0);
    let mut hub = Hub::start(&path).await;
    hub.receive("edgewise/roof/status", "online", 5).await;
    hub.receive(SUMMARY, one(1), 5).await;
    hub.acked("b1", 1).await;
    // Fills up to the last byte, and so that no page that is there already can be written over.
    let ballast = disk.join("ballast");
    while fs::write(&ballast, vec![1; fs::metadata(&ballast).map_or(0, |m| m.len() as usize) + 4096]).is_ok()
    {
    }
    let mut sequence = 1;
    while hub.health.check().is_ok() {
        sequence += 1;
        hub.receive(SUMMARY, one(sequence), 6).await;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let (status, problem) = hub.get("/readyz").await;
    let detail = problem["detail"].as_str().unwrap();
    assert_eq!(
        (status, detail),
        (503, "store: the store failed: database or disk is full; it is tried again")
    );
    while hub.acks.try_recv().is_ok() {}
    hub.receive(SUMMARY, one(sequence + 1), 7).await;
    let history = hub.get("/api/v1/devices/roof/history?metric=a_percent&from_ms=0&to_ms=9000").await;
    assert_eq!(history.0, 200, "reads go on");
    assert!(!history.1["series"][0]["points"].as_array().unwrap().is_empty());
    assert!(hub.acks.try_recv().is_err(), "nothing is acknowledged");

    fs::remove_file(&ballast).unwrap();
    assert_eq!(hub.acked("b1", sequence + 1).await.missing, []);
    assert_eq!(hub.get("/readyz").await.0, 200);
    assert_eq!(sequences(&path, "b1"), Vec::from_iter(1..=sequence + 1));
    hub.stop().await;
    println!("ALL OF IT RAN");
}

#[test]
fn a_full_disk_is_told_loses_nothing_and_mends_itself() {
    let folder = tempfile::tempdir().unwrap();
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]);
        command.env(DISK, folder.path()).env("PROGRAM", std::env::current_exe().unwrap()).output().unwrap()
    };
    if !unshare("mount -t tmpfs small \"$EDGEWISE_TEST_SMALL_DISK\"").status.success() {
        eprintln!("not tested: this system lets nobody mount; the fault suite fills a disk, too");
        return;
    }
    let output = unshare(
        "mount -t tmpfs -o size=2m small \"$EDGEWISE_TEST_SMALL_DISK\" && exec \"$PROGRAM\" --exact on_a_small_disk --nocapture",
    );
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("ALL OF IT RAN"), "{text}");
}
