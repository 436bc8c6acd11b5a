//! Maxim's DS18B20: temperature, on a 1-wire bus that the kernel drives (`dtoverlay=w1-gpio` on a Pi).
//!
//! Reading the kernel's file makes the chip measure, which takes 750 ms.

mod scratchpad;

use super::{
    Common, InstanceName, Sensor,
    chip::{Chip, ChipSensor, Codes, Quantity, Session as ChipSession, Trouble},
    config::{Address, BusConfig, Kind},
};
use crate::{bus::SharedBus, clock::Moment};
use protocol::Unit;
use serde::Deserialize;
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

/// Where the kernel lists what hangs on its 1-wire buses.
const DEVICES: &str = "/sys/bus/w1/devices";
/// How the names of DS18B20s begin.
const FAMILY: &str = "28-";

/// A DS18B20.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ds18b20Config {
    /// Tells it from others: its sensor id, and the beginning of its metrics' names. Without one the id is its
    /// kind and the metrics have their plain names.
    pub name: Option<InstanceName>,
    /// What people call it.
    pub label: Option<String>,
    /// Which one it is, as listed in `/sys/bus/w1/devices`. Needed where there are several.
    pub id: Option<OneWireId>,
    /// After how many seconds without the change of a single bit it is stuck; 0 is never, which is also meant
    /// when not given: its steps are coarse, and water keeps its temperature.
    pub stuck_after_seconds: Option<u32>,
}

/// The name of a DS18B20, such as `28-0316a2795f3a`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct OneWireId(String);

impl TryFrom<String> for OneWireId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.strip_prefix(FAMILY).unwrap_or_default();
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if digits.len() == 12 && digits.bytes().all(hex) {
            Ok(Self(text))
        } else {
            Err(format!(
                "{text:?} is no DS18B20's id: it takes 28- and twelve digits, as `ls {DEVICES}` shows it"
            ))
        }
    }
}

impl Ds18b20Config {
    /// The sensor so configured, of those that are listed in the folder `devices`. Nothing is read before the
    /// first reading.
    pub fn sensor(&self, devices: &Path) -> ChipSensor {
        let chip = Ds18b20 { config: self.clone(), devices: devices.to_owned() };
        ChipSensor::new(&self.common(), Box::new(chip))
    }
}

impl Kind for Ds18b20Config {
    fn common(&self) -> Common<'_> {
        Common {
            kind: "ds18b20",
            name: self.name.as_ref(),
            label: self.label.as_deref(),
            stuck_after_seconds: self.stuck_after_seconds,
            derived: true,
            altitude: None,
        }
    }

    fn place(&self) -> Option<(&BusConfig, Address)> {
        None
    }

    fn build(&self) -> Box<dyn Sensor> {
        Box::new(self.sensor(Path::new(DEVICES)))
    }
}

struct Ds18b20 {
    config: Ds18b20Config,
    devices: PathBuf,
}

impl Ds18b20 {
    /// The name of the only one that there is.
    fn only_one(&self) -> Result<String, Trouble> {
        let entries = fs::read_dir(&self.devices).map_err(|error| {
            Trouble::Nowhere(format!("there is no 1-wire bus ({error}); is dtoverlay=w1-gpio set?"))
        })?;
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let mut found: Vec<String> = names.filter(|name| name.starts_with(FAMILY)).collect();
        found.sort_unstable();
        match &found[..] {
            [name] => Ok(name.clone()),
            [] => Err(Trouble::Nowhere(
                "no DS18B20 hangs on a 1-wire bus; look at its wires and the pull-up resistor".to_owned(),
            )),
            several => Err(Trouble::Nowhere(format!(
                "there are {}; set `id` to the one that is meant",
                several.join(" and ")
            ))),
        }
    }
}

impl Chip for Ds18b20 {
    fn title(&self) -> String {
        match &self.config.id {
            Some(OneWireId(id)) => format!("DS18B20 {id}"),
            None => "DS18B20".to_owned(),
        }
    }

    fn quantities(&self) -> Vec<Quantity> {
        vec![Quantity::gauge("temperature", Unit::Celsius, -55.0..=125.0, 2).with_jump(20.0)]
    }

    fn bus(&self) -> Option<&SharedBus> {
        None
    }

    fn open(&self) -> Result<Box<dyn ChipSession>, Trouble> {
        let name = match &self.config.id {
            Some(OneWireId(id)) => id.clone(),
            None => self.only_one()?,
        };
        Ok(Box::new(Session { file: self.devices.join(name).join("w1_slave") }))
    }

    fn still_at_most(&self) -> Option<Duration> {
        None
    }
}

struct Session {
    file: PathBuf,
}

impl ChipSession for Session {
    fn measure(&mut self, _at: Moment, values: &mut [Option<f64>]) -> Result<Codes, Trouble> {
        let text = fs::read_to_string(&self.file).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Trouble::Nowhere(format!(
                "{} is not there; look at its wires, and at its id",
                self.file.display()
            )),
            _ => Trouble::Silent,
        })?;
        let [low, high] = scratchpad::temperature(&text)?;
        values[0] = Some(scratchpad::celsius([low, high]));
        Ok([low, high, 0, 0, 0, 0, 0, 0])
    }
}
