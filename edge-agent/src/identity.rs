//! What the machine is.

use crate::clock::Moment;
use protocol::{Birth, BootId, MetricDescription, Stamp, Version};
use rppal::system::DeviceInfo;
use std::fs;

/// Facts about the machine, read once.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Host name.
    pub hostname: String,
    /// Which Raspberry Pi it is by its revision code, such as `Raspberry Pi 3 B`; nothing for others.
    pub pi: Option<String>,
    /// Model by the device tree, such as `Raspberry Pi 3 Model B Rev 1.2`; without a device tree, which Pi it
    /// is, if it is one.
    pub model: Option<String>,
    /// Serial number by the device tree, or by /proc/cpuinfo as Pis have it, where there is one.
    pub serial: Option<String>,
    /// Operating system and its version.
    pub os: String,
    /// The kernel's id of this start.
    pub boot: String,
}

impl Machine {
    /// Reads what the kernel and the operating system say of themselves.
    pub fn read() -> Self {
        let unknown = || "unknown".to_owned();
        let pi = DeviceInfo::new().ok().map(|info| info.model().to_string());
        Self {
            hostname: text("/proc/sys/kernel/hostname").unwrap_or_else(unknown),
            model: text("/proc/device-tree/model").or_else(|| pi.clone()),
            pi,
            serial: text("/proc/device-tree/serial-number")
                .or_else(|| serial(&fs::read_to_string("/proc/cpuinfo").ok()?)),
            os: fs::read_to_string("/etc/os-release").ok().and_then(|t| pretty_name(&t)).unwrap_or_else(
                || {
                    text("/proc/sys/kernel/osrelease")
                        .map_or_else(unknown, |release| format!("Linux {release}"))
                },
            ),
            // Without one each run stands alone: times are compared within one start only.
            boot: text("/proc/sys/kernel/random/boot_id").unwrap_or_else(|| new_boot().into()),
        }
    }

    /// The birth of an agent on this machine that samples `metrics`.
    pub fn birth(
        self,
        boot: BootId,
        interval_ms: u64,
        window_ms: u64,
        metrics: &[MetricDescription],
    ) -> Birth {
        let at = Moment::now();
        Birth {
            version: Version,
            stamp: Stamp { boot, monotonic_ms: at.monotonic_ms, time_ms: at.time_ms, clock: at.clock },
            machine_boot: self.boot,
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            hostname: self.hostname,
            model: self.model,
            serial: self.serial,
            os: self.os,
            arch: std::env::consts::ARCH.to_owned(),
            interval_ms,
            window_ms,
            metrics: metrics.to_vec(),
        }
    }
}

/// An id for this run of the agent. The kernel makes a new UUID at each reading of this file.
pub fn new_boot() -> BootId {
    let fallback = || format!("t{}", Moment::now().time_ms);
    let id = text("/proc/sys/kernel/random/uuid").unwrap_or_else(fallback);
    id.parse().expect("a UUID, or letters and digits, make an id")
}

fn text(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!text.is_empty()).then(|| text.to_owned())
}

/// The serial number in a /proc/cpuinfo; all zeros is none.
fn serial(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo.lines().find(|line| line.starts_with("Serial"))?;
    let serial = line.split_once(':')?.1.trim();
    serial.contains(|c: char| c != '0').then(|| serial.to_owned())
}

fn pretty_name(os_release: &str) -> Option<String> {
    let value = os_release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(value.trim().trim_matches(['"', '\'']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operating_system_is_named() {
        let os = "NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n";
        assert_eq!(pretty_name(os).as_deref(), Some("Debian GNU/Linux 12 (bookworm)"));
        assert_eq!(pretty_name("ID=x\n"), None);
    }

    #[test]
    fn a_pi_without_device_tree_still_has_its_serial() {
        let cpuinfo = "Hardware\t: BCM2835\nRevision\t: a02082\nSerial\t\t: 00000000badcafe0\n";
        assert_eq!(serial(cpuinfo).as_deref(), Some("00000000badcafe0"));
        assert_eq!(serial("Serial\t\t: 0000000000000000\n"), None);
        assert_eq!(serial("processor\t: 0\n"), None);
    }

    #[test]
    fn each_run_has_its_own_id() {
        assert_ne!(new_boot(), new_boot());
    }
}
