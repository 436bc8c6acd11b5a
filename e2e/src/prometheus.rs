//! A real Prometheus.

use crate::{Program, eventually, free_port};
use serde_json::Value;
use std::{fs, path::Path, process::Command, time::Duration};
use tempfile::TempDir;

/// A Prometheus on loopback that scrapes one server every second.
pub struct Prometheus {
    /// Its process.
    pub program: Program,
    port: u16,
    _data: TempDir,
}

impl Prometheus {
    /// Starts one that scrapes these paths of the server on `port` with this password.
    ///
    /// # Panics
    /// When Prometheus is not installed.
    pub fn start(port: u16, paths: &[&str], password: &str) -> Self {
        let binary = Path::new("/usr/bin/prometheus");
        assert!(binary.exists(), "prometheus is not installed: apt-get install prometheus");
        let data = tempfile::tempdir().expect("room in /tmp");
        let mut config = String::from("global:\n  scrape_interval: 1s\nscrape_configs:\n");
        for path in paths {
            config += &format!(
                "  - job_name: '{path}'\n    metrics_path: '{path}'\n    \
                 basic_auth: {{username: prometheus, password: '{password}'}}\n    \
                 static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n"
            );
        }
        let file = data.path().join("prometheus.yml");
        fs::write(&file, config).expect("room in /tmp");
        let own = free_port();
        let mut command = Command::new(binary);
        command.arg("--config.file").arg(&file).arg("--storage.tsdb.path").arg(data.path().join("tsdb"));
        command.arg(format!("--web.listen-address=127.0.0.1:{own}"));
        Self { program: Program::start(&mut command), port: own, _data: data }
    }

    /// The series that a query finds now, as (labels, value).
    pub fn query(&self, query: &str) -> Vec<(Value, f64)> {
        self.try_query(query).unwrap_or_default()
    }

    /// Waits until a query finds something, and returns it.
    ///
    /// # Panics
    /// When it finds nothing in time.
    pub fn await_series(&self, query: &str) -> Vec<(Value, f64)> {
        eventually(&format!("series of {query}"), || self.try_query(query).filter(|found| !found.is_empty()))
    }

    fn try_query(&self, query: &str) -> Option<Vec<(Value, f64)>> {
        let request = ureq::get(format!("http://127.0.0.1:{}/api/v1/query", self.port)).query("query", query);
        let request = request.config().timeout_global(Some(Duration::from_secs(5))).build();
        let answer: Value = request.call().ok()?.body_mut().read_json().ok()?;
        let found = answer["data"]["result"].as_array()?.iter();
        let value = |series: &Value| series["value"][1].as_str()?.parse().ok();
        found.map(|series| Some((series["metric"].clone(), value(series)?))).collect()
    }
}
