//! Home Assistant's own code looks at what a running agent announces to it.
//!
//! The release is pinned in `xtask/home-assistant/requirements.txt`; the scenario is `check.py` beside it.

use std::fs;

use anyhow::Context;

use super::python::Python;
use super::rust;
use crate::{broker, ports, project, run};

pub(crate) fn check() -> anyhow::Result<()> {
    rust::build_programs()?;
    let cache = project::target().join("home-assistant");
    fs::create_dir_all(&cache)?;
    let source = project::root().join("xtask/home-assistant");
    let python = Python::ensure()?;
    let modules = python.modules(&cache, &source.join("requirements.txt"))?;

    let dir = project::scratch().join("home-assistant");
    if dir.exists() {
        fs::remove_dir_all(&dir).with_context(|| format!("cannot clear {}", dir.display()))?;
    }
    fs::create_dir_all(&dir)?;
    let port = ports::free()?;
    let _broker = broker::start(&dir, port)?;
    let agent = project::target().join("debug/edge-agent");
    let mut command = python.command(&modules);
    // Its warnings about its own future are for its developers.
    command.args(["-W", "ignore"]).arg(source.join("check.py")).arg(port.to_string()).arg(agent).arg(&dir);
    run::show(&mut command)
}
