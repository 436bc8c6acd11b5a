//! A database that goes away, and comes back: nothing is lost, nothing is there twice.

mod common;

use common::{
    Hub, SURELY, backlog,
    place::{Place, apart, settings},
    postgres::Server,
    proxy::Proxy,
    summary,
};
use hub::store::{StoreError, postgresql::PostgresStore};
use std::time::Duration;

const BACKLOG: &str = "edgewise/roof/backlog";

fn one(sequence: u64) -> String {
    summary("b1", sequence, 1_000, "a_percent", 5.0)
}

/// Summaries by the dozen, each of which is a message of its own to the writer.
async fn send(hub: &mut Hub, sequences: std::ops::RangeInclusive<u64>) {
    let all: Vec<u64> = sequences.collect();
    for some in all.chunks(12) {
        let some: Vec<String> = some.iter().map(|sequence| one(*sequence)).collect();
        hub.receive(BACKLOG, backlog(&some), 5).await;
    }
}

/// All up to here is acknowledged, is there, and came once.
async fn all_is_there(mut hub: Hub, place: &Place, last: u64) {
    while !hub.acked("b1", last).await.missing.is_empty() {}
    let ledger = hub.get("/api/v1/devices/roof/ledger").await.1;
    assert_eq!((&ledger["received_count"], &ledger["missing_count"]), (&last.into(), &0.into()));
    assert_eq!(ledger["double_count"], 0, "nobody sent anything twice");
    assert_eq!(hub.get("/readyz").await.0, 200);
    hub.stop().await;
    assert_eq!(place.sequences("b1"), Vec::from_iter(1..=last));
}

/// With all the care that a server takes by default, or more: this is about durability.
fn careful() -> Place {
    Place::Database(Box::new(Server::start_with(&["-csynchronous_commit=off"], |_| {})))
}

#[tokio::test]
async fn a_server_that_is_restarted_under_load_costs_nothing() {
    let mut place = careful();
    let mut hub = Hub::start_at(&place).await;
    hub.receive("edgewise/roof/status", "online", 1).await;
    let mut last = 0;
    for round in 0..8 {
        send(&mut hub, last + 1..=last + 600).await;
        last += 600;
        // The writer is in the middle of it: somewhere else in each round.
        tokio::time::sleep(Duration::from_millis(7 * round)).await;
        place.server().stop(if round % 2 == 0 { "INT" } else { "QUIT" });
        send(&mut hub, last + 1..=last + 12).await;
        last += 12;
        place.server().start_again(&[]);
    }
    all_is_there(hub, &place, last).await;
}

#[tokio::test]
async fn connections_that_are_killed_under_load_cost_nothing() {
    let mut place = careful();
    let mut hub = Hub::start_at(&place).await;
    hub.receive("edgewise/roof/status", "online", 1).await;
    let mut killed = 0;
    for round in 0..25 {
        send(&mut hub, round * 240 + 1..=(round + 1) * 240).await;
        let kill =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'edgewise hub'";
        killed += place.server().ask(kill).len();
    }
    assert!(killed > 5, "only {killed} connections were there to kill");
    all_is_there(hub, &place, 25 * 240).await;
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_counts_once() {
    let server = Server::start();
    let proxy = Proxy::start(server.port());
    let place = Place::Behind(server.url_at(proxy.port()), Box::new(server));
    let mut hub = Hub::start_at(&place).await;
    hub.receive("edgewise/roof/status", "online", 1).await;
    for round in 0..6 {
        proxy.swallow(1);
        send(&mut hub, round * 24 + 1..=(round + 1) * 24).await;
        hub.receive("edgewise/roof/status", if round % 2 == 0 { "offline" } else { "online" }, 2).await;
        while proxy.left_to_swallow() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        hub.acked("b1", (round + 1) * 24).await;
    }
    // One goes to the log of events or to the summaries, whichever comes first; none is there twice.
    while hub.get("/api/v1/events").await.1["events"].as_array().map_or(0, Vec::len) < 7 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let events = hub.get("/api/v1/events").await.1;
    assert_eq!(events["events"].as_array().unwrap().len(), 7, "{events}");
    // What is acknowledged last says it for all.
    send(&mut hub, 145..=145).await;
    all_is_there(hub, &place, 145).await;
}

/// As after a power loss on the way: the server keeps the connection, with all that it holds, for hours.
#[tokio::test]
async fn a_connection_that_the_server_believes_alive_does_not_keep_the_hub_out() {
    let server = Server::start();
    let proxy = Proxy::start(server.port());
    let place = Place::Behind(server.url_at(proxy.port()), Box::new(server));
    let mut hub = Hub::start_at(&place).await;
    hub.receive("edgewise/roof/status", "online", 1).await;
    send(&mut hub, 1..=12).await;
    hub.acked("b1", 12).await;
    proxy.break_silently();
    send(&mut hub, 13..=24).await;
    all_is_there(hub, &place, 24).await;
}

#[tokio::test]
async fn while_it_is_gone_nothing_is_acknowledged_and_everybody_is_told() {
    let mut place = Place::database();
    let mut hub = Hub::start_at(&place).await;
    hub.receive("edgewise/roof/status", "online", 1).await;
    send(&mut hub, 1..=12).await;
    hub.acked("b1", 12).await;
    place.server().stop("INT");
    send(&mut hub, 13..=24).await;
    while hub.health.check().is_ok() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // First it says goodbye, and is not there then.
    let told = tokio::time::timeout(SURELY, async {
        loop {
            let (status, problem) = hub.get("/readyz").await;
            let detail = problem["detail"].as_str().unwrap_or_default().to_owned();
            if status == 503 && detail.contains("cannot be reached") {
                return detail;
            }
            hub.receive("edgewise/roof/summary", one(25), 6).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let told = told.await.expect("it is told");
    let address = format!("postgresql://127.0.0.1:{}/postgres", place.server().port());
    assert!(
        told.starts_with(&format!("store: the store failed: the database {address} cannot be reached: ")),
        "{told}"
    );
    assert!(told.ends_with("; it is tried again") && told.lines().count() == 1, "{told}");
    let (status, problem) =
        hub.get("/api/v1/devices/roof/history?metric=a_percent&from_ms=0&to_ms=9000").await;
    assert_eq!(
        (status, problem["detail"].as_str()),
        (503, Some("the history cannot be read now; the hub's log says why"))
    );
    assert_eq!(hub.get("/api/v1/devices/roof").await.0, 200, "live values go on");
    assert!(hub.acks.try_recv().is_err(), "nothing is acknowledged");
    place.server().start_again(&[]);
    while hub.acked("b1", 24).await.sequence < 24 {}
    let history = hub.get("/api/v1/devices/roof/history?metric=a_percent&from_ms=0&to_ms=9000").await;
    assert_eq!(history.0, 200);
    hub.stop().await;
    assert_eq!(place.sequences("b1")[..24], Vec::from_iter(1..=24)[..]);
}

/// What an operator can do to a server, one after the other; all of it passes.
#[tokio::test]
async fn read_only_or_full_of_others_it_is_waited_for() {
    let mut place = Place::database();
    let mut hub = Hub::start_at(&place).await;
    hub.receive("edgewise/roof/status", "online", 1).await;
    send(&mut hub, 1..=12).await;
    hub.acked("b1", 12).await;
    let kick =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'edgewise hub'";
    let troubles = [
        (
            "ALTER SYSTEM SET default_transaction_read_only = on",
            "SET default_transaction_read_only = off; ALTER SYSTEM RESET default_transaction_read_only",
            "cannot execute INSERT in a read-only transaction",
        ),
        ("ALTER DATABASE postgres ALLOW_CONNECTIONS false", "", "is not currently accepting connections"),
    ];
    let mut last = 12;
    for (cause, cure, told) in troubles {
        // Whoever may still connect when the database takes no connections: to another one.
        let url = place.server().url();
        let elsewhere = |sql: &str| {
            for statement in sql.split("; ").filter(|statement| !statement.is_empty()) {
                place_ask(&url.replace("/postgres", "/template1"), statement);
            }
        };
        elsewhere(cause);
        elsewhere("SELECT pg_reload_conf()");
        elsewhere(kick);
        send(&mut hub, last + 1..=last + 12).await;
        let seen = tokio::time::timeout(SURELY, async {
            while !hub.health.check().is_err_and(|reason| reason.contains(told)) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        assert!(seen.await.is_ok(), "{told}: {:?}", hub.health.check());
        while hub.acks.try_recv().is_ok() {}
        assert_eq!(hub.get("/readyz").await.0, 503);
        if cure.is_empty() {
            elsewhere("ALTER DATABASE postgres ALLOW_CONNECTIONS true");
        } else {
            for statement in cure.split("; ") {
                place_ask_writing(&url.replace("/postgres", "/template1"), statement);
            }
        }
        elsewhere("SELECT pg_reload_conf()");
        last += 12;
        hub.acked("b1", last).await;
    }
    all_is_there_after(hub, &place, last).await;
}

async fn all_is_there_after(mut hub: Hub, place: &Place, last: u64) {
    send(&mut hub, last + 1..=last + 1).await;
    all_is_there(hub, place, last + 1).await;
}

fn place_ask(url: &str, sql: &str) {
    let output = std::process::Command::new("psql").args(["-XAtq", "-c", sql, url]).output().unwrap();
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
}

fn place_ask_writing(url: &str, sql: &str) {
    let output = std::process::Command::new("psql")
        .env("PGOPTIONS", "-c default_transaction_read_only=off")
        .args(["-XAtq", "-c", sql, url])
        .output()
        .unwrap();
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_second_hub_is_kept_out_until_the_first_is_gone() {
    let place = Place::database();
    let first = place.open();
    let Place::Database(server) = &place else { unreachable!() };
    let second = PostgresStore::open(settings(&server.url())).err().expect("it is kept out");
    assert!(matches!(second, StoreError::InUse(_)), "{second}");
    assert!(second.to_string().contains("is in use by another hub: stop that one"), "{second}");
    drop(first);
    drop(place.open());
}

/// The first loses its connection, and the second takes the place.
#[tokio::test]
async fn a_hub_that_was_replaced_meanwhile_waits() {
    let mut place = Place::database();
    let mut hub = Hub::start_at(&place).await;
    send(&mut hub, 1..=12).await;
    hub.acked("b1", 12).await;
    let url = place.server().url();
    place.server().stop("INT");
    place.server().start_again(&[]);
    let other = apart(|| PostgresStore::open(settings(&url)).unwrap());
    send(&mut hub, 13..=24).await;
    let told = tokio::time::timeout(SURELY, async {
        while !hub.health.check().is_err_and(|reason| reason.contains("in use by another hub")) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(told.await.is_ok(), "{:?}", hub.health.check());
    assert!(hub.acks.try_recv().is_err());
    apart(|| drop(other));
    hub.acked("b1", 24).await;
    hub.stop().await;
    assert_eq!(place.sequences("b1"), Vec::from_iter(1..=24));
}
