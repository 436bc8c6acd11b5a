//! Space on the disks, as `df` counts it.

use super::id;
use crate::{clock::Moment, sensor::Sensor};
use protocol::{Fault, Kind, MetricDescription, MetricName, SensorId, Unit};
use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// Why a disk cannot be watched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MountError {
    /// Not the full path of a directory.
    #[error(
        "disk_mounts: {0:?} is no full path; give where the disk is mounted, such as \"/\" or \"/mnt/data\""
    )]
    NotAbsolute(PathBuf),
    /// A path that gives no metric name, for its length.
    #[error("disk_mounts: {0:?} makes too long a metric name; mount the disk at a shorter path")]
    TooLong(PathBuf),
    /// Two mounts that would be told under the same name.
    #[error("disk_mounts: {0:?} and {1:?} would both be {2}; leave one of them out")]
    SameName(PathBuf, PathBuf, MetricName),
}

/// Space in use on file systems.
pub(super) struct Disk {
    id: SensorId,
    metrics: Vec<MetricDescription>,
    mounts: Vec<PathBuf>,
}

impl Disk {
    /// Watches the root file system, of which a machine has one.
    pub(super) fn root() -> Self {
        Self::new(&[PathBuf::from("/")]).expect("the root has a name of its own")
    }

    /// Watches what is mounted at `mounts`, now or later: while nothing is, there is no figure.
    pub(super) fn new(mounts: &[PathBuf]) -> Result<Self, MountError> {
        let id = id("disk");
        let mut metrics: Vec<MetricDescription> = Vec::with_capacity(mounts.len());
        for mount in mounts {
            if !mount.is_absolute() {
                return Err(MountError::NotAbsolute(mount.clone()));
            }
            let name = name(mount).ok_or_else(|| MountError::TooLong(mount.clone()))?;
            if let Some(same) = metrics.iter().position(|metric| metric.name == name) {
                return Err(MountError::SameName(mounts[same].clone(), mount.clone(), name));
            }
            let label = format!("Disk used at {}", mount.display());
            metrics.push(MetricDescription {
                name,
                unit: Unit::Percent,
                sensor: id.clone(),
                label,
                kind: Kind::Gauge,
            });
        }
        Ok(Self { id, metrics, mounts: mounts.to_vec() })
    }
}

/// `disk_used_percent` for the root, `disk_mnt_data_used_percent` for `/mnt/data`.
fn name(mount: &Path) -> Option<MetricName> {
    let words = super::snake_case(&mount.to_string_lossy());
    let name = if words.is_empty() { "disk_used".to_owned() } else { format!("disk_{words}_used") };
    MetricName::new(&name, Unit::Percent).ok()
}

/// Whether a file system is mounted here. Asking an empty mount point for its space would give that of the
/// file system around it.
fn mounted(mount: &Path) -> bool {
    let Some(parent) = mount.parent() else { return true };
    match (fs::metadata(mount), fs::metadata(parent)) {
        (Ok(here), Ok(around)) => here.dev() != around.dev(),
        _ => false,
    }
}

/// Share of the space that users may have which is taken, in percent. All in blocks.
fn used_percent(total: u64, free: u64, available: u64) -> Option<f64> {
    let used = total.saturating_sub(free);
    let usable = used + available;
    (usable > 0).then(|| super::percent(used, usable))
}

impl Sensor for Disk {
    fn id(&self) -> &SensorId {
        &self.id
    }

    fn metrics(&self) -> &[MetricDescription] {
        &self.metrics
    }

    fn read(&mut self, _at: Moment, values: &mut [Option<f64>]) -> Result<(), Fault> {
        for (value, mount) in values.iter_mut().zip(&self.mounts) {
            if mounted(mount) {
                let space = rustix::fs::statvfs(mount).map_err(|_| Fault::NoAnswer)?;
                *value = used_percent(space.f_blocks, space.f_bfree, space.f_bavail);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::tests::{at, read};

    #[test]
    fn space_kept_for_root_is_neither_used_nor_free() {
        assert_eq!(used_percent(1000, 500, 500), Some(50.0));
        assert_eq!(used_percent(1000, 250, 0), Some(100.0));
        assert_eq!(used_percent(0, 0, 0), None, "a file system without blocks, such as /proc");
    }

    #[test]
    fn mounts_are_named() {
        let name = |mount: &str| name(Path::new(mount)).unwrap().to_string();
        assert_eq!(name("/"), "disk_used_percent");
        assert_eq!(name("/mnt/USB-Stick 1"), "disk_mnt_usb_stick_1_used_percent");
    }

    #[test]
    fn mounts_that_cannot_be_told_are_refused() {
        let error = |mounts: &[&str]| {
            let mounts: Vec<PathBuf> = mounts.iter().map(PathBuf::from).collect();
            Disk::new(&mounts).err().unwrap().to_string()
        };
        assert!(error(&["data"]).contains("\"data\" is no full path"));
        assert!(error(&["/a-b", "/a/b"]).contains("\"/a-b\" and \"/a/b\" would both be disk_a_b_used"));
        assert!(error(&[&format!("/{}", "x".repeat(80))]).contains("shorter path"));
    }

    #[test]
    fn the_root_of_this_machine_has_a_figure_and_a_plain_directory_has_none() {
        let directory = std::env::temp_dir().join(format!("not-mounted-{}", std::process::id()));
        fs::create_dir(&directory).unwrap();
        let mut disk = Disk::new(&["/".into(), directory.clone(), "/no/such/place".into()]).unwrap();
        let values = read(&mut disk, at(0)).unwrap();
        fs::remove_dir(&directory).unwrap();
        assert!((0.0..=100.0).contains(&values[0].unwrap()));
        assert_eq!(values[1..], [None, None]);
    }
}
