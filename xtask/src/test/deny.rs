//! Licences, duplicates, sources and advisories of the dependencies, by cargo-deny.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::{project, run};

/// The oldest release that understands our lock file, and the one that is installed where it is missing.
const VERSION: (u32, u32, u32) = (0, 20, 2);

/// Checks everything; a text says what could not be checked.
pub(crate) fn check() -> anyhow::Result<Option<String>> {
    let program = program()?;
    let deny = |arguments: &[&str]| {
        let mut command = run::command(&program.to_string_lossy(), ["--workspace", "--locked"]);
        command.args(arguments);
        command
    };
    // Told apart from a finding by fetching it on its own.
    if fetched(deny(&["fetch", "db"])) {
        run::show(&mut deny(&["check"]))?;
        return Ok(None);
    }
    println!("The advisory database cannot be reached: advisories are not checked, the rest is.");
    run::show(&mut deny(&["check", "bans", "licenses", "sources"]))?;
    Ok(Some("without advisories: their database cannot be reached".into()))
}

fn fetched(mut command: Command) -> bool {
    command.env("GIT_TERMINAL_PROMPT", "0").output().is_ok_and(|output| output.status.success())
}

/// An installed cargo-deny, or our own one in the target directory.
fn program() -> anyhow::Result<PathBuf> {
    if let Some(path) = run::find("cargo-deny").filter(|path| is_new_enough(path)) {
        return Ok(path);
    }
    let tools = project::target().join("tools");
    let own = tools.join("bin/cargo-deny");
    if !is_new_enough(&own) {
        install(&tools).context("cannot install cargo-deny; by hand: cargo install --locked cargo-deny")?;
    }
    Ok(own)
}

/// Without optimisation: it compiles in half the time and still checks in seconds.
fn install(tools: &Path) -> anyhow::Result<()> {
    let (major, minor, patch) = VERSION;
    let wanted = format!("cargo-deny@{major}.{minor}.{patch}");
    let mut command = run::command("cargo", ["install", "--locked", "--debug", "--force", &wanted, "--root"]);
    command.arg(tools).env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_TARGET_DIR", tools.join("build"));
    run::show(&mut command)
}

fn is_new_enough(program: &Path) -> bool {
    let version = run::output(&program.to_string_lossy(), &["--version"]);
    version.as_deref().and_then(parse).is_some_and(|found| found >= VERSION)
}

fn parse(version: &str) -> Option<(u32, u32, u32)> {
    let mut numbers = version.rsplit(' ').next()?.split('.').map(|part| part.parse().ok());
    Some((numbers.next()??, numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_release_is_not_new_enough() {
        assert_eq!(parse("cargo-deny 0.20.2"), Some(VERSION));
        assert!(parse("cargo-deny 0.14.2") < Some(VERSION));
        assert!(parse("cargo-deny 1.0.0") > Some(VERSION));
        assert_eq!(parse("cargo-deny"), None);
    }
}
