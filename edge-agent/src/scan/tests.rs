//! Scans of scripted buses.

use super::*;
use crate::{
    bus::{Bus, BusError},
    output::Outputs,
    sensor::{HostConfig, SensorConfig, registry},
};
use embedded_hal::i2c::{ErrorType, I2c, Operation};
use identify::What;
use std::{collections::BTreeMap, time::Duration};

/// How a chip behaves.
enum Chip {
    /// What can be read without a command is this byte, and after a write these bytes.
    Registers(u8, &'static [(&'static [u8], &'static [u8])]),
    /// Refuses to be read but after one of these commands, and refuses all others.
    Commands(&'static [(&'static [u8], &'static [u8])]),
    /// Keeps the last byte that was written.
    Keeps(u8),
    /// The transfer ends in an error.
    Fails(fn() -> BusError),
}

/// A bus of chips, which notes what is written to each.
#[derive(Default)]
struct Board {
    chips: BTreeMap<u8, Chip>,
    /// The last command of each, as a read follows.
    commands: BTreeMap<u8, Vec<u8>>,
    written: Vec<(u8, Vec<u8>)>,
    read: Vec<u8>,
}

impl Board {
    fn of(chips: impl IntoIterator<Item = (u8, Chip)>) -> Self {
        Self { chips: chips.into_iter().collect(), ..Self::default() }
    }

    fn scan(&mut self) -> Vec<Device> {
        let mut found = Vec::new();
        walk::walk(self, &mut found).unwrap();
        found
    }

    fn write_to(&mut self, address: u8, bytes: &[u8]) -> Result<(), BusError> {
        self.written.push((address, bytes.to_vec()));
        match self.chips.get_mut(&address) {
            None => return Err(BusError::NoAcknowledge),
            Some(Chip::Fails(error)) => return Err(error()),
            Some(Chip::Commands(known)) if !known.iter().any(|(command, _)| *command == bytes) => {
                return Err(BusError::NoAcknowledge);
            }
            Some(Chip::Keeps(byte)) => *byte = bytes[bytes.len() - 1],
            Some(_) => {}
        }
        self.commands.insert(address, bytes.to_vec());
        Ok(())
    }

    fn read_from(&mut self, address: u8, into: &mut [u8]) -> Result<(), BusError> {
        self.read.push(address);
        let command = self.commands.remove(&address);
        let answer = |known: &[(&[u8], &'static [u8])]| {
            known.iter().find(|(asked, _)| Some(*asked) == command.as_deref()).map(|(_, answer)| *answer)
        };
        let bytes = match self.chips.get(&address) {
            None => return Err(BusError::NoAcknowledge),
            Some(Chip::Fails(error)) => return Err(error()),
            Some(Chip::Registers(plain, known)) => answer(known).map_or(vec![*plain], <[u8]>::to_vec),
            Some(Chip::Commands(known)) => answer(known).ok_or(BusError::NoAcknowledge)?.to_vec(),
            Some(Chip::Keeps(byte)) => vec![*byte],
        };
        let with_tail = bytes.iter().copied().chain(std::iter::repeat(0));
        into.iter_mut().zip(with_tail).for_each(|(slot, byte)| *slot = byte);
        Ok(())
    }
}

impl ErrorType for Board {
    type Error = BusError;
}

impl I2c for Board {
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), BusError> {
        for operation in operations {
            match operation {
                Operation::Write(bytes) => self.write_to(address, bytes)?,
                Operation::Read(into) => self.read_from(address, into)?,
            }
        }
        Ok(())
    }
}

impl Bus for Board {
    fn wait(&mut self, _duration: Duration) {}
}

fn bosch(id: &'static [u8]) -> Chip {
    Chip::Registers(0, Box::leak(Box::new([(&[0xD0][..], id)])))
}

/// One of each chip that can be told, at one of its addresses.
fn everybody() -> Vec<(u8, Chip, &'static str)> {
    vec![
        (0x40, Chip::Commands(&[(&[0xF3], &[0x4E, 0x85, 0x6B])]), "htu21d"),
        (0x41, Chip::Registers(0x39, &[(&[0], &[0x39, 0x9F])]), "ina219"),
        (0x44, Chip::Commands(&[(&[0xF3, 0x2D], &[0xBE, 0xEF, 0x92])]), "sht3x"),
        (0x45, Chip::Commands(&[(&[0x89], &[0xBE, 0xEF, 0x92, 0xBE, 0xEF, 0x92])]), "sht4x"),
        (0x48, Chip::Registers(0, &[(&[2], &[0x80, 0x00]), (&[3], &[0x7F, 0xFF])]), "ads1115"),
        (
            0x62,
            Chip::Commands(&[(&[0x36, 0x82], &[0xBE, 0xEF, 0x92, 0xBE, 0xEF, 0x92, 0xBE, 0xEF, 0x92])]),
            "scd4x",
        ),
        (0x76, bosch(&[0x58]), "bmp280"),
        (0x77, bosch(&[0x60]), "bme280"),
    ]
}

fn kinds(found: &[Device]) -> Vec<(u8, &'static str)> {
    let kind = |device: &Device| match device.what {
        What::Identified { kind, .. } => Some((device.address, kind)),
        _ => None,
    };
    found.iter().filter_map(kind).collect()
}

#[test]
fn every_chip_is_told_at_its_address() {
    let expected: Vec<(u8, &str)> = everybody().iter().map(|(address, _, kind)| (*address, *kind)).collect();
    let mut board = Board::of(everybody().into_iter().map(|(address, chip, _)| (address, chip)));
    assert_eq!(kinds(&board.scan()), expected);
}

#[test]
fn chips_that_share_an_address_are_told_apart() {
    let ina219 = || Chip::Registers(0x39, &[(&[0], &[0x39, 0x9F])]);
    for (address, chip, kind) in [
        (0x40, ina219(), "ina219"),
        (0x44, ina219(), "ina219"),
        // The agent has read them, in the widest range and in the narrowest.
        (0x41, Chip::Registers(0x3E, &[(&[0], &[0x3E, 0xEB])]), "ina219"),
        (0x45, Chip::Registers(0x26, &[(&[0], &[0x26, 0xEB])]), "ina219"),
        (0x45, Chip::Commands(&[(&[0xF3, 0x2D], &[0x80, 0x10, 0xE1])]), "sht3x"),
        (0x44, Chip::Commands(&[(&[0x89], &[0xBE, 0xEF, 0x92, 0xBE, 0xEF, 0x92])]), "sht4x"),
        (0x76, bosch(&[0x60]), "bme280"),
        (0x77, bosch(&[0x56]), "bmp280"),
        (0x77, bosch(&[0x55]), "bmp180"),
        // It measures, and so does not tell its serial number.
        (0x62, Chip::Commands(&[(&[0xE4, 0xB8], &[0xBE, 0xEF, 0x92])]), "scd4x"),
    ] {
        assert_eq!(kinds(&Board::of([(address, chip)]).scan()), [(address, kind)]);
    }
}

/// Addresses where a supported chip may live that is asked by writing.
const ASKED: [u8; 12] = [0x40, 0x41, 0x44, 0x45, 0x46, 0x48, 0x49, 0x4A, 0x4B, 0x62, 0x76, 0x77];

#[test]
fn nothing_is_written_where_no_supported_chip_lives() {
    // Something that can be read at every single address.
    let mut board = Board::of((0x00..=0x7F).map(|address| (address, Chip::Registers(0x5A, &[]))));
    let found = board.scan();
    assert!(kinds(&found).is_empty(), "{found:?}");
    let (mut written, mut read): (Vec<u8>, Vec<u8>) =
        (board.written.iter().map(|(address, _)| *address).collect(), board.read);
    written.dedup();
    // All but 0x62, where what can be read is sent nothing.
    assert_eq!(written, ASKED.into_iter().filter(|address| *address != 0x62).collect::<Vec<_>>());
    // What can be read may be register-addressed, and then two bytes would change it.
    assert!(board.written.iter().all(|(_, bytes)| bytes.len() == 1), "{:02x?}", board.written);
    read.dedup();
    let expected: Vec<u8> = (0x08..=0x77).filter(|address| ![0x0C, 0x69].contains(address)).collect();
    assert_eq!(read, expected, "alerts, clocks and reserved addresses are left alone");
}

#[test]
fn an_empty_bus_is_asked_only_where_chips_refuse_to_be_read() {
    let mut board = Board::of([]);
    assert_eq!(board.scan(), []);
    let mut written: Vec<u8> = board.written.iter().map(|(address, _)| *address).collect();
    written.dedup();
    assert_eq!(written, [0x40, 0x44, 0x45, 0x46, 0x62]);
}

#[test]
fn a_switch_of_buses_is_left_as_it_was() {
    let mut board = Board::of([(0x77, Chip::Keeps(0x04))]);
    assert_eq!(board.scan(), [Device { address: 0x77, what: What::Unknown }]);
    assert!(matches!(board.chips[&0x77], Chip::Keeps(0x04)));
}

#[test]
fn a_light_sensor_is_only_guessed_and_never_written_to() {
    let mut board = Board::of([(0x23, Chip::Registers(0, &[]))]);
    let what = What::Possible { kind: "bh1750", chip: "BH1750" };
    assert_eq!(board.scan(), [Device { address: 0x23, what }]);
    assert!(board.written.iter().all(|(address, _)| *address != 0x23));
}

#[test]
fn what_the_kernel_has_is_left_to_it() {
    let mut board = Board::of([(0x76, Chip::Fails(|| BusError::Claimed))]);
    assert_eq!(board.scan(), [Device { address: 0x76, what: What::Claimed }]);
    assert!(board.written.iter().all(|(address, _)| *address != 0x76));
}

#[test]
fn a_bus_in_trouble_ends_the_walk_and_keeps_what_was_found() {
    let mut board = Board::of([(0x3C, Chip::Registers(0, &[])), (0x50, Chip::Fails(|| BusError::Timeout))]);
    let mut found = Vec::new();
    assert!(matches!(walk::walk(&mut board, &mut found), Err(BusError::Timeout)));
    assert_eq!(found, [Device { address: 0x3C, what: What::Unknown }]);
    assert!(board.read.iter().all(|address| *address <= 0x50));
}

#[test]
fn zeros_and_noise_are_no_chip() {
    let all = |answer: &'static [u8]| ASKED.map(|address| (address, answer));
    for answer in [&[0x00; 9][..], &[0xFF; 9]] {
        let chips = all(answer).map(|(address, answer)| {
            let commands: &'static [u8] = &[0, 2, 3, 0x89, 0xD0, 0xF3];
            let known = commands.chunks(1).map(|command| (command, answer)).collect::<Vec<_>>();
            (address, Chip::Commands(known.leak()))
        });
        let found = Board::of(chips).scan();
        assert!(kinds(&found).is_empty(), "{found:?}");
    }
}

fn printed(report: &Report) -> String {
    let mut out = Vec::new();
    print::text(report, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn bus(path: &str, chips: impl IntoIterator<Item = (u8, Chip)>) -> BusReport {
    BusReport { path: path.into(), devices: Board::of(chips).scan(), error: None }
}

/// A config file with nothing but sensors.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Sensors {
    #[serde(default)]
    sensor: Vec<SensorConfig>,
}

/// The sensors that the agent would start with.
fn accepted(text: &str) -> Vec<SensorConfig> {
    let Sensors { sensor } = toml::from_str(text).unwrap();
    registry(&HostConfig::default(), &sensor, &Outputs::default()).map(|_| sensor).unwrap()
}

#[test]
fn every_kind_that_is_found_is_one_that_the_agent_takes() {
    let everybody = everybody().into_iter().map(|(address, chip, _)| (address, chip));
    let others = [(0x77, bosch(&[0x55])), (0x23, Chip::Registers(0, &[]))];
    let buses = vec![bus("/dev/i2c-1", everybody), bus("/dev/i2c-3", others)];
    let one_wire = vec!["28-0316a2798dff".to_owned(), "28-000000000001".to_owned()];
    let text = printed(&Report { buses, one_wire });
    assert_eq!(accepted(&text).len(), 8 + 1 + 2, "{text}");
    // What is only guessed is taken as well once it is no comment.
    let guessed = text.lines().skip_while(|line| !line.contains("# [[sensor]]")).take(5);
    let guessed: Vec<&str> = guessed.map(|line| line.trim_start_matches("# ")).collect();
    assert_eq!(accepted(&guessed.join("\n")).len(), 1, "{guessed:?}");
}

#[test]
fn a_thermometer_alone_needs_no_name_either() {
    let text = printed(&Report { buses: vec![], one_wire: vec!["28-0316a2798dff".to_owned()] });
    assert!(text.ends_with("\n[[sensor]]\nkind = \"ds18b20\"\nid = \"28-0316a2798dff\"\n"), "{text}");
    assert_eq!(accepted(&text).len(), 1);
}

#[test]
fn what_is_printed_is_a_config_that_the_agent_takes() {
    let two =
        bus("/dev/i2c-1", [(0x76, bosch(&[0x60])), (0x77, bosch(&[0x58])), (0x23, Chip::Registers(0, &[]))]);
    let other = bus("/dev/i2c-3", [(0x76, bosch(&[0x60])), (0x3C, Chip::Registers(0, &[]))]);
    let text = printed(&Report { buses: vec![two, other], one_wire: vec![] });
    assert_eq!(accepted(&text).len(), 3, "{text}");
    for part in
        ["#   0x3c  nothing", "#   0x23  perhaps a BH1750", "# kind = \"bh1750\"", "name = \"bme280_3_76\""]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn one_sensor_needs_no_name() {
    let report = Report { buses: vec![bus("/dev/i2c-1", [(0x77, bosch(&[0x60]))])], one_wire: vec![] };
    let text = printed(&report);
    assert_eq!(accepted(&text).len(), 1);
    assert_eq!(
        text,
        "# /dev/i2c-1\n#   0x77  BME280\n\n[[sensor]]\nkind = \"bme280\"\nbus = \"/dev/i2c-1\"\naddress = 0x77\n"
    );
}

#[test]
fn nothing_and_trouble_are_said_with_the_remedy() {
    assert!(printed(&Report::default()).contains("raspi-config"));
    let error = Some(BusError::Denied.to_string());
    let report = Report {
        buses: vec![BusReport { path: "/dev/i2c-1".into(), devices: vec![], error }],
        one_wire: vec![],
    };
    let text = printed(&report);
    assert!(text.contains("group i2c"), "{text}");
    assert!(accepted(&text).is_empty());
}

#[test]
fn json_has_everything() {
    let report = Report {
        buses: vec![bus("/dev/i2c-1", [(0x76, bosch(&[0x60])), (0x3C, Chip::Registers(0, &[]))])],
        one_wire: vec!["28-0316a2798dff".to_owned()],
    };
    let mut out = Vec::new();
    print::json(&report, &mut out).unwrap();
    let expected = serde_json::json!({
        "buses": [{
            "path": "/dev/i2c-1",
            "devices": [
                { "address": 0x3C, "state": "unknown" },
                { "address": 0x76, "state": "identified", "kind": "bme280", "chip": "BME280" },
            ],
            "error": null,
        }],
        "one_wire": ["28-0316a2798dff"],
    });
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&out).unwrap(), expected);
}

#[test]
fn buses_and_thermometers_are_found_in_their_folders() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "i2c-10",
        "i2c-1",
        "i2c-x",
        "tty1",
        "28-0316a2798dff",
        "28-000000000001",
        "10-0008",
        "w1_bus_master1",
    ] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    assert_eq!(buses(folder.path()), [folder.path().join("i2c-1"), folder.path().join("i2c-10")]);
    assert_eq!(one_wire::devices(folder.path()), ["28-000000000001", "28-0316a2798dff"]);
    assert!(buses(&folder.path().join("none")).is_empty());
    assert!(one_wire::devices(&folder.path().join("none")).is_empty());
}
