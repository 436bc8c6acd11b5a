//! Installs Debian packages that a command needs and the machine lacks.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Context;

use crate::failure::usage;
use crate::run;

/// Makes sure that the packages are there. As root it installs them; else it fails with the command to type.
/// `before` are commands that must run first, such as adding an architecture.
pub(crate) fn ensure(packages: &[&str], before: &[&[&str]]) -> anyhow::Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let lacking = packages.join(" ");
    if !run::exists("apt-get") {
        return Err(usage(format!("this machine lacks {lacking}; install them (names as in Debian)")));
    }
    if !rustix::process::geteuid().is_root() {
        let mut line: String = before.iter().map(|words| format!("{} && ", words.join(" "))).collect();
        line += &format!("apt-get update && apt-get install --yes --no-install-recommends {lacking}");
        return Err(usage(format!("this machine lacks {lacking}; run: sudo sh -c '{line}'")));
    }
    let _quiet = NoServices::hold();
    for words in before {
        run::show(&mut run::command(words[0], &words[1..]))?;
    }
    run::show(&mut run::command("apt-get", ["update", "--quiet"]))?;
    let install = ["install", "--yes", "--quiet", "--no-install-recommends"];
    run::show(
        run::command("apt-get", install.iter().chain(packages)).env("DEBIAN_FRONTEND", "noninteractive"),
    )
}

/// Makes sure that apt can download packages of this architecture, by its name in Debian.
pub(crate) fn ensure_architecture(name: &str) -> anyhow::Result<()> {
    if !run::exists("apt-get") {
        return Err(usage(format!("this needs packages of Debian for {name}, and there is no apt-get here")));
    }
    let known = [["--print-architecture"], ["--print-foreign-architectures"]]
        .iter()
        .filter_map(|arguments| run::output("dpkg", arguments))
        .any(|list| list.lines().any(|line| line == name));
    // A fresh container knows the architecture, but of no packages.
    let listed = || run::output("apt-cache", &["policy", &format!("busybox-static:{name}")]);
    if known && listed().is_some_and(|policy| policy.contains("http")) {
        return Ok(());
    }
    if !rustix::process::geteuid().is_root() {
        return Err(usage(format!(
            "apt knows no packages for {name}; run: sudo sh -c 'dpkg --add-architecture {name} && apt-get update'"
        )));
    }
    run::show(&mut run::command("dpkg", ["--add-architecture", name]))?;
    run::show(&mut run::command("apt-get", ["update", "--quiet"]))
}

/// What a package depends on first; for one that only stands for the newest of its kind, that is it.
pub(crate) fn first_dependency(package: &str) -> anyhow::Result<String> {
    let output = run::output("apt-cache", &["depends", package]).unwrap_or_default();
    let mut lines = output.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    lines
        .next()
        .map(str::to_owned)
        .with_context(|| format!("apt knows no package {package}; try apt-get update"))
}

/// Downloads packages and unpacks them below `dir`, without installing anything.
pub(crate) fn unpack(packages: &[&str], dir: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(dir)?;
    let downloads = ["download", "--quiet"];
    let fetch = || run::show(run::command("apt-get", downloads.iter().chain(packages)).current_dir(dir));
    if let Err(error) = fetch() {
        // The list may be older than the archive.
        if !rustix::process::geteuid().is_root() {
            return Err(error).context("an older list of packages may be why: sudo apt-get update");
        }
        run::show(&mut run::command("apt-get", ["update", "--quiet"]))?;
        fetch()?;
    }
    let archives: Vec<_> = std::fs::read_dir(dir)?.filter_map(Result::ok).map(|entry| entry.path()).collect();
    for archive in archives.iter().filter(|path| path.extension().is_some_and(|end| end == "deb")) {
        let mut command = run::command("dpkg-deb", ["--extract"]);
        run::show(command.arg(archive).arg(dir))?;
        std::fs::remove_file(archive)?;
    }
    Ok(())
}

/// The packages whose program is not there.
pub(crate) fn lacking<'a>(programs: &[(&str, &'a str)]) -> Vec<&'a str> {
    let mut packages: Vec<_> =
        programs.iter().filter(|(program, _)| !run::exists(program)).map(|(_, package)| *package).collect();
    packages.dedup();
    packages
}

/// While it lives, freshly installed packages do not start their services: a broker for the tests
/// must not begin to serve the network. Debian asks this file; one that exists is left alone.
struct NoServices {
    written: bool,
}

const POLICY: &str = "/usr/sbin/policy-rc.d";

impl NoServices {
    fn hold() -> Self {
        let written = !Path::new(POLICY).exists()
            && std::fs::write(POLICY, "#!/bin/sh\nexit 101\n").is_ok()
            && std::fs::set_permissions(POLICY, std::fs::Permissions::from_mode(0o755)).is_ok();
        Self { written }
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.written {
            let _ = std::fs::remove_file(POLICY);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_packages_of_absent_programs_are_lacking() {
        let programs = [("sh", "dash"), ("no-such-a", "one"), ("no-such-b", "one"), ("no-such-c", "two")];
        assert_eq!(lacking(&programs), ["one", "two"]);
    }
}
