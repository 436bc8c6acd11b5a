//! The programs of a stage, as an owner would configure them, but quicker.

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::clock::WallClock;
use super::journal;
use super::proof::AFTER_MS;
use super::unit::Unit;
use crate::{project, run};

/// Where a hub is told of its database.
pub(super) const STORE_URL: &str = "EDGEWISE_STORE_URL";

/// Which broker the hub uses.
#[derive(Clone, Copy)]
pub(super) enum HubBroker {
    /// Its own, on this port.
    Own(u16),
    /// Another program, through this port.
    At(u16),
}

/// A mosquitto that keeps its sessions over an orderly stop.
pub(super) fn broker(dir: &Path, port: u16) -> anyhow::Result<Unit> {
    let (config, data) = (dir.join("mosquitto.conf"), dir.join("mosquitto"));
    fs::create_dir_all(&data)?;
    // Started by root it would drop to a user who cannot write here.
    let user = if rustix::process::geteuid().is_root() { "user root\n" } else { "" };
    let text = format!(
        "listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {}/\n{user}",
        data.display()
    );
    fs::write(&config, text)?;
    let program = run::find("mosquitto").context("mosquitto is not installed")?;
    Ok(Unit::new("mosquitto", dir.join("broker"), move || {
        let mut command = run::command(&program.to_string_lossy(), ["-c"]);
        command.arg(&config);
        command
    }))
}

pub(super) fn hub(
    dir: &Path,
    data: &Path,
    database: Option<String>,
    http: u16,
    broker: HubBroker,
    clock: Option<&WallClock>,
) -> Unit {
    let (program, data, clock) = (binary("hub"), data.to_owned(), clock.cloned());
    Unit::new("hub", dir.join("hub"), move || {
        let mut command = run::command(&program, ["--http", &format!("127.0.0.1:{http}"), "--data"]);
        command.arg(&data);
        match broker {
            HubBroker::Own(port) => command.args(["--mqtt", &format!("127.0.0.1:{port}")]),
            HubBroker::At(port) => command.args(["--broker", &format!("mqtt://127.0.0.1:{port}")]),
        };
        if let Some(clock) = &clock {
            clock.wear(&mut command);
        }
        // Packed as soon as their hour is over for the hub.
        command.env("EDGEWISE_HISTORY_SETTLE_MINUTES", "0").env("EDGEWISE_HISTORY_UPKEEP_SECONDS", "1");
        command.env("NO_COLOR", "1").envs(database.iter().map(|url| (STORE_URL, url)));
        command
    })
}

/// An agent that makes a summary a second.
pub(super) fn agent(
    dir: &Path,
    device: &str,
    port: u16,
    disk: &Path,
    clock: Option<&WallClock>,
) -> anyhow::Result<Unit> {
    let config = dir.join(format!("{device}.toml"));
    let text = format!(
        "device = \"{device}\"\n\
         interval_seconds = 0.2\n\
         window_seconds = 1\n\
         [mqtt]\n\
         url = \"mqtt://127.0.0.1:{port}\"\n\
         [spool]\n\
         directory = \"{}\"\n\
         after_seconds = {}\n\
         megabytes = 2\n",
        disk.display(),
        AFTER_MS as f64 / 1000.0,
    );
    fs::write(&config, text)?;
    let (program, clock) = (binary("edge-agent"), clock.cloned());
    Ok(Unit::new("agent", dir.join(device), move || {
        let mut command = run::command(&program, ["--simulate", "--config"]);
        command.arg(&config).env("RUST_LOG", journal::LOG_FILTER).env("NO_COLOR", "1");
        if let Some(clock) = &clock {
            clock.wear(&mut command);
        }
        command
    }))
}

/// A program of ours, as `cargo build` leaves it.
pub(super) fn binary(name: &str) -> String {
    project::target().join("debug").join(name).to_string_lossy().into_owned()
}
