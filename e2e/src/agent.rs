//! An agent under test.

use crate::{Program, binary};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// A running agent, quick enough for tests: a sample every 0.2 s, a window and summary of 2 s.
pub struct Agent {
    /// Its process.
    pub program: Program,
    device: String,
    broker: String,
    /// Holds its config file and its spool.
    home: TempDir,
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
        Self::start_by(device, broker, &format!("interval_seconds = 0.2\nwindow_seconds = 2\n{more}\n"))
    }

    /// Starts an agent whose config file holds `text`.
    ///
    /// # Panics
    /// When there is no room for its config file.
    pub fn start_by(device: &str, broker: &str, text: &str) -> Self {
        let home = tempfile::tempdir().expect("room in /tmp");
        fs::write(home.path().join("agent.toml"), text).expect("room in /tmp");
        let program = launch(device, broker, home.path());
        Self { program, device: device.to_owned(), broker: broker.to_owned(), home }
    }

    /// Writes its config file anew, as a careful editor does: into another file that then takes its name.
    ///
    /// # Panics
    /// When there is no room for it.
    pub fn configure(&self, text: &str) {
        let (new, path) = (self.home.path().join("agent.toml~"), self.config());
        fs::write(&new, text).expect("room in /tmp");
        fs::rename(&new, &path).expect("a directory of our own");
    }

    /// Its config file.
    pub fn config(&self) -> PathBuf {
        self.home.path().join("agent.toml")
    }

    /// Its status socket.
    pub fn socket(&self) -> PathBuf {
        self.home.path().join("agent.sock")
    }

    /// Starts it again, after its process has ended, with the same config and what it left on disk.
    pub fn restart(&mut self) {
        self.program = launch(&self.device, &self.broker, self.home.path());
    }

    /// Files in its spool.
    pub fn spooled(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.home.path().join("spool").join(&self.device));
        files.into_iter().flatten().map_while(Result::ok).map(|entry| entry.path()).collect()
    }
}

fn launch(device: &str, broker: &str, home: &Path) -> Program {
    let mut command = Command::new(binary("edge-agent"));
    command.args(["--hub", broker, "--device", device, "--simulate", "--config"]);
    command.arg(home.join("agent.toml")).env("EDGEWISE_SPOOL_DIRECTORY", home.join("spool"));
    command.env("EDGEWISE_STATUS_SOCKET", home.join("agent.sock"));
    Program::start(&mut command)
}
