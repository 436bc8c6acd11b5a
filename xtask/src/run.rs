//! Runs other programs in the foreground, with their output shown.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::{project, tied};

/// A command in the repository's root with a clean environment, which ends with this process.
pub(crate) fn command<I, S>(program: &str, arguments: I) -> Command
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut command = tied::command(program);
    command.args(arguments).current_dir(project::root()).stdin(Stdio::null());
    clean(&mut command);
    command
}

/// Takes out what `cargo run` put into our environment: some build scripts (ring's) watch these
/// variables, so the same build by hand and by xtask would undo each other's cache.
pub(crate) fn clean(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if is_from_cargo_run(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
    if let Some(paths) = std::env::var_os("LD_LIBRARY_PATH") {
        match without_cargo_paths(&paths, &project::target()) {
            Some(rest) => command.env("LD_LIBRARY_PATH", rest),
            None => command.env_remove("LD_LIBRARY_PATH"),
        };
    }
}

fn is_from_cargo_run(name: &str) -> bool {
    name == "CARGO" || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

fn without_cargo_paths(paths: &OsStr, target: &Path) -> Option<OsString> {
    let kept: Vec<_> = std::env::split_paths(paths)
        .filter(|path| !path.starts_with(target) && !path.to_string_lossy().contains("/toolchains/"))
        .collect();
    if kept.is_empty() { None } else { std::env::join_paths(kept).ok() }
}

/// Shows the command, runs it with its output shown, and fails unless it succeeds.
pub(crate) fn show(command: &mut Command) -> anyhow::Result<()> {
    let line = line(command);
    println!("$ {line}");
    let status = command.status().with_context(|| format!("cannot run {line}"))?;
    if !status.success() {
        bail!("`{line}` ended with {status}");
    }
    Ok(())
}

/// The same for a program of ours, whose last line of error output becomes part of the error: it says what is
/// wrong, and a report may be all that is kept of a run.
pub(crate) fn show_keeping_error(command: &mut Command) -> anyhow::Result<()> {
    let line = line(command);
    println!("$ {line}");
    let mut child = command.stderr(Stdio::piped()).spawn().with_context(|| format!("cannot run {line}"))?;
    let mut last = String::new();
    if let Some(errors) = child.stderr.take() {
        for text in BufReader::new(errors).lines() {
            last = text.with_context(|| format!("cannot read the errors of {line}"))?;
            eprintln!("{last}");
        }
    }
    let status = child.wait().with_context(|| format!("cannot run {line}"))?;
    if !status.success() {
        bail!("`{line}` ended with {status}: {last}");
    }
    Ok(())
}

/// What a program prints, trimmed; nothing if it is not there or fails.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    clean(&mut command);
    let output = command.args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether a program is on the path, or in the system directories a user's path may lack.
pub(crate) fn exists(program: &str) -> bool {
    find(program).is_some()
}

/// The full path of a program.
pub(crate) fn find(program: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin"].map(std::path::PathBuf::from);
    std::env::split_paths(&path).chain(system).map(|dir| dir.join(program)).find(|file| file.is_file())
}

/// The command as a person would type it, without the tie.
fn line(command: &Command) -> String {
    let mut words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect();
    if words.get(1).is_some_and(|word| word == "tied") && words.len() > 4 {
        words.drain(..4);
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shown_line_hides_the_tie() {
        assert_eq!(line(&command("cargo", ["build", "-p", "hub"])), "cargo build -p hub");
    }

    #[test]
    fn library_paths_of_cargo_are_dropped_and_others_kept() {
        let target = Path::new("/repo/target");
        let kept = |paths: &str| without_cargo_paths(OsStr::new(paths), target);
        assert_eq!(kept("/repo/target/debug/deps:/opt/lib"), Some("/opt/lib".into()));
        assert_eq!(kept("/repo/target/debug:/home/pi/.rustup/toolchains/1.95/lib"), None);
    }

    #[test]
    fn the_last_line_of_error_output_is_kept() {
        let shell = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            command
        };
        let mut failing = shell("echo first >&2; echo error: the reason >&2; exit 3");
        let error = show_keeping_error(&mut failing).unwrap_err().to_string();
        assert!(error.ends_with("ended with exit status: 3: error: the reason"), "{error}");
        show_keeping_error(&mut shell("echo fine >&2")).unwrap();
    }

    #[test]
    fn a_failing_program_is_an_error_that_names_it() {
        let error = show(&mut Command::new("false")).unwrap_err().to_string();
        assert!(error.contains("`false` ended with exit status: 1"), "{error}");
        let error = show(&mut Command::new("no-such-program")).unwrap_err().to_string();
        assert!(error.contains("no-such-program"), "{error}");
    }
}
