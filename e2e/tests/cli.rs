//! The commands of the agent, as people and scripts see them.

use e2e::{Agent, Mosquitto, binary, eventually};
use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

fn agent(arguments: &[&str], config: Option<&Path>) -> Output {
    let mut command = Command::new(binary("edge-agent"));
    command.args(arguments).env("NO_COLOR", "1").env_remove("XDG_RUNTIME_DIR");
    if let Some(config) = config {
        command.arg("--config").arg(config);
    }
    command.output().expect("it was built")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("it writes text")
}

#[test]
fn check_says_all_at_once_or_that_nothing_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("agent.toml");
    fs::write(&path, "interval = 5\n[mqtt]\nurl = 'hub'\n[[sensor]]\nkind = 'bme280'\nadress = 0x76\n")
        .unwrap();
    let output = agent(&["check"], Some(&path));
    let text = stdout(&output);
    let lines: Vec<&str> =
        text.lines().map(|line| line.rsplit_once("/agent.toml:").expect("a place").1).collect();
    assert_eq!(
        lines,
        [
            "1: interval: there is no such key; did you mean interval_seconds?",
            "3: mqtt.url: \"hub\" is no broker address: write mqtt://HOST, mqtt://HOST:PORT or mqtts://HOST for TLS",
            "6: sensor.adress: there is no such key; did you mean address?",
        ]
    );
    assert_eq!(output.status.code(), Some(2));

    fs::write(&path, "[mqtt]\nurl = 'mqtt://hub'\n").unwrap();
    let output = agent(&["check", "--device", "roof"], Some(&path));
    assert_eq!((output.status.code(), stdout(&output).lines().count()), (Some(0), 1), "{output:?}");
}

#[test]
fn once_needs_no_broker_and_shows_faults_as_faults() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("agent.toml");
    fs::write(&path, "[[sensor]]\nkind = 'bme280'\nname = 'roof'\nbus = '/dev/i2c-none'\n").unwrap();
    let output = agent(&["once", "--simulate", "--json"], Some(&path));
    let sample: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(sample["faults"], serde_json::json!({ "roof": "absent" }));
    assert!(
        sample["values"]["temperature_celsius"].is_number() && sample["values"]["cpu_percent"].is_number()
    );
    assert!(sample["values"].get("roof_temperature_celsius").is_none());

    let table = stdout(&agent(&["once"], Some(&path)));
    assert!(
        table.lines().any(|line| line.starts_with("roof ") && line.ends_with("fault: absent")),
        "{table}"
    );

    let groups = ["cpu", "memory", "swap", "network", "disk", "disk_io", "system", "soc", "power"];
    let off = groups.map(|key| format!("{key} = false\n")).concat();
    fs::write(&path, format!("[host]\n{off}[[sensor]]\nkind = 'bme280'\nbus = '/dev/i2c-none'\n")).unwrap();
    let output = agent(&["once"], Some(&path));
    assert_eq!(output.status.code(), Some(1), "nothing but faults: {output:?}");
}

#[test]
fn status_shows_the_running_agent_and_says_when_there_is_none() {
    let mosquitto = Mosquitto::start();
    let more = "[[sensor]]\nkind = 'bme280'\nname = 'cellar'\nbus = '/dev/i2c-none'";
    let mut running = Agent::start_with("roof", &format!("mqtt://127.0.0.1:{}", mosquitto.port), more);
    let socket = running.socket();
    let status = eventually("a fault that is told", || {
        let status = socket.exists().then(|| e2e::ask(&socket))?;
        let connected = status["connection"]["connected"] == true;
        (connected && status["sensors"].as_array()?.iter().any(|sensor| sensor["fault"] == "absent"))
            .then_some(status)
    });
    assert_eq!(
        (&status["device"], &status["pid"]),
        (&Value::from("roof"), &Value::from(running.program.id()))
    );
    assert!(
        status["cost"]["cpu_seconds"].as_f64() > Some(0.0) && status["cost"]["rss_bytes"].as_u64() > Some(0)
    );

    let asked = |json: bool| {
        let mut command = Command::new(binary("edge-agent"));
        command.arg("status").env("EDGEWISE_STATUS_SOCKET", &socket);
        command.args(json.then_some("--json")).output().expect("it was built")
    };
    let shown = stdout(&asked(false));
    assert!(
        shown.contains("connected to mqtt://127.0.0.1:") && shown.contains("fault: absent for"),
        "{shown}"
    );
    assert_eq!(serde_json::from_slice::<Value>(&asked(true).stdout).unwrap()["device"], "roof");

    running.program.kill();
    assert_eq!(asked(false).status.code(), Some(5), "a socket that a killed agent left behind");
    running.restart();
    eventually("the socket of the next one", || (asked(false).status.code() == Some(0)).then_some(()));
    assert!(running.program.terminate().success());
    let gone = asked(false);
    assert_eq!(gone.status.code(), Some(5));
    let line = String::from_utf8(gone.stderr).unwrap();
    assert!(line.starts_with("no running agent answers") && line.lines().count() == 1, "{line}");
}

#[test]
fn no_secret_is_in_the_process_list_or_the_log_or_the_status() {
    let mosquitto = Mosquitto::start();
    let secret = "hunter2hunter2";
    let more = format!("[mqtt]\nusername = 'me'\npassword = '{secret}'");
    let running = Agent::start_with("roof", &format!("mqtt://127.0.0.1:{}", mosquitto.port), &more);
    eventually("the socket", || running.socket().exists().then_some(()));
    let listed = fs::read_to_string(format!("/proc/{}/cmdline", running.program.id())).unwrap();
    let status = e2e::ask(&running.socket()).to_string();
    for text in [listed, status, running.program.log()] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(
        running.program.log().contains("every user of this machine can read it"),
        "a file that all can read"
    );
    let help = stdout(&agent(&["--help"], None));
    assert!(!help.contains("--password"), "{help}");
}
