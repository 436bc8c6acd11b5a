//! Sensors of the machine itself. What it cannot tell is left out with one line in the log.

mod cpu;
mod disk;
mod memory;
mod network;
mod soc;
mod system;

pub use disk::MountError;

use super::{HostConfig, Sensor};
use protocol::{Kind, MetricDescription, MetricName, SensorId, Unit};
use std::io;

/// All sensors of the machine that `config` wants and that work here.
pub(super) fn sensors(config: &HostConfig) -> Result<Vec<Box<dyn Sensor>>, MountError> {
    let mut sensors = Vec::new();
    if config.cpu {
        add(&mut sensors, "cpu", cpu::Cpu::new());
    }
    if config.memory {
        add(&mut sensors, "memory", memory::Memory::new());
    }
    if config.network {
        add(&mut sensors, "network", network::Network::new(config.network_interfaces.clone()));
    }
    if config.disk {
        let disk = match &config.disk_mounts {
            Some(mounts) => disk::Disk::new(mounts)?,
            None => disk::Disk::root(),
        };
        sensors.push(Box::new(disk));
    }
    if config.system {
        add(&mut sensors, "system", system::System::new());
        sensors.extend(soc::Soc::find().map(|soc| Box::new(soc) as Box<dyn Sensor>));
    }
    Ok(sensors)
}

fn add<S: Sensor + 'static>(sensors: &mut Vec<Box<dyn Sensor>>, key: &str, made: io::Result<S>) {
    match made {
        Ok(sensor) => sensors.push(Box::new(sensor)),
        Err(error) => tracing::warn!(
            "host sensor {key} does not work on this machine and is left out ({error}); `{key} = false` says that this is meant"
        ),
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
