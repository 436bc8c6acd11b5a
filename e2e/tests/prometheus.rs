//! A real Prometheus scrapes a real hub and answers questions about a real agent.

use e2e::{Agent, HubOptions, Prometheus, eventually};
use serde_json::Value;

const PASSWORD: &str = "open sesame";

#[test]
fn prometheus_scrapes_hub_and_devices_and_answers_what_the_dashboard_asks() {
    let config = format!("[http]\npassword = '{PASSWORD}'\n");
    let options = HubOptions { config, ..HubOptions::embedded() };
    let hub = options.start();
    let agent = Agent::start("roof", &options.broker());
    let prometheus = Prometheus::start(options.http, &["/metrics", "/metrics/devices"], PASSWORD);

    let (labels, value) = prometheus.await_series("edgewise_temperature_celsius")[0].clone();
    assert_eq!(labels["device"], "roof");
    assert!((-40.0..85.0).contains(&value), "{value} is nothing that a BME280 tells");
    prometheus.await_series("edgewise_hub_summaries_received > 0");
    assert_eq!(prometheus.query("up == 1").len(), 2, "both pages are scraped without complaint");
    for query in dashboard_queries() {
        // What the dashboard divides over time needs more than one scrape.
        prometheus.await_series(&query);
    }

    drop(agent);
    eventually("the values of who is away to be absent", || {
        prometheus.query("edgewise_temperature_celsius").is_empty().then_some(())
    });
    assert_eq!(prometheus.await_series("edgewise_device_up")[0].1, 0.0);
    assert!(!hub.program.log().contains(PASSWORD));
}

/// Every query of the dashboard, for all devices.
fn dashboard_queries() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docker/grafana/edgewise.json");
    let text = std::fs::read_to_string(path).expect("the dashboard is in the repository");
    let dashboard: Value = serde_json::from_str(&text).expect("it is JSON");
    let panels = dashboard["panels"].as_array().expect("it has panels").iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let query = |target: &Value| target["expr"].as_str().expect("a query").to_owned();
    let queries: Vec<String> = targets
        .filter(|target| target["refId"] != "faults")
        .map(|target| query(target).replace("$device", ".*").replace("$__rate_interval", "30s"))
        .collect();
    assert!(queries.len() > 5, "{queries:?}");
    queries
}
