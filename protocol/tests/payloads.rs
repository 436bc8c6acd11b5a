//! Payloads as they stand on the wire: what is written reads back, and what is wrong is refused.

use proptest::prelude::*;
use protocol::{
    BootId, ClockTrust, CpuShare, Fault, InvalidSummary, MemoryShare, MetricName, Stamp, State, Summary, Top,
    Version,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn state() -> Value {
    json!({
        "version": 1, "boot": "b1", "monotonic_ms": 61_000, "time_ms": 1_700_000_000_000_i64,
        "clock": "synchronized", "now": {"cpu0_percent": 12.5}, "mean": {"cpu0_percent": 10.0},
        "faults": {"outdoor": "no_answer"}
    })
}

fn summary() -> Value {
    json!({
        "version": 1, "sequence": 7, "boot": "b1", "monotonic_ms": 61_000, "time_ms": 1_700_000_000_000_i64,
        "clock": "unsynchronized", "window_ms": 60_000, "mean": {"x_percent": 2.0}, "min": {"x_percent": 1.0},
        "max": {"x_percent": 3.0}, "last": {"x_percent": 1.5}, "count": {"x_percent": 12}
    })
}

fn with(mut value: Value, pointer: &str, new: Value) -> Value {
    *value.pointer_mut(pointer).expect("it is there") = new;
    value
}

#[test]
fn maps_are_flat_and_unknown_keys_are_ignored() {
    let mut wire = state();
    wire["new_in_version_1_1"] = json!([1, 2, 3]);
    let read: State = serde_json::from_value(wire).unwrap();
    assert_eq!(read.now["cpu0_percent"], 12.5);
    assert_eq!(read.faults.values().copied().collect::<Vec<_>>(), [Fault::NoAnswer]);
    assert_eq!(read.dropped_count, 0, "left out by an agent that has nothing to count");
}

#[test]
fn another_version_is_refused_with_the_remedy() {
    for wire in [with(state(), "/version", json!(2)), with(state(), "/version", json!(0))] {
        let error = serde_json::from_value::<State>(wire).unwrap_err().to_string();
        assert!(error.contains("update it"), "{error}");
    }
    let mut none = state();
    none.as_object_mut().unwrap().remove("version");
    assert!(serde_json::from_value::<State>(none).is_err());
}

#[test]
fn a_wrong_type_or_name_is_refused() {
    for (pointer, wrong) in [
        ("/now/cpu0_percent", json!("12")),
        ("/now/cpu0_percent", Value::Null),
        ("/now", json!({"CPU 0": 1.0})),
        ("/boot", json!("a/b")),
        ("/monotonic_ms", json!(-1)),
        ("/clock", json!("maybe")),
        ("/faults", json!(["outdoor"])),
    ] {
        assert!(serde_json::from_value::<State>(with(state(), pointer, wrong.clone())).is_err(), "{wrong}");
    }
}

#[test]
fn not_a_number_has_no_way_in() {
    let text = serde_json::to_string(&state()).unwrap();
    for bad in ["NaN", "Infinity", "1e999"] {
        assert!(serde_json::from_str::<State>(&text.replace("12.5", bad)).is_err(), "{bad}");
    }
}

#[test]
fn a_fault_from_the_future_is_a_fault_still() {
    let read: State = serde_json::from_value(with(state(), "/faults/outdoor", json!("on_fire"))).unwrap();
    assert_eq!(read.faults.values().next(), Some(&Fault::Unknown));
}

#[test]
fn a_summary_that_contradicts_itself_is_told_so() {
    let check = |wire| serde_json::from_value::<Summary>(wire).unwrap().check();
    let metric: MetricName = "x_percent".parse().unwrap();
    assert_eq!(check(summary()), Ok(()));
    assert_eq!(check(with(summary(), "/sequence", json!(0))), Err(InvalidSummary::SequenceZero));
    assert_eq!(
        check(with(summary(), "/count", json!({}))),
        Err(InvalidSummary::Incomplete(metric.clone())),
        "a figure is missing"
    );
    assert_eq!(
        check(with(summary(), "/min", json!({"x_percent": 1.0, "y_percent": 1.0}))),
        Err(InvalidSummary::Incomplete("y_percent".parse().unwrap())),
        "a figure has no mean"
    );
    assert_eq!(
        check(with(summary(), "/count/x_percent", json!(0))),
        Err(InvalidSummary::NoReadings(metric.clone()))
    );
    let mut above = with(summary(), "/min/x_percent", json!(3.000_000_1));
    for figure in ["mean", "max", "last"] {
        above = with(above, &format!("/{figure}/x_percent"), json!(3.0));
    }
    assert_eq!(check(above), Err(InvalidSummary::Disordered(metric.clone())), "by however little");
    for figure in ["mean", "last"] {
        let outside = with(summary(), &format!("/{figure}/x_percent"), json!(3.1));
        assert_eq!(check(outside), Err(InvalidSummary::Disordered(metric.clone())), "{figure}");
    }
}

proptest! {
    /// Values are thousandths, as agents round them: the JSON parser is exact for those.
    #[test]
    fn what_is_written_reads_back(
        readings in proptest::collection::btree_map("[a-z]{1,8}_percent", any::<i32>(), 0..20),
        monotonic_ms: u64, time_ms: i64, trusted: bool, dropped_count: u64,
    ) {
        let now: BTreeMap<MetricName, f64> =
            readings.into_iter().map(|(name, milli)| (name.parse().unwrap(), f64::from(milli) / 1000.0)).collect();
        let boot: BootId = "b1".parse().unwrap();
        let clock = if trusted { ClockTrust::Synchronized } else { ClockTrust::Unsynchronized };
        let stamp = Stamp { boot, monotonic_ms, time_ms, clock };
        let faults = BTreeMap::from([("roof".parse().unwrap(), Fault::WrongChip)]);
        let top = trusted.then(|| Box::new(Top {
            cpu: vec![CpuShare { name: "cc1".to_owned(), pid: 7, percent: 99.5 }],
            memory: vec![MemoryShare { name: "cc1".to_owned(), pid: 7, bytes: dropped_count }],
        }));
        let state = State { version: Version, stamp, mean: now.clone(), now, faults, dropped_count, top };
        let wire = serde_json::to_vec(&state).unwrap();
        prop_assert_eq!(serde_json::from_slice::<State>(&wire).unwrap(), state);
    }
}
