use crate::scripted::{Tick, at, good};
use edge_agent::sensor::{ChipSensor, Ds18b20Config, Sensor};
use protocol::Fault;
use std::fs;
use tempfile::TempDir;

const ID: &str = "28-0316a2795f3a";
/// 25.0625 degrees, one of the data sheet's table.
const GOOD: &str = "91 01 4b 46 7f ff 0f 10 25 : crc=25 YES\n91 01 4b 46 7f ff 0f 10 25 t=25062\n";

/// What the kernel lists.
struct Devices {
    folder: TempDir,
    sensor: ChipSensor,
    now_ms: u64,
}

impl Devices {
    fn new(keys: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config: Ds18b20Config = toml::from_str(keys).unwrap();
        // The bus itself is listed as well.
        fs::create_dir(folder.path().join("w1_bus_master1")).unwrap();
        Self { sensor: config.sensor(folder.path()), folder, now_ms: 1000 }
    }

    fn put(&self, id: &str, text: &str) {
        let device = self.folder.path().join(id);
        fs::create_dir_all(&device).unwrap();
        fs::write(device.join("w1_slave"), text).unwrap();
    }

    fn tick(&mut self) -> Tick {
        self.now_ms += 5000;
        let mut values = [None];
        self.sensor.read(at(self.now_ms), &mut values).map(|()| values.to_vec())
    }
}

fn text(bytes: &str, verdict: &str) -> String {
    let crc = &bytes[bytes.len() - 2..];
    format!("{bytes} : crc={crc} {verdict}\n{bytes} t=99999\n")
}

#[test]
fn the_only_one_is_found_and_the_data_sheets_table_read() {
    let mut devices = Devices::new("");
    devices.put(ID, GOOD);
    assert_eq!(devices.tick(), good(&[25.06]));
    for (low, high, celsius) in
        [("a2", "00", 10.13), ("5e", "ff", -10.13), ("6f", "fe", -25.06), ("90", "fc", -55.0)]
    {
        let mut fresh = Devices::new("");
        fresh.put(ID, &text(&format!("{low} {high} 4b 46 7f ff 0f 10 00"), "YES"));
        assert_eq!(fresh.tick(), good(&[celsius]));
    }
}

#[test]
fn one_of_several_has_to_be_named() {
    let mut any = Devices::new("");
    any.put(ID, GOOD);
    any.put("28-000000000001", &GOOD.replace("91 01", "d0 07"));
    assert_eq!(any.tick(), Err(Fault::Absent));

    let mut named = Devices::new("id = '28-000000000001'");
    named.put(ID, GOOD);
    named.put("28-000000000001", &GOOD.replace("91 01", "d0 07"));
    assert_eq!(named.tick(), good(&[125.0]));
}

#[test]
fn absent_then_there_and_gone_again() {
    let mut devices = Devices::new(&format!("id = '{ID}'"));
    assert_eq!(devices.tick(), Err(Fault::Absent));
    devices.put(ID, GOOD);
    assert_eq!(devices.tick(), good(&[25.06]));
    fs::remove_dir_all(devices.folder.path().join(ID)).unwrap();
    assert_eq!(devices.tick(), Err(Fault::Absent));
    fs::remove_dir_all(devices.folder.path()).unwrap();
    assert_eq!(devices.tick(), Err(Fault::Absent), "and its bus");
    devices.put(ID, GOOD);
    assert_eq!(devices.tick(), good(&[25.06]));
}

#[test]
fn each_trap_ends_in_its_fault_and_back() {
    for (text, fault) in [
        (text("91 01 4b 46 7f ff 0f 10 25", "NO"), Fault::OutOfRange),
        // The kernel's conversion failed.
        (String::new(), Fault::NoAnswer),
        // Never converted: 85 degrees.
        (text("50 05 4b 46 7f ff 0c 10 1c", "YES"), Fault::Skipped),
        // The wire is held low: zeros pass the checksum.
        (text("00 00 00 00 00 00 00 00 00", "YES"), Fault::OutOfRange),
        // 127.9375 degrees.
        (text("ff 07 4b 46 7f ff 0f 10 00", "YES"), Fault::OutOfRange),
        ("t=25062\n".to_owned(), Fault::OutOfRange),
    ] {
        let mut devices = Devices::new("");
        devices.put(ID, GOOD);
        assert_eq!(devices.tick(), good(&[25.06]));
        devices.put(ID, &text);
        assert_eq!(devices.tick(), Err(fault), "{text}");
        devices.put(ID, GOOD);
        assert_eq!(devices.tick(), good(&[25.06]));
    }
}

#[test]
fn the_same_temperature_for_a_day_is_not_stuck_unless_the_owner_says_so() {
    let mut water = Devices::new("");
    water.put(ID, GOOD);
    assert!((0..17_280).all(|_| water.tick() == good(&[25.06])));
    let mut air = Devices::new("stuck_after_seconds = 600");
    air.put(ID, GOOD);
    assert_eq!((0..130).filter(|_| air.tick() == Err(Fault::Stuck)).count(), 10);
}

#[test]
fn a_bad_id_is_named_with_what_would_be_good() {
    for id in ["28-0316", "10-0316a2795f3a", "28-0316A2795F3A", "../28-0316a2795f3a"] {
        let error = toml::from_str::<Ds18b20Config>(&format!("id = '{id}'")).unwrap_err().to_string();
        assert!(error.contains(id) && error.contains("twelve digits"), "{error}");
    }
}
