//! Devices that do not know what time it is.

mod common;

use common::{Hub, backlog};
use serde_json::{Value, json};

const STATE: &str = "edgewise/roof/state";
const BIRTH: &str = "edgewise/roof/birth";
const BACKLOG: &str = "edgewise/roof/backlog";
/// By the hub's clock.
const NOW: i64 = 1_795_000_000_000;

/// A message of a machine that believes it is 1970.
fn lost(mut text: Value, run: &str, monotonic_ms: i64) -> String {
    let stamp = json!({"version": 1, "boot": run, "monotonic_ms": monotonic_ms, "time_ms": monotonic_ms,
        "clock": "unsynchronized"});
    text.as_object_mut().unwrap().extend(stamp.as_object().unwrap().clone());
    text.to_string()
}

fn summary(run: &str, machine: &str, sequence: i64) -> String {
    let (figures, count) = (json!({"a_percent": sequence}), json!({"a_percent": 12}));
    let text = json!({"machine_boot": machine, "sequence": sequence, "window_ms": 60_000, "mean": figures,
        "min": figures, "max": figures, "last": figures, "count": count});
    lost(text, run, sequence * 60_000)
}

fn birth(run: &str, machine: &str, monotonic_ms: i64) -> String {
    let text = serde_json::from_str(&common::birth(run)).unwrap();
    let mut text: Value = serde_json::from_str(&lost(text, run, monotonic_ms)).unwrap();
    text["machine_boot"] = machine.into();
    text.to_string()
}

fn state(run: &str, monotonic_ms: i64) -> String {
    lost(json!({"now": {}, "mean": {}, "faults": {}}), run, monotonic_ms)
}

/// Times and means of the history.
async fn history(hub: &Hub) -> Vec<(i64, i64)> {
    let (from, to) = (NOW - 3_600_000, NOW + 3_600_000);
    let path = format!("/api/v1/devices/roof/history?metric=a_percent&from_ms={from}&to_ms={to}");
    let points = hub.get(&path).await.1["series"][0]["points"].as_array().expect("points").clone();
    points.iter().map(|p| (p["time_ms"].as_i64().unwrap(), p["mean"].as_f64().unwrap() as i64)).collect()
}

async fn run(hub: &Hub, boot: &str) -> Value {
    let ledger = hub.get("/api/v1/devices/roof/ledger").await.1;
    let runs = ledger["runs"].as_array().expect("runs");
    runs.iter().find(|run| run["boot"] == boot).expect("the run").clone()
}

#[tokio::test]
async fn what_an_earlier_run_spooled_lands_where_it_was_and_the_ledger_says_whose_time_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut hub = Hub::start(&folder.path().join("hub.db")).await;
    // Up for an hour; the second run of the agent is the first that the hub hears of.
    hub.receive(BIRTH, birth("second", "m", 3_600_000), NOW).await;
    hub.receive(BACKLOG, backlog(&[summary("first", "m", 10), summary("first", "m", 11)]), NOW + 50).await;
    hub.acked("first", 11).await;
    assert_eq!(history(&hub).await, [(NOW - 3_000_000, 10), (NOW - 2_940_000, 11)]);
    let first = run(&hub, "first").await;
    let span = json!({"from_ms": NOW - 3_000_000, "to_ms": NOW - 2_940_000, "count": 2});
    assert_eq!((&first["timed_by_hub"], &first["timed_by_receipt"]), (&span, &Value::Null));
    hub.stop().await;
}

#[tokio::test]
async fn what_a_machine_made_before_a_reboot_without_a_clock_stands_at_its_receipt_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut hub = Hub::start(&folder.path().join("hub.db")).await;
    hub.receive(BIRTH, birth("second", "after", 600_000), NOW).await;
    let unknown = [summary("first", "before", 3), summary("second", "after", 9)];
    hub.receive(BACKLOG, backlog(&unknown), NOW + 50).await;
    hub.acked("second", 9).await;
    assert_eq!(history(&hub).await, [(NOW - 60_000, 9), (NOW + 50, 3)]);
    let first = run(&hub, "first").await;
    assert_eq!(first["timed_by_receipt"], json!({"from_ms": NOW + 50, "to_ms": NOW + 50, "count": 1}));
    assert_eq!(first["timed_by_hub"], Value::Null);

    // It comes again: nothing moves, and nothing is counted twice.
    hub.receive(BACKLOG, backlog(&unknown), NOW + 90_000).await;
    hub.acked("second", 9).await;
    assert_eq!(history(&hub).await, [(NOW - 60_000, 9), (NOW + 50, 3)]);
    assert_eq!(run(&hub, "first").await["timed_by_receipt"]["count"], 1);
    hub.stop().await;
}

/// Its broker gives the hub what the hub gave it, and that is no news.
#[tokio::test]
async fn a_hub_that_comes_back_knows_the_machine_still() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.db");
    let mut hub = Hub::start(&path).await;
    hub.receive(BIRTH, birth("first", "m", 60_000), NOW - 1_000_000).await;
    hub.receive(STATE, state("first", 65_000), NOW - 995_000).await;
    hub.stop().await;

    let mut hub = Hub::start(&path).await;
    for (topic, echo) in [(BIRTH, birth("first", "m", 60_000)), (STATE, state("first", 65_000))] {
        hub.receive(topic, echo, NOW).await;
    }
    // An agent that a reboot has ended meanwhile, and one that runs since.
    hub.receive(BIRTH, birth("second", "n", 20_000), NOW).await;
    hub.receive(BACKLOG, backlog(&[summary("first", "m", 2)]), NOW).await;
    hub.acked("first", 2).await;
    assert_eq!(history(&hub).await, [(NOW - 995_000 + 55_000, 2)]);
    hub.stop().await;
}
