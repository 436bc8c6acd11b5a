//! Thermometers on the kernel's one-wire bus.

use std::{fs, path::Path};

/// The family code of the DS18B20, with which its ids begin.
const DS18B20: &str = "28-";

/// The ids of the DS18B20 in the kernel's folder of one-wire devices, sorted. Without the folder there are none:
/// the bus is not enabled.
pub(super) fn devices(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut ids: Vec<String> = names.filter(|name| name.starts_with(DS18B20)).collect();
    ids.sort();
    ids
}
