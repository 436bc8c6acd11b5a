//! From configuration to sensors.

use super::{BusConfig, HostConfig, MountError, Sensor, SensorConfig, config::Kind, host};
use protocol::{MetricName, SensorId};
use std::collections::HashMap;

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
    /// The disks cannot be as configured.
    #[error(transparent)]
    Mount(#[from] MountError),
}

/// All sensors that are configured: those of the host in one lane, each on a bus in one of its own.
///
/// A device that is absent is no error: it is told as a fault until it appears.
///
/// # Errors
/// When the configuration contradicts itself.
pub fn registry(host: &HostConfig, sensors: &[SensorConfig]) -> Result<Vec<Lane>, RegistryError> {
    check_places(sensors)?;
    let mut lanes = Vec::new();
    let of_host = host::sensors(host)?;
    if !of_host.is_empty() {
        lanes.push(Lane { name: "host".to_owned(), sensors: of_host });
    }
    for config in sensors {
        let sensor = config.kind().build();
        lanes.push(Lane { name: sensor.id().to_string(), sensors: vec![sensor] });
    }
    check_names(&lanes)?;
    Ok(lanes)
}

fn check_places(sensors: &[SensorConfig]) -> Result<(), RegistryError> {
    let mut taken = HashMap::new();
    for config in sensors {
        let Some((bus, address)) = config.kind().place() else { continue };
        check_address(config.kind(), address.get())?;
        if *bus == BusConfig::Simulated {
            continue;
        }
        let id = config.kind().common().id();
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

fn check_names(lanes: &[Lane]) -> Result<(), RegistryError> {
    let (mut ids, mut metrics) = (HashMap::new(), HashMap::new());
    for sensor in lanes.iter().flat_map(|lane| &lane.sensors) {
        if ids.insert(sensor.id(), ()).is_some() {
            return Err(RegistryError::SameId(sensor.id().clone()));
        }
        for metric in sensor.metrics() {
            if let Some(first) = metrics.insert(&metric.name, sensor.id()) {
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
mod tests {
    use super::*;
    use crate::{
        clock::Moment,
        sensor::tests::{at, read},
    };
    use protocol::{Fault, MetricDescription};

    fn lanes(sensors: &[&str]) -> Result<Vec<Lane>, String> {
        let sensors: Vec<SensorConfig> =
            sensors.iter().map(|keys| toml::from_str(&format!("kind = 'bme280'\n{keys}")).unwrap()).collect();
        registry(&HostConfig::default(), &sensors).map_err(|error| error.to_string())
    }

    #[test]
    fn the_host_has_one_lane_and_each_sensor_on_a_bus_its_own() {
        let lanes = lanes(&["bus = 'simulated'", "bus = 'simulated'\nname = 'outdoor'"]).unwrap();
        let names: Vec<&str> = lanes.iter().map(|lane| lane.name.as_str()).collect();
        assert_eq!(names, ["host", "bme280", "outdoor"]);
        let ids: Vec<&str> = lanes[0].sensors.iter().map(|sensor| sensor.id().as_str()).collect();
        assert_eq!(ids[..5], ["cpu", "memory", "network", "disk", "system"]);
        let metrics: Vec<&str> =
            lanes[2].sensors[0].metrics().iter().map(|metric| metric.name.as_str()).collect();
        assert_eq!(
            metrics,
            ["outdoor_temperature_celsius", "outdoor_humidity_percent", "outdoor_pressure_hectopascal"]
        );
    }

    #[test]
    fn simulated_sensors_measure_and_are_in_different_places() {
        let mut lanes = lanes(&["bus = 'simulated'", "bus = 'simulated'\nname = 'outdoor'"]).unwrap();
        let mut values = |lane: usize| read(lanes[lane].sensors[0].as_mut(), at(1_000_000)).unwrap();
        let (one, other) = (values(1), values(2));
        assert!(one.iter().all(Option::is_some) && one != other, "{one:?} {other:?}");
    }

    #[test]
    fn a_bus_that_is_not_there_yet_is_a_fault_and_no_error() {
        let mut lanes = lanes(&["bus = '/dev/i2c-no-such-bus'"]).unwrap();
        assert_eq!(read(lanes[1].sensors[0].as_mut(), at(0)), Err(Fault::Absent));
    }

    #[test]
    fn sensors_that_cannot_be_told_apart_are_refused_with_the_remedy() {
        for (sensors, named) in [
            (["bus = 'simulated'", "bus = 'simulated'"], "called `bme280`;"),
            (["bus = 'simulated'\nname = 'cpu'", "address = 0x77"], "called `cpu`;"),
            (["name = 'a'", "name = 'b'"], "`a` and `b` are both at address 0x76 of /dev/i2c-1"),
        ] {
            let error = lanes(&sensors).err().unwrap();
            assert!(
                error.contains(named) && (error.contains("name = ") || error.contains("correct")),
                "{error}"
            );
        }
    }

    #[test]
    fn an_address_that_the_kind_cannot_have_is_refused_with_those_it_can() {
        let sensors = [toml::from_str("kind = 'bh1750'\nname = 'sky'\naddress = 0x24").unwrap()];
        let error = registry(&HostConfig::default(), &sensors).err().unwrap().to_string();
        assert!(
            error.contains("`sky`") && error.contains("0x24") && error.contains("0x23 or 0x5c"),
            "{error}"
        );
    }

    /// A sensor of which only the names matter.
    struct Barometer(SensorId, Vec<MetricDescription>);

    impl Sensor for Barometer {
        fn id(&self) -> &SensorId {
            &self.0
        }

        fn metrics(&self) -> &[MetricDescription] {
            &self.1
        }

        fn read(&mut self, _at: Moment, _values: &mut [Option<f64>]) -> Result<(), Fault> {
            Err(Fault::Absent)
        }
    }

    #[test]
    fn a_metric_of_two_sensors_is_refused_with_both_their_names() {
        let mut lanes = lanes(&["bus = 'simulated'"]).unwrap();
        let metrics = lanes[1].sensors[0].metrics()[2..].to_vec();
        lanes[1].sensors.push(Box::new(Barometer("bmp180".parse().unwrap(), metrics)));
        let error = check_names(&lanes).unwrap_err().to_string();
        assert!(error.contains("`bme280` and `bmp180` both measure pressure_hectopascal"), "{error}");
    }

    #[test]
    fn nothing_configured_gives_no_lane() {
        let host = HostConfig {
            cpu: false,
            memory: false,
            network: false,
            disk: false,
            system: false,
            ..HostConfig::default()
        };
        assert!(registry(&host, &[]).unwrap().is_empty());
    }
}
