//! The configurations in `docs/sensors.md` are right, and every kind has one.

use edge_agent::{
    gpio::Board,
    output::Outputs,
    sensor::{HostConfig, SensorConfig, registry},
};
use serde::Deserialize;

const DOCUMENT: &str = include_str!("../../../docs/sensors.md");

#[derive(Deserialize)]
struct Config {
    sensor: Vec<SensorConfig>,
}

fn blocks() -> impl Iterator<Item = &'static str> {
    DOCUMENT.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap())
}

#[test]
fn each_block_is_a_configuration() {
    for block in blocks() {
        let config: Config = toml::from_str(block).unwrap_or_else(|error| panic!("{block}\n{error}"));
        let outputs = Outputs::new(&[], Board::default(), 0);
        let lanes = registry(&HostConfig::default(), &config.sensor, &outputs);
        assert!(lanes.is_ok(), "{block}\n{}", lanes.err().unwrap());
    }
}

#[test]
fn each_kind_has_a_block() {
    let unknown = toml::from_str::<SensorConfig>("kind = ''").unwrap_err().to_string();
    let kinds: Vec<&str> = unknown.split('`').skip(1).step_by(2).skip(1).collect();
    assert!(kinds.len() >= 10, "{unknown}");
    // Those on pins of the header are not of this document.
    let on_pins = ["pulse_counter", "rain_gauge", "anemometer", "level_input"];
    for kind in kinds.into_iter().filter(|kind| !on_pins.contains(kind)) {
        assert!(blocks().any(|block| block.contains(&format!("kind = \"{kind}\""))), "{kind} has no block");
    }
}
