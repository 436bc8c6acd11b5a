//! A hub and a fleet to measure.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::process::Process;
use crate::ready::{self, Readiness};
use crate::signals::EndRequested;
use crate::{panel, ports, project, run};

/// The programs as they are shipped, for this machine.
pub(super) struct Programs {
    hub: PathBuf,
    fleet: PathBuf,
}

impl Programs {
    pub(super) fn build() -> anyhow::Result<Self> {
        panel::check_node()?;
        panel::install()?;
        panel::build()?;
        run::show(&mut run::command(
            "cargo",
            ["build", "--locked", "--release", "-p", "hub", "-p", "fleet"],
        ))?;
        let release = project::target().join("release");
        Ok(Self { hub: release.join("hub"), fleet: release.join("fleet") })
    }
}

/// What all measurements of a part share.
pub(super) struct Scene<'a> {
    programs: &'a Programs,
    end: EndRequested,
    /// On the disk on which the target directory is: what is committed has to reach it.
    pub(super) dir: PathBuf,
}

/// A running hub.
pub(super) struct Hub {
    pub(super) process: Process,
    pub(super) http: u16,
    /// Where devices connect.
    pub(super) mqtt: u16,
}

impl<'a> Scene<'a> {
    pub(super) fn new(programs: &'a Programs) -> anyhow::Result<Self> {
        let dir = project::scratch().join("bench-hub");
        if dir.exists() {
            std::fs::remove_dir_all(&dir).with_context(|| format!("cannot empty {}", dir.display()))?;
        }
        std::fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        Ok(Self { programs, end: EndRequested::install()?, dir })
    }

    /// A hub with an empty store, and its own broker unless one is given.
    pub(super) fn hub(&self, broker: Option<u16>) -> anyhow::Result<Hub> {
        let data = self.dir.join("data");
        if data.exists() {
            std::fs::remove_dir_all(&data)?;
        }
        let (http, own) = (ports::free()?, ports::free()?);
        let at = |port: u16| format!("127.0.0.1:{port}");
        let mut command = run::command(&self.programs.hub.to_string_lossy(), ["--http", &at(http)]);
        command.arg("--data").arg(data);
        match broker {
            Some(port) => command.args(["--broker", &format!("mqtt://127.0.0.1:{port}")]),
            None => command.args(["--mqtt", &at(own)]),
        };
        let mut process = Process::log_to("hub", &mut command, &self.dir.join("hub.log"))?;
        match ready::wait(&mut process, http, || self.end.seen())? {
            Readiness::Ready => Ok(Hub { process, http, mqtt: broker.unwrap_or(own) }),
            Readiness::Ended(status) => {
                bail!("the hub ended with {status}; see {}", self.dir.join("hub.log").display())
            }
            Readiness::Stopped => bail!("stopped before there was a result"),
        }
    }

    /// Starts a fleet at the broker on this port.
    pub(super) fn fleet(&self, port: u16, arguments: &[&str]) -> anyhow::Result<Fleet> {
        let url = format!("mqtt://127.0.0.1:{port}");
        let mut command = run::command(&self.programs.fleet.to_string_lossy(), ["--hub", &url]);
        let log = self.dir.join("fleet.log");
        Ok(Fleet { process: Process::log_to("fleet", command.args(arguments), &log)?, log })
    }

    /// Waits for the end of a fleet, and gives the figures of its last line.
    pub(super) fn figures(&self, mut fleet: Fleet) -> anyhow::Result<Value> {
        while fleet.process.ended()?.is_none() {
            if self.end.seen() {
                bail!("stopped before there was a result");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = std::fs::read_to_string(&fleet.log)?;
        let last = log.lines().rev().find(|line| line.starts_with('{'));
        let last = last.with_context(|| format!("the fleet told no figures; see {}", fleet.log.display()))?;
        let figures: Value = serde_json::from_str(last)?;
        if figures["broken"] != 0 {
            println!("{} connections broke; see {}", figures["broken"], fleet.log.display());
        }
        Ok(figures)
    }

    /// Waits, unless asked to stop.
    pub(super) fn wait(&self, time: Duration) -> anyhow::Result<()> {
        let deadline = std::time::Instant::now() + time;
        while std::time::Instant::now() < deadline {
            if self.end.seen() {
                bail!("stopped before there was a result");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

/// A running fleet, and where it writes its figures.
pub(super) struct Fleet {
    process: Process,
    log: PathBuf,
}

impl Fleet {
    /// Asks it to end.
    pub(super) fn stop(&self) {
        self.process.signal(rustix::process::Signal::TERM);
    }
}
