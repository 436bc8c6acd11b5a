//! The API, asked over real sockets.

mod common;

use common::{
    Hub, backlog, birth,
    place::{Place, on_both},
    state, summary,
};
use hub::stream::Stream;
use protocol::SequenceRange;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const BACKLOG: &str = "edgewise/roof/backlog";

on_both!(async
    a_device_and_its_latest_values_are_told,
    history_is_in_the_order_of_time_and_its_gaps_stay,
    devices_are_compared_on_the_same_steps,
    a_report_tells_of_a_range_and_the_one_before,
    the_ledger_tells_what_came_late_double_and_not_at_all_also_after_a_restart,
);

async fn a_device_and_its_latest_values_are_told(place: Place) {
    let mut hub = Hub::start_at(&place).await;
    assert_eq!(hub.get("/api/v1/devices").await.1["devices"], json!([]));
    hub.receive("edgewise/roof/status", "online", 5_000).await;
    hub.receive("edgewise/roof/birth", birth("b1"), 5_001).await;
    hub.receive("edgewise/roof/state", state("b1", 10, 42.0), 5_002).await;

    let (status, device) = hub.get("/api/v1/devices/roof").await;
    assert_eq!(status, 200);
    let expected = json!({
        "id": "roof", "status": "online", "status_since_ms": 5_000, "last_heard_ms": 5_002,
        "birth": serde_json::from_str::<Value>(&birth("b1")).unwrap(),
        "state": serde_json::from_str::<Value>(&state("b1", 10, 42.0)).unwrap(),
        "state_received_ms": 5_002, "labels": {"name": null, "tags": [], "group": null},
    });
    assert_eq!(device, expected);
    assert_eq!(hub.get("/api/v1/devices").await.1["devices"], json!([expected]));
    hub.stop().await;
}

async fn history_is_in_the_order_of_time_and_its_gaps_stay(place: Place) {
    let mut hub = Hub::start_at(&place).await;
    let minute = |n: u64, metric: &str| summary("b1", n, n as i64 * 60_000, metric, n as f64);
    // Late ones come last, minute 4 is missing, minute 5 has another metric only.
    let late =
        [minute(6, "a_percent"), minute(5, "b_celsius"), minute(1, "a_percent"), minute(3, "a_percent")];
    hub.receive(BACKLOG, backlog(&late), 1_000_000).await;
    // A whole number is a number, too.
    let whole = minute(2, "a_percent").replace("\"a_percent\":2.0", "\"a_percent\":2");
    hub.receive(BACKLOG, backlog(&[whole]), 1_000_000).await;
    // The two messages may be one commit or two: minute 2 is there when 4 alone is asked for.
    while hub.acked("b1", 6).await.missing != [SequenceRange { first: 4, last: 4 }] {}

    let path = "/api/v1/devices/roof/history?metric=b_celsius&metric=a_percent&metric=none_percent&from_ms=60001&to_ms=360001";
    let (status, history) = hub.get(path).await;
    assert_eq!(status, 200);
    let point = |n: u64| {
        let mean = n as f64;
        json!({"time_ms": n * 60_000, "mean": mean, "min": mean - 1.0, "max": mean + 1.0, "last": mean + 0.5, "count": 12})
    };
    assert_eq!(
        history,
        json!({
            "device": "roof", "from_ms": 60_001, "to_ms": 360_001, "step_ms": null,
            "series": [
                {"metric": "b_celsius", "points": [point(5)]},
                {"metric": "a_percent", "points": [point(2), point(3), point(6)]},
                {"metric": "none_percent", "points": []},
            ],
        })
    );
    // The end is included, the start is not: the window that ends there lies before it.
    let edges = hub.get("/api/v1/devices/roof/history?metric=a_percent&from_ms=60000&to_ms=180000").await.1;
    assert_eq!(edges["series"][0]["points"], json!([point(2), point(3)]));
    let few = "/api/v1/devices/roof/history?metric=*_percent&from_ms=60000&to_ms=360000&max_points=4&aggregate=mean,count";
    let expected = json!({
        "device": "roof", "from_ms": 0, "to_ms": 360_000, "step_ms": 120_000,
        "series": [{"metric": "a_percent", "points": [
            {"time_ms": 120_000, "mean": 1.5, "count": 24},
            {"time_ms": 240_000, "mean": 3.0, "count": 12},
            {"time_ms": 360_000, "mean": 6.0, "count": 12},
        ]}],
    });
    assert_eq!(hub.get(few).await.1, expected);
    let from =
        "/api/v1/devices/roof/history?metric=a_percent&from=1970-01-01T00:00:00Z&to=1970-01-01T01:10:00Z";
    let hour = hub.get(&format!("{from}&step=1h")).await.1;
    let point = json!({"time_ms": 3_600_000, "mean": 3.0, "min": 0.0, "max": 7.0, "count": 48});
    assert_eq!((&hour["to_ms"], &hour["series"][0]["points"]), (&json!(7_200_000), &json!([point])));
    hub.stop().await;
}

/// Two devices, of which one pauses, and the time before.
async fn two_devices(place: &Place) -> Hub {
    let mut hub = Hub::start_at(place).await;
    for (device, minutes) in [("roof", 1..=8u64), ("shed", 3..=5)] {
        let summaries: Vec<String> =
            minutes.map(|n| summary("b1", n, n as i64 * 60_000, "a_percent", n as f64 * 20.0)).collect();
        hub.receive(&format!("edgewise/{device}/backlog"), backlog(&summaries), 1_000_000).await;
    }
    while hub.next_ack().await.sequence != 8 {}
    while hub.get("/api/v1/devices/shed/ledger").await.1["received_count"] != 3 {}
    hub
}

async fn devices_are_compared_on_the_same_steps(place: Place) {
    let hub = two_devices(&place).await;
    let range = "from=1970-01-01T00:00:00Z&to=1970-01-01T00:08:00Z&step=2m";
    let ask = |devices: &str| {
        format!("/api/v1/compare?metric=a_percent&devices={devices}&{range}&aggregate=mean,count")
    };
    let column =
        |device: &str, mean: Value, count: Value| json!({"device": device, "mean": mean, "count": count});
    let roof = column("roof", json!([30.0, 70.0, 110.0, 150.0]), json!([24, 24, 24, 24]));
    let shed = column("shed", json!([null, 70.0, 100.0, null]), json!([null, 24, 12, null]));
    let expected = json!({
        "metric": "a_percent", "from_ms": 0, "to_ms": 480_000, "step_ms": 120_000,
        "times_ms": [120_000, 240_000, 360_000, 480_000], "devices": [shed, roof],
    });
    assert_eq!(hub.get(&ask("shed,roof")).await, (200, expected));
    assert_eq!(hub.get(&ask("s*")).await.1["devices"], json!([shed]));
    assert_eq!(hub.get(&ask("roof,cellar")).await.0, 404);
    assert_eq!(hub.get(&ask("x*")).await.0, 400);
    hub.stop().await;
}

async fn a_report_tells_of_a_range_and_the_one_before(place: Place) {
    let hub = two_devices(&place).await;
    let path = "/api/v1/devices/roof/report?metric=a_percent&from_ms=240000&to_ms=480000&bands=100,140";
    let (status, mut report) = hub.get(path).await;
    assert_eq!(status, 200);
    let points = report["points"].take();
    assert_eq!((points.as_array().unwrap().len(), &points[0]["time_ms"]), (4, &json!(300_000)));
    let expected = json!({
        "device": "roof", "metric": "a_percent", "step_ms": null, "points": null,
        "range": {"from_ms": 240_000, "to_ms": 480_000, "mean": 130.0, "count": 48},
        "previous": {"from_ms": 0, "to_ms": 240_000, "mean": 50.0, "count": 48},
        "mean_change": 80.0,
        "lowest": {"time_ms": 300_000, "value": 99.0}, "highest": {"time_ms": 480_000, "value": 161.0},
        "bands": [
            {"from": null, "to": 100.0, "share": 0.0}, {"from": 100.0, "to": 140.0, "share": 0.75},
            {"from": 140.0, "to": null, "share": 0.25},
        ],
    });
    assert_eq!(report, expected);
    let empty = hub.get("/api/v1/devices/roof/report?metric=b&from=-1h").await.1;
    assert_eq!(
        (&empty["range"]["mean"], &empty["highest"], &empty["bands"][0]["share"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(empty["points"], json!([]));
    hub.stop().await;
}

async fn the_ledger_tells_what_came_late_double_and_not_at_all_also_after_a_restart(place: Place) {
    let mut hub = Hub::start_at(&place).await;
    let minute = |boot: &str, n: u64| summary(boot, n, n as i64 * 60_000, "a_percent", 5.0);
    hub.receive("edgewise/roof/status", "online", 5).await;
    // Minutes 1 and 3 come an hour late, 3 twice; 2 is missing; 60 comes in time.
    hub.receive(BACKLOG, backlog(&[minute("b1", 1), minute("b1", 3), minute("b1", 3)]), 3_600_000).await;
    hub.receive("edgewise/roof/summary", minute("b1", 60), 3_600_010).await;
    hub.receive("edgewise/roof/summary", minute("b0", 1), 60_000).await;
    // Both may come in one commit, and their acks then in any order.
    let mut waiting = vec![("b0", 1), ("b1", 60)];
    while !waiting.is_empty() {
        let ack = hub.next_ack().await;
        waiting.retain(|(boot, sequence)| ack.boot.as_str() != *boot || ack.sequence < *sequence);
    }
    hub.stop().await;

    let mut hub = Hub::start_at(&place).await;
    hub.receive("edgewise/roof/summary", minute("b1", 60), 3_600_500).await;
    hub.acked("b1", 60).await;
    let (status, ledger) = hub.get("/api/v1/devices/roof/ledger").await;
    assert_eq!(status, 200);
    let expected = json!({
        "device": "roof", "received_count": 4, "missing_count": 57, "late_count": 2, "double_count": 2,
        "runs": [
            {
                "boot": "b1", "first_received_ms": 3_600_010, "last_received_ms": 3_600_500,
                "highest_sequence": 60, "received_count": 3, "missing_count": 57,
                "missing": [{ "first": 2, "last": 2 }, { "first": 4, "last": 59 }],
                "late_count": 2, "double_count": 2, "timed_by_hub": null, "timed_by_receipt": null,
            },
            {
                "boot": "b0", "first_received_ms": 60_000, "last_received_ms": 60_000,
                "highest_sequence": 1, "received_count": 1, "missing_count": 0, "missing": [],
                "late_count": 0, "double_count": 0, "timed_by_hub": null, "timed_by_receipt": null,
            },
        ],
    });
    let mut told = ledger.clone();
    // What came in one commit has one time of arrival.
    told["runs"][0]["first_received_ms"] = json!(3_600_010);
    assert_eq!(told, expected);
    assert_eq!(hub.get("/api/v1/devices/nobody/ledger").await.0, 404);
    hub.stop().await;
}

#[tokio::test]
async fn what_is_asked_wrongly_is_a_problem_that_says_what() {
    let folder = tempfile::tempdir().unwrap();
    let mut hub = Hub::start(&folder.path().join("hub.db")).await;
    hub.receive("edgewise/roof/status", "online", 5_000).await;
    for (path, status, says) in [
        ("/api/v1/devices/shed", 404, "no device \"shed\""),
        ("/api/v1/devices/a%2Fb", 404, "no device \"a/b\""),
        ("/api/v1/devices/%FF", 400, "not UTF-8"),
        ("/api/v1/devices/shed/history?metric=a", 404, "no device"),
        ("/api/v1/devices/roof/history", 400, "parameter metric"),
        ("/api/v1/devices/roof/history?metric=a&from_ms=x", 400, "parameter from_ms"),
        ("/api/v1/devices/roof/history?metric=a&from=-30d&step=1s", 400, "parameter step makes"),
        ("/api/v1/devices/roof/report?metric=a&bands=9,1", 400, "parameter bands"),
        ("/api/v1/devices/shed/report?metric=a", 404, "no device"),
        ("/api/v1/compare?metric=a", 400, "parameter devices"),
        ("/api/v2/devices", 404, "/api tells"),
        ("/assets/none.js", 404, "no file /assets/none.js"),
    ] {
        let (got, problem) = hub.get(path).await;
        assert_eq!((got, &problem["status"]), (status, &json!(status)), "{path}");
        assert!(problem["detail"].as_str().unwrap().contains(says), "{path}: {problem}");
    }
    let posted = reqwest::Client::new().post(hub.url("/api/v1/devices")).send().await.unwrap();
    assert_eq!(posted.status(), 405);
    assert_eq!(posted.headers()["content-type"], "application/problem+json");
    assert_eq!(posted.headers()["allow"], "GET,HEAD");
    let posted = reqwest::Client::new().post(hub.url("/")).send().await.unwrap();
    assert_eq!(posted.headers()["content-type"], "application/problem+json");
    hub.stop().await;
}

#[tokio::test]
async fn the_description_and_the_health_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start(&folder.path().join("hub.db")).await;
    assert_eq!(hub.get("/api/openapi.json").await.1["info"]["title"], "Edgewise hub");
    assert_eq!(hub.get("/readyz").await, (200, json!({"ready": true})));
    let alive = reqwest::get(hub.url("/healthz")).await.unwrap();
    assert_eq!(alive.status(), 200);
    let policy = alive.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'self'") && !policy.contains("script"), "{policy}");
    hub.stop().await;
}

#[tokio::test]
async fn the_description_can_be_read_by_people() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start(&folder.path().join("hub.db")).await;
    let page = reqwest::get(hub.url("/api")).await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert!(page.text().await.unwrap().contains("<h3>GET /api/v1/events</h3>"));
    let style = reqwest::get(hub.url("/api/style.css")).await.unwrap();
    assert_eq!(style.headers()["content-type"], "text/css; charset=utf-8");
    hub.stop().await;
}

#[tokio::test]
async fn what_a_reader_has_is_not_sent_again_until_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let mut hub = Hub::start(&folder.path().join("hub.db")).await;
    hub.receive("edgewise/roof/birth", birth("b1"), 5_000).await;
    let client = reqwest::Client::new();
    for path in ["/api/v1/devices/roof", "/api/v1/events", "/api/openapi.json", "/api"] {
        let first = client.get(hub.url(path)).send().await.unwrap();
        let tag = first.headers()["etag"].clone();
        assert_eq!(first.headers()["cache-control"], "private, no-cache", "{path}");
        let url = hub.url(path);
        let ask = || client.get(&url).header("if-none-match", tag.clone()).send();
        let again = ask().await.unwrap();
        assert_eq!((again.status().as_u16(), &again.headers()["etag"]), (304, &tag), "{path}");
        assert!(again.bytes().await.unwrap().is_empty());
        if path == "/api/v1/devices/roof" {
            hub.receive("edgewise/roof/state", state("b1", 10, 42.0), 5_002).await;
            let newer = ask().await.unwrap();
            assert!(newer.status() == 200 && newer.headers()["etag"] != tag);
        }
    }
    let live = client.get(hub.url("/api/v1/devices")).send().await.unwrap();
    assert!(live.headers().get("etag").is_none() && live.headers()["cache-control"] == "no-store");
    hub.stop().await;
}

#[tokio::test]
async fn with_a_password_only_who_knows_it_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start_with(&folder.path().join("hub.db"), Some("open:sesame"), Stream::default()).await;
    let client = reqwest::Client::new();
    for path in ["/", "/api/v1/devices", "/api/v1/stream", "/api/openapi.json", "/nothing"] {
        let unasked = client.get(hub.url(path)).send().await.unwrap();
        assert_eq!(unasked.status(), 401, "{path}");
        assert!(unasked.headers()["www-authenticate"].to_str().unwrap().starts_with("Basic "));
    }
    let ask = |user: &str, password: &str| {
        client.get(hub.url("/api/v1/devices")).basic_auth(user, Some(password)).send()
    };
    assert_eq!(ask("admin", "open").await.unwrap().status(), 401);
    assert_eq!(ask("admin", "").await.unwrap().status(), 401);
    assert_eq!(ask("anybody", "open:sesame").await.unwrap().status(), 200);
    for path in ["/healthz", "/readyz"] {
        assert_eq!(client.get(hub.url(path)).send().await.unwrap().status(), 200, "{path}");
    }
    // The password is the protection, so the hub answers to any name.
    let named = client
        .get(hub.url("/api/v1/devices"))
        .header("host", "hub.example")
        .basic_auth("x", Some("open:sesame"));
    assert_eq!(named.send().await.unwrap().status(), 200);
    hub.stop().await;
}

#[tokio::test]
async fn without_a_password_only_this_machine_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start(&folder.path().join("hub.db")).await;
    for (host, status) in [("localhost:8080", "200"), ("rebound.example", "403"), ("127.0.0.1.nip.io", "403")]
    {
        let mut socket = tokio::net::TcpStream::connect(hub.address).await.unwrap();
        let request = format!("GET /api/v1/devices HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{host}: {answer}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn large_answers_are_compressed_for_who_can_read_that() {
    let folder = tempfile::tempdir().unwrap();
    let mut hub = Hub::start(&folder.path().join("hub.db")).await;
    hub.receive("edgewise/roof/birth", birth("b1"), 5_000).await;
    let request = reqwest::Client::new().get(hub.url("/api/v1/devices")).header("accept-encoding", "gzip");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert_eq!(response.bytes().await.unwrap()[..2], [0x1f, 0x8b]);
    hub.stop().await;
}
