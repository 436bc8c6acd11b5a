//! The decorator, around a sensor that measures what it is told.

use super::*;
use crate::sensor::{
    InstanceName,
    tests::{at, read},
};
use std::sync::{Arc, Mutex};

type Told = Arc<Mutex<Result<Vec<Option<f64>>, Fault>>>;

/// A sensor of which the test says what it measures.
struct Puppet(SensorId, Vec<MetricDescription>, Told);

impl Sensor for Puppet {
    fn id(&self) -> &SensorId {
        &self.0
    }

    fn metrics(&self) -> &[MetricDescription] {
        &self.1
    }

    fn read(&mut self, _at: Moment, values: &mut [Option<f64>]) -> Result<(), Fault> {
        values.copy_from_slice(&self.2.lock().unwrap().clone()?);
        Ok(())
    }
}

const AIR: [(&str, Unit); 3] =
    [("temperature", Unit::Celsius), ("humidity", Unit::Percent), ("pressure", Unit::Hectopascal)];

fn derived(
    name: Option<&InstanceName>,
    altitude: Option<f64>,
    of: &[(&str, Unit)],
) -> (Box<dyn Sensor>, Told) {
    let common = Common {
        kind: "puppet",
        name,
        label: None,
        stuck_after_seconds: None,
        derived: true,
        altitude: altitude.map(|meters| Altitude::try_from(meters).unwrap()),
    };
    let metrics = of.iter().map(|(what, unit)| common.describe(what, *unit, Kind::Gauge)).collect();
    let told = Told::new(Mutex::new(Err(Fault::Absent)));
    (with_derived(Box::new(Puppet(common.id(), metrics, Arc::clone(&told))), &common), told)
}

fn names(sensor: &dyn Sensor) -> Vec<&str> {
    sensor.metrics().iter().map(|metric| metric.name.as_str()).collect()
}

#[test]
fn what_follows_depends_on_what_is_measured() {
    assert_eq!(
        names(derived(None, Some(500.0), &AIR).0.as_ref())[3..],
        [
            "dew_point_celsius",
            "absolute_humidity_grams_per_cubic_meter",
            "sea_level_pressure_hectopascal",
            "pressure_tendency_3h_hectopascal"
        ]
    );
    let barometer = derived(None, None, &[AIR[0], AIR[2]]).0;
    assert_eq!(names(barometer.as_ref())[2..], ["pressure_tendency_3h_hectopascal"]);
    let light = derived(None, None, &[("illuminance", Unit::Lux)]).0;
    assert_eq!(names(light.as_ref()), ["illuminance_lux"]);
}

#[test]
fn the_longest_instance_name_leaves_room() {
    let name = InstanceName::try_from("n".repeat(40)).unwrap();
    let (sensor, _) = derived(Some(&name), Some(0.0), &AIR);
    assert!(names(sensor.as_ref()).iter().all(|metric| metric.starts_with(name.id().as_str())));
}

#[test]
fn values_follow_from_the_readings_of_the_same_tick() {
    let (mut sensor, told) = derived(None, Some(500.0), &AIR);
    *told.lock().unwrap() = Ok(vec![Some(20.0), Some(50.0), Some(954.61)]);
    let values = read(sensor.as_mut(), at(0)).unwrap();
    assert_eq!(values[3..], [Some(9.26), Some(8.62), Some(1013.25), None]);
    let values = read(sensor.as_mut(), at(3 * 3_600_000)).unwrap();
    assert_eq!(values[6], Some(0.0));
}

#[test]
fn a_fault_has_no_derived_values_and_a_missing_input_none_of_its_own() {
    let (mut sensor, told) = derived(None, Some(500.0), &AIR);
    assert_eq!(read(sensor.as_mut(), at(0)), Err(Fault::Absent));
    *told.lock().unwrap() = Ok(vec![None, Some(50.0), Some(954.61)]);
    let values = read(sensor.as_mut(), at(0)).unwrap();
    assert_eq!(values[3..], [None, None, Some(1013.25), None]);
    *told.lock().unwrap() = Ok(vec![Some(20.0), None, None]);
    assert_eq!(read(sensor.as_mut(), at(0)).unwrap()[3..], [None; 4]);
}

#[test]
fn the_tendency_outlives_a_fault_and_skips_its_minutes() {
    let (mut sensor, told) = derived(None, None, &AIR[2..]);
    let hour = 3_600_000;
    let mut tick = |at_ms, reading: Result<f64, Fault>| {
        *told.lock().unwrap() = reading.map(|hectopascal| vec![Some(hectopascal)]);
        read(sensor.as_mut(), at(at_ms)).map(|values| values[1])
    };
    assert_eq!(tick(0, Ok(1013.0)), Ok(None));
    assert_eq!(tick(hour, Err(Fault::Stuck)), Err(Fault::Stuck));
    assert_eq!(tick(3 * hour, Ok(1010.5)), Ok(Some(-2.5)));
    assert_eq!(tick(4 * hour, Ok(1010.5)), Ok(None), "an hour ago less three there was a fault");
}
