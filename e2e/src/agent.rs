//! An agent under test.

use crate::{Program, binary};
use std::{fs, process::Command};
use tempfile::TempDir;

/// A running agent, quick enough for tests: a sample every 0.2 s, a window and summary of 2 s.
pub struct Agent {
    /// Its process.
    pub program: Program,
    _config: TempDir,
}

impl Agent {
    /// Starts an agent that measures this machine and a simulated BME280.
    ///
    /// # Panics
    /// When there is no room for its config file.
    pub fn start(device: &str, broker: &str) -> Self {
        Self::start_with(device, broker, "")
    }

    /// The same, with more lines in its config file.
    ///
    /// # Panics
    /// When there is no room for its config file.
    pub fn start_with(device: &str, broker: &str, more: &str) -> Self {
        let config = tempfile::tempdir().expect("room in /tmp");
        let path = config.path().join("agent.toml");
        let text = format!("interval_seconds = 0.2\nwindow_seconds = 2\n{more}\n");
        fs::write(&path, text).expect("room in /tmp");
        let mut command = Command::new(binary("edge-agent"));
        command.args(["--hub", broker, "--device", device, "--simulate", "--config"]).arg(path);
        Self { program: Program::start(&mut command), _config: config }
    }
}
