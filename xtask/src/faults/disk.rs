//! A small disk that can be filled or made read-only: a tmpfs.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use rustix::fs::StatVfsMountFlags;
use rustix::mount::{MountFlags, UnmountFlags, mount, mount_bind, mount_remount, unmount};

/// What fills it.
const BALLAST: &str = "ballast";
const PIECE: usize = 64 * 1024;

/// A directory that is a disk of its own where mounts are possible.
pub(super) struct Disk {
    root: PathBuf,
    is_mount: bool,
}

impl Disk {
    /// A disk of so many bytes at `root`, which is made.
    pub(super) fn new(root: PathBuf, bytes: u64, can_mount: bool) -> anyhow::Result<Self> {
        fs::create_dir_all(&root).with_context(|| format!("cannot create {}", root.display()))?;
        let disk = Self { root, is_mount: can_mount };
        if can_mount {
            let options = std::ffi::CString::new(format!("size={bytes},mode=0755"))?;
            let flags = MountFlags::NOSUID | MountFlags::NODEV;
            mount("edgewise-faults", &disk.root, "tmpfs", flags, Some(options.as_c_str()))
                .with_context(|| format!("cannot mount a tmpfs on {}", disk.root.display()))?;
        }
        // What is made read-only is not the mount itself: files that are open for writing would forbid that.
        fs::create_dir_all(disk.data())?;
        Ok(disk)
    }

    /// Where programs keep their files.
    pub(super) fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// Leaves no room for a single byte.
    pub(super) fn fill(&self) -> anyhow::Result<()> {
        let path = self.root.join(BALLAST);
        let mut ballast = File::create(&path)?;
        let piece = vec![0; PIECE];
        let mut length = PIECE;
        while length > 0 {
            if ballast.write_all(&piece[..length]).is_err() {
                length /= 2;
            }
        }
        Ok(())
    }

    /// Takes the ballast away.
    pub(super) fn empty(&self) -> anyhow::Result<()> {
        let path = self.root.join(BALLAST);
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))
    }

    /// Nothing can be created, changed or removed. What is open for writing stays so.
    pub(super) fn forbid_writing(&self) -> anyhow::Result<()> {
        let data = self.data();
        mount_bind(&data, &data).with_context(|| format!("cannot mount over {}", data.display()))?;
        mount_remount(&data, MountFlags::BIND | MountFlags::RDONLY, "")
            .with_context(|| format!("cannot make {} read-only", data.display()))
    }

    /// Takes that back. Whoever holds a file of it keeps it.
    pub(super) fn allow_writing(&self) -> anyhow::Result<()> {
        unmount(self.data(), UnmountFlags::DETACH)
            .with_context(|| format!("cannot make {} writable again", self.data().display()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.is_mount {
            let data = self.data();
            if is_read_only(&data) {
                let _ = unmount(&data, UnmountFlags::DETACH);
            }
            // The namespace would end it anyway, but the next stage wants the same place.
            let _ = unmount(&self.root, UnmountFlags::DETACH);
        }
    }
}

fn is_read_only(path: &Path) -> bool {
    rustix::fs::statvfs(path).is_ok_and(|stat| stat.f_flag.contains(StatVfsMountFlags::RDONLY))
}
