//! Figures for Prometheus over real sockets.

mod common;

use common::{
    Hub, backlog, birth,
    place::{Place, on_both},
    state, summary,
};
use hub::stream::Stream;

on_both!(async the_hub_tells_what_it_counted, a_store_that_is_gone_has_no_size);

async fn lines(hub: &Hub, path: &str) -> Vec<String> {
    let response = reqwest::get(hub.url(path)).await.unwrap();
    assert_eq!(response.status(), 200);
    let kind = response.headers()["content-type"].to_str().unwrap();
    assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    response.text().await.unwrap().lines().map(str::to_owned).collect()
}

async fn the_hub_tells_what_it_counted(place: Place) {
    let mut hub = Hub::start_at(&place).await;
    let minute = |n: u64| summary("b1", n, n as i64 * 60_000, "a_percent", 5.0);
    hub.receive("edgewise/roof/status", "online", 5).await;
    hub.receive("edgewise/roof/state", "{", 6).await;
    // Minutes 1 and 3 come an hour late, 3 twice; 2 and 4 are missing; 5 comes in time.
    hub.receive("edgewise/roof/backlog", backlog(&[minute(1), minute(3), minute(3)]), 3_600_000).await;
    hub.receive("edgewise/roof/summary", minute(5), 300_000).await;
    hub.acked("b1", 5).await;
    let reader = reqwest::get(hub.url("/api/v1/stream")).await.unwrap();

    let told = lines(&hub, "/metrics").await;
    for line in [
        concat!("edgewise_hub_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
        "edgewise_hub_messages_received_total 4.0",
        "edgewise_hub_messages_refused_total 1.0",
        "edgewise_hub_summaries_committed_total 3.0",
        "edgewise_hub_summaries_received 3.0",
        "edgewise_hub_summaries_missing 2.0",
        "edgewise_hub_summaries_late 2.0",
        "edgewise_hub_summaries_double 1.0",
        "edgewise_hub_stream_readers 1.0",
        "edgewise_hub_queue_length{queue=\"incoming\"} 3.0",
        "edgewise_hub_dropped_total{what=\"acks\"} 0.0",
        "edgewise_hub_devices{status=\"online\"} 1.0",
        "edgewise_hub_part_up{part=\"store\"} 1.0",
        "# EOF",
    ] {
        assert!(told.iter().any(|l| l == line), "{line} is not in\n{}", told.join("\n"));
    }
    assert!(!told.iter().any(|line| line.contains("store_queue")), "what is not known is absent");
    let size = told.iter().find_map(|line| line.strip_prefix("edgewise_hub_store_bytes ")).unwrap();
    let least = match &place {
        Place::File(path, _) => std::fs::metadata(path).unwrap().len() as f64,
        // A page at least for each of the two, and for the index that finds its rows.
        place => place
            .figure("SELECT pg_total_relation_size('summaries') + pg_total_relation_size('receipts')")
            as f64,
    };
    let size: f64 = size.parse().unwrap();
    assert!(least >= 4096.0 && size >= least && size < 64e6, "{size} and at least {least}");
    drop(reader);
    hub.stop().await;
}

async fn a_store_that_is_gone_has_no_size(mut place: Place) {
    let hub = Hub::start_at(&place).await;
    match &mut place {
        Place::File(path, _) => std::fs::rename(&path, path.with_extension("away")).unwrap(),
        place => place.server().stop("INT"),
    }
    let told = lines(&hub, "/metrics").await;
    assert!(told.iter().any(|line| line.starts_with("edgewise_hub_uptime_seconds ")), "{told:#?}");
    let tells = |what: &str| told.iter().any(|line| line.starts_with(what));
    assert!(!tells("edgewise_hub_store_bytes"), "{told:#?}");
    if matches!(place, Place::Database(_)) {
        assert!(!tells("edgewise_hub_summaries_received"), "{told:#?}");
    }
    match &mut place {
        Place::File(path, _) => std::fs::rename(path.with_extension("away"), path).unwrap(),
        place => place.server().start_again(&[]),
    }
    hub.stop().await;
}

#[tokio::test]
async fn devices_tell_their_latest_values_while_they_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut hub = Hub::start(&folder.path().join("hub.db")).await;
    let now_ms = hub::clock::now_ms();
    hub.receive("edgewise/roof/status", "online", now_ms).await;
    hub.receive("edgewise/roof/birth", birth("b1"), now_ms).await;
    hub.receive("edgewise/roof/state", state("b1", 10, 42.0), now_ms).await;
    let reading = "edgewise_a_ratio{device=\"roof\"} 0.42".to_owned();
    assert!(lines(&hub, "/metrics/devices").await.contains(&reading));
    hub.receive("edgewise/roof/status", "offline", now_ms).await;
    let told = lines(&hub, "/metrics/devices").await;
    assert!(!told.iter().any(|line| line.contains("edgewise_a_ratio")), "{told:#?}");
    assert!(told.contains(&"edgewise_device_up{device=\"roof\"} 0.0".to_owned()));
    hub.stop().await;
}

#[tokio::test]
async fn figures_take_the_password_too_unless_they_are_opened() {
    let folder = tempfile::tempdir().unwrap();
    for open in [false, true] {
        let path = folder.path().join(format!("{open}.db"));
        let hub = Hub::start_open(&path, Some("sesame"), Stream::default(), open).await;
        let client = reqwest::Client::new();
        for path in ["/metrics", "/metrics/devices"] {
            let unasked = client.get(hub.url(path)).send().await.unwrap();
            assert_eq!(unasked.status(), if open { 200 } else { 401 }, "{path}");
            let asked =
                client.get(hub.url(path)).basic_auth("prometheus", Some("sesame")).send().await.unwrap();
            assert_eq!(asked.status(), 200, "{path}");
        }
        assert_eq!(client.get(hub.url("/api/v1/devices")).send().await.unwrap().status(), 401);
        hub.stop().await;
    }
}
