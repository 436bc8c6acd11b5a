//! The RAM disk that the emulated Pi starts from.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::cpio::Archive;
use super::modules;
use super::parts::Parts;
use crate::project;

const DIRECTORIES: [&str; 14] = [
    "bin", "sbin", "proc", "sys", "dev", "run", "tmp", "etc", "root", "data", "modules", "rig", "payload",
    "var",
];
/// The groups are those of Raspberry Pi OS, with its numbers.
const ETC: [(&str, &str); 4] = [
    ("etc/passwd", "root:x:0:0::/root:/bin/sh\npi:x:1000:1000::/payload:/bin/sh\n"),
    ("etc/group", "root:x:0:\nvideo:x:44:pi\ngpio:x:993:pi\ni2c:x:994:pi\npi:x:1000:\n"),
    ("etc/resolv.conf", "nameserver 10.0.2.3\n"),
    ("etc/hosts", "127.0.0.1 localhost raspberrypi\n10.0.2.2 host\n"),
];

/// What runs in the guest, and in which world.
#[derive(Clone, Default)]
pub(super) struct Guest {
    /// A script for busybox's shell. Its working directory is `/payload`.
    pub(super) command: String,
    /// Whether it runs as root and not as `pi`, who is in the groups `i2c`, `gpio` and `video`.
    pub(super) as_root: bool,
    /// Programs and files for `/payload`, which belongs to `pi`.
    pub(super) programs: Vec<PathBuf>,
    /// Text files for `/payload`.
    pub(super) texts: Vec<(&'static str, String)>,
    /// Seconds since 1970 that the wall clock starts with; nothing for a Pi that does not know.
    pub(super) clock: Option<u64>,
    /// Lines of seconds and a command for the emulator.
    pub(super) scenario: String,
    /// An image with an ext4 file system for `/data`.
    pub(super) disk: Option<PathBuf>,
}

/// Writes the RAM disk for this guest.
pub(super) fn write(path: &Path, parts: &Parts, emulator: &Path, guest: &Guest) -> anyhow::Result<()> {
    let mut archive = Archive::default();
    for directory in DIRECTORIES {
        archive.directory(directory);
    }
    let init = project::root().join("cross/pi-rig/guest/init");
    for (name, source) in [("init", init), ("bin/busybox", parts.busybox()), ("sbin/pi-emu", emulator.into())]
    {
        archive.file(name, 0o755, &read(&source)?);
    }
    for (name, text) in ETC {
        archive.file(name, 0o644, text.as_bytes());
    }
    for (set, _) in modules::SETS {
        archive.directory(&format!("modules/{set}"));
        for (name, module) in parts.modules(set)? {
            archive.file(&format!("modules/{set}/{name}"), 0o644, &module);
        }
    }
    for program in &guest.programs {
        let name = program.file_name().context("a program is a file")?.to_string_lossy();
        archive.file(&format!("payload/{name}"), 0o755, &read(program)?);
    }
    for (name, text) in &guest.texts {
        archive.file(&format!("payload/{name}"), 0o644, text.as_bytes());
    }
    archive.file("rig/command", 0o644, guest.command.as_bytes());
    archive.file("rig/scenario", 0o644, guest.scenario.as_bytes());
    archive.file("rig/settings", 0o644, settings(guest).as_bytes());
    fs::write(path, archive.finish()).with_context(|| format!("cannot write {}", path.display()))
}

/// Shell variables for the guest's init.
fn settings(guest: &Guest) -> String {
    let clock = guest.clock.map_or("none".to_owned(), |seconds| seconds.to_string());
    let run_as = if guest.as_root { "root" } else { "pi" };
    let disk = if guest.disk.is_some() { "1" } else { "" };
    format!("CLOCK={clock}\nRUN_AS={run_as}\nDISK={disk}\n")
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_shell_variables() {
        assert_eq!(settings(&Guest::default()), "CLOCK=none\nRUN_AS=pi\nDISK=\n");
        let guest = Guest {
            clock: Some(1_700_000_000),
            as_root: true,
            disk: Some("sd.img".into()),
            ..Guest::default()
        };
        assert_eq!(settings(&guest), "CLOCK=1700000000\nRUN_AS=root\nDISK=1\n");
    }
}
