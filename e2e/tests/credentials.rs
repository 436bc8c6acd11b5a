//! Passwords and TLS, by the programs as they are configured.

use e2e::{Agent, HubOptions, Mosquitto, Program, eventually};
use std::{fs, process::Command};

fn await_line(program: &Program, needle: &str) {
    eventually(&format!("a line with {needle:?}"), || program.log().contains(needle).then_some(()));
}

/// `[mqtt]` with a user, a password from a file, and what else is given.
fn mqtt_section(password_file: &str, more: &str) -> String {
    format!("[mqtt]\nusername = \"fleet\"\npassword_file = \"{password_file}\"\n{more}\n")
}

#[test]
fn the_hubs_own_broker_wants_the_password_that_is_set() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (right, wrong) = (file("right", "s3cret\n"), file("wrong", "guess\n"));
    let mut options = HubOptions::embedded();
    options.config = mqtt_section(&right, "");
    let hub = options.start();

    let (anonymous, guessing) = (
        Agent::start("anonymous", &options.broker()),
        Agent::start_with("guessing", &options.broker(), &mqtt_section(&wrong, "")),
    );
    let _knowing = Agent::start_with("knowing", &options.broker(), &mqtt_section(&right, ""));
    hub.await_news("knowing");
    for refused in [&anonymous, &guessing] {
        await_line(&refused.program, "the broker refuses user name or password: check mqtt.username");
    }
    assert!(hub.device("anonymous").is_none() && hub.device("guessing").is_none());
    for log in [hub.program.log(), guessing.program.log()] {
        assert!(!log.contains("s3cret") && !log.contains("guess\n"), "a password in the log: {log}");
    }
}

#[test]
fn agent_and_hub_meet_over_tls_with_a_password() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    fs::write(path("ca.pem"), made.cert.pem()).unwrap();
    fs::write(path("key.pem"), made.signing_key.serialize_pem()).unwrap();
    fs::write(path("other.pem"), other.cert.pem()).unwrap();
    fs::write(path("password"), "s3cret\n").unwrap();
    let made =
        Command::new("mosquitto_passwd").args(["-b", "-c", &path("users"), "fleet", "s3cret"]).status();
    assert!(made.unwrap().success());
    let mosquitto = Mosquitto::start_with(&format!(
        "allow_anonymous false\npassword_file {}\ncertfile {}\nkeyfile {}",
        path("users"),
        path("ca.pem"),
        path("key.pem")
    ));
    let url = format!("mqtts://127.0.0.1:{}", mosquitto.port);
    let trusting = |ca: &str| format!("ca_file = \"{}\"", path(ca));

    let mut options = HubOptions::external(mosquitto.port);
    options.config = mqtt_section(&path("password"), &format!("url = \"{url}\"\n{}", trusting("ca.pem")));
    let hub = options.start();
    let _agent = Agent::start_with("roof", &url, &mqtt_section(&path("password"), &trusting("ca.pem")));
    hub.await_news("roof");

    let fooled = Agent::start_with("fooled", &url, &mqtt_section(&path("password"), &trusting("other.pem")));
    await_line(&fooled.program, "not connected, trying on: ");
    assert!(fooled.program.log().contains("certificate"), "{}", fooled.program.log());
    assert!(hub.device("fooled").is_none());
}

#[test]
fn the_panel_wants_the_password_that_is_set() {
    let mut options = HubOptions::embedded();
    options.config = "[http]\npassword = \"s3cret\"\n".to_owned();
    let hub = options.start();
    assert_eq!(hub.status("/api/v1/devices"), Some(401));
    assert_eq!(hub.status("/"), Some(401));
    let answer =
        ureq::get(format!("{}/api/v1/devices", hub.url())).header("Authorization", "Basic eDpzM2NyZXQ=");
    assert_eq!(answer.call().unwrap().status().as_u16(), 200, "x:s3cret");
}
