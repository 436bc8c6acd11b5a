use super::*;
use crate::{broker_url::BrokerUrl, secret::Secret};
use serde::Deserialize;

#[derive(Debug, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
struct Outer {
    #[config(env = "T_INTERVAL", default = 5.0)]
    interval_seconds: f64,
    #[config(nested)]
    mqtt: Inner,
    #[config(default = [])]
    sensor: Vec<Sensor>,
    host: Option<Host>,
}

#[derive(Debug, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
struct Inner {
    #[config(env = "T_URL")]
    url: Option<BrokerUrl>,
    password: Option<Secret>,
    #[config(env = "T_DEPTH", default = 1)]
    depth: u8,
    #[config(env = "T_FLAG", default = false)]
    flag: bool,
    #[config(env = "T_NAMES", default = [])]
    names: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Sensor {
    Thermometer(#[expect(dead_code, reason = "only the mistakes in it count")] Thermometer),
    Barometer(Barometer),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only the mistakes in it count")]
struct Thermometer {
    #[serde(default)]
    address: u8,
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only the mistakes in it count")]
struct Barometer {
    #[serde(default)]
    altitude: Option<f64>,
    #[serde(default)]
    channel: Vec<Channel>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only the mistakes in it count")]
struct Channel {
    name: String,
    #[serde(default)]
    scale: f64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Host {
    cpu: bool,
    disk: Vec<String>,
}

fn with(text: &str, variables: &[(&str, &str)]) -> Loaded<Outer> {
    let variable = |name: &str| {
        variables.iter().find(|(other, _)| *other == name).map(|(_, value)| OsString::from(*value))
    };
    let sources = Sources {
        command_line: <Outer as Config>::Layer::empty(),
        flags: Vec::new(),
        variable: &variable,
        path: None,
        usual: Path::new("/no/such/file"),
    };
    compose(sources, Some("x.toml"), text)
}

fn lines(text: &str) -> Vec<String> {
    with(text, &[]).problems.iter().map(ToString::to_string).collect()
}

#[test]
fn everything_wrong_is_told_at_once_each_with_its_line() {
    let text = r#"
interval_seconds = "5"
colour = 1

[mqtt]
urll = "mqtt://hub"
url = "hub"
depth = 300
interval_seconds = 2
password = 5

[host]
cpu = "yes"
disk = ["a", 5]

[[sensor]]
kind = "thermometer"
name = "a"

[[sensor]]
kind = "thermometer"
addres = 3
name = 7

[[sensor]]
kind = "barometr"

[[sensor]]
address = 3

[[sensor]]
kind = "thermometer"
"#;
    assert_eq!(
        lines(text),
        [
            "x.toml:2: interval_seconds: a text stands here, but a number belongs here; write it without quotes",
            "x.toml:3: colour: there is no such key; the keys here are interval_seconds, mqtt, sensor, host",
            "x.toml:6: mqtt.urll: there is no such key; did you mean url?",
            "x.toml:7: mqtt.url: \"hub\" is no broker address: write mqtt://HOST, mqtt://HOST:PORT or mqtts://HOST for TLS",
            "x.toml:8: mqtt.depth: 300 cannot be; a whole number from 0 to 255 belongs here",
            "x.toml:9: mqtt.interval_seconds: there is no such key; move it to the top of the file, before the first [table]",
            "x.toml:10: mqtt.password: a whole number stands here, but a text belongs here; write it in quotes",
            "x.toml:13: host.cpu: a text stands here, but true or false belongs here; give true or false",
            "x.toml:14: host.disk: a whole number stands here, but a text belongs here; write it in quotes",
            "x.toml:22: sensor.addres: there is no such key; did you mean address?",
            "x.toml:23: sensor.name: a whole number stands here, but a text belongs here; write it in quotes",
            "x.toml:26: sensor.kind: \"barometr\" is not known; did you mean \"barometer\"?",
            "x.toml:28: sensor.kind: it is missing; add a line kind = ...",
            "x.toml:31: sensor.name: it is missing; add a line name = ...",
        ]
    );
}

#[test]
fn what_is_sound_stays_and_half_a_sensor_does_not() {
    let loaded = with(
        "interval_seconds = 'x'\n[mqtt]\ndepth = 7\n[[sensor]]\nkind = 'thermometer'\nname = 'a'\naddress = -1\n[[sensor]]\nkind = 'barometer'\naltitude = 12",
        &[],
    );
    let config = loaded.config.unwrap();
    assert_eq!((config.interval_seconds, config.mqtt.depth), (5.0, 7));
    assert!(matches!(config.sensor.as_slice(), [Sensor::Barometer(Barometer { altitude: Some(12.0), .. })]));
    assert_eq!(loaded.problems.len(), 2);
    assert!(config.host.is_none() && config.mqtt.url.is_none() && config.mqtt.password.is_none());
    assert!(loaded.places.is_broken("interval_seconds") && !loaded.places.is_broken("mqtt.depth"));
    let later = loaded.places.problem("sensor.0.altitude", "is too high; lower it");
    assert_eq!(later.to_string(), "x.toml:10: sensor.altitude: is too high; lower it");
    assert_eq!(loaded.places.problem("sensor.0.bus", "x").to_string(), "x.toml:8: sensor.bus: x");
    assert_eq!(loaded.places.problem("host.cpu", "x").to_string(), "x.toml: host.cpu: x");
}

#[test]
fn the_environment_overrides_and_its_mistakes_name_the_variable() {
    let text = "interval_seconds = 7\n[mqtt]\nflag = false";
    let loaded = with(text, &[("T_INTERVAL", "2.5"), ("T_FLAG", "on"), ("T_NAMES", "a, b"), ("T_DEPTH", "")]);
    assert_eq!(loaded.problems, []);
    assert_eq!(loaded.places.problem("interval_seconds", "x").to_string(), "T_INTERVAL: interval_seconds: x");
    let config = loaded.config.unwrap();
    assert_eq!((config.interval_seconds, config.mqtt.flag, config.mqtt.depth), (2.5, true, 1));
    assert_eq!(config.mqtt.names, ["a", "b"]);

    let loaded = with("", &[("T_INTERVAL", "fast"), ("T_DEPTH", "256"), ("T_URL", "hub")]);
    let lines: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "T_INTERVAL: interval_seconds: a text stands here, but a number belongs here; give a number",
            "T_URL: mqtt.url: \"hub\" is no broker address: write mqtt://HOST, mqtt://HOST:PORT or mqtts://HOST for TLS",
            "T_DEPTH: mqtt.depth: 256 cannot be; a whole number from 0 to 255 belongs here",
        ]
    );
}

#[test]
fn what_is_no_toml_is_told_with_the_rest_that_is_sure() {
    let text = "colour = 1\ninterval_seconds = 5s\n[mqtt]\nurll = 'x'\ndepth = = 1\n[host\ncpux = true\n";
    assert_eq!(
        lines(text),
        [
            "x.toml:1: colour: there is no such key; the keys here are interval_seconds, mqtt, sensor, host",
            "x.toml:2: this is no TOML, string values must be quoted; write a text in \"quotes\", and a number without its unit",
            "x.toml:4: mqtt.urll: there is no such key; did you mean url?",
            "x.toml:5: this is no TOML, extra `=`; write key = value",
            "x.toml:6: this is no TOML, unclosed table; write [table], or [[table]] where there may be several",
        ]
    );
    assert!(with(text, &[]).config.is_none(), "what is missing says nothing");
}

#[test]
fn a_date_or_an_odd_key_is_no_riddle() {
    assert_eq!(
        lines("\"a\\nb\" = 1\n[[sensor]]\nkind = 'thermometer'\nname = 2026-01-01\n"),
        [
            "x.toml:1: \"a\\nb\": there is no such key; the keys here are interval_seconds, mqtt, sensor, host",
            "x.toml:4: sensor.name: a date stands here, but a text belongs here; write it in quotes",
        ]
    );
}

#[test]
fn a_hundred_mistakes_are_enough() {
    let text: String = (0..20_000).map(|n| format!("k{n} = 1\n")).collect();
    assert_eq!(lines(&text).len(), recover::MOST);
}

#[test]
fn mistakes_in_tables_of_tables_are_found_where_they_are() {
    let text = "[[sensor]]
kind = 'barometer'
[[sensor.channel]]
name = 'a'
[[sensor.channel]]
scale = 1
[[sensor.channel]]
name = 'b'
scal = 2
scale = 'x'
colour = 1
[[sensor]]
kind = 'barometer'
altitude = 'high'
";
    assert_eq!(
        lines(text),
        [
            "x.toml:5: sensor.channel.name: it is missing; add a line name = ...",
            "x.toml:9: sensor.channel.scal: there is no such key; did you mean scale?",
            "x.toml:10: sensor.channel.scale: a text stands here, but a number belongs here; give a number",
            "x.toml:11: sensor.channel.colour: there is no such key; the keys here are name, scale",
            "x.toml:14: sensor.altitude: a text stands here, but a number belongs here; give a number",
        ]
    );
}
