//! Names, buses and addresses, as their owner writes them down.

use crate::bus::{Bus, LinuxBus, Model, SimulatedBus};
use protocol::{MetricName, SensorId};
use serde::Deserialize;
use std::{fmt, path::PathBuf};

/// The addresses that a chip may have on an I2C bus; the rest is reserved.
const ADDRESSES: std::ops::RangeInclusive<u8> = 0x08..=0x77;

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

impl BusConfig {
    /// A handle of the sensor's own on the bus.
    pub(in crate::sensor) fn open(
        &self,
        kind: &str,
        address: Address,
        name: Option<&InstanceName>,
    ) -> Box<dyn Bus> {
        match self {
            Self::Device(path) => Box::new(LinuxBus::new(path.clone())),
            Self::Simulated => {
                // Sensors by other names are in other places.
                let name = name.map_or("", |name| name.id().as_str());
                let seed = name.bytes().fold(u64::from(address.get()), |seed, byte| {
                    seed.wrapping_mul(31).wrapping_add(u64::from(byte))
                });
                // The registry refuses kinds that cannot be simulated; to any other chip this one is wrong.
                let model = Model::of_kind(kind).unwrap_or(Model::Bme280);
                Box::new(SimulatedBus::new(model, address.get(), seed))
            }
        }
    }
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
    /// An address that is written in this program.
    pub(in crate::sensor) const fn at(address: u8) -> Self {
        Self(address)
    }

    /// The seven bits.
    pub fn get(self) -> u8 {
        self.0
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
