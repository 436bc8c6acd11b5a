//! A PostgreSQL server of the stage's own, which is broken like everything else, and read past the hub.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::account::{Row, Source};
use super::proxy::Proxy;
use super::unit::Unit;
use crate::{ports, run};

/// How long it may take to be made.
const START: Duration = Duration::from_secs(60);
/// A hub that is soon out of patience with it, so that a short hang is one.
const HASTE: &str = "tcp_user_timeout=2&connect_timeout=2";

/// A server with one database, which the hub reaches through a network of its own.
pub(super) struct Database {
    pub(super) unit: Unit,
    pub(super) network: Proxy,
    /// Until when, by the machine's own time, it may end by itself: processes of one that was killed may be in the way
    /// of the next.
    pub(super) may_fall_until_ms: u64,
    port: u16,
    folder: Folder,
}

impl Database {
    /// Makes a server, which is not started yet; its logs go to `dir`.
    pub(super) fn new(dir: &Path) -> anyhow::Result<Self> {
        let folder = Folder::new()?;
        let mut make = program("initdb")?;
        make.args(["--auth=trust", "--username=edgewise", "--encoding=UTF8", "--locale=C.UTF-8"]);
        make.args(["--no-sync", "--no-instructions"]).arg(folder.0.join("data")).stdin(Stdio::null());
        let output = make.output().context("cannot run initdb")?;
        if !output.status.success() {
            bail!("initdb failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let (port, home) = (ports::free()?, folder.0.clone());
        program("postgres")?;
        let unit = Unit::new("postgres", dir.join("postgres"), move || server(&home, port));
        Ok(Self { unit, network: Proxy::start(port)?, may_fall_until_ms: 0, port, folder })
    }

    /// Where the hub finds it.
    pub(super) fn url(&self) -> String {
        format!("postgresql://edgewise@127.0.0.1:{}/postgres?{HASTE}", self.network.port())
    }

    /// Whether it takes connections.
    pub(super) fn is_ready(&self) -> bool {
        self.ask("SELECT 1").is_ok()
    }

    /// SIGINT: it ends in order and waits for nobody.
    pub(super) fn stop_fast(&mut self) {
        self.unit.ask_to_end_by(Signal::INT);
    }

    /// SIGQUIT: it ends at once and has to recover at its next start.
    pub(super) fn stop_at_once(&mut self) {
        self.unit.ask_to_end_by(Signal::QUIT);
    }

    /// Holds all of its processes still, or lets them go on.
    pub(super) fn hold(&self, still: bool) {
        // The first of them first: while it stands still there come no more.
        self.unit.hold(still);
        let signal = if still { Signal::STOP } else { Signal::CONT };
        for child in self.unit.id().map(children).unwrap_or_default() {
            // One that has just ended needs no signal.
            let _ = kill_process(child, signal);
        }
    }

    /// Rows that a statement gives, with `|` between their fields: by Debian's `psql`, past the hub and its network.
    pub(super) fn ask(&self, sql: &str) -> anyhow::Result<Vec<String>> {
        let host = self.folder.0.display();
        let url = format!("postgresql:///postgres?user=edgewise&port={}&host={host}", self.port);
        let mut command = Command::new("psql");
        command.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql]).arg(url).stdin(Stdio::null());
        let output = command.output().context("cannot run psql")?;
        if !output.status.success() {
            bail!("psql: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect())
    }

    /// All summaries that are rows, in no order.
    pub(super) fn rows(&self) -> anyhow::Result<Vec<Row>> {
        let lines = self.ask("SELECT device, boot, sequence, body FROM edgewise.summaries")?;
        lines.iter().map(|line| row(line).with_context(|| format!("not understood: {line}"))).collect()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.hold(false);
        // Smart shutdown, which a tie to this process asks for, would wait for a hub that hangs.
        self.unit.ask_to_end_by(Signal::INT);
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.unit.is_there() && Instant::now() < deadline {
            if self.unit.look().is_err() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn row(line: &str) -> Option<Row> {
    let fields: Vec<&str> = line.splitn(4, '|').collect();
    let [device, boot, sequence, body] = fields.try_into().ok()?;
    let source = Source { device: device.to_owned(), boot: boot.to_owned() };
    let sequence: u64 = sequence.parse().ok()?;
    // A body without these is another summary's.
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let body_agrees = body["sequence"] == sequence && body["boot"] == *boot;
    let monotonic_ms = body["monotonic_ms"].as_u64().unwrap_or_default();
    Some(Row { key: (source, sequence), monotonic_ms, body_agrees, packed: false })
}

fn server(home: &Path, port: u16) -> Command {
    // It was found when the server was made.
    let mut command = program("postgres").unwrap_or_else(|_| Command::new("postgres"));
    command.arg("-D").arg(home.join("data")).arg("-k").arg(home).args(["-p", &port.to_string()]);
    command.args(["-h", "127.0.0.1", "-cshared_buffers=16MB", "-cdynamic_shared_memory_type=mmap"]);
    // Nobody takes the machine's power away here.
    command.args(["-cfsync=off", "-cfull_page_writes=off", "-clog_line_prefix=%m [%p] "]);
    command
}

/// A program of PostgreSQL, as a user that it accepts, which ends with this process.
fn program(name: &str) -> anyhow::Result<Command> {
    let path = run::find(name).with_context(|| format!("{name} is not there: install postgresql"))?;
    let mut command = run::command("setpriv", ["--pdeathsig", "QUIT"]);
    if let Some((user, _)) = user()? {
        command.args([&format!("--reuid={user}"), &format!("--regid={user}"), "--clear-groups"]);
    }
    command.arg(path).current_dir("/");
    Ok(command)
}

/// PostgreSQL refuses root: the user to be instead, with its number.
fn user() -> anyhow::Result<Option<(&'static str, u32)>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let passwd = fs::read_to_string("/etc/passwd")?;
    let line = passwd.lines().find_map(|line| line.strip_prefix("postgres:"));
    let number = line.and_then(|rest| rest.split(':').nth(1)?.parse().ok());
    Ok(Some(("postgres", number.context("there is no user postgres: install postgresql")?)))
}

fn children(of: u32) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let child = |process: fs::DirEntry| {
        let stat = fs::read_to_string(process.path().join("stat")).ok()?;
        // Behind the name of the program, which may be anything: its state, and who started it.
        let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?;
        (parent == of.to_string()).then_some(())?;
        Pid::from_raw(process.file_name().to_str()?.parse().ok()?)
    };
    processes.filter_map(child).collect()
}

/// Not in the checkout, which the server's user may not be able to read; goes with this.
struct Folder(PathBuf);

impl Folder {
    fn new() -> anyhow::Result<Self> {
        let since = Instant::now();
        loop {
            let name = format!("edgewise-faults-{}-{}", std::process::id(), since.elapsed().as_nanos());
            let path = std::env::temp_dir().join(name);
            match fs::create_dir(&path) {
                Ok(()) => {
                    let folder = Self(path);
                    if let Some((_, number)) = user()? {
                        std::os::unix::fs::chown(&folder.0, Some(number), Some(number))?;
                    }
                    return Ok(folder);
                }
                Err(_) if since.elapsed() < START => {}
                Err(error) => return Err(error).context("no place for a database"),
            }
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The system clears its directory of temporary files anyway.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_they_are_and_bodies_compared() {
        let read = |line: &str| row(line).map(|row| (row.key.1, row.monotonic_ms, row.body_agrees));
        let body = r#"{"boot":"b","sequence":7,"monotonic_ms":9,"text":"a|b"}"#;
        assert_eq!(read(&format!("roof|b|7|{body}")), Some((7, 9, true)));
        assert_eq!(read(&format!("roof|b|8|{body}")), Some((8, 9, false)));
        assert_eq!(read(&format!("roof|c|7|{body}")), Some((7, 9, false)));
        assert_eq!(read("roof|b|7|{"), Some((7, 0, false)));
        assert_eq!(read("roof|b|7"), None);
    }
}
