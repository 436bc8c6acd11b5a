//! The configurations in `docs/sensors.md` are right, and every kind has one.

use edge_agent::sensor::{HostConfig, SensorConfig, registry};
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
        registry(&HostConfig::default(), &config.sensor).unwrap_or_else(|error| panic!("{block}\n{error}"));
    }
}

#[test]
fn each_kind_has_a_block() {
    let unknown = toml::from_str::<SensorConfig>("kind = ''").unwrap_err().to_string();
    let kinds: Vec<&str> = unknown.split('`').skip(1).step_by(2).skip(1).collect();
    assert!(kinds.len() >= 10, "{unknown}");
    for kind in kinds {
        assert!(blocks().any(|block| block.contains(&format!("kind = \"{kind}\""))), "{kind} has no block");
    }
}
