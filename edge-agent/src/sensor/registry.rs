//! From configuration to sensors.

use super::{BusConfig, HostConfig, MountError, Sensor, SensorConfig, config::Kind, derived, host};
use crate::{bus::Model, gpio::PinConfig, output::Outputs};
use protocol::{MetricName, SensorId};
use std::collections::HashMap;

/// Name of the lane that holds the sensors of the machine itself.
pub const HOST_LANE: &str = "host";

/// Name of the lane that holds what is on lines of the header.
pub const GPIO_LANE: &str = "gpio";

/// Sensors that are read one after the other. Lanes are independent: one that hangs holds up no other.
pub struct Lane {
    /// What to call it in logs and as a thread.
    pub name: String,
    /// Its sensors, at least one.
    pub sensors: Vec<Box<dyn Sensor>>,
}

/// Why the sensors cannot be as configured.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Two sensors with the same id.
    #[error(
        "two sensors are called `{0}`; give each [[sensor]] a `name` of its own, such as name = \"outdoor\""
    )]
    SameId(SensorId),
    /// Two sensors that measure something under the same name.
    #[error(
        "sensors `{first}` and `{second}` both measure {metric}; give each [[sensor]] a `name` of its own, such as name = \"outdoor\""
    )]
    SameMetric {
        /// The metric that both have.
        metric: MetricName,
        /// Whose it is.
        first: SensorId,
        /// Who has it as well.
        second: SensorId,
    },
    /// Two sensors at one address of one bus.
    #[error(
        "sensors `{first}` and `{second}` are both at address {address:#04x} of {bus}; correct the address or leave one of them out"
    )]
    SamePlace {
        /// Who is there.
        first: SensorId,
        /// Who is there as well.
        second: SensorId,
        /// The bus that both hang on.
        bus: BusConfig,
        /// The address that both answer at.
        address: u8,
    },
    /// A sensor at an address that its kind cannot have.
    #[error(
        "sensor `{sensor}` cannot be at address {address:#04x}: a {kind} answers at {possible}; correct its `address`"
    )]
    NoSuchAddress {
        /// Whose address it is.
        sensor: SensorId,
        /// The word for its kind.
        kind: &'static str,
        /// The address.
        address: u8,
        /// Those that its kind can have.
        possible: String,
    },
    /// A sensor that has to be told what to measure.
    #[error("sensor `{0}` measures nothing; say what hangs on its inputs, each in a [[sensor.channel]]")]
    Nothing(SensorId),
    /// A sensor that measures two things by one name.
    #[error("sensor `{sensor}` measures {metric} twice; give each [[sensor.channel]] a `name` of its own")]
    Twice {
        /// The sensor.
        sensor: SensorId,
        /// The name.
        metric: MetricName,
    },
    /// A kind of which there is no simulation.
    #[error(
        "sensor `{sensor}` cannot be simulated, only sensors of kind bme280 and bmp280 can; give the bus that it hangs on, such as bus = \"/dev/i2c-1\""
    )]
    NotSimulated {
        /// Whose bus is the simulated one.
        sensor: SensorId,
    },
    /// An altitude that is of no use.
    #[error(
        "sensor `{sensor}` has altitude_meters but tells no pressure at sea level, as it measures no pressure or has derived = false; leave altitude_meters out"
    )]
    Altitude {
        /// Who has it.
        sensor: SensorId,
    },
    /// Two inputs or outputs on one line.
    #[error("`{first}` and `{second}` are both on {pin}; correct the pin or leave one of them out")]
    SamePin {
        /// Who is there.
        first: SensorId,
        /// Who is there as well.
        second: SensorId,
        /// The line.
        pin: PinConfig,
    },
    /// The disks cannot be as configured.
    #[error(transparent)]
    Mount(#[from] MountError),
}

/// All sensors that are configured: those of the host in one lane, each on a bus in one of its own, and all
/// inputs and outputs of the header, which never block, in one.
///
/// A device that is absent is no error: it is told as a fault until it appears.
///
/// # Errors
/// When the configuration contradicts itself.
pub fn registry(
    host: &HostConfig,
    sensors: &[SensorConfig],
    outputs: &Outputs,
) -> Result<Vec<Lane>, RegistryError> {
    check_places(sensors.iter().map(SensorConfig::kind))?;
    check_pins(sensors, outputs)?;
    let mut lanes = Vec::new();
    let of_host = host::sensors(host)?;
    if !of_host.is_empty() {
        lanes.push(Lane { name: HOST_LANE.to_owned(), sensors: of_host });
    }
    let mut on_pins = Vec::new();
    for config in sensors {
        let sensor = config.kind().build_on(outputs.board());
        let common = config.kind().common();
        let takes_altitude =
            derived::tells_sea_level(sensor.as_ref(), &common) || config.kind().is_told_altitude();
        if common.altitude.is_some() && !takes_altitude {
            return Err(RegistryError::Altitude { sensor: common.id() });
        }
        if sensor.metrics().is_empty() {
            return Err(RegistryError::Nothing(common.id()));
        }
        if config.kind().pin().is_some() {
            on_pins.push(sensor);
        } else {
            lanes.push(Lane { name: sensor.id().to_string(), sensors: vec![sensor] });
        }
    }
    on_pins.extend(outputs.sensors());
    if !on_pins.is_empty() {
        lanes.push(Lane { name: GPIO_LANE.to_owned(), sensors: on_pins });
    }
    check_names(&lanes)?;
    Ok(lanes)
}

fn check_places<'a>(kinds: impl Iterator<Item = &'a dyn Kind>) -> Result<(), RegistryError> {
    let mut taken = HashMap::new();
    for kind in kinds {
        let Some((bus, address)) = kind.place() else { continue };
        check_address(kind, address.get())?;
        let common = kind.common();
        let id = common.id();
        if *bus == BusConfig::Simulated {
            if Model::of_kind(common.kind).is_none() {
                return Err(RegistryError::NotSimulated { sensor: id });
            }
            continue;
        }
        if let Some(first) = taken.insert((bus, address), id.clone()) {
            let (bus, address) = (bus.clone(), address.get());
            return Err(RegistryError::SamePlace { first, second: id, bus, address });
        }
    }
    Ok(())
}

fn check_address(kind: &dyn Kind, address: u8) -> Result<(), RegistryError> {
    let possible = kind.addresses();
    if possible.is_empty() || possible.contains(&address) {
        return Ok(());
    }
    let listed: Vec<String> = possible.iter().map(|address| format!("{address:#04x}")).collect();
    let common = kind.common();
    Err(RegistryError::NoSuchAddress {
        sensor: common.id(),
        kind: common.kind,
        address,
        possible: listed.join(" or "),
    })
}

/// Simulated lines are meant to be shared: an output drives an input.
fn check_pins(sensors: &[SensorConfig], outputs: &Outputs) -> Result<(), RegistryError> {
    let mut taken = HashMap::new();
    let of_sensor = |config: &SensorConfig| Some((config.kind().pin()?, config.kind().common().id()));
    for (pin, id) in sensors.iter().filter_map(of_sensor).chain(outputs.pins()) {
        if let (PinConfig::Line(_), Some(first)) = (pin, taken.insert(pin, id.clone())) {
            return Err(RegistryError::SamePin { first, second: id, pin });
        }
    }
    Ok(())
}

fn check_names(lanes: &[Lane]) -> Result<(), RegistryError> {
    let (mut ids, mut metrics) = (HashMap::new(), HashMap::new());
    for sensor in lanes.iter().flat_map(|lane| &lane.sensors) {
        if ids.insert(sensor.id(), ()).is_some() {
            return Err(RegistryError::SameId(sensor.id().clone()));
        }
        for metric in sensor.metrics() {
            if let Some(first) = metrics.insert(&metric.name, sensor.id()) {
                if first == sensor.id() {
                    return Err(RegistryError::Twice { sensor: first.clone(), metric: metric.name.clone() });
                }
                return Err(RegistryError::SameMetric {
                    metric: metric.name.clone(),
                    first: first.clone(),
                    second: sensor.id().clone(),
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
