//! A database that neither answers nor closes: it is told, nothing is lost, and it is used again by itself.

mod common;

use common::{
    Hub, SURELY, backlog,
    place::{Place, apart, settings},
    postgres::Server,
    proxy::Proxy,
    summary,
};
use hub::store::{StoreError, postgresql::PostgresStore};
use std::{future::Future, time::Duration};

/// A hub that is soon out of patience.
const SOON: &str = "?tcp_user_timeout=2&connect_timeout=2";

async fn send(hub: &mut Hub, sequences: std::ops::RangeInclusive<u64>) {
    let some: Vec<String> = sequences.map(|n| summary("b1", n, 1_000, "a_percent", 5.0)).collect();
    hub.receive("edgewise/roof/backlog", backlog(&some), 5).await;
}

/// Longer than any of the patience that is waited for here.
async fn surely<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(4 * SURELY, work).await.unwrap_or_else(|_| panic!("in vain: {what}"))
}

/// What `/readyz` says once it says this.
async fn unready(hub: &Hub, words: &str) -> String {
    surely(words, async {
        loop {
            let (status, problem) = hub.get("/readyz").await;
            let detail = problem["detail"].as_str().unwrap_or_default();
            if status == 503 && detail.contains(words) {
                return detail.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
}

/// All up to here is acknowledged, is there, and came once.
async fn all_is_there(mut hub: Hub, place: &Place, last: u64) {
    surely("the acknowledgement", async { while !hub.acked_if("b1", last).await {} }).await;
    surely("the health", async {
        while hub.get("/readyz").await.0 != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
    let ledger = hub.get("/api/v1/devices/roof/ledger").await.1;
    let counts = ["received_count", "missing_count", "double_count"].map(|name| ledger[name].as_u64());
    assert_eq!(counts, [Some(last), Some(0), Some(0)], "nobody sent anything twice");
    hub.stop().await;
    assert_eq!(place.sequences("b1"), Vec::from_iter(1..=last));
}

/// While it hangs everybody is told, the panel's reads fail, and live values go on.
async fn is_told(hub: &mut Hub) {
    hub.receive("edgewise/roof/status", "online", 1).await;
    send(hub, 1..=12).await;
    hub.acked("b1", 12).await;
}

async fn told_while_it_hangs(hub: &mut Hub) {
    send(hub, 13..=24).await;
    let told = unready(hub, "does not answer").await;
    assert!(told.starts_with("store: the store failed: ") && told.lines().count() == 1, "{told}");
    assert!(told.ends_with("; it is tried again"), "{told}");
    let history = "/api/v1/devices/roof/history?metric=a_percent&from_ms=0&to_ms=9000";
    let (status, problem) = surely("an answer", hub.get(history)).await;
    let detail = problem["detail"].as_str();
    assert_eq!((status, detail), (503, Some("the history cannot be read now; the hub's log says why")));
    assert_eq!(hub.get("/api/v1/devices/roof").await.0, 200, "live values go on");
    let figures = reqwest::get(hub.url("/metrics")).await.unwrap().text().await.unwrap();
    assert!(figures.contains("edgewise_hub_part_up{part=\"store\"} 0.0"), "{figures}");
    assert!(!figures.contains("edgewise_hub_store_bytes"), "what is not known is absent");
    assert!(hub.acks.try_recv().is_err(), "nothing is acknowledged");
}

#[tokio::test]
async fn a_server_that_hangs_is_told_and_used_again() {
    let server = Server::start();
    let place = Place::Behind(format!("{}{SOON}", server.url()), Box::new(server));
    let Place::Behind(_, server) = &place else { unreachable!() };
    let mut hub = Hub::start_at(&place).await;
    is_told(&mut hub).await;
    server.hold(true);
    told_while_it_hangs(&mut hub).await;
    server.hold(false);
    all_is_there(hub, &place, 24).await;
}

#[tokio::test]
async fn a_way_that_falls_silent_is_told_and_used_again() {
    let server = Server::start();
    let proxy = Proxy::start(server.port());
    let place = Place::Behind(format!("{}{SOON}", server.url_at(proxy.port())), Box::new(server));
    let mut hub = Hub::start_at(&place).await;
    is_told(&mut hub).await;
    proxy.mute(true);
    told_while_it_hangs(&mut hub).await;
    proxy.mute(false);
    all_is_there(hub, &place, 24).await;
}

/// The others answer, so that it is believed to be at work; but not without a word.
#[tokio::test]
async fn one_process_of_the_server_that_hangs_is_told_of() {
    let server = Server::start();
    let place = Place::Behind(format!("{}{SOON}", server.url()), Box::new(server));
    let Place::Behind(_, server) = &place else { unreachable!() };
    let mut hub = Hub::start_at(&place).await;
    is_told(&mut hub).await;
    let holder = "SELECT pid FROM pg_locks WHERE locktype = 'advisory'";
    let process = server.ask(holder).remove(0);
    // In the middle of a statement, as a process whose disk hangs.
    server.ask(
        "CREATE TABLE public.pausing ();
         INSERT INTO public.pausing DEFAULT VALUES;
         CREATE FUNCTION edgewise.pause() RETURNS trigger LANGUAGE plpgsql AS
             $$BEGIN
                 WHILE EXISTS (SELECT FROM public.pausing) LOOP PERFORM pg_sleep(0.05); END LOOP;
                 RETURN NULL;
             END$$;
         CREATE TRIGGER pause AFTER INSERT ON edgewise.summaries EXECUTE FUNCTION edgewise.pause()",
    );
    send(&mut hub, 13..=24).await;
    surely("it is at it", async {
        let pausing =
            format!("SELECT pid FROM pg_stat_activity WHERE pid = {process} AND wait_event = 'PgSleep'");
        while server.ask(&pausing).is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let signal = |signal: &str| {
        let kill = std::process::Command::new("kill").args([&format!("-{signal}"), &process]).status();
        assert!(kill.unwrap().success());
    };
    signal("STOP");
    server.ask("DELETE FROM public.pausing");
    let told = unready(&hub, "the store has not answered for").await;
    assert!(told.lines().count() == 1, "{told}");
    signal("CONT");
    all_is_there(hub, &place, 24).await;
}

#[tokio::test]
async fn a_statement_that_takes_long_is_waited_for() {
    let server = Server::start();
    let place = Place::Behind(format!("{}?tcp_user_timeout=1", server.url()), Box::new(server));
    let mut hub = Hub::start_at(&place).await;
    is_told(&mut hub).await;
    let Place::Behind(_, server) = &place else { unreachable!() };
    server.ask(
        "CREATE FUNCTION edgewise.pause() RETURNS trigger LANGUAGE plpgsql AS
             $$BEGIN PERFORM pg_sleep(4); RETURN NULL; END$$;
         CREATE TRIGGER pause AFTER INSERT ON edgewise.summaries EXECUTE FUNCTION edgewise.pause()",
    );
    send(&mut hub, 13..=24).await;
    let health = hub.health.clone();
    let watched = tokio::spawn(async move {
        loop {
            health.check().unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    surely("the acknowledgement", hub.acked("b1", 24)).await;
    assert!(!watched.is_finished(), "it was given up");
    watched.abort();
    server.ask("DROP TRIGGER pause ON edgewise.summaries");
    send(&mut hub, 25..=25).await;
    all_is_there(hub, &place, 25).await;
}

#[test]
fn a_hub_that_starts_is_told_that_nobody_answers() {
    let server = Server::start();
    server.hold(true);
    let url = format!("{}{SOON}", server.url());
    let error = apart(|| PostgresStore::open(settings(&url)).err().expect("nobody answers"));
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    assert!(error.to_string().ends_with("cannot be reached: it does not answer"), "{error}");
    server.hold(false);
    drop(apart(|| PostgresStore::open(settings(&url)).unwrap()));
}
