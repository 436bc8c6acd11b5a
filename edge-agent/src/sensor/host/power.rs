//! What the firmware of a Raspberry Pi says of its power supply and of what it did to protect itself.

use super::{describe, firmware::Firmware, id, reread::Reread};
use crate::{clock::Moment, sensor::Sensor};
use protocol::{Fault, Kind, MetricDescription, SensorId, Unit};
use std::{fs, io, path::Path};

/// What Raspberry Pi's kernels offered until 2025.
const SYSFS: &str = "/sys/devices/platform/soc/soc:firmware/get_throttled";
/// Where the kernel lists its voltage monitors, the Pi's `rpi_volt` among them.
const HWMON: &str = "/sys/class/hwmon";
/// Bit of each condition, name and label; the same 16 bits higher says that it was so since the start.
/// Source: documentation of `vcgencmd get_throttled`.
const CONDITIONS: [(u32, &str, &str); 4] = [
    (0, "power_undervoltage", "Undervoltage"),
    (1, "power_frequency_capped", "Frequency capped"),
    (2, "power_throttled", "Throttled"),
    (3, "power_soft_temperature_limit", "Soft temperature limit"),
];
/// From a condition of now to the same since the start.
const SINCE_BOOT: u32 = 16;

/// Undervoltage and its kin, each now and since the machine started, as 1 or 0.
pub(super) struct Power {
    id: SensorId,
    metrics: Vec<MetricDescription>,
    source: Source,
}

/// Who tells. Only firmware knows all of it.
enum Source {
    Firmware(Firmware),
    Sysfs(Reread),
    /// Undervoltage alone, and only of now.
    Alarm(Reread),
}

impl Power {
    /// Nothing on machines that cannot tell.
    ///
    /// # Errors
    /// When the machine could tell, but not to this user.
    pub(super) fn find() -> io::Result<Option<Self>> {
        let mut refused = None;
        match Firmware::open() {
            Ok(Some(mut firmware)) => {
                if throttled(&mut firmware).is_ok() {
                    return Ok(Some(Self::of(Source::Firmware(firmware))));
                }
            }
            Ok(None) => {}
            Err(error) => refused = Some(error),
        }
        if let Some(source) = by_kernel(Path::new(SYSFS), Path::new(HWMON)) {
            return Ok(Some(Self::of(source)));
        }
        refused.map_or(Ok(None), Err)
    }

    fn of(source: Source) -> Self {
        let id = id("power");
        let flag = |what: &str, label: &str| describe(&id, what, Unit::Flag, Kind::Gauge, label);
        let metrics = match source {
            Source::Alarm(_) => vec![flag(CONDITIONS[0].1, CONDITIONS[0].2)],
            _ => CONDITIONS
                .iter()
                .flat_map(|(_, what, label)| {
                    let since = (format!("{what}_since_boot"), format!("{label} since boot"));
                    [flag(what, label), flag(&since.0, &since.1)]
                })
                .collect(),
        };
        Self { id, metrics, source }
    }
}

/// The conditions by the firmware. Asked in text, as `vcgencmd` asks: the history in the answer to property
/// 0x00030046 is wiped by the kernel's voltage monitor every two seconds.
fn throttled(firmware: &mut Firmware) -> io::Result<u32> {
    let text = firmware.ask("get_throttled")?.unwrap_or_default();
    hexadecimal(&text).ok_or_else(|| io::Error::other(format!("get_throttled answered {text:?}")))
}

/// A number such as `0x50005`, or without `0x` as in sysfs.
fn hexadecimal(text: &str) -> Option<u32> {
    let text = text.trim();
    u32::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok()
}

/// What the kernel passes on, where the firmware itself cannot be asked.
fn by_kernel(sysfs: &Path, hwmon: &Path) -> Option<Source> {
    if let Ok(file) = Reread::open(sysfs) {
        return Some(Source::Sysfs(file));
    }
    let monitors = fs::read_dir(hwmon).ok()?.flatten().map(|entry| entry.path());
    let named =
        |path: &Path| fs::read_to_string(path.join("name")).is_ok_and(|name| name.trim() == "rpi_volt");
    let alarm =
        monitors.filter(|path| named(path)).find_map(|path| Reread::open(path.join("in0_lcrit_alarm")).ok());
    alarm.map(Source::Alarm)
}

impl Sensor for Power {
    fn id(&self) -> &SensorId {
        &self.id
    }

    fn metrics(&self) -> &[MetricDescription] {
        &self.metrics
    }

    fn read(&mut self, _at: Moment, values: &mut [Option<f64>]) -> Result<(), Fault> {
        let bits = match &mut self.source {
            Source::Firmware(firmware) => throttled(firmware).ok(),
            Source::Sysfs(file) => file.text().ok().and_then(hexadecimal),
            Source::Alarm(file) => file.text().ok().and_then(hexadecimal),
        };
        let bits = bits.ok_or(Fault::NoAnswer)?;
        let flag = |bit: u32| Some(f64::from(bits >> bit & 1));
        let flags = CONDITIONS.iter().flat_map(|(bit, ..)| [flag(*bit), flag(bit + SINCE_BOOT)]);
        for (value, flag) in values.iter_mut().zip(flags) {
            *value = flag;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::tests::{at, read};
    use std::path::PathBuf;

    fn dir(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("power-{name}-{}", std::process::id()));
        fs::create_dir_all(path.join("hwmon/hwmon3")).unwrap();
        path
    }

    #[test]
    fn every_bit_has_its_flag() {
        let dir = dir("sysfs");
        let file = dir.join("get_throttled");
        let flags = |text: &str| -> Vec<String> {
            fs::write(&file, text).unwrap();
            let mut power = Power::of(by_kernel(&file, &dir).unwrap());
            let values = read(&mut power, at(0)).unwrap();
            assert_eq!(values.len(), 8);
            let set = power.metrics().iter().zip(values).filter(|(_, value)| *value == Some(1.0));
            set.map(|(metric, _)| metric.name.to_string()).collect()
        };
        assert_eq!(flags("0\n"), [""; 0]);
        assert_eq!(
            flags("50005\n"),
            [
                "power_undervoltage_flag",
                "power_undervoltage_since_boot_flag",
                "power_throttled_flag",
                "power_throttled_since_boot_flag"
            ]
        );
        assert_eq!(
            flags("a0000\n"),
            ["power_frequency_capped_since_boot_flag", "power_soft_temperature_limit_since_boot_flag"]
        );
        assert_eq!(flags("8\n"), ["power_soft_temperature_limit_flag"]);
        fs::write(&file, "what\n").unwrap();
        let mut power = Power::of(by_kernel(&file, &dir).unwrap());
        assert_eq!(read(&mut power, at(0)), Err(Fault::NoAnswer));
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn the_kernels_monitor_knows_undervoltage_only_and_other_monitors_are_none() {
        let dir = dir("hwmon");
        let monitor = dir.join("hwmon/hwmon3");
        fs::write(monitor.join("in0_lcrit_alarm"), "1\n").unwrap();
        fs::write(monitor.join("name"), "nct6775\n").unwrap();
        let find = || by_kernel(&dir.join("no"), &dir.join("hwmon"));
        assert!(find().is_none());
        fs::write(monitor.join("name"), "rpi_volt\n").unwrap();
        let mut power = Power::of(find().unwrap());
        assert_eq!(read(&mut power, at(0)).unwrap(), [Some(1.0)]);
        assert_eq!(power.metrics()[0].name.as_str(), "power_undervoltage_flag");
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn the_firmwares_answer_is_read_with_its_prefix() {
        assert_eq!(hexadecimal("0x50005"), Some(0x50005));
        assert_eq!(hexadecimal("0\n"), Some(0));
        assert_eq!(hexadecimal(""), None);
    }
}
