//! The live stream, read over real sockets.

mod common;

use common::{Hub, SURELY, birth, state, summary};
use hub::stream::Stream;
use serde_json::{Value, json};
use std::time::Duration;

/// Reads server-sent events.
struct Events {
    response: reqwest::Response,
    pending: String,
    /// The id of the last event that had one.
    last: Option<String>,
}

impl Events {
    async fn open(hub: &Hub) -> Self {
        Self::open_with(hub, "", None).await
    }

    async fn open_with(hub: &Hub, query: &str, last: Option<&str>) -> Self {
        let mut request = reqwest::Client::new().get(hub.url(&format!("/api/v1/stream?{query}")));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, pending: String::new(), last: None }
    }

    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.pending.split_once("\n\n") {
                let event = match event.strip_prefix("id: ").and_then(|rest| rest.split_once('\n')) {
                    Some((id, event)) => {
                        self.last = Some(id.to_owned());
                        event
                    }
                    None => event,
                };
                let (name, data) = event.split_once('\n').unwrap();
                let name = name.strip_prefix("event: ").unwrap().to_owned();
                let data = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
                self.pending = rest.to_owned();
                return Some((name, data));
            }
            let chunk = tokio::time::timeout(SURELY, self.response.chunk()).await.expect("an event");
            self.pending.push_str(std::str::from_utf8(&chunk.ok()??).unwrap());
        }
    }

    async fn until(&mut self, wanted: &str) -> Value {
        loop {
            let (name, data) = self.next().await.expect("the stream goes on");
            if name == wanted {
                return data;
            }
        }
    }
}

#[tokio::test]
async fn every_reader_of_the_stream_sees_the_devices_and_then_what_happens() {
    let folder = tempfile::tempdir().unwrap();
    let mut hub = Hub::start(&folder.path().join("hub.db")).await;
    hub.receive("edgewise/roof/birth", birth("b1"), 5_000).await;
    hub.receive("edgewise/shed/status", "offline", 5_001).await;
    let mut readers = [Events::open(&hub).await, Events::open(&hub).await];
    for reader in &mut readers {
        assert_eq!(reader.next().await.unwrap().0, "settings");
        for id in ["roof", "shed"] {
            let (name, device) = reader.next().await.unwrap();
            assert_eq!((name.as_str(), &device["id"]), ("device", &json!(id)));
        }
        let (name, ping) = reader.next().await.unwrap();
        assert!(name == "ping" && ping["now_ms"].as_i64().unwrap() > 1_700_000_000_000, "{ping}");
    }
    hub.receive("edgewise/roof/status", "online", 6_000).await;
    hub.receive("edgewise/roof/state", state("b1", 10, 42.0), 6_001).await;
    hub.receive("edgewise/roof/state", "{", 6_002).await;
    hub.receive("edgewise/roof/summary", summary("b1", 1, 1_000, "a_percent", 5.0), 6_003).await;
    for reader in &mut readers {
        let device = reader.until("device").await;
        assert_eq!((&device["status"], &device["birth"]["hostname"]), (&json!("online"), &json!("roof")));
        let event = reader.next().await.unwrap();
        let values: Value = serde_json::from_str(&state("b1", 10, 42.0)).unwrap();
        assert_eq!(
            event,
            ("state".to_owned(), json!({"device": "roof", "received_ms": 6_001, "state": values}))
        );
        let event = reader.until("summary").await;
        assert_eq!((&event["received_ms"], &event["summary"]["sequence"]), (&json!(6_003), &json!(1)));
    }
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_does_not_read_lags_and_holds_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut hub = Hub::start_with(&folder.path().join("hub.db"), None, Stream::new(4, 1)).await;
    let mut slow = Events::open(&hub).await;
    slow.until("ping").await;
    // Far more than the sockets between the two hold: a key that nobody knows, and 28 MB of it.
    let padding = format!("{{\"padding\":\"{}\",", "x".repeat(700_000));
    for n in 1..=40 {
        let payload = state("b1", n, 1.0).replacen('{', &padding, 1);
        hub.receive("edgewise/roof/state", payload, n as i64).await;
    }
    // One way or the other it learns of each event, in order, and in the end it is with the newest.
    let (mut seen, mut skipped, mut newest) = (0, 0, 0);
    let mut published = 40;
    while newest <= 40 {
        let Ok(event) = tokio::time::timeout(Duration::from_millis(300), slow.next()).await else {
            published += 1;
            hub.receive("edgewise/roof/state", state("b1", published, 7.0), published as i64).await;
            continue;
        };
        match event.expect("the stream goes on") {
            (name, data) if name == "state" => {
                let received = data["received_ms"].as_u64().unwrap();
                assert!(received > newest, "{received} after {newest}");
                (seen, newest) = (seen + 1, received);
            }
            (name, data) if name == "lagged" => skipped += data["skipped_count"].as_u64().unwrap(),
            (name, _) => assert_eq!(name, "ping"),
        }
    }
    assert!(skipped > 0, "the sockets held it all");
    assert_eq!(seen + skipped, newest, "the n-th event came at n");
    hub.stop().await;
}

#[tokio::test]
async fn who_comes_back_gets_what_it_missed_or_is_told_that_it_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let mut hub = Hub::start_with(&folder.path().join("hub.db"), None, Stream::new(4, 1)).await;
    hub.receive("edgewise/roof/birth", birth("b1"), 1).await;
    let mut reader = Events::open(&hub).await;
    reader.until("ping").await;
    let last = reader.last.clone().unwrap();
    drop(reader);
    for n in 1..=3 {
        hub.receive("edgewise/roof/state", state("b1", n, n as f64), n as i64).await;
    }
    let mut back = Events::open_with(&hub, "", Some(&last)).await;
    assert_eq!(back.next().await.unwrap(), ("resume".to_owned(), json!({"resumed": true})));
    for n in 1..=3 {
        assert_eq!(back.until("state").await["received_ms"], n);
    }
    for gone in [last.as_str(), "2-3", "nonsense"] {
        hub.receive("edgewise/roof/state", state("b1", 100, 1.0), 100).await;
        hub.receive("edgewise/roof/state", state("b1", 101, 1.0), 101).await;
        let mut back = Events::open_with(&hub, "", Some(gone)).await;
        assert_eq!(back.next().await.unwrap(), ("resume".to_owned(), json!({"resumed": false})), "{gone}");
        assert_eq!(back.next().await.unwrap().0, "settings", "{gone}");
        assert_eq!(back.next().await.unwrap().0, "device");
    }
    hub.stop().await;
}

#[tokio::test]
async fn whoever_watches_is_told_what_is_set_for_the_hub() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start(&folder.path().join("hub.db")).await;
    let change = async |body: &'static str| {
        let request = reqwest::Client::new().patch(hub.url("/api/v1/settings"));
        let answer = request.header("content-type", "application/json").body(body).send().await.unwrap();
        answer.status().as_u16()
    };
    let default = json!({
        "minutes": {"days": 30, "source": "default"},
        "hours": {"days": 730, "source": "config"},
        "bands": {"raised": 50.0, "high": 75.0, "mark": 90.0},
    });
    // One who asks for a device and a metric only still wants to know what is set for all.
    let mut readers = [Events::open(&hub).await, Events::open_with(&hub, "device=shed&metric=a", None).await];
    for reader in &mut readers {
        assert_eq!(reader.next().await.unwrap(), ("settings".to_owned(), default.clone()));
        assert_eq!(reader.next().await.unwrap().0, "ping");
    }
    assert_eq!(change(r#"{"bands": {"raised": 40, "high": 80, "mark": 95}}"#).await, 200);
    for reader in &mut readers {
        assert_eq!(reader.until("settings").await["bands"]["raised"], 40.0);
    }
    // What changes nothing, and what is refused, is no news.
    assert_eq!(change(r#"{"bands": {"raised": 40, "high": 80, "mark": 95}}"#).await, 200);
    assert_eq!(change(r#"{"hours_days": 60}"#).await, 409);
    let last = readers[0].last.clone().unwrap();
    assert_eq!(change(r#"{"minutes_days": 7}"#).await, 200);
    let mut back = Events::open_with(&hub, "", Some(&last)).await;
    assert_eq!(back.next().await.unwrap(), ("resume".to_owned(), json!({"resumed": true})));
    for reader in readers.iter_mut().chain([&mut back]) {
        let told = reader.until("settings").await;
        assert_eq!(told["minutes"], json!({"days": 7, "source": "chosen"}));
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_reader_gets_the_devices_and_metrics_that_it_asks_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut hub = Hub::start(&folder.path().join("hub.db")).await;
    for device in ["roof", "shed"] {
        hub.receive(&format!("edgewise/{device}/state"), state("b1", 1, 1.0), 1).await;
    }
    let mut shed = Events::open_with(&hub, "device=shed&metric=b_celsius", None).await;
    shed.until("settings").await;
    let (name, device) = shed.next().await.unwrap();
    assert_eq!(
        (name.as_str(), &device["id"], &device["state"]["now"]),
        ("device", &json!("shed"), &json!({}))
    );
    assert_eq!(shed.next().await.unwrap().0, "ping");
    hub.receive("edgewise/roof/state", state("b1", 2, 1.0), 2).await;
    hub.receive("edgewise/shed/state", state("b1", 2, 1.0).replace("a_percent", "b_celsius"), 3).await;
    let told = shed.until("state").await;
    assert_eq!((&told["device"], &told["state"]["now"]), (&json!("shed"), &json!({"b_celsius": 1.0})));
    let (status, problem) = hub.get("/api/v1/stream?metric=A").await;
    assert!(status == 400 && problem["detail"].as_str().unwrap().contains("parameter metric"), "{problem}");
    hub.stop().await;
}

#[tokio::test]
async fn open_streams_do_not_hold_up_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start(&folder.path().join("hub.db")).await;
    let (mut read, unread) = (Events::open(&hub).await, Events::open(&hub).await);
    read.until("ping").await;
    let ((), rest) = tokio::join!(hub.stop(), read.next());
    assert_eq!(rest, None, "the stream ends in order");
    drop(unread);
}

/// More than sockets hold is listed, so the hub is at it for as long as the reader takes; meanwhile more happens than the
/// stream keeps.
#[tokio::test]
async fn a_long_list_of_devices_does_not_make_its_reader_miss_what_happens() {
    const DEVICES: usize = 4000;
    let folder = tempfile::tempdir().unwrap();
    let stream = Stream::new(1024, 1);
    let mut hub = Hub::start_with(&folder.path().join("hub.db"), None, stream).await;
    hub.receive("edgewise/a/state", state("b1", 1, 0.0), 1).await;
    let long = birth("b1").replace("Debian 13", &"x".repeat(8000));
    for number in 1..DEVICES {
        hub.receive(&format!("edgewise/d{number:04}/birth"), long.as_str(), 1).await;
    }
    let mut reader = Events::open(&hub).await;
    reader.until("settings").await;
    let (mut listed, mut heard) = (Vec::new(), 0);
    while listed.len() < DEVICES {
        let (name, data) = reader.next().await.unwrap();
        match name.as_str() {
            "device" => {
                listed.push(data["id"].as_str().unwrap().to_owned());
                let value = listed.len() as f64;
                hub.receive("edgewise/a/state", state("b1", 1 + listed.len() as u64, value), 2).await;
            }
            "state" => {
                heard += 1;
                assert_eq!(data["state"]["now"]["a_percent"], json!(f64::from(heard)));
            }
            other => panic!("{other} after {} devices", listed.len()),
        }
    }
    assert!(listed.is_sorted() && listed[0] == "a" && heard > 0, "each once, and news of one in between");
    while heard < DEVICES as i32 {
        assert_eq!(reader.until("state").await["state"]["now"]["a_percent"], json!(f64::from(heard + 1)));
        heard += 1;
    }
    drop(reader);
    hub.stop().await;
}
