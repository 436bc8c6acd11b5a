//! Builds the panel, which the hub embeds. Leaves out what is already done.

use std::fs;

use anyhow::Context;

use crate::failure::usage;
use crate::{inputs, project, run};

/// What the build writes, or what no build reads.
const NOT_INPUTS: &[&str] = &["node_modules", "dist", "dev", "e2e", "test-results"];

/// Fails with one line unless Node.js and npm are there and new enough.
pub(crate) fn check_node() -> anyhow::Result<()> {
    let package = project::dashboard().join("package.json");
    let text = fs::read_to_string(&package).with_context(|| format!("cannot read {}", package.display()))?;
    let wanted =
        wanted_node(&text).with_context(|| format!("{} names no engines.node", package.display()))?;
    let remedy = format!("install Node.js {}.{} or newer from https://nodejs.org", wanted.0, wanted.1);
    let Some(version) = run::output("node", &["--version"]) else {
        return Err(usage(format!("node is not there; {remedy}")));
    };
    if major_minor(&version).is_none_or(|found| found < wanted) {
        return Err(usage(format!("node {version} is too old; {remedy}")));
    }
    if !run::exists("npm") {
        return Err(usage(format!("npm is not there; {remedy}")));
    }
    Ok(())
}

/// Installs the packages that the lock file names, unless they are there.
pub(crate) fn install() -> anyhow::Result<()> {
    let dir = project::dashboard();
    let lock = fs::read_to_string(dir.join("package-lock.json"))
        .with_context(|| format!("cannot read {}", dir.join("package-lock.json").display()))?;
    // Inside node_modules, so that whoever deletes the packages deletes the claim that they are there.
    let stamp = dir.join("node_modules/.edgewise-lock");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    run::show(run::command("npm", ["ci", "--no-audit", "--no-fund"]).current_dir(&dir))?;
    fs::write(&stamp, lock).with_context(|| format!("cannot write {}", stamp.display()))
}

/// Installs and builds, unless the build is up to date.
pub(crate) fn build() -> anyhow::Result<()> {
    let dir = project::dashboard();
    let stamp = project::scratch().join("panel.stamp");
    let fingerprint = inputs::fingerprint(&dir, NOT_INPUTS)?;
    if dir.join("dist/index.html").is_file() && inputs::is_current(&stamp, fingerprint) {
        println!("The panel is up to date.");
        return Ok(());
    }
    install()?;
    script("build")?;
    inputs::write_stamp(&stamp, fingerprint)
}

/// Runs one of the panel's scripts.
pub(crate) fn script(name: &str) -> anyhow::Result<()> {
    run::show(run::command("npm", ["run", name]).current_dir(project::dashboard()))
}

/// The lowest version in `"engines": { "node": ">=20.19" }`.
fn wanted_node(package_json: &str) -> Option<(u32, u32)> {
    let engines = package_json.split_once("\"engines\"")?.1;
    let node = engines.split_once("\"node\"")?.1;
    major_minor(node.split('"').nth(1)?.trim_start_matches(">="))
}

fn major_minor(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.trim_start_matches('v').split('.').map(|part| part.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wanted_node_is_read_from_the_package() {
        let package = r#"{ "name": "x", "engines": { "npm": ">=9", "node": ">=20.19" } }"#;
        assert_eq!(wanted_node(package), Some((20, 19)));
        assert_eq!(wanted_node(r#"{ "name": "x" }"#), None);
    }

    #[test]
    fn versions_compare_as_numbers() {
        assert_eq!(major_minor("v20.19.2"), Some((20, 19)));
        assert!(major_minor("v9.0.0") < major_minor("v20.19.2"));
        assert_eq!(major_minor("nightly"), None);
    }
}
