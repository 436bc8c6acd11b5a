//! What the emulated Pi is made of, from Debian: a kernel with its modules and device tree, and busybox.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use super::modules;
use crate::{apt, failure::usage, inputs, project, run};

const ARCHITECTURE: &str = "arm64";
/// Always depends on the kernel of the day.
const KERNEL: &str = "linux-image-arm64:arm64";
const BUSYBOX: &str = "busybox-static:arm64";
/// Debian's tree is of the chip. What a Pi's firmware adds to it, and QEMU does not, follows.
const DEVICE_TREE: &str = "bcm2837-rpi-3-b.dtb";
pub(super) const MODEL: &str = "Raspberry Pi 3 Model B Rev 1.2";
pub(super) const SERIAL: &str = "00000000badcafe0";
const REVISION: &str = "a02082";

/// What is called, with the Debian package that brings each.
pub(super) const PROGRAMS: [(&str, &str); 2] =
    [("qemu-system-aarch64", "qemu-system-arm"), ("fdtput", "device-tree-compiler")];

/// The files, each made once.
pub(super) struct Parts {
    dir: PathBuf,
}

impl Parts {
    /// Downloads and unpacks what is not there yet. Nothing of it is installed on this machine but QEMU and the
    /// device tree compiler.
    pub(super) fn ensure() -> anyhow::Result<Self> {
        apt::ensure(&apt::lacking(&PROGRAMS), &[])?;

        let parts = Self { dir: super::cache().join("parts") };
        let mut wanted = DefaultHasher::new();
        (modules::SETS, KERNEL, BUSYBOX, MODEL, SERIAL, REVISION).hash(&mut wanted);
        let stamp = super::cache().join("parts.stamp");
        if !inputs::is_current(&stamp, wanted.finish()) {
            remove(&parts.dir)?;
            parts.make()?;
            inputs::write_stamp(&stamp, wanted.finish())?;
        }
        Ok(parts)
    }

    pub(super) fn kernel(&self) -> PathBuf {
        self.dir.join("kernel")
    }

    pub(super) fn device_tree(&self) -> PathBuf {
        self.dir.join("device-tree")
    }

    pub(super) fn busybox(&self) -> PathBuf {
        self.dir.join("busybox")
    }

    /// The modules of a set: names, which sort in the order of loading, and contents.
    pub(super) fn modules(&self, set: &str) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        let dir = self.dir.join(set);
        let read = |path: PathBuf| -> anyhow::Result<(String, Vec<u8>)> {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            Ok((name.unwrap_or_default(), fs::read(&path)?))
        };
        let entries = fs::read_dir(&dir).with_context(|| format!("cannot list {}", dir.display()))?;
        entries.map(|entry| read(entry?.path())).collect()
    }

    fn make(&self) -> anyhow::Result<()> {
        apt::ensure_architecture(ARCHITECTURE)?;
        let kernel = apt::first_dependency(KERNEL)?;
        let unpacked = super::cache().join("unpacked");
        remove(&unpacked)?;
        apt::unpack(&[&kernel, BUSYBOX], &unpacked)?;

        let version = only_entry(&unpacked.join("lib/modules"))?;
        fs::create_dir_all(&self.dir)?;
        fs::copy(unpacked.join("boot").join(format!("vmlinuz-{version}")), self.kernel())?;
        fs::copy(unpacked.join("bin/busybox"), self.busybox())?;
        let tree = format!("usr/lib/linux-image-{version}/broadcom/{DEVICE_TREE}");
        fs::copy(unpacked.join(tree), self.device_tree())?;
        complete(&self.device_tree())?;
        let ordered = modules::ordered(&unpacked.join("lib/modules").join(&version))?;
        for (number, (set, module)) in (100..).zip(ordered) {
            let name = module.file_name().context("a module is a file")?.to_string_lossy().into_owned();
            fs::create_dir_all(self.dir.join(set))?;
            fs::copy(&module, self.dir.join(set).join(format!("{number}-{name}")))?;
        }
        // A few hundred megabytes, of which 40 were needed.
        remove(&unpacked)
    }
}

/// Says in the device tree what the firmware of a Pi 3B says. The Bluetooth chip must go: it occupies the
/// serial line that is the console here.
fn complete(tree: &Path) -> anyhow::Result<()> {
    let serial = SERIAL.split_at(SERIAL.len() / 2);
    let system = ["-t", "x", "/system", "linux,revision", REVISION];
    let edits: [(&[&str], &[&str]); 6] = [
        (&["-r"], &["/soc/serial@7e201000/bluetooth"]),
        (&["-t", "s"], &["/", "model", MODEL]),
        (&["-t", "s"], &["/", "serial-number", SERIAL]),
        (&["-c", "-p"], &["/system"]),
        (&system[..2], &system[2..]),
        (&["-t", "x"], &["/system", "linux,serial", serial.0, serial.1]),
    ];
    for (options, words) in edits {
        let mut command = run::command("fdtput", options);
        let status = command.arg(tree).args(words).status().context("cannot run fdtput")?;
        ensure!(status.success(), "fdtput {} ended with {status}", words.join(" "));
    }
    Ok(())
}

fn only_entry(dir: &Path) -> anyhow::Result<String> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))?;
    let names: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.file_name()).collect();
    match names.as_slice() {
        [name] => Ok(name.to_string_lossy().into_owned()),
        _ => Err(usage(format!(
            "{} should hold one kernel; delete {}",
            dir.display(),
            project::target().display()
        ))),
    }
}

fn remove(dir: &Path) -> anyhow::Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| format!("cannot remove {}", dir.display()))?;
    }
    Ok(())
}
