//! Finds or installs the compilers for an architecture.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::arch::Arch;
use crate::{apt, project, run};

/// Debian's own compiler, whose packages bring standard libraries for other architectures.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// A Rust compiler and a C compiler that build static programs for one architecture.
pub(crate) struct Toolchain {
    arch: Arch,
    /// The compiler to use in place of the usual one.
    rustc: Option<&'static str>,
}

impl Toolchain {
    /// rustup's standard library for the architecture is used, if it has one or can fetch it; else
    /// Debian's compiler. What lacks of Debian's packages is installed.
    pub(crate) fn find(arch: Arch) -> anyhow::Result<Self> {
        let by_rustup = rustup_has(arch) || rustup_fetches(arch);
        let mut packages: Vec<String> = Vec::new();
        if !by_rustup && !debian_has(arch) {
            packages.push("rustc-web".into());
            packages.push(format!("libstd-rust-web-dev:{}", arch.debian()));
        }
        if arch.is_host() {
            if !run::exists("cc") {
                packages.extend(["gcc".into(), "libc6-dev".into()]);
            }
        } else if !run::exists(&c_compiler(arch)) || !static_libc(arch).is_file() {
            packages.extend(arch.c_packages().map(Into::into));
        }
        let packages: Vec<&str> = packages.iter().map(String::as_str).collect();
        let add: &[&str] = &["dpkg", "--add-architecture", arch.debian()];
        let before: &[&[&str]] = if by_rustup || arch.is_host() { &[] } else { &[add] };
        apt::ensure(&packages, before)?;
        Ok(Self { arch, rustc: (!by_rustup).then_some(DEBIAN_RUSTC) })
    }

    /// `cargo build` for one package with this toolchain, and where its binary will be.
    pub(crate) fn build(&self, package: &str, profile: &str) -> (Command, PathBuf) {
        let triple = self.arch.triple();
        // A directory of its own for another compiler, or the two would throw away each other's work.
        let target = match self.rustc {
            Some(_) => project::target().join("cross-debian"),
            None => project::target(),
        };
        let arguments = [
            "build",
            "--locked",
            "--package",
            package,
            "--profile",
            profile,
            "--target",
            triple,
            "--target-dir",
        ];
        let mut command = run::command("cargo", arguments);
        command.arg(&target);
        self.settings(&mut command, profile);
        (command, target.join(triple).join(profile).join(package))
    }

    fn settings(&self, command: &mut Command, profile: &str) {
        let triple = self.arch.triple();
        let variable = triple.replace('-', "_");
        let prefix = format!("CARGO_TARGET_{}", variable.to_uppercase());
        // These win over all others, and a path in them may have spaces.
        command.env("CARGO_ENCODED_RUSTFLAGS", rustflags(profile).join("\u{1f}"));
        if !self.arch.is_host() {
            let compiler = c_compiler(self.arch);
            command.env(format!("{prefix}_LINKER"), &compiler).env(format!("CC_{variable}"), &compiler);
        }
        if let Some(rustc) = self.rustc {
            command.env("RUSTC", rustc);
        }
    }
}

/// A program that aborts on a panic never unwinds: the tables for it would be weight for nothing. The compiler
/// makes none, and the linker leaves out those of the libraries.
fn rustflags(profile: &str) -> Vec<String> {
    let mut flags = vec!["-Ctarget-feature=+crt-static".to_owned()];
    if profile == "pi" {
        let script = project::root().join("cross/no-unwind.ld");
        flags.push("-Cforce-unwind-tables=no".into());
        flags.push(format!("-Clink-arg=-Wl,-T,{}", script.display()));
    }
    flags
}

fn c_compiler(arch: Arch) -> String {
    format!("{}-gcc", arch.gnu())
}

fn static_libc(arch: Arch) -> PathBuf {
    Path::new("/usr").join(arch.gnu()).join("lib/libc.a")
}

fn rustup_has(arch: Arch) -> bool {
    run::output("rustc", &["--print", "sysroot"])
        .is_some_and(|sysroot| standard_library(Path::new(&sysroot), arch).is_dir())
}

/// Needs the internet, but neither root nor Debian.
fn rustup_fetches(arch: Arch) -> bool {
    if debian_has(arch) || !run::exists("rustup") {
        return false;
    }
    let result = run::show(&mut run::command("rustup", ["target", "add", arch.triple()]));
    if let Err(error) = &result {
        println!("{error:#}: taking Debian's compiler.");
    }
    result.is_ok() && rustup_has(arch)
}

fn debian_has(arch: Arch) -> bool {
    Path::new(DEBIAN_RUSTC).is_file() && standard_library(Path::new("/usr"), arch).is_dir()
}

fn standard_library(sysroot: &Path, arch: Arch) -> PathBuf {
    sysroot.join("lib/rustlib").join(arch.triple()).join("lib")
}

/// What a program of this architecture prints for `--version`; nothing if the machine cannot run it.
pub(crate) fn version_of(program: &Path, arch: Arch) -> anyhow::Result<Option<String>> {
    let mut command = if arch.is_host() {
        Command::new(program)
    } else {
        let Some(emulator) = run::find(&format!("qemu-{}-static", arch.name())) else { return Ok(None) };
        let mut command = Command::new(emulator);
        command.arg(program);
        command
    };
    let output = command.arg("--version").output().context("cannot run it")?;
    anyhow::ensure!(output.status.success(), "`--version` ended with {}", output.status);
    Ok(Some(String::from_utf8_lossy(&output.stdout).trim().to_owned()))
}
