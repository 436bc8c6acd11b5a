//! Sensors of the machine itself. What it cannot tell is left out with one line in the log.

mod cpu;
mod disk;
mod disk_io;
mod firmware;
mod memory;
mod network;
mod power;
mod rate;
mod reread;
mod soc;
mod swap;
mod system;
mod top;

pub use disk::MountError;

use super::{HostConfig, Sensor};
use protocol::{Kind, MetricDescription, MetricName, SensorId, Unit};
use std::io;

/// All sensors of the machine that `config` wants and that work here.
pub(super) fn sensors(config: &HostConfig) -> Result<Vec<Box<dyn Sensor>>, MountError> {
    let mut sensors = Sensors(Vec::new());
    if config.cpu {
        sensors.add("cpu", cpu::Cpu::new().map(Some));
    }
    if config.memory {
        sensors.add("memory", memory::Memory::new().map(Some));
    }
    if config.swap {
        sensors.add("swap", swap::Swap::find());
    }
    if config.network {
        let each = config.network_per_interface;
        sensors.add("network", network::Network::new(config.network_interfaces.clone(), each).map(Some));
    }
    if config.disk {
        let disk = match &config.disk_mounts {
            Some(mounts) => disk::Disk::new(mounts)?,
            None => disk::Disk::root(),
        };
        sensors.add("disk", Ok(Some(disk)));
    }
    if config.disk_io {
        sensors.add("disk_io", disk_io::DiskIo::find());
    }
    if config.system {
        sensors.add("system", system::System::new().map(Some));
    }
    if config.soc {
        let (soc, refused) = soc::Soc::find();
        sensors.add("soc", Ok(soc));
        sensors.add("soc", refused.map(|()| None::<soc::Soc>));
    }
    if config.power {
        sensors.add("power", power::Power::find());
    }
    if config.top_processes {
        sensors.add("top_processes", Ok(Some(top::Processes::new())));
    }
    Ok(sensors.0)
}

struct Sensors(Vec<Box<dyn Sensor>>);

impl Sensors {
    /// Takes a sensor in that works here. That the machine has no such thing is no trouble; that it has it
    /// and does not tell is.
    fn add<S: Sensor + 'static>(&mut self, key: &str, made: io::Result<Option<S>>) {
        match made {
            Ok(sensor) => self.0.extend(sensor.map(|sensor| Box::new(sensor) as Box<dyn Sensor>)),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => tracing::warn!(
                "host sensor {key} lacks what this user must not read ({error}); add the user to the group `video`, or set `{key} = false`"
            ),
            Err(error) => tracing::warn!(
                "host sensor {key} does not work on this machine and is left out ({error}); `{key} = false` says that this is meant"
            ),
        }
    }
}

/// An id or name that is written in this program and so is known to be valid.
fn id(text: &str) -> SensorId {
    text.parse().expect("valid by construction")
}

fn describe(sensor: &SensorId, what: &str, unit: Unit, kind: Kind, label: &str) -> MetricDescription {
    let name = MetricName::new(what, unit).expect("valid by construction");
    MetricDescription { name, unit, sensor: sensor.clone(), label: label.to_owned(), kind }
}

/// `part` of `whole` in percent; 0 of nothing is 0.
fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 * 100.0 }
}

/// The words of a name, in lower case with `_` between them: `eth0.1` is `eth0_1`.
fn snake_case(name: &str) -> String {
    let name = name.to_lowercase();
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_")
}
