//! The architectures that binaries are built for.

use clap::ValueEnum;

/// An architecture, by its name in Rust's target triples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Arch {
    /// 64-bit Raspberry Pi OS
    Aarch64,
    /// PCs and servers
    #[value(name = "x86_64")]
    X8664,
}

impl Arch {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Aarch64 => "aarch64",
            Self::X8664 => "x86_64",
        }
    }

    /// The name in Debian and in container images.
    pub(crate) fn debian(self) -> &'static str {
        match self {
            Self::Aarch64 => "arm64",
            Self::X8664 => "amd64",
        }
    }

    pub(crate) fn triple(self) -> &'static str {
        match self {
            Self::Aarch64 => "aarch64-unknown-linux-gnu",
            Self::X8664 => "x86_64-unknown-linux-gnu",
        }
    }

    /// The prefix of its C toolchain.
    pub(crate) fn gnu(self) -> &'static str {
        match self {
            Self::Aarch64 => "aarch64-linux-gnu",
            Self::X8664 => "x86_64-linux-gnu",
        }
    }

    /// The Debian packages of its C compiler and of its static C library, for another host.
    pub(crate) fn c_packages(self) -> [&'static str; 2] {
        match self {
            Self::Aarch64 => ["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"],
            Self::X8664 => ["gcc-x86-64-linux-gnu", "libc6-dev-amd64-cross"],
        }
    }

    /// `e_machine` of its ELF files.
    pub(crate) fn elf_machine(self) -> u16 {
        match self {
            Self::Aarch64 => 183,
            Self::X8664 => 62,
        }
    }

    /// The architecture of this machine, if binaries are built for it.
    pub(crate) fn host() -> Option<Self> {
        Self::value_variants().iter().copied().find(|arch| arch.name() == std::env::consts::ARCH)
    }

    pub(crate) fn is_host(self) -> bool {
        Self::host() == Some(self)
    }
}
