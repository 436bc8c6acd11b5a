//! A browser against a real hub and a real agent.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

use super::rust;
use crate::process::Process;
use crate::ready::{self, Readiness};
use crate::{ports, project, run};

/// How much of a log is shown after a failure.
const LOG_LINES: usize = 40;

pub(crate) fn run() -> anyhow::Result<()> {
    rust::build_programs()?;
    let dir = project::scratch().join("browser");
    if dir.exists() {
        fs::remove_dir_all(&dir).with_context(|| format!("cannot clear {}", dir.display()))?;
    }
    fs::create_dir_all(&dir)?;
    let result = scenario(&dir);
    if result.is_err() {
        for name in ["hub.log", "agent.log"] {
            show_end(&dir.join(name));
        }
    }
    result
}

fn scenario(dir: &Path) -> anyhow::Result<()> {
    let binaries = project::target().join("debug");
    let program = |name: &str| binaries.join(name).to_string_lossy().into_owned();
    let (http_port, mqtt_port) = (ports::free()?, ports::free()?);

    let mut command = run::command(&program("hub"), ["--data"]);
    command.arg(dir.join("data"));
    command.args(["--http", &format!("127.0.0.1:{http_port}"), "--mqtt", &format!("127.0.0.1:{mqtt_port}")]);
    let mut hub = Process::log_to("hub", &mut command, &dir.join("hub.log"))?;
    if let Readiness::Ended(status) = ready::wait(&mut hub, http_port, || false)? {
        bail!("the hub ended with {status} before it was ready");
    }

    let address = format!("mqtt://127.0.0.1:{mqtt_port}");
    let mut command = run::command(&program("edge-agent"), ["--hub", &address, "--simulate"]);
    command.env("EDGEWISE_SPOOL_DIRECTORY", dir.join("spool"));
    let mut agent = Process::log_to("agent", &mut command, &dir.join("agent.log"))?;

    let mut command = run::command("npm", ["run", "e2e"]);
    command.current_dir(project::dashboard());
    command
        .env("HUB_PROGRAM", program("hub"))
        .env("PANEL_URL", format!("http://127.0.0.1:{http_port}"))
        .env("AGENT_PID", agent.id().to_string())
        .env("HUB_PID", hub.id().to_string());
    if let Some(chromium) = run::find("chromium") {
        command.env("CHROMIUM", chromium);
    }
    run::show(&mut command)?;

    // The scenario stops the agent; if it still runs, no scenario was played.
    match agent.ended()? {
        Some(status) if status.success() => {}
        Some(status) => bail!("the agent ended with {status}"),
        None => bail!("the browser tests did not stop the agent: did they run?"),
    }
    match hub.ended()? {
        Some(status) => bail!("the hub ended during the test with {status}"),
        None => Ok(()),
    }
}

fn show_end(log: &Path) {
    let Ok(text) = fs::read_to_string(log) else { return };
    let lines: Vec<_> = text.lines().collect();
    eprintln!("-- the end of {}", log.display());
    for line in &lines[lines.len().saturating_sub(LOG_LINES)..] {
        eprintln!("{line}");
    }
}
