//! A real broker for measurements and checks.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::process::Process;
use crate::run;

const WITHIN: Duration = Duration::from_secs(10);

/// A mosquitto on this port of the loopback, for everybody, that keeps nothing. Its files are in `dir`.
pub(crate) fn start(dir: &Path, port: u16) -> anyhow::Result<Process> {
    start_with(dir, port, "")
}

/// The same with more lines in its configuration.
pub(crate) fn start_with(dir: &Path, port: u16, more: &str) -> anyhow::Result<Process> {
    let config = dir.join("mosquitto.conf");
    let usual = "allow_anonymous true\npersistence false\n";
    fs::write(&config, format!("listener {port} 127.0.0.1\n{usual}{more}"))?;
    let program = run::find("mosquitto").context("mosquitto is not installed")?;
    let mut command = run::command(&program.to_string_lossy(), ["-c"]);
    let broker = Process::log_to("mosquitto", command.arg(&config), &dir.join("mosquitto.log"))?;
    let deadline = Instant::now() + WITHIN;
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        if Instant::now() > deadline {
            bail!("mosquitto does not listen; {} says why", dir.join("mosquitto.log").display());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(broker)
}
