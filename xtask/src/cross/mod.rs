//! Static binaries for other machines.

mod arch;
mod elf;
mod toolchain;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

pub(crate) use arch::Arch;
pub(crate) use toolchain::version_of;

use crate::{panel, project, run};
use toolchain::Toolchain;

/// A program we ship.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Program {
    /// The agent
    EdgeAgent,
    /// The hub
    Hub,
}

impl Program {
    pub(crate) const ALL: [Self; 2] = [Self::EdgeAgent, Self::Hub];

    /// Its package, which is also the name of its binary.
    pub(crate) fn package(self) -> &'static str {
        match self {
            Self::EdgeAgent => "edge-agent",
            Self::Hub => "hub",
        }
    }

    fn profile(self) -> &'static str {
        match self {
            Self::EdgeAgent => "pi",
            Self::Hub => "release",
        }
    }
}

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The architecture to build for
    #[arg(value_enum, default_value = "aarch64")]
    arch: Arch,
    /// Only this program
    #[arg(long, value_enum)]
    package: Option<Program>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let programs = options.package.map_or(Program::ALL.to_vec(), |program| vec![program]);
    println!();
    for built in build(options.arch, &programs)? {
        let size = fs::metadata(&built)?.len();
        let version = version_of(&built, options.arch).with_context(|| built.display().to_string())?;
        let version = version.unwrap_or_else(|| "not run, there is no qemu-user-static here".into());
        println!("{}  {}  static {}  {version}", built.display(), megabytes(size), options.arch.name());
    }
    Ok(())
}

/// Builds the programs, checks that they are static, and puts them into `target/cross/<arch>/`.
pub(crate) fn build(arch: Arch, programs: &[Program]) -> anyhow::Result<Vec<PathBuf>> {
    let toolchain = Toolchain::find(arch)?;
    if programs.contains(&Program::Hub) {
        panel::check_node()?;
        panel::build()?;
    }
    let dir = project::target().join("cross").join(arch.name());
    fs::create_dir_all(&dir)?;
    let mut built = Vec::new();
    for program in programs {
        let (mut command, binary) = toolchain.build(program.package(), program.profile());
        run::show(&mut command)?;
        check(&binary, arch).with_context(|| binary.display().to_string())?;
        let copy = dir.join(program.package());
        fs::copy(&binary, &copy).with_context(|| format!("cannot write {}", copy.display()))?;
        built.push(copy);
    }
    Ok(built)
}

/// Builds a package of the workspace with this profile, checks that it is static, and says where it is.
pub(crate) fn build_package(arch: Arch, package: &str, profile: &str) -> anyhow::Result<PathBuf> {
    let (mut command, binary) = Toolchain::find(arch)?.build(package, profile);
    run::show(&mut command)?;
    check(&binary, arch).with_context(|| binary.display().to_string())?;
    Ok(binary)
}

fn check(binary: &Path, arch: Arch) -> anyhow::Result<()> {
    let machine = elf::static_machine(&fs::read(binary)?)?;
    ensure!(machine == arch.elf_machine(), "it is for another machine (ELF number {machine})");
    Ok(())
}

/// A size as a person reads it.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{}.{:02} MB", bytes / 1_000_000, bytes % 1_000_000 / 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_decimal_megabytes() {
        assert_eq!(megabytes(2_419_999), "2.41 MB");
        assert_eq!(megabytes(50_000), "0.05 MB");
    }
}
