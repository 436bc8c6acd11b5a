//! How the running agent is, for whoever asks at its socket: read only.
//!
//! The stages note changes in [`Health`] and do nothing else; what can be computed is computed when asked.

mod cost;
mod health;
mod path;
mod socket;

pub use health::{Facts, Health};
pub use path::candidates;
pub use socket::{Socket, SocketError, ask};

use protocol::{DeviceId, Fault, SensorId};
use serde::{Deserialize, Serialize};

/// What the socket answers. Keys may be added.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The device.
    pub device: DeviceId,
    /// Version of the agent.
    pub version: String,
    /// Its process id.
    pub pid: u32,
    /// Seconds since it was started.
    pub uptime_seconds: u64,
    /// Milliseconds between two samples.
    pub interval_ms: u64,
    /// Length of the rolling window in milliseconds.
    pub window_ms: u64,
    /// What was read from the config file.
    pub config: ConfigReport,
    /// The broker.
    pub connection: ConnectionReport,
    /// Every sensor.
    pub sensors: Vec<SensorReport>,
    /// Summaries in memory that the hub has not acknowledged.
    pub waiting_in_memory: u64,
    /// Those on disk, as last heard of it.
    pub waiting_on_disk: u64,
    /// Summaries dropped for lack of room since the start.
    pub dropped: u64,
    /// What the agent itself takes.
    pub cost: CostReport,
}

/// The config file.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfigReport {
    /// Its path.
    pub path: String,
    /// How often it was taken over while the agent ran.
    pub reloads: u64,
    /// What is wrong with the file as it is now. The agent goes on with what it had before.
    pub problems: Vec<String>,
    /// Keys that have changed but take a restart.
    pub after_restart: Vec<String>,
}

/// The connection to the broker.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct ConnectionReport {
    /// Its address.
    pub broker: String,
    /// Whether there is one.
    pub connected: bool,
    /// For how many seconds it has been so.
    pub for_seconds: u64,
    /// How often it was made again after the first time.
    pub reconnects: u64,
    /// Why it was lost, or not made, the last time.
    pub last_error: Option<String>,
}

/// One sensor.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct SensorReport {
    /// Its id.
    pub id: SensorId,
    /// Number of its metrics.
    pub metrics: usize,
    /// Why it gave no readings at the last tick.
    pub fault: Option<Fault>,
    /// For how many seconds it has had that fault.
    pub for_seconds: Option<u64>,
}

/// What the agent takes of the machine.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct CostReport {
    /// Processor time since the start, in seconds.
    pub cpu_seconds: f64,
    /// The same as a share of one core over the uptime, in percent.
    pub cpu_percent: f64,
    /// Resident memory, with what is shared with other programs.
    pub rss_bytes: Option<u64>,
    /// Its own share of the resident memory.
    pub pss_bytes: Option<u64>,
}
