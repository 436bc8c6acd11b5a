//! A place of our own for mounts: they end with this program, however it ends, and nobody else sees them.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use anyhow::Context;

/// Says to the program that was started again where it is.
const MARK: &str = "EDGEWISE_FAULTS_MOUNTS";

/// Starts this program again where it may mount, if that is possible; returns if it is there already, or
/// nowhere is. True if it may mount.
pub(super) fn enter() -> anyhow::Result<bool> {
    if std::env::var_os(MARK).is_some() {
        return Ok(true);
    }
    // As a user, a user namespace makes one root over mounts of its own, where the system allows that.
    let ours: &[&str] =
        if rustix::process::geteuid().is_root() { &[] } else { &["--user", "--map-root-user"] };
    let unshare = |rest: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(ours).args(["--mount", "--propagation", "private", "--"]).args(rest);
        command
    };
    let mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "edgewise", "/tmp"];
    let tried = unshare(&mount).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !tried.is_ok_and(|status| status.success()) {
        return Ok(false);
    }
    let program = std::env::current_exe().context("this program does not know where it is")?;
    let error = unshare(&[]).arg(program).args(std::env::args_os().skip(1)).env(MARK, "1").exec();
    Err(error).context("cannot run unshare")
}
