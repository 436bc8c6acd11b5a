//! Forgetting a device, over real sockets and in the real file.

mod common;

use common::{
    Hub, SURELY, birth,
    place::{Place, on_both},
    state, summary,
};
use serde_json::json;
use std::path::Path;

on_both!(async nothing_is_left_of_a_device_that_is_forgotten_and_others_stay);

/// The tables with rows about a device, past the hub's own code.
fn mentions(place: &Place, device: &str) -> Vec<String> {
    match place {
        Place::File(path, _) => rows(path, device),
        Place::Database(server) | Place::Behind(_, server) => {
            let tables = server.ask("SELECT oid::regclass FROM pg_class WHERE relnamespace = 'edgewise'::regnamespace AND relkind = 'r'");
            let told = |table: &String| {
                let sql = format!(
                    "SELECT count(*) FROM {table} AS t, jsonb_each_text(to_jsonb(t)) AS c WHERE c.value = '{device}'"
                );
                server.ask(&sql) != ["0"]
            };
            tables.into_iter().filter(told).collect()
        }
    }
}

fn rows(path: &Path, device: &str) -> Vec<String> {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mentions = |table: &String| {
        let mut select = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = select.column_count();
        let mut rows = select.query([]).unwrap();
        let mut found = false;
        while let Some(row) = rows.next().unwrap() {
            found |= (0..columns).any(|i| row.get_ref(i).unwrap().as_str().is_ok_and(|text| text == device));
        }
        found
    };
    tables.into_iter().filter(mentions).collect()
}

async fn delete(hub: &Hub, device: &str) -> u16 {
    let request = reqwest::Client::new().delete(hub.url(&format!("/api/v1/devices/{device}")));
    request.send().await.unwrap().status().as_u16()
}

async fn topics_cleared(hub: &mut Hub) -> Vec<String> {
    let mut topics = Vec::new();
    while topics.len() < 4 {
        let message = tokio::time::timeout(SURELY, hub.acks.recv()).await.expect("a message").unwrap();
        if message.payload.is_empty() {
            assert!(message.retained, "only so the broker forgets it");
            topics.push(message.topic);
        }
    }
    topics
}

async fn nothing_is_left_of_a_device_that_is_forgotten_and_others_stay(place: Place) {
    let mut hub = Hub::start_at(&place).await;
    for device in ["roof", "shed"] {
        let topic = |channel: &str| format!("edgewise/{device}/{channel}");
        hub.receive(&topic("status"), "online", 1).await;
        hub.receive(&topic("birth"), birth("b1"), 2).await;
        hub.receive(&topic("state"), state("b1", 10, 1.0), 3).await;
        hub.receive(&topic("summary"), summary("b1", 1, 60_000, "a_percent", 5.0), 60_000).await;
        hub.acked("b1", 1).await;
    }
    assert_eq!(delete(&hub, "roof").await, 409, "it would be back with its next message");
    hub.receive("edgewise/roof/status", "offline", 70_000).await;
    let events = async |hub: &Hub, device: &str| {
        let page = hub.get(&format!("/api/v1/events?device={device}")).await.1;
        page["events"].as_array().unwrap().len()
    };
    while events(&hub, "roof").await < 2 {
        tokio::task::yield_now().await;
    }
    let mut stream = reqwest::get(hub.url("/api/v1/stream")).await.unwrap();

    assert_eq!(delete(&hub, "roof").await, 204);
    let expected = ["edgewise/roof/status", "edgewise/roof/birth", "edgewise/roof/state"];
    let cleared = topics_cleared(&mut hub).await;
    assert_eq!(
        (&cleared[..3], cleared[3].as_str()),
        (&expected.map(str::to_owned)[..], "homeassistant/device/roof/config")
    );
    let mut told = String::new();
    while !told.contains("event: forgotten\ndata: {\"device\":\"roof\"}\n\n") {
        let chunk = tokio::time::timeout(SURELY, stream.chunk()).await.expect("it is told").unwrap().unwrap();
        told.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    drop(stream);
    for path in ["", "/ledger", "/history?metric=a_percent"] {
        assert_eq!(hub.get(&format!("/api/v1/devices/roof{path}")).await.0, 404, "{path}");
    }
    assert_eq!(delete(&hub, "roof").await, 404);
    while events(&hub, "roof").await > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(events(&hub, "shed").await, 1);

    // Whoever comes under that name is new: what it sends is no repetition.
    hub.receive("edgewise/roof/summary", summary("b1", 1, 60_000, "a_percent", 5.0), 80_000).await;
    hub.acked("b1", 1).await;
    assert_eq!(hub.get("/api/v1/devices/roof/ledger").await.1["double_count"], json!(0));
    assert_eq!(delete(&hub, "roof").await, 204);
    hub.stop().await;
    assert_eq!(mentions(&place, "roof"), [""; 0]);
    assert!(!mentions(&place, "shed").is_empty());
    assert_eq!(place.stored(), [("shed".to_owned(), "b1".to_owned(), 1)]);

    let hub = Hub::start_at(&place).await;
    let devices = hub.get("/api/v1/devices").await.1;
    assert_eq!(devices["devices"].as_array().unwrap().len(), 1, "{devices}");
    hub.stop().await;
}

#[tokio::test]
async fn a_writer_that_dies_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.db");
    let mut hub = Hub::start_fragile(&path).await;
    hub.receive("edgewise/roof/status", "online", 1).await;
    assert_eq!(hub.get("/readyz").await.0, 200);
    hub.receive("edgewise/roof/summary", summary("b1", 1, 60_000, "a_percent", 5.0), 60_000).await;
    tokio::time::timeout(SURELY, hub.health.fallen()).await.expect("the hub is told");
    let (status, problem) = hub.get("/readyz").await;
    assert_eq!(status, 503);
    assert!(problem["detail"].as_str().unwrap().contains("the writer's thread died"), "{problem}");
    hub.receive("edgewise/roof/status", "offline", 2).await;
    assert_eq!(delete(&hub, "roof").await, 503, "nobody is there to forget it");
}
