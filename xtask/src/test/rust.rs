//! The steps that cargo does.
//!
//! All of them build the whole workspace with the same features and the same profile, so that what one
//! has compiled the next can use.

use crate::{project, run};

pub(crate) fn fmt() -> anyhow::Result<()> {
    cargo(&["fmt", "--all", "--check"])
}

pub(crate) fn clippy() -> anyhow::Result<()> {
    cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
}

pub(crate) fn doc() -> anyhow::Result<()> {
    // The examples bring in the features of the dev-dependencies, as in the other steps; without them
    // the dependencies would be checked a second time. The programs with a library are only a `main`.
    let targets = ["--lib", "--examples", "--bin", "xtask"];
    let options = ["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"];
    let arguments = options.into_iter().chain(targets);
    run::show(run::command("cargo", arguments).env("RUSTDOCFLAGS", "-D warnings"))
}

pub(crate) fn tests() -> anyhow::Result<()> {
    if run::output("cargo", &["nextest", "--version"]).is_some() {
        cargo(&["nextest", "run", "--workspace", "--locked", "--no-fail-fast"])?;
    } else {
        cargo(&["test", "--workspace", "--locked", "--no-fail-fast", "--lib", "--bins", "--tests"])?;
    }
    cargo(&["test", "--workspace", "--locked", "--doc"])
}

/// Builds the programs as the tests do, so that nothing is compiled that they have not compiled already.
pub(crate) fn build_programs() -> anyhow::Result<()> {
    cargo(&["build", "--workspace", "--locked", "--bins", "--tests"])
}

/// Short campaigns with fixed seeds: of messages, half of it with each kind of broker; of the store; and of messages with a
/// database.
pub(crate) fn faults() -> anyhow::Result<()> {
    build_programs()?;
    // As it is now: this very program's file may just have been replaced by the build.
    let program = project::target().join("debug/xtask");
    for arguments in [
        &["--count", "20", "--seed", "4", "--broker", "both", "--built"][..],
        // Each kind once.
        &["--of", "store", "--count", "6", "--seed", "2", "--built"],
        // Each kind once, seven of them of the database: killed, stopped both ways, hung longer than the hub has patience,
        // and its network cut, severed and half open.
        &["--store", "postgresql", "--count", "12", "--seed", "14747", "--broker", "embedded", "--built"],
    ] {
        let arguments = ["faults"].into_iter().chain(arguments.iter().copied());
        run::show(&mut run::command(&program.to_string_lossy(), arguments))?;
    }
    Ok(())
}

fn cargo(arguments: &[&str]) -> anyhow::Result<()> {
    run::show(&mut run::command("cargo", arguments))
}
