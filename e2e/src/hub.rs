//! A hub under test.

use crate::{Events, Program, binary, eventually, free_port};
use serde_json::Value;
use std::{path::Path, process::Command, time::Duration};
use tempfile::TempDir;

/// How a hub is started. Restarting with the same options finds the same ports and data.
pub struct HubOptions {
    /// Port of panel and API.
    pub http: u16,
    /// Port of the embedded broker, or of the external one.
    pub mqtt: u16,
    /// Whether the broker is somebody else's.
    pub external: bool,
    /// More lines in its config file.
    pub config: String,
    /// Holds the store and the config file.
    pub data: TempDir,
}

impl HubOptions {
    /// A hub with its own broker.
    ///
    /// # Panics
    /// When there is no room for temporary files.
    pub fn embedded() -> Self {
        Self {
            http: free_port(),
            mqtt: free_port(),
            external: false,
            config: String::new(),
            data: tempfile::tempdir().expect("room in /tmp"),
        }
    }

    /// A hub that uses the broker on `port`.
    pub fn external(port: u16) -> Self {
        Self { mqtt: port, external: true, ..Self::embedded() }
    }

    /// Address of the broker, whoever's it is.
    pub fn broker(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.mqtt)
    }

    /// The store's file.
    pub fn store(&self) -> std::path::PathBuf {
        self.data.path().join("edgewise.db")
    }

    /// Starts the hub and waits until it is ready.
    pub fn start(&self) -> Hub {
        let config = self.data.path().join("hub.toml");
        std::fs::write(&config, &self.config).expect("room in /tmp");
        let mut command = Command::new(binary("hub"));
        command.arg("--config").arg(config);
        command.args(["--http", &format!("127.0.0.1:{}", self.http)]).arg("--data").arg(self.data.path());
        if self.external {
            // A broker that the config file names stays.
            if !self.config.contains("url =") {
                command.args(["--broker", &self.broker()]);
            }
        } else {
            command.args(["--mqtt", &format!("127.0.0.1:{}", self.mqtt)]);
        }
        let hub =
            Hub { program: Program::start(&mut command), base: format!("http://127.0.0.1:{}", self.http) };
        eventually("the hub to be ready", || hub.status("/readyz").filter(|status| *status == 200));
        hub
    }
}

/// A running hub.
pub struct Hub {
    /// Its process.
    pub program: Program,
    base: String,
}

impl Hub {
    /// The URL of its panel.
    pub fn url(&self) -> &str {
        &self.base
    }

    /// The HTTP status of a path, if the hub answers at all.
    pub fn status(&self, path: &str) -> Option<u16> {
        let request = ureq::get(format!("{}{path}", self.base)).config();
        let request =
            request.http_status_as_error(false).timeout_global(Some(Duration::from_secs(5))).build();
        request.call().ok().map(|answer| answer.status().as_u16())
    }

    /// The JSON at a path; `None` if there is none (yet).
    pub fn get(&self, path: &str) -> Option<Value> {
        let request = ureq::get(format!("{}{path}", self.base)).config();
        let mut answer = request.timeout_global(Some(Duration::from_secs(5))).build().call().ok()?;
        answer.body_mut().read_json().ok()
    }

    /// A device as the API shows it.
    pub fn device(&self, id: &str) -> Option<Value> {
        self.get(&format!("/api/v1/devices/{id}"))
    }

    /// Waits until a device's status is `status`.
    pub fn await_status(&self, id: &str, status: &str) -> Value {
        eventually(&format!("{id} to be {status}"), || self.device(id).filter(|d| d["status"] == status))
    }

    /// Waits for a state that the hub received after the call, and returns the device with it.
    pub fn await_news(&self, id: &str) -> Value {
        let received = |device: &Value| device["state_received_ms"].as_i64().unwrap_or(0);
        let before = self.device(id).as_ref().map_or(0, received);
        eventually(&format!("news of {id}"), || self.device(id).filter(|device| received(device) > before))
    }

    /// Opens the live stream.
    pub fn stream(&self) -> Events {
        Events::open(&format!("{}/api/v1/stream", self.base))
    }
}

/// The sequences that the store holds of a device, by boot, in order. Read from the file itself, beside
/// the hub.
///
/// # Panics
/// When the file cannot be read.
pub fn stored_sequences(store: &Path, device: &str) -> Vec<(String, Vec<i64>)> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = rusqlite::Connection::open_with_flags(store, flags).expect("the store can be read");
    let mut rows = connection
        .prepare("SELECT boot, sequence FROM summaries WHERE device = ?1 ORDER BY boot, sequence")
        .expect("the store has its table");
    let pairs = rows.query_map([device], |row| Ok((row.get(0)?, row.get(1)?))).expect("it answers");
    let mut boots: Vec<(String, Vec<i64>)> = Vec::new();
    for (boot, sequence) in pairs.map(|pair: rusqlite::Result<(String, i64)>| pair.expect("text and number"))
    {
        match boots.last_mut() {
            Some((last, sequences)) if *last == boot => sequences.push(sequence),
            _ => boots.push((boot, vec![sequence])),
        }
    }
    boots
}
