//! The hub's API against its own description: whatever is asked, the answer is one that the description knows, and
//! never a failure of the hub.
//!
//! The questions are made by schemathesis, whose release is pinned in `xtask/api/requirements.txt`; what it is told about
//! the hub stands beside that.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

use super::python::Python;
use super::rust;
use crate::process::Process;
use crate::ready::{self, Readiness};
use crate::{http, ports, project, run};

/// Of the hub under test, which nobody else reaches.
const PASSWORD: &str = "open-sesame";

pub(crate) fn check() -> anyhow::Result<()> {
    rust::build_programs()?;
    let cache = project::target().join("schemathesis");
    fs::create_dir_all(&cache)?;
    let source = project::root().join("xtask/api");
    let python = Python::ensure()?;
    let modules = python.modules(&cache, &source.join("requirements.txt"))?;

    let dir = project::scratch().join("api");
    if dir.exists() {
        fs::remove_dir_all(&dir).with_context(|| format!("cannot clear {}", dir.display()))?;
    }
    fs::create_dir_all(&dir)?;
    let (http_port, mqtt_port) = (ports::free()?, ports::free()?);
    let mut hub = start(&dir, http_port, mqtt_port)?;
    if let Readiness::Ended(status) = ready::wait(&mut hub, http_port, || false)? {
        bail!("the hub ended with {status} before it was ready");
    }
    // Something to ask about.
    let agent = project::target().join("debug/edge-agent").to_string_lossy().into_owned();
    let address = format!("mqtt://127.0.0.1:{mqtt_port}");
    let mut command = run::command(&agent, ["--hub", &address, "--device", "roof", "--simulate"]);
    command.env("EDGEWISE_SPOOL_DIRECTORY", dir.join("spool"));
    let _agent = Process::log_to("agent", &mut command, &dir.join("agent.log"))?;

    let mut command = python.command(&modules);
    command.args(["-m", "schemathesis.cli", "--config-file"]).arg(source.join("schemathesis.toml"));
    command.args(["run", "--url", &format!("http://127.0.0.1:{http_port}")]);
    command.arg(project::root().join("docs/openapi.json")).env("HUB_PASSWORD", PASSWORD).current_dir(&dir);
    run::show(&mut command)?;
    if let Some(status) = hub.ended()? {
        bail!("the hub ended during the check with {status}");
    }
    if http::status(http_port, "/readyz") != Some(200) {
        bail!("the hub is no longer ready");
    }
    Ok(())
}

fn start(dir: &Path, http_port: u16, mqtt_port: u16) -> anyhow::Result<Process> {
    let hub = project::target().join("debug/hub").to_string_lossy().into_owned();
    let mut command = run::command(&hub, ["--data"]);
    command.arg(dir.join("data")).env("EDGEWISE_HTTP_PASSWORD", PASSWORD);
    command.args(["--http", &format!("127.0.0.1:{http_port}"), "--mqtt", &format!("127.0.0.1:{mqtt_port}")]);
    Process::log_to("hub", &mut command, &dir.join("hub.log"))
}
