//! One emulated Raspberry Pi 3B: QEMU's `raspi3b`, started from a RAM disk.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use super::console::{self, Event};
use super::control::{self, Control};
use super::image::{self, Guest};
use super::parts::Parts;
use crate::process::Process;
use crate::{apt, run};

/// Four to six seconds on an idle machine.
const BOOT_WITHIN: Duration = Duration::from_secs(120);
/// QEMU takes only powers of two for the Pi's SD card.
const DISK_BYTES: u64 = 64 << 20;

pub(super) struct Machine {
    pub(super) control: Control,
    events: Receiver<Event>,
    dir: PathBuf,
    /// Dropped last: it ends QEMU, and with it the readers above.
    process: Process,
}

impl Machine {
    /// Starts it; its files and logs are in `dir`. Returns before the guest is up.
    pub(super) fn start(dir: &Path, parts: &Parts, emulator: &Path, guest: &Guest) -> anyhow::Result<Self> {
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let socket = dir.join(control::SOCKET);
        if socket.exists() {
            fs::remove_file(&socket)?;
        }
        let ram_disk = dir.join("initrd");
        image::write(&ram_disk, parts, emulator, guest)?;

        let mut command = run::command("qemu-system-aarch64", ["-M", "raspi3b", "-nodefaults", "-no-reboot"]);
        // One host thread runs the four CPUs in turn: with one each, those that wait would spin at the start.
        command.args(["-accel", "tcg,thread=single", "-display", "none", "-monitor", "none"]);
        command.arg("-kernel").arg(parts.kernel()).arg("-dtb").arg(parts.device_tree());
        command.arg("-initrd").arg(&ram_disk);
        command.args(["-append", "console=ttyAMA0,115200 panic=-1 quiet", "-serial", "stdio"]);
        let line =
            format!("socket,id=control,path={},server=on,wait=off,logfile=emulator.log", control::SOCKET);
        command.args(["-chardev", &line, "-serial", "chardev:control"]);
        command.args(["-netdev", "user,id=net", "-device", "usb-net,netdev=net"]);
        if let Some(disk) = &guest.disk {
            let drive = format!("file={},if=sd,format=raw", disk.display());
            command.args(["-drive", &drive]);
        }
        let (process, output) =
            Process::piped("the emulated Pi", command.current_dir(dir), &dir.join("qemu.log"))?;
        let events = console::follow(output, &dir.join("console.log"))?;
        let control = Control::connect(dir)?;
        Ok(Self { control, events, dir: dir.to_owned(), process })
    }

    /// Waits until the guest starts what it was given; `stop` ends the waiting, and then it is false.
    pub(super) fn wait_begun(&mut self, stop: impl Fn() -> bool) -> anyhow::Result<bool> {
        let deadline = Instant::now() + BOOT_WITHIN;
        while !stop() {
            match self.next_event(Duration::from_millis(200))? {
                Some(Event::Begun) => return Ok(true),
                Some(Event::Line(line)) => println!("{line}"),
                _ => {}
            }
            if Instant::now() > deadline {
                bail!("the emulated Pi does not start; {} says why", self.dir.join("console.log").display());
            }
        }
        Ok(false)
    }

    /// The next event, if one comes in time. Fails once the guest is gone.
    pub(super) fn next_event(&mut self, within: Duration) -> anyhow::Result<Option<Event>> {
        match self.events.recv_timeout(within) {
            Ok(event) => Ok(Some(event)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => {
                let status = self.process.ended()?.map_or(String::new(), |status| format!(" ({status})"));
                bail!("the emulated Pi is gone{status}; its logs are in {}", self.dir.display())
            }
        }
    }

    /// The power cut.
    pub(super) fn end(&mut self) {
        self.process.end();
    }
}

/// Makes an SD card with an empty ext4 file system, unless there is one.
pub(super) fn ensure_disk(path: &Path) -> anyhow::Result<()> {
    if path.exists() {
        let size = fs::metadata(path)?.len();
        ensure!(size.is_power_of_two(), "{} is no SD card: its size must be a power of two", path.display());
        return Ok(());
    }
    apt::ensure(&apt::lacking(&[("mkfs.ext4", "e2fsprogs")]), &[])?;
    File::create(path)
        .and_then(|file| file.set_len(DISK_BYTES))
        .with_context(|| format!("cannot create {}", path.display()))?;
    let program = run::find("mkfs.ext4").context("mkfs.ext4 is not installed")?;
    run::show(run::command(&program.to_string_lossy(), ["-q", "-F"]).arg(path))
}
