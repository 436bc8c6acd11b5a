//! A real mosquitto.

use crate::{Program, eventually, free_port};
use std::{fs, net::TcpStream, path::Path, process::Command};
use tempfile::TempDir;

const CONFIG: &str = "mosquitto.conf";

/// A mosquitto on loopback that keeps its sessions and retained messages over a restart.
pub struct Mosquitto {
    /// Its process.
    pub program: Program,
    /// Where it listens.
    pub port: u16,
    data: TempDir,
}

impl Mosquitto {
    /// Starts one on a free port that lets everybody in.
    ///
    /// # Panics
    /// When mosquitto is not installed.
    pub fn start() -> Self {
        Self::start_with("allow_anonymous true")
    }

    /// Starts one on a free port, with these lines about who may come in and how.
    ///
    /// # Panics
    /// When mosquitto is not installed.
    pub fn start_with(admission: &str) -> Self {
        let (port, data) = (free_port(), tempfile::tempdir().expect("room in /tmp"));
        // Started by root it would drop to a user who cannot write here.
        let user = if rustix::process::getuid().is_root() { "user root\n" } else { "" };
        let text = format!(
            "listener {port} 127.0.0.1\n{admission}\npersistence true\npersistence_location {}/\n{user}",
            data.path().display()
        );
        fs::write(data.path().join(CONFIG), text).expect("room in /tmp");
        Self { program: launch(port, data.path()), port, data }
    }

    /// Ends it and starts it again on the same port with the same data.
    pub fn restart(&mut self) {
        self.program.terminate();
        self.program = launch(self.port, self.data.path());
    }

    /// The same, but its sessions and retained messages are lost on the way.
    ///
    /// # Panics
    /// When its database cannot be removed.
    pub fn restart_empty(&mut self) {
        self.program.kill();
        let database = self.data.path().join("mosquitto.db");
        // A kill before the first save leaves none.
        if database.exists() {
            fs::remove_file(database).expect("it is ours");
        }
        self.program = launch(self.port, self.data.path());
    }
}

fn launch(port: u16, data: &Path) -> Program {
    let paths = ["/usr/sbin/mosquitto", "/usr/bin/mosquitto", "/usr/local/sbin/mosquitto"];
    let binary = paths.into_iter().find(|path| Path::new(path).exists());
    let binary = binary.expect("mosquitto is not installed: apt-get install mosquitto");
    let config = data.join(CONFIG);
    let program = Program::start(Command::new(binary).arg("-c").arg(config));
    eventually("mosquitto to listen", || TcpStream::connect(("127.0.0.1", port)).ok());
    program
}
