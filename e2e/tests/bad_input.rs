//! Bad input gets one clear line, and everything goes on (or stops cleanly at the start).

use e2e::{Agent, Hub, HubOptions, Program, binary, eventually};
use rumqttc::{Client, Event, MqttOptions, Outgoing, Packet, QoS};
use std::{fs, process::Command};

/// Publishes each payload on its topic and waits until the broker has it, or has hung up.
fn publish(port: u16, messages: Vec<(&str, Vec<u8>)>) {
    let mut options = MqttOptions::new("somebody", "127.0.0.1", port);
    options.set_max_packet_size(32 << 20, 32 << 20);
    let (client, mut connection) = Client::new(options, messages.len() + 1);
    let awaited = messages.len();
    for (topic, payload) in messages {
        client.publish(topic, QoS::AtLeastOnce, false, payload).expect("the client has room");
    }
    let mut acknowledged = 0;
    for event in connection.iter() {
        match event {
            Ok(Event::Incoming(Packet::PubAck(_))) => acknowledged += 1,
            Ok(Event::Outgoing(Outgoing::Disconnect)) | Err(_) => return,
            Ok(_) => {}
        }
        if acknowledged == awaited {
            client.disconnect().expect("the client has room");
        }
    }
}

fn lines_about<'a>(log: &'a str, needle: &str) -> Vec<&'a str> {
    log.lines().filter(|line| line.contains(needle)).collect()
}

fn await_line(hub: &Hub, needle: &str) {
    eventually(&format!("a line with {needle:?}"), || {
        (!lines_about(&hub.program.log(), needle).is_empty()).then_some(())
    });
}

#[test]
fn a_hub_goes_on_through_bad_messages_with_one_line_each() {
    let options = HubOptions::embedded();
    let hub = options.start();
    let state = |device: &str, now: &str| {
        let head = r#""version":1,"boot":"b","monotonic_ms":1,"time_ms":1,"clock":"synchronized""#;
        (format!("edgewise/{device}/state"), format!(r#"{{{head},"now":{now},"mean":{{}},"faults":{{}}}}"#))
    };
    let nan = state("bad-nan", r#"{"x_percent":NaN}"#);
    let wrong = state("bad-type", r#"{"x_percent":"12"}"#);
    let huge = state("bad-number", r#"{"x_percent":1e999}"#);
    let messages = vec![
        ("edgewise/bad-json/state", b"{".to_vec()),
        ("edgewise/bad-version/state", br#"{"version":2}"#.to_vec()),
        (wrong.0.as_str(), wrong.1.into_bytes()),
        (nan.0.as_str(), nan.1.into_bytes()),
        (huge.0.as_str(), huge.1.into_bytes()),
        ("edgewise/bad-status/status", b"maybe".to_vec()),
        ("edgewise/bad/slash/state", b"{}".to_vec()),
        ("edgewise/bad-bytes/birth", vec![0xff, 0x00, 0xfe]),
        ("somebody/elses/topic", b"hello".to_vec()),
        ("edgewise/bad-repeat/state", b"{".to_vec()),
        ("edgewise/bad-repeat/state", b"{".to_vec()),
        ("edgewise/bad-repeat/state", b"{".to_vec()),
        ("edgewise/bad-last/state", b"{".to_vec()),
    ];
    publish(options.mqtt, messages);
    for device in [
        "bad-json",
        "bad-version",
        "bad-type",
        "bad-nan",
        "bad-number",
        "bad-status",
        "bad/slash",
        "bad-bytes",
    ] {
        await_line(&hub, device);
        assert_eq!(lines_about(&hub.program.log(), device).len(), 1, "{}", hub.program.log());
    }
    await_line(&hub, "bad-last");
    assert_eq!(lines_about(&hub.program.log(), "bad-repeat").len(), 1, "the same again is no news");
    assert!(lines_about(&hub.program.log(), "somebody").is_empty(), "not ours, not our business");
    assert!(lines_about(&hub.program.log(), "version 2")[0].contains("update"), "it says what to do");

    publish(options.mqtt, vec![("edgewise/bad-size/state", vec![b' '; 10 << 20])]);
    await_line(&hub, "client_id=\"somebody\"");

    let _agent = Agent::start("good", &options.broker());
    hub.await_news("good");
    let devices = hub.get("/api/v1/devices").expect("the API answers");
    assert_eq!(
        devices["devices"].as_array().map(Vec::len),
        Some(1),
        "nothing bad became a device: {devices}"
    );
}

/// Starts a program that cannot run, and returns its exit code and what it logged.
fn fails_with(program: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let mut program = Program::start(Command::new(binary(program)).args(arguments));
    let status = program.wait();
    let log = eventually("a line of explanation", || Some(program.log()).filter(|log| log.ends_with('\n')));
    (status.code(), log)
}

/// The same with its last line only.
fn fails(program: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let (code, log) = fails_with(program, arguments);
    (code, log.lines().last().unwrap_or_default().to_owned())
}

#[test]
fn a_config_with_a_typo_gets_its_line_and_stops_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    let file = path.to_str().unwrap();
    for (program, text, expected) in [
        (
            "edge-agent",
            "[mqtt]\nurll = \"mqtt://hub\"\n",
            "config.toml:2: mqtt.urll: there is no such key; did you mean url?",
        ),
        ("edge-agent", "interval_seconds = 0.0\n", "config.toml:1: interval_seconds: 0 cannot be"),
        ("edge-agent", "device = \"a/b\"\n", "config.toml:1: device: "),
        (
            "edge-agent",
            "[[sensor]]\nkind = \"bme28\"\n",
            "config.toml:2: sensor.kind: \"bme28\" is not known; did you mean \"bme280\"?",
        ),
        ("edge-agent", "", "no broker is set; start with --hub"),
        ("edge-agent", "[mqtt]\nurl = \"mqtt://u:p@hub\"\n", "holds a user or password"),
        ("hub", "[http]\nlisten = \"127.0.0.1\"\n", "config.toml:2: "),
        ("hub", "[htp]\n", "config.toml:1: htp: there is no such key; did you mean http?"),
        ("hub", "[http]\nlisten = \"0.0.0.0:0\"\n", "password"),
        ("hub", "[mqtt]\nlisten = \"0.0.0.0:0\"\n", "password"),
    ] {
        fs::write(&path, text).unwrap();
        let (code, log) = fails_with(program, &["--config", file]);
        assert_eq!(code, Some(2), "{program} {text:?}: {log}");
        assert!(log.contains(expected), "{program} {text:?}: {log}");
    }
    let (code, line) = fails("edge-agent", &["--config", "/no/such/file.toml"]);
    assert!(code == Some(2) && line.contains("/no/such/file.toml: cannot read the config file"), "{line}");
}

#[test]
fn an_unreadable_store_stops_the_start_with_its_line() {
    let options = HubOptions::embedded();
    fs::write(options.store(), "this is no database, it only stands in its place").unwrap();
    let data = options.data.path().to_str().unwrap().to_owned();
    let (code, line) = fails("hub", &["--data", &data, "--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0"]);
    assert_eq!(code, Some(2), "{line}");
    assert!(line.contains("edgewise.db"), "{line}");
}

#[test]
fn a_port_in_use_and_a_second_hub_on_the_same_data_get_their_line() {
    let options = HubOptions::embedded();
    let _hub = options.start();
    let (http, mqtt) = (format!("127.0.0.1:{}", options.http), format!("127.0.0.1:{}", options.mqtt));
    let other = tempfile::tempdir().unwrap();
    let (elsewhere, same) = (other.path().to_str().unwrap(), options.data.path().to_str().unwrap());

    let (code, line) = fails("hub", &["--data", elsewhere, "--http", &http, "--mqtt", "127.0.0.1:0"]);
    assert!(code == Some(3) && line.contains(&http), "{code:?} {line}");
    let (code, line) = fails("hub", &["--data", elsewhere, "--http", "127.0.0.1:0", "--mqtt", &mqtt]);
    assert!(code == Some(3) && line.contains(&mqtt), "{code:?} {line}");
    let (code, line) = fails("hub", &["--data", same, "--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0"]);
    assert!(code == Some(2) && line.contains("edgewise.db"), "{code:?} {line}");
}

#[test]
fn two_agents_with_one_id_are_both_told_and_lose_nothing() {
    let options = HubOptions::embedded();
    let hub = options.start();
    let mut agents = [(); 2].map(|()| Agent::start("twin", &options.broker()));
    for agent in &agents {
        eventually("a line about the other", || {
            agent.program.log().contains("another agent has the same device id").then_some(())
        });
    }
    await_line(&hub, "two agents have the same device id");
    for agent in &mut agents {
        assert!(agent.program.terminate().success());
        assert_eq!(lines_about(&agent.program.log(), "another agent").len(), 1);
    }
    // The one that was alone at last has brought all it had; the other brings the rest when it is alone.
    agents[0].restart();
    agents[1] = Agent::start("other", &options.broker());
    eventually("a ledger without holes", || {
        let ledger = hub.get("/api/v1/devices/twin/ledger")?;
        (ledger["missing_count"] == 0 && ledger["runs"].as_array()?.len() >= 3).then_some(())
    });
}

/// Files of a spool that an agent finds at its start.
#[test]
fn an_agent_goes_on_beside_spool_files_that_it_cannot_read_with_one_line_each() {
    let options = HubOptions::embedded();
    let mut agent = Agent::start_with("roof", &options.broker(), "[spool]\nafter_seconds = 1");
    eventually("two batches on disk", || {
        (agent.program.log().matches("kept on disk").count() >= 2).then_some(())
    });
    agent.program.kill();
    let good = agent.spooled().pop().expect("a file");
    let whole = fs::read(&good).unwrap();
    // The last batch torn in its middle; a later version; somebody's text; and a claim that nobody could hold.
    fs::write(&good, &whole[..whole.len() - 20]).unwrap();
    let mut newer = whole.clone();
    newer[14..16].copy_from_slice(&999_u16.to_le_bytes());
    fs::write(good.with_file_name("summaries-00000900.spool"), newer).unwrap();
    fs::write(good.with_file_name("summaries-00000901.spool"), "shopping list").unwrap();
    let mut billion = whole.clone();
    billion[20..24].copy_from_slice(&1_000_000_000_u32.to_le_bytes());
    fs::write(good.with_file_name("summaries-00000902.spool"), billion).unwrap();

    let hub = options.start();
    agent.restart();
    let log = eventually("all that can be read at the hub", || {
        let log = agent.program.log();
        (log.matches("a spool file is damaged").count() == 2).then_some(log)
    });
    assert_eq!(lines_about(&log, "a newer agent wrote it (version 999").len(), 1, "{log}");
    assert_eq!(lines_about(&log, "it is no spool file; it is left alone").len(), 1, "{log}");
    eventually("what could be read, and new summaries", || {
        let ledger = hub.get("/api/v1/devices/roof/ledger")?;
        let runs = ledger["runs"].as_array()?.clone();
        (ledger["missing_count"] == 0 && runs.len() == 2).then_some(())
    });
    for left in ["summaries-00000900.spool", "summaries-00000901.spool"] {
        assert!(good.with_file_name(left).exists(), "{left}");
    }
}
