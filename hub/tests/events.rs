//! What happened to devices: recorded once, asked for over real sockets.

mod common;

use common::{
    Hub, birth,
    place::{Place, on_both},
    state,
};
use serde_json::{Value, json};
use std::time::Duration;

on_both!(
    async
    what_happens_is_recorded_and_a_restart_neither_repeats_nor_invents,
    who_stays_away_after_the_start_of_the_hub_is_offline_and_who_comes_back_never_was,
    pages_follow_each_other_without_gap_or_overlap_and_filters_hold,
    a_table_can_be_had_by_parameter_and_by_header,
);

/// The events of a query once there are `count`, as (device, kind, subject, detail, late).
async fn await_events(hub: &Hub, query: &str, count: usize) -> Vec<Value> {
    for _ in 0..400 {
        let (status, page) = hub.get(&format!("/api/v1/events?{query}")).await;
        assert_eq!(status, 200, "{page}");
        let events = page["events"].as_array().unwrap().clone();
        if events.len() >= count {
            assert_eq!(events.len(), count, "{page:#}");
            return events;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("there are not {count} events: {:#}", hub.get("/api/v1/events").await.1);
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["kind"].as_str().unwrap()).collect()
}

fn faulty(monotonic_ms: u64, faults: &Value) -> String {
    let mut state: Value = serde_json::from_str(&state("b1", monotonic_ms, 1.0)).unwrap();
    state["faults"] = faults.clone();
    state.to_string()
}

fn result(id: &str) -> String {
    json!({"version": 1, "id": id, "outcome": "done", "message": ""}).to_string()
}

async fn what_happens_is_recorded_and_a_restart_neither_repeats_nor_invents(place: Place) {
    let mut hub = Hub::start_at(&place).await;
    let last = [
        ("edgewise/roof/status", "online".to_owned()),
        ("edgewise/roof/birth", birth("b1").replace("\"m\"", "\"m2\"")),
        ("edgewise/roof/state", faulty(30, &json!({"a": "no_answer"}))),
    ];
    hub.receive("edgewise/roof/status", "online", 1).await;
    hub.receive("edgewise/roof/birth", birth("b1"), 2).await;
    hub.receive("edgewise/roof/state", faulty(10, &json!({"a": "stuck"})), 3).await;
    hub.receive("edgewise/roof/state", faulty(20, &json!({})), 4).await;
    hub.receive("edgewise/roof/result", result("k-1"), 5).await;
    hub.receive("edgewise/roof/result", result("k-1"), 6).await;
    hub.receive("edgewise/roof/status", "offline", 7).await;
    for (at, (topic, payload)) in (8..).zip(&last) {
        hub.receive(topic, payload.as_str(), at).await;
    }
    let events = await_events(&hub, "", 8).await;
    let expected = ["fault", "reboot", "online", "offline", "command", "recovered", "fault", "online"];
    assert_eq!(kinds(&events), expected, "newest first");
    let told = json!({
        "id": events[0]["id"], "time_ms": 10, "device": "roof", "kind": "fault", "subject": "a",
        "detail": "no answer", "outcome": null, "late": false,
    });
    assert_eq!(events[0], told);
    assert_eq!((&events[4]["subject"], &events[4]["detail"]), (&json!("k-1"), &json!("done")));
    assert_eq!(events[4]["outcome"], "done");
    hub.stop().await;

    // The broker replays what it had kept, and one device fell ill while the hub was away.
    let mut hub = Hub::start_at(&place).await;
    for (topic, payload) in &last {
        hub.replay(topic, payload.as_str(), 100).await;
    }
    hub.replay("edgewise/roof/state", faulty(40, &json!({"a": "no_answer", "b": "absent"})), 101).await;
    hub.receive("edgewise/roof/status", "online", 102).await;
    let events = await_events(&hub, "from_ms=11", 1).await;
    assert_eq!((&events[0]["subject"], &events[0]["late"]), (&json!("b"), &json!(true)));
    assert_eq!(await_events(&hub, "", 9).await.len(), 9);
    hub.stop().await;
}

async fn who_stays_away_after_the_start_of_the_hub_is_offline_and_who_comes_back_never_was(place: Place) {
    let mut hub = Hub::start_at(&place).await;
    for device in ["back", "gone"] {
        hub.receive(&format!("edgewise/{device}/status"), "online", 1).await;
    }
    await_events(&hub, "", 2).await;
    hub.stop().await;

    let mut hub = Hub::start_at(&place).await;
    hub.state.all_offline(100);
    hub.receive("edgewise/back/status", "online", 101).await;
    hub.recorder.settle(&hub.state, 200);
    hub.recorder.settle(&hub.state, 300);
    let events = await_events(&hub, "from_ms=100", 1).await;
    let told = (&events[0]["device"], &events[0]["kind"], &events[0]["time_ms"], &events[0]["late"]);
    assert_eq!(told, (&json!("gone"), &json!("offline"), &json!(200), &json!(true)));
    hub.stop().await;
}

async fn pages_follow_each_other_without_gap_or_overlap_and_filters_hold(place: Place) {
    let mut hub = Hub::start_at(&place).await;
    for n in 0..7 {
        let status = if n % 2 == 0 { "online" } else { "offline" };
        // Several at one time: a page may end between them.
        hub.receive("edgewise/roof/status", status, 1000 + n / 3).await;
        hub.receive("edgewise/shed/status", status, 1000 + n / 3).await;
    }
    let all = await_events(&hub, "limit=1000", 14).await;
    let mut paged = Vec::new();
    let mut path = "/api/v1/events?limit=3".to_owned();
    loop {
        let response = reqwest::get(hub.url(&path)).await.unwrap();
        let next = response.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        let page: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        paged.extend(page["events"].as_array().unwrap().clone());
        match (next, page["next_cursor"].as_str()) {
            (Some(link), Some(cursor)) => {
                let target = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
                assert_eq!(target, format!("/api/v1/events?limit=3&cursor={cursor}"));
                path = target.to_owned();
            }
            (None, None) => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(paged, all);

    let shed = await_events(&hub, "device=shed&kind=offline&from_ms=1000&to_ms=1002", 3).await;
    assert!(shed.iter().all(|e| e["device"] == "shed" && e["kind"] == "offline"), "{shed:?}");
    assert_eq!(hub.get("/api/v1/events?device=nobody").await.1, json!({"events": [], "next_cursor": null}));
    let (status, problem) = hub.get("/api/v1/events?from=soon").await;
    assert!(status == 400 && problem["detail"].as_str().unwrap().contains("parameter from"), "{problem}");
    hub.stop().await;
}

async fn a_table_can_be_had_by_parameter_and_by_header(place: Place) {
    let mut hub = Hub::start_at(&place).await;
    hub.receive("edgewise/roof/status", "online", 1_500).await;
    hub.receive("edgewise/roof/result", result("a,\"b"), 2_500).await;
    await_events(&hub, "", 2).await;
    let table = "id,time,time_ms,device,kind,subject,detail,late\n\
         2,1970-01-01T00:00:02.500Z,2500,roof,command,\"a,\"\"b\",done,false\n\
         1,1970-01-01T00:00:01.500Z,1500,roof,online,,,false\n";
    let client = reqwest::Client::new();
    for request in [
        client.get(hub.url("/api/v1/events?format=csv")),
        client.get(hub.url("/api/v1/events")).header("accept", "text/csv"),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/csv; charset=utf-8");
        assert_eq!(response.text().await.unwrap(), table);
    }
    hub.stop().await;
}
