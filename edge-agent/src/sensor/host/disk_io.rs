//! What the disks read and write, from /proc/diskstats.

use super::{describe, id, rate::PerSecond, reread::Reread, snake_case};
use crate::{clock::Moment, sensor::Sensor};
use protocol::{Fault, Kind, MetricDescription, SensorId, Unit};
use std::{fs, io, path::Path};

/// /proc/diskstats counts in these, whatever the disk's own sectors are.
const SECTOR_BYTES: u64 = 512;

/// Bytes per second of each whole disk: partitions are part of theirs and would count double.
pub(super) struct DiskIo {
    id: SensorId,
    metrics: Vec<MetricDescription>,
    diskstats: Reread,
    disks: Vec<Disk>,
}

struct Disk {
    name: String,
    read: PerSecond,
    written: PerSecond,
}

impl DiskIo {
    /// Nothing when the machine has no disk of its own. A disk that is plugged in later is not seen.
    pub(super) fn find() -> io::Result<Option<Self>> {
        let mut diskstats = Reread::open("/proc/diskstats")?;
        let names = counters(diskstats.text()?).map(|(name, _)| name);
        let names: Vec<String> =
            names.filter(|name| is_disk(Path::new("/sys/block"), name)).map(str::to_owned).collect();
        Ok((!names.is_empty()).then(|| Self::of(diskstats, names)))
    }

    fn of(diskstats: Reread, names: Vec<String>) -> Self {
        let id = id("disk_io");
        let (mut metrics, mut disks) = (Vec::new(), Vec::new());
        for name in names {
            for (what, label) in [("read", "read"), ("written", "written")] {
                let metric = format!("disk_{}_{what}", snake_case(&name));
                let label = format!("Disk {name} {label}");
                metrics.push(describe(&id, &metric, Unit::BytesPerSecond, Kind::Gauge, &label));
            }
            disks.push(Disk { name, read: PerSecond::default(), written: PerSecond::default() });
        }
        Self { id, metrics, diskstats, disks }
    }
}

/// Whether a block device is a whole disk with a device behind it: no partition, loop, RAM disk, zram,
/// RAID or mapping (whose bytes pass the disks below as well), no boot area of an eMMC, no optical drive.
fn is_disk(block: &Path, name: &str) -> bool {
    let device = block.join(name);
    let hidden = fs::read_to_string(device.join("hidden")).is_ok_and(|text| text.trim() == "1");
    let is_part = name.contains("boot") || name.contains("rpmb");
    device.join("device").exists()
        && !hidden
        && !is_part
        && !name.starts_with("sr")
        && !name.starts_with("fd")
}

/// Name, and sectors read and written since the start, of every line.
fn counters(diskstats: &str) -> impl Iterator<Item = (&str, [u64; 2])> {
    diskstats.lines().filter_map(|line| {
        let mut columns = line.split_ascii_whitespace().skip(2);
        let name = columns.next()?;
        let read = columns.nth(2)?.parse().ok()?;
        let written = columns.nth(3)?.parse().ok()?;
        Some((name, [read, written]))
    })
}

impl Sensor for DiskIo {
    fn id(&self) -> &SensorId {
        &self.id
    }

    fn metrics(&self) -> &[MetricDescription] {
        &self.metrics
    }

    fn read(&mut self, at: Moment, values: &mut [Option<f64>]) -> Result<(), Fault> {
        let text = self.diskstats.text().map_err(|_| Fault::NoAnswer)?;
        for (name, [read, written]) in counters(text) {
            // A disk that was pulled has no line, and so no figure.
            let Some(place) = self.disks.iter().position(|disk| disk.name == name) else { continue };
            let disk = &mut self.disks[place];
            values[2 * place] = disk.read.since_last(at, read * SECTOR_BYTES);
            values[2 * place + 1] = disk.written.since_last(at, written * SECTOR_BYTES);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::tests::{at, read};
    use std::path::PathBuf;

    /// A directory that goes away with the test.
    struct Dir(PathBuf);

    impl Dir {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Dir {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn only_whole_disks_with_a_device_count() {
        let block = Dir::new("block");
        for name in ["mmcblk0", "mmcblk0boot0", "sda", "sr0", "nvme0c0n1"] {
            fs::create_dir_all(block.0.join(name).join("device")).unwrap();
        }
        fs::write(block.0.join("nvme0c0n1/hidden"), "1\n").unwrap();
        for name in ["loop0", "zram0", "dm-0", "md0"] {
            fs::create_dir_all(block.0.join(name)).unwrap();
        }
        let names = [
            "mmcblk0",
            "mmcblk0p1",
            "mmcblk0boot0",
            "sda",
            "sr0",
            "nvme0c0n1",
            "loop0",
            "zram0",
            "dm-0",
            "md0",
        ];
        let disks: Vec<&str> = names.into_iter().filter(|name| is_disk(&block.0, name)).collect();
        assert_eq!(disks, ["mmcblk0", "sda"]);
    }

    #[test]
    fn sectors_become_bytes_per_second() {
        let dir = Dir::new("diskstats");
        let path = dir.0.join("diskstats");
        let write = |read: u64, written: u64| {
            let disk = format!(" 179  0 mmcblk0 9 9 {read} 9 9 9 {written} 9 0 9 9 1 2 3 4 5 6\n");
            let rest = " 179  1 mmcblk0p1 9 9 77 9 9 9 77 9 0 9 9\n   7  0 loop0 0 0 0 0 0 0 0 0 0 0 0\n";
            fs::write(&path, disk + rest).unwrap();
        };
        write(1000, 2000);
        let mut disks = DiskIo::of(Reread::open(&path).unwrap(), vec!["mmcblk0".into()]);
        let names: Vec<&str> = disks.metrics().iter().map(|metric| metric.name.as_str()).collect();
        assert_eq!(names, ["disk_mmcblk0_read_bytes_per_second", "disk_mmcblk0_written_bytes_per_second"]);
        assert_eq!(read(&mut disks, at(1000)).unwrap(), [None, None], "since boot: no rate");
        write(1010, 2100);
        assert_eq!(read(&mut disks, at(6000)).unwrap(), [Some(1024.0), Some(10_240.0)]);
        fs::write(&path, "").unwrap();
        assert_eq!(read(&mut disks, at(11_000)).unwrap(), [None, None], "pulled");
    }
}
