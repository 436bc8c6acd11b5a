//! The hub whose store is looked after: started, killed, asked.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use rustix::process::Signal;

use super::WITHIN;
use crate::faults::disk::Disk;
use crate::faults::{journal, programs, store};
use crate::process::Process;
use crate::{http, ports, run};

/// Its store's file.
pub(super) const STORE: &str = "edgewise.db";
/// Room for its store.
const DISK_BYTES: u64 = 192 << 20;

pub(super) struct Hub {
    process: Option<Process>,
    pub(super) disk: Disk,
    pub(super) http: u16,
    pub(super) mqtt: u16,
    dir: PathBuf,
    starts: usize,
}

impl Hub {
    pub(super) fn new(dir: &Path, can_mount: bool) -> anyhow::Result<Self> {
        let disk = Disk::new(dir.join("hub.disk"), DISK_BYTES, can_mount)?;
        Ok(Self {
            process: None,
            disk,
            http: ports::free()?,
            mqtt: ports::free()?,
            dir: dir.to_owned(),
            starts: 0,
        })
    }

    /// Starts it, unless it runs, to keep summaries one by one for so many days.
    pub(super) fn start(&mut self, days: i64) -> anyhow::Result<()> {
        if let Some(process) = &mut self.process {
            if process.ended()?.is_none() {
                return Ok(());
            }
            println!("           the hub had ended by itself and is started again");
        }
        self.starts += 1;
        let mut command = command(&self.disk.data(), self.http, self.mqtt);
        command.env("EDGEWISE_HISTORY_MINUTES_DAYS", days.to_string());
        self.process = Some(Process::log_to("hub", &mut command, &self.log(self.starts))?);
        Ok(())
    }

    pub(super) fn await_ready(&mut self) -> anyhow::Result<()> {
        let process = self.process.as_mut().context("it was not started")?;
        await_ready(process, self.http)
    }

    /// `kill -9`.
    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut process) = self.process.take() {
            process.signal(Signal::KILL);
            process.wait()?;
        }
        Ok(())
    }

    /// Asks it to end, and waits.
    pub(super) fn end(&mut self) {
        self.process = None;
    }

    /// Summaries that are not packed.
    pub(super) fn waiting(&self) -> anyhow::Result<u64> {
        Ok(self.rows_and_chunks()?.0)
    }

    /// Summaries that are not packed, and chunks.
    pub(super) fn rows_and_chunks(&self) -> anyhow::Result<(u64, u64)> {
        let file = self.disk.data().join(STORE);
        Ok((store::count(&file, "summaries")?, store::count(&file, "chunks")?))
    }

    /// Panics in its logs.
    pub(super) fn panics(&self) -> Vec<String> {
        (1..=self.starts).filter_map(|number| journal::panic(&self.log(number))).collect()
    }

    fn log(&self, number: usize) -> PathBuf {
        self.dir.join(format!("hub.{number}.log"))
    }
}

/// A hub that packs at once what is over, and looks for it every second.
pub(super) fn command(data: &Path, http: u16, mqtt: u16) -> std::process::Command {
    let address = |port: u16| format!("127.0.0.1:{port}");
    let arguments = ["--http", &address(http), "--mqtt", &address(mqtt), "--data"];
    let mut command = run::command(&programs::binary("hub"), arguments);
    command.arg(data).env("NO_COLOR", "1");
    command.env("EDGEWISE_HISTORY_SETTLE_MINUTES", "0").env("EDGEWISE_HISTORY_UPKEEP_SECONDS", "1");
    command
}

/// Waits until a hub that was started answers.
pub(super) fn await_ready(process: &mut Process, port: u16) -> anyhow::Result<()> {
    let deadline = Instant::now() + WITHIN;
    while http::status(port, "/readyz") != Some(200) {
        if let Some(status) = process.ended()? {
            bail!("the hub ended by itself with {status}");
        }
        if Instant::now() > deadline {
            bail!("the hub was not ready within {} s", WITHIN.as_secs());
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    Ok(())
}
