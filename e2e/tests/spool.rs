//! Summaries that wait on the agent's disk.

use e2e::{Agent, HubOptions, Mosquitto, eventually, stored_sequences};
use std::fs;

/// Its number among file systems. What is written to one is not counted, for it stays in memory.
const TMPFS: rustix::fs::FsWord = 0x0102_1994;
const QUICK: &str = "[spool]\nafter_seconds = 1";

/// Summaries that the agent says to have written.
fn kept(agent: &Agent) -> i64 {
    let log = agent.program.log();
    let lines = log.lines().filter(|line| line.contains("kept on disk"));
    lines
        .filter_map(|line| line.split("summaries=").nth(1)?.split_whitespace().next()?.parse::<i64>().ok())
        .sum()
}

/// Waits until the store holds the device's runs without a hole, the first of them up to `least`.
fn await_whole(options: &HubOptions, device: &str, boots: usize, least: i64) -> Vec<(String, Vec<i64>)> {
    eventually("a store without holes", || {
        let stored = stored_sequences(&options.store(), device);
        let whole = |sequences: &Vec<i64>| sequences.iter().copied().eq(1..=sequences.len() as i64);
        let longest = stored.iter().map(|(_, sequences)| sequences.len() as i64).max().unwrap_or(0);
        let done = stored.len() >= boots && longest >= least && stored.iter().all(|(_, all)| whole(all));
        done.then_some(stored)
    })
}

#[test]
fn what_is_on_disk_outlives_a_killed_agent() {
    let options = HubOptions::embedded();
    let mut hub = options.start();
    let mut agent = Agent::start_with("roof", &options.broker(), QUICK);
    await_whole(&options, "roof", 1, 2);
    assert_eq!(
        agent.spooled(),
        Vec::<std::path::PathBuf>::new(),
        "while the hub acknowledges nothing is written"
    );

    hub.program.kill();
    eventually("two batches on disk", || {
        (agent.program.log().matches("kept on disk").count() >= 2).then_some(())
    });
    agent.program.kill();
    let (before, kept) = (stored_sequences(&options.store(), "roof")[0].1.len() as i64, kept(&agent));
    assert!(!agent.spooled().is_empty() && kept >= 2);

    agent.restart();
    let hub = options.start();
    await_whole(&options, "roof", 2, before + kept);
    eventually("an empty spool", || agent.spooled().is_empty().then_some(()));
    let ledger = hub.get("/api/v1/devices/roof/ledger").expect("a ledger");
    assert_eq!(ledger["missing_count"], 0, "{ledger}");
}

/// Bytes that a process has caused to be written to a disk.
fn written(agent: &Agent) -> u64 {
    let io = fs::read_to_string(format!("/proc/{}/io", agent.program.id())).expect("it runs");
    let line = io.lines().find_map(|line| line.strip_prefix("write_bytes: ")).expect("the kernel counts");
    line.parse().expect("a number")
}

/// An hour has sixty summaries; these come twice a second.
#[test]
fn an_hour_of_acknowledged_summaries_writes_nothing_to_disk() {
    let options = HubOptions::embedded();
    let mut hub = options.start();
    let config = format!("interval_seconds = 0.1\nwindow_seconds = 0.5\n{QUICK}\n");
    let agent = Agent::start_by("roof", &options.broker(), &config);
    // What a start writes, if anything, is not the question.
    await_whole(&options, "roof", 1, 2);
    let before = written(&agent);
    eventually("the first half hour", || {
        (stored_sequences(&options.store(), "roof")[0].1.len() >= 32).then_some(())
    });
    await_whole(&options, "roof", 1, 62);
    assert_eq!(written(&agent) - before, 0, "{}", agent.program.log());
    assert!(agent.spooled().is_empty());

    // And that it would have been seen, where the agent's files are on a disk.
    hub.program.kill();
    eventually("a write", || (kept(&agent) > 0).then_some(()));
    let bytes: u64 = agent.spooled().iter().map(|path| fs::metadata(path).map_or(0, |file| file.len())).sum();
    assert!(bytes > 0);
    let in_memory = rustix::fs::statfs(agent.config()).expect("it is there").f_type == TMPFS;
    assert!(in_memory || written(&agent) - before >= bytes, "{} of {bytes}", written(&agent) - before);
}

#[test]
fn an_agent_that_ends_without_a_hub_leaves_nothing_behind_in_memory() {
    let options = HubOptions::embedded();
    let mut hub = options.start();
    let mut agent = Agent::start("roof", &options.broker());
    await_whole(&options, "roof", 1, 1);
    hub.program.kill();
    std::thread::sleep(std::time::Duration::from_secs(5));
    assert!(agent.program.terminate().success());
    assert!(!agent.program.log().contains("lost"), "{}", agent.program.log());
    let before = stored_sequences(&options.store(), "roof")[0].1.len() as i64;

    let _hub = options.start();
    agent.restart();
    await_whole(&options, "roof", 2, before + 2);
}

#[test]
fn without_a_hub_the_broker_may_acknowledge_and_then_nothing_waits() {
    let mut mosquitto = Mosquitto::start();
    let mut agents = ["hub", "broker"].map(|by| {
        let more = format!("[mqtt]\ndelivery = {by:?}\n{QUICK}");
        Agent::start_with(by, &format!("mqtt://127.0.0.1:{}", mosquitto.port), &more)
    });
    let [by_hub, by_broker] = &agents;
    eventually("what no hub acknowledges to be on disk", || (kept(by_hub) >= 2).then_some(()));
    assert_eq!(kept(by_broker), 0, "{}", by_broker.program.log());

    // What was under way when the broker died is sent again, and acknowledged by the new one.
    mosquitto.restart();
    eventually("the agent to be back", || {
        (by_broker.program.log().matches("INFO connected").count() >= 2).then_some(())
    });
    std::thread::sleep(std::time::Duration::from_secs(5));
    eventually("an empty spool", || by_broker.spooled().is_empty().then_some(()));
    for agent in &mut agents {
        assert!(agent.program.terminate().success());
    }
    assert!(agents[1].spooled().is_empty() && !agents[0].spooled().is_empty());
}

#[test]
fn a_spool_that_cannot_be_used_is_told_once_and_the_agent_goes_on() {
    let options = HubOptions::embedded();
    let file = options.data.path().join("file");
    fs::write(&file, "not a directory").unwrap();
    let home = options.data.path().join("home");
    fs::create_dir(&home).unwrap();
    let config = home.join("agent.toml");
    let text = format!(
        "interval_seconds = 0.2\nwindow_seconds = 2\n[spool]\ndirectory = {file:?}\nafter_seconds = 1"
    );
    fs::write(&config, text).unwrap();
    let mut command = std::process::Command::new(e2e::binary("edge-agent"));
    command.args(["--hub", "mqtt://127.0.0.1:1", "--device", "roof", "--simulate", "--config"]).arg(config);
    let mut agent = e2e::Program::start(&mut command);
    std::thread::sleep(std::time::Duration::from_secs(6));
    assert!(agent.terminate().success());
    let log = agent.log();
    assert_eq!(
        log.matches("make it writable for the agent or set spool.directory; until then").count(),
        1,
        "{log}"
    );
    assert!(log.contains("neither acknowledged nor on disk: lost"), "{log}");
}
