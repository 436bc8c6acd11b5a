//! Which sensors a device has, as its owner writes it down.

use protocol::{MetricName, SensorId};
use serde::Deserialize;
use std::{fmt, path::PathBuf};

/// The addresses that a chip may have on an I2C bus; the rest is reserved.
const ADDRESSES: std::ops::RangeInclusive<u8> = 0x08..=0x77;

/// A sensor on a bus: `kind` says which, the other keys are those of the kind.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SensorConfig {
    /// Bosch's sensor of temperature, humidity and pressure.
    Bme280(Bme280Config),
}

impl SensorConfig {
    /// A BME280 that needs no hardware.
    pub fn simulated() -> Self {
        Self::Bme280(Bme280Config { bus: BusConfig::Simulated, ..Bme280Config::default() })
    }

    /// The id of the sensor that it describes, which is also the name of its lane.
    pub fn id(&self) -> SensorId {
        match self {
            Self::Bme280(config) => super::Bme280::id_of(config),
        }
    }
}

/// A BME280.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bme280Config {
    /// Tells it from others: its sensor id, and the beginning of its metrics' names. Without one the id is
    /// `bme280` and the metrics have their plain names.
    #[serde(default)]
    pub name: Option<InstanceName>,
    /// What people call it.
    #[serde(default)]
    pub label: Option<String>,
    /// Where it hangs.
    #[serde(default)]
    pub bus: BusConfig,
    /// Its I2C address: 0x76, or 0x77 with SDO high.
    #[serde(default)]
    pub address: Address,
}

/// The name of one sensor among several: snake_case, as it begins metric names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct InstanceName(SensorId);

impl InstanceName {
    /// The name as a sensor's id.
    pub fn id(&self) -> &SensorId {
        &self.0
    }
}

impl TryFrom<String> for InstanceName {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        // Room for what the metric's own name adds.
        let fits = text.len() <= 40 && MetricName::try_from(text.clone()).is_ok();
        match text.parse() {
            Ok(id) if fits => Ok(Self(id)),
            _ => Err(format!(
                "{text:?} is no sensor name: it takes at most 40 lower-case letters, digits and single '_', and starts with a letter, such as \"outdoor\""
            )),
        }
    }
}

/// The bus that a sensor hangs on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub enum BusConfig {
    /// A bus of the kernel, by its path.
    Device(PathBuf),
    /// No bus: a simulated sensor in simulated air.
    Simulated,
}

impl Default for BusConfig {
    fn default() -> Self {
        Self::Device("/dev/i2c-1".into())
    }
}

impl TryFrom<String> for BusConfig {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "simulated" => Ok(Self::Simulated),
            path if path.starts_with('/') => Ok(Self::Device(path.into())),
            _ => Err(format!("{text:?} is no bus: give a path such as \"/dev/i2c-1\", or \"simulated\"")),
        }
    }
}

impl fmt::Display for BusConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(path) => path.display().fmt(f),
            Self::Simulated => f.write_str("simulated"),
        }
    }
}

/// A 7-bit I2C address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "u8")]
pub struct Address(u8);

impl Address {
    /// The seven bits.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl Default for Address {
    fn default() -> Self {
        Self(0x76)
    }
}

impl TryFrom<u8> for Address {
    type Error = String;
    fn try_from(address: u8) -> Result<Self, String> {
        if ADDRESSES.contains(&address) {
            Ok(Self(address))
        } else {
            Err(format!("{address:#04x} is no I2C address: give 0x08 to 0x77, as `i2cdetect -y 1` shows it"))
        }
    }
}

/// Which figures of the machine itself are sampled. All, unless told otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HostConfig {
    /// Load of each CPU and of all.
    pub cpu: bool,
    /// Memory in use, available and in caches.
    pub memory: bool,
    /// Traffic of the network interfaces.
    pub network: bool,
    /// Space in use on the disks.
    pub disk: bool,
    /// Uptime, load and the temperature of the processor.
    pub system: bool,
    /// The network interfaces that count; those with a device, so no bridges and tunnels, when not given.
    pub network_interfaces: Option<Vec<String>>,
    /// Where the disks are mounted that are watched; `/` when not given.
    pub disk_mounts: Option<Vec<PathBuf>>,
}

impl Default for HostConfig {
    fn default() -> Self {
        Self {
            cpu: true,
            memory: true,
            network: true,
            disk: true,
            system: true,
            network_interfaces: None,
            disk_mounts: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sensor(text: &str) -> Result<SensorConfig, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn the_kind_alone_is_enough() {
        let SensorConfig::Bme280(config) = sensor("kind = 'bme280'").unwrap();
        assert_eq!(config.bus, BusConfig::Device("/dev/i2c-1".into()));
        assert_eq!((config.name, config.label, config.address.get()), (None, None, 0x76));
    }

    #[test]
    fn everything_can_be_said() {
        let text = "kind = 'bme280'\nname = 'outdoor'\nlabel = 'Roof'\nbus = 'simulated'\naddress = 0x77";
        let SensorConfig::Bme280(config) = sensor(text).unwrap();
        assert_eq!(config.name.unwrap().id().as_str(), "outdoor");
        assert_eq!((config.bus, config.address.get()), (BusConfig::Simulated, 0x77));
        assert_eq!(config.label.unwrap(), "Roof");
    }

    #[test]
    fn bad_values_are_named_with_what_would_be_good() {
        for (text, named, remedy) in [
            ("kind = 'bme281'", "bme281", "`bme280`"),
            ("kind = 'bme280'\naddres = 1", "addres", "`address`"),
            ("kind = 'bme280'\naddress = 0x80", "0x80", "0x08 to 0x77"),
            ("kind = 'bme280'\nname = 'Out door'", "Out door", "outdoor"),
            ("kind = 'bme280'\nname = 'out__door'", "out__door", "single '_'"),
            ("kind = 'bme280'\nbus = 'i2c-1'", "i2c-1", "/dev/i2c-1"),
        ] {
            let error = sensor(text).unwrap_err();
            assert!(error.contains(named) && error.contains(remedy), "{text}: {error}");
        }
        let error = toml::from_str::<HostConfig>("cpus = true").unwrap_err().to_string();
        assert!(error.contains("`cpus`") && error.contains("`cpu`"), "{error}");
    }

    #[test]
    fn host_sensors_are_on_unless_turned_off() {
        let config: HostConfig = toml::from_str("disk = false\ndisk_mounts = ['/data']").unwrap();
        assert!(config.cpu && config.memory && config.network && config.system && !config.disk);
        assert_eq!(config.disk_mounts, Some(vec!["/data".into()]));
    }
}
