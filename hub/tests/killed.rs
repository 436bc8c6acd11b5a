//! A hub that is killed in the middle of its commits has what it acknowledged, once.

mod common;

use common::{
    Hub, backlog,
    place::{Place, database, on_both},
    summary,
};
use hub::store::Source;
use protocol::Ack;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

on_both!(what_was_acknowledged_is_there_once_after_kill_9);

const STORE: &str = "EDGEWISE_TEST_KILLED_STORE";
const ROUND: &str = "EDGEWISE_TEST_KILLED_ROUND";

/// The process that is killed: this test, started again by the other one with a store to fill.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_until_killed() {
    let (Ok(store), Ok(round)) = (std::env::var(STORE), std::env::var(ROUND)) else { return };
    let is_database = store.starts_with("postgresql:");
    let open =
        || if is_database { database(&store) } else { Place::at(Path::new(&store)).open_with_events() };
    let mut hub = Hub::start_opened(open).await;
    let mut acks = std::mem::replace(&mut hub.acks, tokio::sync::mpsc::channel(1).1);
    tokio::spawn(async move {
        while let Some(ack) = acks.recv().await {
            println!("ACK {} {}", ack.topic, String::from_utf8(ack.payload.to_vec()).unwrap());
        }
    });
    // Of each three, the middle one comes last and the first one twice.
    for base in (0u64..).step_by(3) {
        for device in ["roof", "shed"] {
            let one = |sequence| summary(&round, base + sequence, 1_000, "a_percent", 5.0);
            let topic = format!("edgewise/{device}/backlog");
            hub.receive(&topic, backlog(&[one(1), one(3), one(1)]), 5).await;
            hub.receive(&topic, backlog(&[one(2)]), 5).await;
        }
    }
}

fn run_until_acks(store: &str, round: &str, lines: usize) -> Vec<(String, Ack)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "commits_until_killed", "--nocapture"])
        .envs([(STORE, store), (ROUND, round)])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut acks = Vec::new();
    let mut output = BufReader::new(child.stdout.take().unwrap()).split(b'\n');
    let mut killed = false;
    while let Some(Ok(line)) = output.next() {
        // What it said before it died counts, up to the last whole line.
        let line = String::from_utf8(line).unwrap();
        let said = line.split_once("ACK ").and_then(|(_, said)| said.split_once(' '));
        if let Some((topic, ack)) =
            said.and_then(|(topic, text)| Some((topic, serde_json::from_str(text).ok()?)))
        {
            acks.push((topic.split('/').nth(1).unwrap().to_owned(), ack));
        }
        if acks.len() >= lines && !killed {
            child.kill().unwrap();
            killed = true;
        }
    }
    let status = child.wait().unwrap();
    assert!(killed && !status.success(), "it ended by itself: {status}");
    acks
}

fn what_was_acknowledged_is_there_once_after_kill_9(mut place: Place) {
    let store = match &mut place {
        Place::File(path, _) => path.to_str().unwrap().to_owned(),
        place => place.server().url(),
    };
    let mut acked: BTreeMap<(String, String), BTreeSet<u64>> = BTreeMap::new();
    for (round, lines) in [1, 7, 40, 150].into_iter().enumerate() {
        for (device, ack) in run_until_acks(&store, &format!("round{round}"), lines) {
            let covered = (1..=ack.sequence).filter(|&s| ack.covers(s));
            acked.entry((device, ack.boot.to_string())).or_default().extend(covered);
        }
        // The first to open it again is a hub, as in life: nobody holds the lock of the dead.
        drop(place.open());
        let rows = place.stored();
        let mut held: BTreeMap<(String, String), BTreeSet<u64>> = BTreeMap::new();
        for (device, boot, sequence) in rows {
            assert!(held.entry((device, boot)).or_default().insert(sequence), "{sequence} is there twice");
        }
        for (source, sequences) in &acked {
            let lost: Vec<_> = sequences.difference(&held[source]).collect();
            assert!(lost.is_empty(), "{source:?} was told that {lost:?} is safe");
        }
        receipts_agree(&place, &held);
    }
    assert!(acked.len() >= 4, "each round got through: {:?}", acked.keys());
}

/// What the hub believes to have is what it has.
fn receipts_agree(place: &Place, held: &BTreeMap<(String, String), BTreeSet<u64>>) {
    let mut store = place.open();
    for ((device, boot), sequences) in held {
        let source = Source { device: device.parse().unwrap(), boot: boot.parse().unwrap() };
        let position = store.receipts(&source).unwrap().position();
        let missing: BTreeSet<u64> = position.missing.iter().flat_map(|r| r.first..=r.last).collect();
        let believed: BTreeSet<u64> = (1..=position.sequence).filter(|s| !missing.contains(s)).collect();
        assert_eq!(&believed, sequences, "{source:?}");
    }
}
