use super::*;
use crate::identity::Machine;

fn machine(hostname: &str) -> Machine {
    Machine { hostname: hostname.to_owned(), serial: None, ..Machine::read() }
}

/// What is wrong with a text, on a machine called `roof`.
fn problems(text: &str) -> Vec<String> {
    let loaded = Loader::default().load_text(text, Purpose::Run, &machine("roof"));
    let problems = loaded.map_or_else(|problems| problems.0, |sound| sound.warnings);
    problems.iter().map(ToString::to_string).collect()
}

fn config(text: &str) -> Config {
    Loader::default().load_text(text, Purpose::Measure, &machine("roof")).expect("it is sound").config
}

#[test]
fn nothing_needs_to_be_set_but_the_broker() {
    let config = config("");
    assert_eq!((config.interval_ms(), config.window_ms()), (5_000, 60_000));
    assert_eq!(config.device("Roof.local", None).unwrap().as_str(), "roof");
    assert!(config.sensor.is_empty() && config.mqtt.credentials().unwrap().is_none());
    assert!(config.status.enabled);
    assert_eq!(
        problems(""),
        [
            "agent.toml: mqtt.url: no broker is set; start with --hub mqtt://HOST, or set mqtt.url in the config file or EDGEWISE_MQTT_URL"
        ]
    );
    assert!(problems("mqtt.url = 'mqtt://hub'").is_empty());
}

#[test]
fn the_command_line_is_over_the_file_and_named_where_it_is_wrong() {
    let overrides = Overrides { url: Some("mqtt://b".parse().unwrap()), device: Some("d".parse().unwrap()) };
    let loader = Loader { overrides, simulate: true, ..Loader::default() };
    let text = "device = 'c'\n[mqtt]\nurl = 'mqtt://a'\n";
    let config = loader.load_text(text, Purpose::Run, &machine("localhost")).unwrap().config;
    assert_eq!((config.device.unwrap().as_str(), config.mqtt.url.unwrap().host.as_str()), ("d", "b"));
    assert_eq!(config.sensor, [SensorConfig::simulated()]);
}

#[test]
fn a_host_name_that_many_have_makes_no_device() {
    for hostname in ["raspberrypi", "(none)", "localhost", "..."] {
        let error = config("").device(hostname, None).unwrap_err().to_string();
        assert!(error.contains("--device ID"), "{error}");
    }
    assert_eq!(config("device = 'pi'").device("localhost", None).unwrap().as_str(), "pi");
    let of_serial = config("").device("raspberrypi", Some("00000000badcafe0"));
    assert_eq!(of_serial.unwrap().as_str(), "raspberrypi-afe0");
}

#[test]
fn user_and_password_go_together() {
    let half = "[mqtt]\nurl = 'mqtt://hub'\nusername = 'fleet'";
    assert_eq!(
        problems(half),
        [
            "agent.toml:3: mqtt.username: mqtt.username and a password (mqtt.password_file or EDGEWISE_MQTT_PASSWORD) go together, only one is set; set both, or neither"
        ]
    );
    let whole = config("[mqtt]\nusername = 'fleet'\npassword = 's3cret'");
    assert_eq!(whole.mqtt.credentials().unwrap().unwrap().1.expose(), "s3cret");
    assert!(!format!("{whole:?}").contains("s3cret"));
}

#[test]
fn one_mistake_is_not_told_as_two() {
    for text in [
        "[mqtt]\nurl = 5",
        "mqtt.url = 'mqtt://hub'\ninterval_seconds = 'x'\nwindow_seconds = 1",
        "mqtt.url = 'mqtt://hub'\nmqtt.username = 'u'\nmqtt.password = 5",
        "device = 5\nmqtt.url = 'mqtt://hub'",
        "mqtt.url = 'mqtt://hub'\n[[sensor]]\nkind = 'bme280'\n[[sensor]]\nkind = 'bme280'\naddress = 0x77\nname = 5",
    ] {
        assert_eq!(problems(text).len(), 1, "{text}: {:?}", problems(text));
    }
}

#[test]
fn a_password_that_all_can_read_is_worth_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("password");
    std::fs::write(&path, "s3cret").unwrap();
    let text = format!("[mqtt]\nurl = 'mqtt://hub'\nusername = 'u'\npassword_file = '{}'", path.display());
    for (mode, warnings) in [(0o644, 1), (0o640, 0)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let sound = Loader::default().load_text(&text, Purpose::Run, &machine("roof")).unwrap();
        assert_eq!(sound.warnings.len(), warnings, "{:?}", sound.warnings);
    }
}
