//! The world that the emulated Pi is in, as the command line says.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;

use super::image::Guest;
use super::machine;

#[derive(clap::Args)]
pub(crate) struct World {
    /// Lines of seconds and a command for the emulator; cross/pi-rig/README.md has the commands
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// The Pi's clock at its start: `now`, `none` (1970, as without a network), or seconds since 1970
    #[arg(long, default_value = "now")]
    clock: Clock,
    /// An image with an ext4 file system for /data, the SD card; made if it is not there
    #[arg(long, value_name = "FILE")]
    disk: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Clock {
    Now,
    None,
    At(u64),
}

impl std::str::FromStr for Clock {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "now" => Ok(Self::Now),
            "none" => Ok(Self::None),
            _ => {
                text.parse().map(Self::At).map_err(|_| "it takes now, none or seconds since 1970".to_owned())
            }
        }
    }
}

impl World {
    /// A guest in this world, with nothing to do yet.
    pub(super) fn guest(&self) -> anyhow::Result<Guest> {
        let scenario = self.scenario.as_deref().map(read).transpose()?.unwrap_or_default();
        if let Some(disk) = &self.disk {
            machine::ensure_disk(disk)?;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let clock = match self.clock {
            Clock::Now => Some(now),
            Clock::None => None,
            Clock::At(seconds) => Some(seconds),
        };
        // QEMU runs in a directory of its own.
        let disk = self.disk.as_deref().map(fs::canonicalize).transpose()?;
        Ok(Guest { scenario, clock, disk, ..Guest::default() })
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_now_or_none_or_a_number() {
        let parsed = ["now", "none", "17"].map(|text| text.parse::<Clock>().unwrap());
        assert_eq!(parsed, [Clock::Now, Clock::None, Clock::At(17)]);
        assert!("noon".parse::<Clock>().unwrap_err().contains("seconds since 1970"));
    }
}
