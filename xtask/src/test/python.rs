//! A Python new enough for Home Assistant, which is newer than the one that most machines have. Other checks in
//! Python share it.
//!
//! Debian's next release has one. Its packages are unpacked below the target directory, with the C library
//! that they need, and installed nowhere: no root is needed and the machine stays as it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::{apt, project, run};

/// The release of Debian, and what is taken from it: an interpreter, and pip as a wheel.
const SUITE: &str = "forky";
const PACKAGES: [&str; 2] = ["python3.14", "python3-pip-whl"];
const MIRROR: &str = "http://deb.debian.org/debian";
/// By which apt knows that the packages are Debian's.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// An unpacked Python.
pub(crate) struct Python {
    root: PathBuf,
    /// The loader of its own C library, which runs every program of it.
    loader: PathBuf,
}

impl Python {
    /// The one below the target directory, which is filled if it is empty.
    pub(crate) fn ensure() -> anyhow::Result<Self> {
        let dir = &project::target().join("home-assistant");
        fs::create_dir_all(dir)?;
        let root = dir.join("root");
        if !root.exists() {
            unpack(dir, &root)?;
        }
        let loader = only_match(&root.join("usr/lib"), "ld-linux")?;
        Ok(Self { root, loader })
    }

    /// A command that runs Python with the modules in `modules`.
    pub(crate) fn command(&self, modules: &Path) -> Command {
        let libraries = self.loader.parent().unwrap_or(&self.root);
        let mut command = run::command(&self.loader.to_string_lossy(), ["--library-path"]);
        command.arg(libraries).arg(self.root.join("usr/bin/python3.14"));
        command.env("PYTHONHOME", self.root.join("usr")).env("PYTHONPATH", modules);
        // What a user has installed for another Python is no part of this.
        command.env("PYTHONNOUSERSITE", "1").env_remove("PYTHONDONTWRITEBYTECODE");
        // Beside the sources it would be in the repository.
        command.env("PYTHONPYCACHEPREFIX", self.root.join("compiled"));
        command
    }

    /// The modules that `requirements` lists, below `dir`; installed once for each list.
    pub(crate) fn modules(&self, dir: &Path, requirements: &Path) -> anyhow::Result<PathBuf> {
        let (modules, stamp) = (dir.join("modules"), dir.join("modules.txt"));
        let wanted = fs::read_to_string(requirements)
            .with_context(|| format!("cannot read {}", requirements.display()))?;
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(modules);
        }
        if modules.exists() {
            fs::remove_dir_all(&modules)?;
        }
        self.install(requirements, &modules)?;
        fs::write(&stamp, wanted)?;
        Ok(modules)
    }

    /// Installs what `requirements` lists, and nothing else, into `modules`.
    fn install(&self, requirements: &Path, modules: &Path) -> anyhow::Result<()> {
        let pip = only_match(&self.root.join("usr/share/python-wheels"), "pip-")?.join("pip");
        let mut command = self.command(modules);
        command.arg(pip).args(["install", "--quiet", "--disable-pip-version-check", "--no-compile"]);
        command.args(["--root-user-action", "ignore", "--no-deps", "--only-binary", ":all:"]);
        run::show(command.arg("--target").arg(modules).arg("--requirement").arg(requirements))
    }
}

/// Downloads by apt, which checks signatures, but with lists, cache and status of our own.
fn unpack(dir: &Path, root: &Path) -> anyhow::Result<()> {
    if !run::exists("apt-get") || !run::exists("dpkg-deb") {
        bail!("checks in Python need apt-get and dpkg-deb to unpack Debian's Python");
    }
    if !Path::new(KEYRING).exists() {
        apt::ensure(&["debian-archive-keyring"], &[])?;
    }
    let apt_dir = dir.join("apt");
    for needed in ["state/lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(apt_dir.join(needed))?;
    }
    let file = |name: &str, text: &str| -> anyhow::Result<PathBuf> {
        let path = apt_dir.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    };
    // Nothing is installed as far as this apt knows, so it brings everything down to the C library.
    file("status", "")?;
    file("sources.list", &format!("deb [signed-by={KEYRING}] {MIRROR} {SUITE} main\n"))?;
    let config = file("apt.conf", &apt_config(&apt_dir, &architecture()?))?;
    let apt_get = |words: &[&str]| {
        run::show(run::command("apt-get", ["--quiet=2"]).args(words).env("APT_CONFIG", &config))
    };
    apt_get(&["update"])?;
    apt_get(&[&["install", "--yes", "--no-install-recommends", "--download-only"][..], &PACKAGES].concat())?;

    // Under another name until it is whole.
    let partial = dir.join("root.partial");
    if partial.exists() {
        fs::remove_dir_all(&partial)?;
    }
    for entry in fs::read_dir(apt_dir.join("cache/archives"))? {
        let package = entry?.path();
        if package.extension().is_some_and(|extension| extension == "deb") {
            let output =
                run::output("dpkg-deb", &["-x", &package.to_string_lossy(), &partial.to_string_lossy()]);
            output.with_context(|| format!("cannot unpack {}", package.display()))?;
        }
    }
    fs::remove_dir_all(&apt_dir)?;
    fs::rename(&partial, root).with_context(|| format!("cannot make {}", root.display()))
}

fn apt_config(dir: &Path, architecture: &str) -> String {
    let dir = dir.display();
    format!(
        "Dir::State \"{dir}/state\";\n\
         Dir::State::status \"{dir}/status\";\n\
         Dir::Cache \"{dir}/cache\";\n\
         Dir::Etc::sourcelist \"{dir}/sources.list\";\n\
         Dir::Etc::sourceparts \"-\";\n\
         APT::Architecture \"{architecture}\";\n\
         APT::Architectures \"{architecture}\";\n\
         APT::Sandbox::User \"root\";\n\
         Acquire::Languages \"none\";\n\
         Acquire::IndexTargets::deb::DEP-11::DefaultEnabled \"false\";\n\
         Debug::NoLocking \"true\";\n"
    )
}

fn architecture() -> anyhow::Result<String> {
    run::output("dpkg", &["--print-architecture"]).context("dpkg does not tell this machine's architecture")
}

/// The one file below `dir`, at most two levels down, whose name starts with `prefix`.
fn only_match(dir: &Path, prefix: &str) -> anyhow::Result<PathBuf> {
    let mut folders = vec![(dir.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)) {
                return Ok(path);
            }
            if depth < 1 && path.is_dir() && !path.is_symlink() {
                folders.push((path, depth + 1));
            }
        }
    }
    bail!("there is no {prefix}* below {}: remove the folder and try again", dir.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_one_folder_down_and_one_that_lacks_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("x86_64-linux-gnu");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("ld-linux-x86-64.so.2"), "").unwrap();
        assert_eq!(only_match(dir.path(), "ld-linux").unwrap(), folder.join("ld-linux-x86-64.so.2"));
        let error = only_match(dir.path(), "pip-").unwrap_err().to_string();
        assert!(error.contains("there is no pip-*"), "{error}");
    }

    #[test]
    fn apt_keeps_to_its_own_folder() {
        let config = apt_config(Path::new("/somewhere"), "arm64");
        let paths = config.lines().filter(|line| line.starts_with("Dir::") && !line.contains("\"-\""));
        assert_eq!(paths.filter(|line| line.contains("\"/somewhere/")).count(), 4);
        assert!(config.contains("APT::Architectures \"arm64\""));
    }
}
