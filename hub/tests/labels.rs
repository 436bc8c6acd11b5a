//! What people say of devices and choose for the hub, over real sockets and in real stores.

mod common;

use common::{
    Hub, SURELY, birth,
    place::{Place, on_both},
    summary,
};
use serde_json::{Value, json};

on_both!(async
    what_people_say_of_a_device_is_told_kept_found_and_forgotten_with_it,
    a_device_that_was_named_and_never_saved_is_still_known,
    settings_are_chosen_kept_and_refused_where_the_configuration_decides,
);

/// Status and answer of a change.
async fn patch(hub: &Hub, path: &str, body: impl Into<String>) -> (u16, Value) {
    let request = reqwest::Client::new().patch(hub.url(path)).header("content-type", "application/json");
    let answer = request.body(body.into()).send().await.unwrap();
    (answer.status().as_u16(), serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
}

async fn ids(hub: &Hub, query: &str) -> Vec<String> {
    let list = hub.get(&format!("/api/v1/devices{query}")).await.1;
    let devices = list["devices"].as_array().unwrap().iter();
    devices.map(|device| device["id"].as_str().unwrap().to_owned()).collect()
}

const ROOF: &str = "/api/v1/devices/roof/labels";

async fn what_people_say_of_a_device_is_told_kept_found_and_forgotten_with_it(place: Place) {
    let mut hub = Hub::start_at(&place).await;
    for device in ["roof", "shed"] {
        hub.receive(&format!("edgewise/{device}/status"), "offline", 1).await;
    }
    let nothing = json!({"name": null, "tags": [], "group": null});
    assert_eq!(hub.get(ROOF).await, (200, nothing.clone()));
    let mut stream = reqwest::get(hub.url("/api/v1/stream")).await.unwrap();

    let said = json!({"name": "Dach \"Süd\"", "tags": ["pv", "wet"], "group": "Haus"});
    let change = r#"{"name":"Dach \"Süd\"","tags":["wet","pv","wet"],"group":" Haus "}"#;
    assert_eq!(patch(&hub, ROOF, change).await, (200, said.clone()));
    let mut told = String::new();
    let event = r#""labels":{"name":"Dach \"Süd\"","tags":["pv","wet"],"group":"Haus"}"#;
    while !told.contains(event) {
        let chunk = tokio::time::timeout(SURELY, stream.chunk()).await.expect("it is told").unwrap().unwrap();
        told.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    drop(stream);
    // A birth is news of the device, not of what people say of it.
    hub.receive("edgewise/roof/birth", birth("b1"), 2).await;
    assert_eq!(hub.get("/api/v1/devices/roof").await.1["labels"], said);
    for (query, found) in [
        ("?tag=pv", &["roof"][..]),
        ("?group=Haus&tag=wet", &["roof"]),
        ("?group=", &["shed"]),
        ("?tag=x", &[]),
    ] {
        assert_eq!(ids(&hub, query).await, found, "{query}");
    }
    assert_eq!(hub.get("/api/v1/devices?name=x").await.0, 400);

    hub.stop().await;
    let mut hub = Hub::start_at(&place).await;
    assert_eq!(hub.get(ROOF).await.1, said, "it outlives the hub");
    let less = json!({"name": "Dach \"Süd\"", "tags": [], "group": null});
    assert_eq!(patch(&hub, ROOF, r#"{"tags":[],"group":null}"#).await, (200, less));

    let delete = reqwest::Client::new().delete(hub.url("/api/v1/devices/roof"));
    assert_eq!(delete.send().await.unwrap().status(), 204);
    hub.receive("edgewise/roof/status", "offline", 3).await;
    assert_eq!(hub.get(ROOF).await.1, nothing, "who comes under that name is somebody else");
    hub.stop().await;
    let hub = Hub::start_at(&place).await;
    assert_eq!(hub.get(ROOF).await.1, nothing);
    hub.stop().await;
}

async fn a_device_that_was_named_and_never_saved_is_still_known(place: Place) {
    let mut hub = Hub::start_at(&place).await;
    hub.receive("edgewise/roof/status", "offline", 1).await;
    assert_eq!(patch(&hub, ROOF, r#"{"name":"Dach"}"#).await.0, 200);
    hub.stop().await;
    // As if the power had gone before the device itself was saved.
    place.change("DELETE FROM devices");
    let hub = Hub::start_at(&place).await;
    let device = hub.get("/api/v1/devices/roof").await.1;
    assert_eq!((&device["labels"]["name"], &device["status"]), (&json!("Dach"), &json!("unknown")));
    hub.stop().await;
}

#[tokio::test]
async fn a_change_that_cannot_be_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut hub = Hub::start(&folder.path().join("hub.db")).await;
    hub.receive("edgewise/roof/status", "offline", 1).await;
    assert_eq!(patch(&hub, ROOF, r#"{"name":"Dach"}"#).await.0, 200);
    let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(20_000));
    let tag = format!(r#"{{"tags":["{}"]}}"#, "x".repeat(33));
    let tags = json!({"tags": (0..17).map(|n| n.to_string()).collect::<Vec<_>>()}).to_string();
    for (path, body, status, says) in [
        (ROOF, r#"{"nom":"a"}"#, 400, "unknown field"),
        (ROOF, "{", 400, "what was sent"),
        (ROOF, long.as_str(), 413, "over 16384 bytes"),
    ] {
        let (found, problem) = patch(&hub, path, body).await;
        let detail = problem["detail"].as_str().unwrap();
        assert!(found == status && detail.contains(says), "{body:.40}: {found} {detail}");
        assert_eq!((&problem["code"], &problem["values"]), (&Value::Null, &json!({})), "{body:.40}");
    }
    // What a panel may say in a language of its own has a code, and apart from the text what the text names.
    for (path, body, status, code, values) in [
        (
            ROOF,
            r#"{"name":"a\u0007"}"#,
            400,
            "bad_character",
            json!({"what": "name", "character": "'\\u{7}'"}),
        ),
        (ROOF, r#"{"group":" "}"#, 400, "empty_text", json!({"what": "group"})),
        (ROOF, &tag, 400, "long_text", json!({"what": "tag", "length": "33", "most": "32"})),
        (ROOF, &tags, 400, "too_many_tags", json!({"count": "17", "most": "16"})),
        (
            "/api/v1/devices/attic/labels",
            r#"{"name":"a"}"#,
            404,
            "unknown_device",
            json!({"device": "attic"}),
        ),
        (SETTINGS, r#"{"hours_days":60}"#, 409, "configured", json!({"setting": "history.hours_days"})),
        (SETTINGS, r#"{"minutes_days":731}"#, 400, "short_hours", json!({"hours": "730", "minutes": "731"})),
        (
            SETTINGS,
            r#"{"minutes_days":36526}"#,
            400,
            "too_many_days",
            json!({"setting": "minutes_days", "days": "36526", "most": "36525"}),
        ),
        (SETTINGS, r#"{"bands":{"raised":9,"high":5,"mark":90}}"#, 400, "unsound_bands", json!({})),
    ] {
        let (found, problem) = patch(&hub, path, body).await;
        let told = (found, &problem["code"], &problem["values"]);
        assert_eq!(told, (status, &json!(code), &values), "{body:.40}: {problem}");
    }
    hub.receive("edgewise/roof/status", "online", 2).await;
    let delete = reqwest::Client::new().delete(hub.url("/api/v1/devices/roof"));
    let answer = delete.send().await.unwrap().bytes().await.unwrap();
    let problem: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!((&problem["code"], &problem["values"]), (&json!("device_online"), &json!({"device": "roof"})));
    let untyped = reqwest::Client::new().patch(hub.url(ROOF)).body(r#"{"name":"b"}"#);
    assert_eq!(untyped.send().await.unwrap().status(), 415);
    assert_eq!(hub.get(ROOF).await.1["name"], "Dach");
    hub.stop().await;
}

#[tokio::test]
async fn who_has_no_password_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let stream = hub::stream::Stream::default();
    let mut hub = Hub::start_with(&folder.path().join("hub.db"), Some("s3cret"), stream).await;
    hub.receive("edgewise/roof/status", "offline", 1).await;
    for path in [ROOF, "/api/v1/settings"] {
        assert_eq!(patch(&hub, path, "{}").await.0, 401, "{path}");
    }
    hub.stop().await;
}

const SETTINGS: &str = "/api/v1/settings";

async fn settings_are_chosen_kept_and_refused_where_the_configuration_decides(place: Place) {
    let mut hub = Hub::start_at(&place).await;
    let default = json!({
        "minutes": {"days": 30, "source": "default", "oldest_ms": null},
        "hours": {"days": 730, "source": "config", "oldest_ms": null},
        "bands": {"raised": 50.0, "high": 75.0, "mark": 90.0},
    });
    assert_eq!(hub.get(SETTINGS).await, (200, default));

    let (status, problem) = patch(&hub, SETTINGS, r#"{"hours_days":60}"#).await;
    assert_eq!(status, 409, "{problem}");
    let bands = r#"{"bands":{"raised":40,"high":80,"mark":95}}"#;
    assert_eq!(patch(&hub, SETTINGS, bands).await.1["bands"]["raised"], 40.0);
    assert_eq!(patch(&hub, SETTINGS, r#"{"minutes_days":9999}"#).await.0, 400);
    let (_, view) = patch(&hub, SETTINGS, r#"{"minutes_days":60}"#).await;
    assert_eq!((&view["minutes"]["days"], &view["minutes"]["source"]), (&json!(60), &json!("chosen")));

    // A minute of long ago: a shorter time would delete it.
    let then = hub::clock::now_ms() - 50 * 86_400_000;
    hub.receive("edgewise/roof/summary", summary("b1", 1, then, "a_percent", 5.0), then).await;
    hub.acked("b1", 1).await;
    let (status, problem) = patch(&hub, SETTINGS, r#"{"minutes_days":30}"#).await;
    let detail = problem["detail"].as_str().unwrap();
    assert!(status == 409 && detail.contains("the oldest 21 days of minutes"), "{status} {detail}");
    assert_eq!(problem["code"], "deletes_history");
    hub.stop().await;

    let hub = Hub::start_at(&place).await;
    let kept = hub.get(SETTINGS).await.1;
    assert_eq!((&kept["minutes"]["days"], &kept["minutes"]["oldest_ms"]), (&json!(60), &json!(then)));
    assert_eq!(kept["bands"]["mark"], 95.0);
    let (status, view) = patch(&hub, SETTINGS, r#"{"minutes_days":null,"delete_history":true}"#).await;
    assert_eq!((status, &view["minutes"]["source"]), (200, &json!("default")));
    hub.stop().await;
}
