use super::*;
use crate::{
    clock::Moment,
    gpio::Board,
    sensor::{
        Address, Common,
        tests::{at, read},
    },
};
use protocol::{Fault, MetricDescription};

fn lanes(sensors: &[&str]) -> Result<Vec<Lane>, String> {
    let sensors: Vec<SensorConfig> =
        sensors.iter().map(|keys| toml::from_str(&format!("kind = 'bme280'\n{keys}")).unwrap()).collect();
    registry(&HostConfig::default(), &sensors, &Outputs::default()).map_err(|error| error.to_string())
}

#[test]
fn the_host_has_one_lane_and_each_sensor_on_a_bus_its_own() {
    let lanes = lanes(&["bus = 'simulated'", "bus = 'simulated'\nname = 'outdoor'"]).unwrap();
    let names: Vec<&str> = lanes.iter().map(|lane| lane.name.as_str()).collect();
    assert_eq!(names, ["host", "bme280", "outdoor"]);
    let ids: Vec<&str> = lanes[0].sensors.iter().map(|sensor| sensor.id().as_str()).collect();
    let always: Vec<&str> =
        ids.into_iter().filter(|id| !["swap", "disk_io", "soc", "power"].contains(id)).collect();
    assert_eq!(always, ["cpu", "memory", "network", "disk", "system"]);
    let metrics: Vec<&str> =
        lanes[2].sensors[0].metrics().iter().map(|metric| metric.name.as_str()).collect();
    assert_eq!(
        metrics,
        [
            "outdoor_temperature_celsius",
            "outdoor_humidity_percent",
            "outdoor_pressure_hectopascal",
            "outdoor_dew_point_celsius",
            "outdoor_absolute_humidity_grams_per_cubic_meter",
            "outdoor_pressure_tendency_3h_hectopascal"
        ]
    );
}

#[test]
fn simulated_sensors_measure_and_are_in_different_places() {
    let mut lanes = lanes(&["bus = 'simulated'", "bus = 'simulated'\nname = 'outdoor'"]).unwrap();
    let mut values = |lane: usize| read(lanes[lane].sensors[0].as_mut(), at(1_000_000)).unwrap();
    let (one, other) = (values(1), values(2));
    let (last, all) = one.split_last().unwrap();
    assert!(all.iter().all(Option::is_some) && one != other, "{one:?} {other:?}");
    assert_eq!(*last, None, "a tendency takes three hours");
}

#[test]
fn derived_metrics_can_be_left_out_and_an_altitude_adds_one() {
    let names = |keys| {
        let lanes = lanes(&[keys]).unwrap();
        let metrics = lanes[1].sensors[0].metrics();
        metrics.iter().map(|metric| metric.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names("derived = false").len(), 3);
    assert!(names("altitude_meters = 120").contains(&"sea_level_pressure_hectopascal".to_owned()));
}

#[test]
fn an_altitude_of_no_use_is_refused_with_the_remedy() {
    let error = lanes(&["altitude_meters = 120\nderived = false"]).err().unwrap();
    assert!(error.contains("`bme280`") && error.contains("leave altitude_meters out"), "{error}");
}

/// A kind that the simulated bus knows nothing of.
struct Light;

impl Kind for Light {
    fn common(&self) -> Common<'_> {
        let (name, label, stuck_after_seconds, altitude) = (None, None, None, None);
        Common { kind: "light", name, label, stuck_after_seconds, derived: true, altitude }
    }

    fn place(&self) -> Option<(&BusConfig, Address)> {
        Some((&BusConfig::Simulated, Address::at(0x23)))
    }

    fn build(&self) -> Box<dyn Sensor> {
        unreachable!("it is refused before")
    }
}

#[test]
fn what_cannot_be_simulated_is_refused_with_the_remedy() {
    let kinds: [&dyn Kind; 1] = [&Light];
    let error = check_places(kinds.into_iter()).unwrap_err().to_string();
    assert!(error.contains("`light` cannot be simulated") && error.contains("/dev/i2c-1"), "{error}");
}

#[test]
fn a_simulated_bmp280_measures_what_it_can() {
    let config: SensorConfig = toml::from_str("kind = 'bmp280'\nbus = 'simulated'").unwrap();
    let mut lanes = registry(&HostConfig::default(), &[config], &Outputs::default()).unwrap();
    let values = read(lanes[1].sensors[0].as_mut(), at(1_000_000)).unwrap();
    assert!(values.len() == 3 && values[0].is_some() && values[1].is_some(), "{values:?}");
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
        assert!(error.contains(named) && (error.contains("name = ") || error.contains("correct")), "{error}");
    }
}

#[test]
fn an_address_that_the_kind_cannot_have_is_refused_with_those_it_can() {
    let sensors: [SensorConfig; 1] =
        [toml::from_str("kind = 'bh1750'\nname = 'sky'\naddress = 0x24").unwrap()];
    let error = check_places(sensors.iter().map(SensorConfig::kind)).unwrap_err().to_string();
    assert!(error.contains("`sky`") && error.contains("0x24") && error.contains("0x23 or 0x5c"), "{error}");
}

#[test]
fn channels_are_needed_and_have_names_of_their_own() {
    let ads1115 = |channels: usize| {
        let channel = "\n[[channel]]\nname = 'soil'\ninput = 'a0'".repeat(channels);
        let sensors = [toml::from_str(&format!("kind = 'ads1115'\nname = 'bed'{channel}")).unwrap()];
        let outputs = Outputs::new(&[], Board::default(), 0);
        registry(&HostConfig::default(), &sensors, &outputs).err().map(|error| error.to_string())
    };
    assert!(ads1115(0).unwrap().starts_with("sensor `bed` measures nothing"));
    assert_eq!(ads1115(1), None);
    assert!(ads1115(2).unwrap().starts_with("sensor `bed` measures bed_soil_volts twice"));
}

#[test]
fn all_pins_have_one_lane_and_no_line_is_given_out_twice() {
    let inputs = |pins: [&str; 2]| -> Vec<SensorConfig> {
        let text = |(number, pin)| format!("kind = 'pulse_counter'\nname = 'p{number}'\npin = {pin}");
        pins.into_iter().enumerate().map(|pin| toml::from_str(&text(pin)).unwrap()).collect()
    };
    let relay = "role = 'relay'\nname = 'pump'\npin = 4";
    let outputs = Outputs::new(&[toml::from_str(relay).unwrap()], Board::default(), 0);
    let host = HostConfig { cpu: true, ..HostConfig::default() };
    let lanes = registry(&host, &inputs(["'simulated:4'", "'simulated:4'"]), &outputs).unwrap();
    let names: Vec<&str> = lanes[1].sensors.iter().map(|sensor| sensor.id().as_str()).collect();
    assert_eq!((lanes.len(), names), (2, vec!["p0", "p1", "pump"]));

    for (pins, named) in [(["5", "5"], "`p0` and `p1`"), (["3", "4"], "`p1` and `pump`")] {
        let error = registry(&host, &inputs(pins), &outputs).err().unwrap().to_string();
        assert!(error.starts_with(named) && error.contains("are both on GPIO"), "{error}");
    }
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
        swap: false,
        network: false,
        disk: false,
        disk_io: false,
        system: false,
        soc: false,
        power: false,
        ..HostConfig::default()
    };
    assert!(registry(&host, &[], &Outputs::default()).unwrap().is_empty());
}
