//! What the machine is.

use crate::clock::Moment;
use protocol::{Birth, BootId, MetricDescription, Stamp, Version};
use std::fs;

/// Facts about the machine, read once.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Host name.
    pub hostname: String,
    /// Model by the device tree, such as `Raspberry Pi 3 Model B Rev 1.2`, where there is one.
    pub model: Option<String>,
    /// Serial number by the device tree, where there is one.
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
        Self {
            hostname: text("/proc/sys/kernel/hostname").unwrap_or_else(unknown),
            model: text("/proc/device-tree/model"),
            serial: text("/proc/device-tree/serial-number"),
            os: fs::read_to_string("/etc/os-release").ok().and_then(|t| pretty_name(&t)).unwrap_or_else(
                || {
                    text("/proc/sys/kernel/osrelease")
                        .map_or_else(unknown, |release| format!("Linux {release}"))
                },
            ),
            boot: text("/proc/sys/kernel/random/boot_id").unwrap_or_else(unknown),
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
    fn each_run_has_its_own_id() {
        assert_ne!(new_boot(), new_boot());
    }
}
