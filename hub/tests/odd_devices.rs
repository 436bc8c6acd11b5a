//! Devices that count in strange ways, and two that claim to be one.

mod common;

use common::{Hub, backlog, birth, sequences, stored, summary};
use protocol::{Ack, SequenceRange};
use std::{collections::HashMap, sync::atomic::Ordering::Relaxed};

const SUMMARY: &str = "edgewise/roof/summary";
const BACKLOG: &str = "edgewise/roof/backlog";
const LEDGER: &str = "/api/v1/devices/roof/ledger";
const ONLINE: (&str, &str) = ("edgewise/roof/status", "online");

fn one(boot: &str, sequence: u64) -> String {
    summary(boot, sequence, 1_000, "a_percent", 5.0)
}

/// Waits for acks that reach so far; those of one commit come in any order.
async fn acked<const N: usize>(hub: &mut Hub, wanted: [(&str, u64); N]) -> HashMap<String, Ack> {
    let mut latest: HashMap<String, Ack> = HashMap::new();
    while !wanted.iter().all(|(boot, s)| latest.get(*boot).is_some_and(|ack| ack.sequence >= *s)) {
        let ack = hub.next_ack().await;
        latest.insert(ack.boot.to_string(), ack);
    }
    latest
}

#[tokio::test]
async fn a_sequence_that_runs_backwards_is_stored_once_each_and_leaves_no_hole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.db");
    let mut hub = Hub::start(&path).await;
    hub.receive(ONLINE.0, ONLINE.1, 5).await;
    for sequence in (1..=9).rev().chain([9, 4]) {
        hub.receive(SUMMARY, one("b", sequence), 5).await;
    }
    while !hub.acked("b", 9).await.missing.is_empty() {}
    assert_eq!(sequences(&path, "b"), (1..=9).collect::<Vec<_>>());
    // The two that came again are their own commit, perhaps.
    while hub.health.duplicates.load(Relaxed) < 2 {
        hub.next_ack().await;
    }
    let ledger = hub.get(LEDGER).await.1;
    assert_eq!((&ledger["received_count"], &ledger["missing_count"]), (&9.into(), &0.into()));
    assert_eq!(ledger["double_count"], 2);
    hub.stop().await;
}

#[tokio::test]
async fn a_claim_of_a_billion_summaries_is_one_hole_in_ack_and_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.db");
    let mut hub = Hub::start(&path).await;
    hub.receive(ONLINE.0, ONLINE.1, 5).await;
    let (billion, most) = (1_000_000_000, (1 << 53) - 1);
    let last = one("c", 7).replace(r#""sequence":7"#, &format!(r#""sequence":{most}"#));
    hub.receive(BACKLOG, backlog(&[one("b", 1), one("b", billion), last]), 5).await;
    let acks = acked(&mut hub, [("b", billion), ("c", most)]).await;
    assert_eq!(acks["b"].missing, [SequenceRange { first: 2, last: billion - 1 }]);
    assert_eq!(acks["c"].missing, [SequenceRange { first: 1, last: most - 1 }]);
    let ledger = hub.get(LEDGER).await.1;
    assert_eq!(ledger["received_count"], 3);
    assert_eq!(ledger["missing_count"], billion - 2 + most - 1);
    hub.stop().await;
    assert_eq!(stored(&path).len(), 3);
}

#[tokio::test]
async fn a_message_full_of_empty_summaries_costs_no_more_than_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.db");
    let mut hub = Hub::start(&path).await;
    let entries = 300_000;
    let mut text = "{},".repeat(entries);
    text.pop();
    let message = backlog(&[text, one("b", 1)]);
    assert!(message.len() < hub::ingest::decode::MAX_PAYLOAD);
    hub.receive(BACKLOG, message, 5).await;
    assert_eq!(hub.ingest.counters().refused.load(Relaxed), entries as u64);
    assert_eq!(hub.next_ack().await.sequence, 1, "the good one among them is taken");
    hub.stop().await;
    assert_eq!(stored(&path).len(), 1);
}

#[tokio::test]
async fn two_agents_with_one_id_keep_their_summaries_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.db");
    let mut hub = Hub::start(&path).await;
    for sequence in 1..=5 {
        for boot in ["here", "there"] {
            hub.receive("edgewise/roof/birth", birth(boot), 5).await;
            hub.receive(SUMMARY, one(boot, sequence), 5).await;
        }
    }
    let acks = acked(&mut hub, [("here", 5), ("there", 5)]).await;
    for boot in ["here", "there"] {
        assert_eq!(acks[boot].missing, [], "{boot}");
        assert_eq!(sequences(&path, boot), [1, 2, 3, 4, 5], "{boot}");
    }
    let ledger = hub.get(LEDGER).await.1;
    assert_eq!((&ledger["received_count"], &ledger["missing_count"]), (&10.into(), &0.into()));
    hub.stop().await;
}
