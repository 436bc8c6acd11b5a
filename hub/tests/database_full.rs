//! A database whose disk is full: its summaries lie on a small one in memory, in a place of its own for mounts.

mod common;

use common::{Hub, place::Place, summary};
use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, process::Command, time::Duration};

const DISK: &str = "EDGEWISE_TEST_SMALL_TABLESPACE";
const SUMMARY: &str = "edgewise/roof/summary";

/// Runs where the disk is small: this test, started again by the other one.
#[tokio::test]
async fn on_a_small_disk() {
    let Some(disk) = std::env::var_os(DISK).map(PathBuf::from) else { return };
    let mut place = Place::database();
    drop(common::place::apart(|| place.open()));
    let (server, space) = (place.server(), disk.join("space"));
    fs::create_dir(&space).unwrap();
    common::postgres::own(&space);
    server.ask(&format!("CREATE TABLESPACE small LOCATION '{}'", space.display()));
    server.ask("ALTER TABLE edgewise.summaries SET TABLESPACE small");
    let one = |sequence| summary("b1", sequence, 1_000, "a_percent", 5.0);
    let mut hub = Hub::start_at(&place).await;
    hub.receive("edgewise/roof/status", "online", 5).await;
    hub.receive(SUMMARY, one(1), 5).await;
    hub.acked("b1", 1).await;
    let ballast = disk.join("ballast");
    while fs::write(&ballast, vec![1; fs::metadata(&ballast).map_or(0, |m| m.len() as usize) + 4096]).is_ok()
    {
    }
    let mut sequence = 1;
    while hub.health.check().is_ok() {
        sequence += 1;
        hub.receive(SUMMARY, one(sequence), 6).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (status, problem) = hub.get("/readyz").await;
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        status == 503 && detail.starts_with("store: the store failed: could not extend file"),
        "{detail}"
    );
    assert!(detail.ends_with("No space left on device; it is tried again"), "{detail}");
    while hub.acks.try_recv().is_ok() {}
    hub.receive(SUMMARY, one(sequence + 1), 7).await;
    let history = hub.get("/api/v1/devices/roof/history?metric=a_percent&from_ms=0&to_ms=9000").await;
    assert_eq!(history.0, 200, "reads go on");
    assert!(hub.acks.try_recv().is_err(), "nothing is acknowledged");

    fs::remove_file(&ballast).unwrap();
    assert_eq!(hub.acked("b1", sequence + 1).await.missing, []);
    assert_eq!(hub.get("/readyz").await.0, 200);
    hub.stop().await;
    assert_eq!(place.sequences("b1"), Vec::from_iter(1..=sequence + 1));
    println!("ALL OF IT RAN");
}

#[test]
fn a_full_disk_of_the_database_is_told_loses_nothing_and_mends_itself() {
    let folder = tempfile::tempdir().unwrap();
    // The server's user has to get there.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", script]);
        command.env(DISK, folder.path()).env("PROGRAM", std::env::current_exe().unwrap()).output().unwrap()
    };
    if !unshare("mount -t tmpfs small \"$EDGEWISE_TEST_SMALL_TABLESPACE\"").status.success() {
        // A user of its own namespace could mount, but there is no second user in it for the server to be.
        eprintln!("not tested: only root may mount, and this test does not run as root");
        return;
    }
    let output = unshare(
        "mount -t tmpfs -o size=2m,mode=755 small \"$EDGEWISE_TEST_SMALL_TABLESPACE\" && exec \"$PROGRAM\" --exact on_a_small_disk --nocapture",
    );
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("ALL OF IT RAN"), "{text}");
}
