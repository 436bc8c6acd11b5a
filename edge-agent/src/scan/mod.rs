//! `edge-agent scan`: which sensors are there, and the config for them.
//!
//! Nothing is written to an address where no chip lives that this program knows. How each is told is in the
//! module `identify`; why it is done so, in the decision about it.

mod identify;
mod one_wire;
mod print;
mod walk;

use crate::bus::LinuxBus;
use serde::Serialize;
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use walk::Device;

/// Why a scan is not complete. What was found is printed all the same.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// A bus that could not be walked to its end; there may be others.
    #[error("{} is not scanned to its end: {reason}", .path.display())]
    Bus {
        /// Which one.
        path: PathBuf,
        /// Why, with the remedy.
        reason: String,
    },
    /// The result could not be written.
    #[error("cannot print what was found: {0}")]
    Output(#[from] io::Error),
}

/// Everything that was found.
#[derive(Debug, Default, Serialize)]
struct Report {
    buses: Vec<BusReport>,
    /// Ids of DS18B20 thermometers.
    one_wire: Vec<String>,
}

/// What hangs on one bus.
#[derive(Debug, Serialize)]
struct BusReport {
    path: PathBuf,
    devices: Vec<Device>,
    /// Why the bus was not walked to its end.
    error: Option<String>,
}

/// Scans every I2C bus of this machine and the kernel's one-wire devices, and prints what is there: as a config
/// file, or as JSON.
///
/// # Errors
/// When a bus could not be scanned, or nothing can be printed.
pub fn run(json: bool) -> Result<(), ScanError> {
    let report = Report {
        buses: buses(Path::new("/dev")).into_iter().map(scan_bus).collect(),
        one_wire: one_wire::devices(Path::new("/sys/bus/w1/devices")),
    };
    let mut out = io::stdout().lock();
    if json { print::json(&report, &mut out) } else { print::text(&report, &mut out) }?;
    let failed = report.buses.into_iter().find_map(|bus| Some((bus.path, bus.error?)));
    failed.map_or(Ok(()), |(path, reason)| Err(ScanError::Bus { path, reason }))
}

fn scan_bus(path: PathBuf) -> BusReport {
    let mut devices = Vec::new();
    let walked = walk::walk(&mut LinuxBus::new(path.clone()), &mut devices);
    BusReport { path, devices, error: walked.err().map(|error| error.to_string()) }
}

/// The I2C buses in a folder of devices, by number.
fn buses(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let number =
        |path: &Path| -> Option<u32> { path.file_name()?.to_str()?.strip_prefix("i2c-")?.parse().ok() };
    let mut buses: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter_map(|path| Some((number(&path)?, path)))
        .collect();
    buses.sort();
    buses.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests;
