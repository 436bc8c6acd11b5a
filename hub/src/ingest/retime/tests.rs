use super::*;
use ClockTrust::{Synchronized, Unsynchronized};

/// 2026 by the hub's clock, and ten minutes after the machine was started.
const NOW: i64 = 1_795_000_000_000;
const UP: u64 = 600_000;

fn stamp(run: &str, clock: ClockTrust, monotonic_ms: u64, time_ms: i64) -> Stamp {
    Stamp { boot: run.parse().unwrap(), monotonic_ms, time_ms, clock }
}

/// A summary made in 1970.
fn summary(run: &str, machine: Option<&str>, monotonic_ms: u64) -> Summary {
    summary_at(stamp(run, Unsynchronized, monotonic_ms, monotonic_ms as i64), machine)
}

fn summary_at(stamp: Stamp, machine: Option<&str>) -> Summary {
    Summary {
        version: protocol::Version,
        sequence: 1,
        stamp,
        machine_boot: machine.map(str::to_owned),
        window_ms: 60_000,
        mean: Default::default(),
        min: Default::default(),
        max: Default::default(),
        last: Default::default(),
        count: Default::default(),
    }
}

fn birth(machine: &str, stamp: &Stamp) -> Birth {
    let mut json = serde_json::to_value(stamp).unwrap();
    let rest = serde_json::json!({
        "version": 1, "machine_boot": machine, "agent_version": "0.1.0", "hostname": "roof", "os": "Debian",
        "arch": "aarch64", "interval_ms": 5000, "window_ms": 60000, "metrics": [],
    });
    json.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    serde_json::from_value(json).unwrap()
}

fn by(time_ms: i64, by: TimedBy) -> Timed {
    Timed { time_ms, by }
}

#[test]
fn a_synchronised_time_is_taken_as_it_is_however_late_it_comes() {
    let mut clock = DeviceClock::default();
    clock.note_state(&stamp("b", Unsynchronized, UP, 0), Some(NOW));
    let timed = clock.time(&summary_at(stamp("b", Synchronized, 1, 5_000), None), NOW);
    assert_eq!(timed, by(5_000, TimedBy::Device));
}

#[test]
fn a_time_far_ahead_of_the_hub_is_not_believed() {
    let mut clock = DeviceClock::default();
    let ahead = stamp("b", Synchronized, UP, NOW + MAX_AHEAD_MS + 1);
    let summary = summary_at(ahead.clone(), None);
    assert_eq!(clock.time(&summary, NOW), by(NOW, TimedBy::Receipt));
    clock.note_state(&ahead, Some(NOW));
    assert_eq!(clock.time(&summary, NOW), by(NOW, TimedBy::Hub), "nor as a tie");
    let end = summary_at(stamp("b", Synchronized, 1, i64::MAX), None);
    assert_eq!(clock.time(&end, i64::MAX).time_ms, i64::MAX);
}

#[test]
fn without_a_clock_the_distance_to_what_was_heard_counts_both_ways() {
    let mut clock = DeviceClock::default();
    clock.note_state(&stamp("b", Unsynchronized, UP, 77), Some(NOW));
    let at = |monotonic_ms| clock.time(&summary("b", None, monotonic_ms), NOW + 100_000);
    assert_eq!(at(UP - 60_000), by(NOW - 60_000, TimedBy::Hub));
    assert_eq!(at(UP + 60_000), by(NOW + 60_000, TimedBy::Hub));
    assert_eq!(at(UP + 200_000).time_ms, NOW + 100_000, "not later than it came");
    let other = clock.time(&summary("other", None, UP), NOW);
    assert_eq!(other, by(NOW, TimedBy::Receipt), "an older agent, which names no start of its machine");
}

#[test]
fn earlier_runs_of_the_same_start_of_the_machine_get_their_time() {
    let mut clock = DeviceClock::default();
    clock.note_birth(&birth("m", &stamp("second", Unsynchronized, UP, 9)), Some(NOW));
    let of_first = summary("first", Some("m"), UP - 300_000);
    assert_eq!(clock.time(&of_first, NOW), by(NOW - 300_000, TimedBy::Hub));

    // The device's own word, once it knows, is better than the hub's.
    clock.note_state(&stamp("second", Synchronized, UP + 5_000, NOW + 5_000 - 1_234), Some(NOW + 5_000));
    assert_eq!(clock.time(&of_first, NOW), by(NOW - 300_000 - 1_234, TimedBy::Device));
    clock.note_state(&stamp("second", Unsynchronized, UP + 10_000, 3), Some(NOW + 10_000));
    assert_eq!(clock.time(&of_first, NOW).by, TimedBy::Device, "somebody set the clock by hand since");
}

#[test]
fn a_start_of_the_machine_that_nobody_heard_of_has_no_time() {
    let mut clock = DeviceClock::default();
    clock.note_birth(&birth("new", &stamp("b", Synchronized, UP, NOW)), Some(NOW));
    assert_eq!(clock.time(&summary("a", Some("old"), UP), NOW), by(NOW, TimedBy::Receipt));
    // The same run cannot be on two starts; a machine that says so is believed in the start.
    assert_eq!(clock.time(&summary("b", Some("old"), UP), NOW), by(NOW, TimedBy::Receipt));
}

#[test]
fn a_start_that_was_heard_before_a_reboot_is_remembered() {
    let mut clock = DeviceClock::default();
    clock.note_birth(&birth("old", &stamp("a", Unsynchronized, UP, 9)), Some(NOW));
    let later = NOW + 10_000_000;
    for again in 1..MAX_STARTS {
        let (machine, run) = (format!("m{again}"), format!("b{again}"));
        clock.note_birth(&birth(&machine, &stamp(&run, Unsynchronized, 20_000, 9)), Some(later));
    }
    let summary = summary("a", Some("old"), UP + 600_000);
    assert_eq!(clock.time(&summary, later), by(NOW + 600_000, TimedBy::Hub));
    clock.note_birth(&birth("one more", &stamp("c", Unsynchronized, 20_000, 9)), Some(later));
    assert_eq!(clock.time(&summary, later), by(later, TimedBy::Receipt), "but not for ever");
}

#[test]
fn a_minute_with_a_clock_tells_the_time_of_those_before_it() {
    let first = summary("a", Some("old"), 60_000);
    let second = summary_at(stamp("a", Synchronized, 120_000, NOW - 5_000_000), None);
    let mut clock = DeviceClock::default();
    clock.note_birth(&birth("new", &stamp("b", Unsynchronized, UP, 9)), Some(NOW));
    clock.note_summaries([&first, &second].into_iter(), NOW);
    assert_eq!(clock.time(&first, NOW), by(NOW - 5_060_000, TimedBy::Device));
    assert_eq!(clock.time(&summary("b", Some("new"), UP), NOW).time_ms, NOW, "the present is still known");
}

#[test]
fn a_birth_that_a_broker_kept_spoils_nothing() {
    let mut clock = DeviceClock::default();
    clock.note_state(&stamp("a", Unsynchronized, UP, 9), Some(NOW));
    clock.note_birth(&birth("m", &stamp("a", Unsynchronized, UP - 9, 9)), Some(NOW + 1));
    let late = NOW + 10_000_000;
    clock.note_birth(&birth("m", &stamp("b", Unsynchronized, UP + 60_000, 9)), Some(late));
    assert_eq!(clock.time(&summary("b", Some("m"), UP + 60_000), late), by(NOW + 60_000, TimedBy::Hub));
    clock.note_birth(&birth("n", &stamp("c", Unsynchronized, UP, 9)), None);
    assert_eq!(clock.time(&summary("c", Some("n"), UP), late).by, TimedBy::Receipt, "its age is unknown");
}

#[test]
fn a_hub_that_was_started_anew_goes_on_from_the_latest_values() {
    let birth = serde_json::to_string(&birth("m", &stamp("b", Unsynchronized, 10, 9))).unwrap();
    let state = serde_json::json!({
        "version": 1, "boot": "b", "monotonic_ms": UP, "time_ms": 3, "clock": "unsynchronized",
        "now": {}, "mean": {}, "faults": {},
    });
    let latest = Device {
        birth: Some(birth.into()),
        state: Some(state.to_string().into()),
        state_received_ms: Some(NOW),
        ..Device::default()
    };
    let clock = DeviceClock::restore(&latest);
    assert_eq!(clock.time(&summary("a", Some("m"), 60_000), NOW + 5), by(NOW - 540_000, TimedBy::Hub));
}
