use super::*;

fn sensor(text: &str) -> Result<SensorConfig, String> {
    toml::from_str(text).map_err(|error| error.to_string())
}

#[test]
fn the_kind_alone_is_enough() {
    let SensorConfig::Bme280(config) = sensor("kind = 'bme280'").unwrap() else { panic!("another kind") };
    assert_eq!(config.bus, BusConfig::Device("/dev/i2c-1".into()));
    assert_eq!((config.name, config.label, config.address.get()), (None, None, 0x76));
}

#[test]
fn everything_can_be_said() {
    let text = "kind = 'bme280'\nname = 'outdoor'\nlabel = 'Roof'\nbus = 'simulated'\naddress = 0x77";
    let SensorConfig::Bme280(config) = sensor(text).unwrap() else { panic!("another kind") };
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
        ("kind = 'bme280'\noversampling = 3", "3 is no oversampling", "1, 2, 4, 8 or 16"),
        ("kind = 'bme280'\nfilter = 1", "1 is no filter", "0 for none"),
        ("kind = 'bmp280'\nhumidity_oversampling = 1", "humidity_oversampling", "`oversampling`"),
        ("kind = 'bme280'\naltitude_meters = 12000", "12000", "-500 to 9000"),
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
    assert!(config.swap && config.disk_io && config.soc && config.power && !config.top_processes);
    assert_eq!(config.disk_mounts, Some(vec!["/data".into()]));
}
