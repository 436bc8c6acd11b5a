//! Agents that start in 1970, end and start again before the hub hears of them: the real programs, and a wall
//! clock of the test's own.

use e2e::{Hub, HubOptions, Program, binary, eventually};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

const CONFIG: &str = "interval_seconds = 0.2\nwindow_seconds = 2\n[spool]\nafter_seconds = 1\n";

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64
}

/// An agent's home, with a clock that the test sets.
struct Pi {
    home: tempfile::TempDir,
    library: PathBuf,
    broker: String,
}

impl Pi {
    /// In 1970, without a time daemon.
    fn new(broker: String) -> Self {
        let home = tempfile::tempdir().expect("room in /tmp");
        let library = home.path().join("clock.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clock/preload.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-Wall", "-o"]).arg(&library).arg(source);
        assert!(compiler.status().expect("a C compiler").success());
        fs::write(home.path().join("agent.toml"), CONFIG).expect("room in /tmp");
        let pi = Self { home, library, broker };
        pi.set_clock(-now_ms() / 1000, false);
        pi
    }

    fn set_clock(&self, add_seconds: i64, kept: bool) {
        let path = self.home.path().join("clock");
        // Another file under its name: nobody reads half of it.
        let new = path.with_extension("new");
        fs::write(&new, format!("{add_seconds} {}\n", i32::from(kept))).expect("room in /tmp");
        fs::rename(new, path).expect("a directory of our own");
    }

    fn start(&self) -> Program {
        let home = self.home.path();
        let mut command = Command::new(binary("edge-agent"));
        command.args(["--hub", &self.broker, "--device", "roof", "--simulate", "--config"]);
        command.arg(home.join("agent.toml")).env("EDGEWISE_SPOOL_DIRECTORY", home.join("spool"));
        command.env("EDGEWISE_STATUS_SOCKET", home.join("agent.sock"));
        command.env("LD_PRELOAD", &self.library).env("EDGEWISE_TEST_CLOCK", home.join("clock"));
        Program::start(&mut command)
    }

    /// Runs an agent that nobody hears of until it has something on disk, then kills it. Returns from when to
    /// when it lived.
    fn run_unheard(&self) -> (i64, i64) {
        let begin = now_ms();
        let mut agent = self.start();
        eventually("two batches on disk", || {
            (agent.log().matches("kept on disk").count() >= 2).then_some(())
        });
        agent.kill();
        assert!(agent.log().contains("1970-01-01"), "{}", agent.log());
        (begin, now_ms())
    }
}

/// The runs of the ledger, the one last heard of first, once there are two without a hole and the first is whole.
fn runs(hub: &Hub) -> [Value; 2] {
    let path = "/api/v1/devices/roof/ledger";
    eventually("both runs", || {
        let ledger = hub.get(path)?;
        let runs = ledger["runs"].as_array()?.clone();
        (ledger["missing_count"] == 0 && runs.first()?["received_count"].as_u64()? >= 3).then_some(())?;
        // The earlier run is not heard of any more once the later one has gone on.
        let apart = runs[0]["last_received_ms"].as_i64()? - runs.get(1)?["last_received_ms"].as_i64()?;
        (apart > 3_000).then(|| [runs[0].clone(), runs[1].clone()])
    })
}

fn history(hub: &Hub, from_ms: i64) -> Vec<i64> {
    let path = format!("/api/v1/devices/roof/history?metric=temperature_celsius&from_ms={from_ms}");
    let history = hub.get(&path).expect("a history");
    let points = history["series"][0]["points"].as_array().expect("points");
    points.iter().map(|point| point["time_ms"].as_i64().expect("a time")).collect()
}

/// All of the run stands in the time in which it was made, give or take a second.
fn assert_in_place(hub: &Hub, run: &Value, (begin, end): (i64, i64)) {
    let times = history(hub, begin - 3_600_000);
    let there = times.iter().filter(|time| (begin - 1_000..end + 1_000).contains(time)).count();
    assert_eq!(run["received_count"], there, "between {begin} and {end}: {times:?}, {run}");
    assert!(run["received_count"].as_u64() >= Some(2), "{run}");
}

#[test]
fn what_was_made_in_1970_stands_in_its_place_once_a_later_run_knows_the_time() {
    let options = HubOptions::embedded();
    let pi = Pi::new(options.broker());
    let lived = pi.run_unheard();
    pi.set_clock(0, true);
    // Longer than what a time may be off, so that what stands at its receipt stands out.
    std::thread::sleep(std::time::Duration::from_secs(3));
    let _agent = pi.start();
    let hub = options.start();
    let [later, earlier] = runs(&hub);
    assert_in_place(&hub, &earlier, lived);
    for run in [&later, &earlier] {
        assert!(run["timed_by_hub"].is_null() && run["timed_by_receipt"].is_null(), "{run}");
    }
}

#[test]
fn a_device_that_never_knows_the_time_is_timed_by_the_hub_which_says_so() {
    let options = HubOptions::embedded();
    let pi = Pi::new(options.broker());
    let lived = pi.run_unheard();
    std::thread::sleep(std::time::Duration::from_secs(3));
    let _agent = pi.start();
    let hub = options.start();
    let [later, earlier] = runs(&hub);
    assert_in_place(&hub, &earlier, lived);
    for run in [&later, &earlier] {
        assert_eq!(run["timed_by_hub"]["count"], run["received_count"], "{run}");
        assert!(run["timed_by_receipt"].is_null(), "{run}");
    }
    assert_eq!(hub.device("roof").expect("the device")["state"]["clock"], "unsynchronized");
}
