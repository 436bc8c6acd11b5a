//! Each promise broken once: a proof that cannot fail proves nothing.

use super::super::account::{AckSeen, LedgerRun, Row};
use super::super::events::Log;
use super::*;

fn source() -> Source {
    Source { device: "roof".into(), boot: "b".into() }
}

fn key(sequence: u64) -> Key {
    (source(), sequence)
}

fn row(sequence: u64) -> Row {
    Row { key: key(sequence), monotonic_ms: sequence * 1_000, body_agrees: true, packed: sequence < 4 }
}

/// One run of ten summaries, one a second, killed a moment after the last; the hub has the first eight.
fn sound() -> Account {
    let run = RunAccount {
        source: source(),
        made: (1..=10).map(|sequence| (sequence, sequence * 1_000)).collect(),
        ending: Ending::Killed,
        ended_ms: 10_500,
        suspended: Vec::new(),
        spool_broken: Vec::new(),
    };
    Account {
        runs: vec![run],
        spooled: [key(7), key(8)].into(),
        seen: (1..=9).map(|sequence| (key(sequence), 1)).collect(),
        acks: [AckSeen { source: source(), sequence: 6, missing: vec![(4, 4)] }].into(),
        rows: (1..=8).map(row).collect(),
        readings: [("roof".to_owned(), (40, 40))].into(),
        ledger: [(source(), LedgerRun { highest: 8, received: 8, late: 1, double: 2, missing: 0 })].into(),
        ..Account::default()
    }
}

#[test]
fn an_event_that_is_there_twice_is_told() {
    let log = |events: &[&str]| {
        let events: Vec<String> = events.iter().map(|kind| format!("roof|{kind}||")).collect();
        Log::read(&events, &[r#"roof|{"status":"offline"}"#.to_owned()]).unwrap()
    };
    let told = |events: &[&str]| {
        let mut account = sound();
        account.devices = vec!["roof".to_owned()];
        account.events = log(events);
        let verdict = judge(&account);
        (verdict.events, verdict.events_wrong, verdict.complaints.len())
    };
    assert_eq!(told(&["online", "offline", "online", "offline"]), (4, 0, 0));
    assert_eq!(told(&["online", "online", "offline", "online", "offline"]), (5, 1, 1));
}

/// The one complaint about an account that was made unsound.
fn complaint(change: impl FnOnce(&mut Account)) -> String {
    let mut account = sound();
    change(&mut account);
    let verdict = judge(&account);
    assert_eq!(verdict.complaints.len(), 1, "{:?}", verdict.complaints);
    verdict.complaints.into_iter().next().unwrap()
}

/// A row fewer, also by the ledger's count.
fn without(account: &mut Account, sequence: u64) {
    account.rows.retain(|row| row.key.1 != sequence);
    let ledger = account.ledger.get_mut(&source()).unwrap();
    ledger.received -= 1;
    ledger.highest = account.rows.iter().map(|row| row.key.1).max().unwrap();
}

#[test]
fn what_is_as_promised_is_counted_and_not_complained_about() {
    let verdict = judge(&sound());
    assert_eq!(verdict.complaints, [""; 0]);
    assert_eq!((verdict.made, verdict.stored, verdict.never_promised), (10, 8, 2));
    assert_eq!(verdict.packed, 3);
    assert_eq!((verdict.late, verdict.double, verdict.witnessed, verdict.acks), (1, 2, 9, 1));
    assert_eq!(verdict.worst_gap_ms, 1_000);
    assert!(verdict.missing.is_empty() && verdict.twice.is_empty());
}

#[test]
fn a_spooled_summary_that_is_not_stored_is_missing_unless_it_is_still_spooled() {
    let mut account = sound();
    without(&mut account, 8);
    let verdict = judge(&account);
    assert!(verdict.complaints[0].contains("on the disk of an agent"), "{:?}", verdict.complaints);
    assert_eq!(verdict.missing, [key(8)].into());
    account.still_spooled = [key(8)].into();
    assert_eq!(judge(&account).complaints, [""; 0]);
}

#[test]
fn an_acknowledged_summary_that_is_not_stored_is_missing_wherever_it_is() {
    let line = complaint(|account| {
        account.acks.insert(AckSeen { source: source(), sequence: 9, missing: Vec::new() });
        account.still_spooled = [key(9)].into();
    });
    assert!(line.contains("1 acknowledged by the hub") && line.contains("summary 9 of roof"), "{line}");
}

#[test]
fn who_is_asked_to_end_owes_everything_while_the_spool_can_be_written() {
    let asked = |account: &mut Account| account.runs[0].ending = Ending::Asked;
    assert!(complaint(asked).contains("2 made by an agent that was asked to end"));
    let mut account = sound();
    asked(&mut account);
    account.runs[0].spool_broken = vec![Span { from_ms: 10_400, to_ms: 12_000 }];
    assert_eq!(judge(&account).complaints, [""; 0], "its disk was full at that moment");
    account.runs[0].spool_broken = vec![Span { from_ms: 5_000, to_ms: 10_400 }];
    assert_eq!(judge(&account).missing, [key(9), key(10)].into(), "its disk was full before");
}

#[test]
fn who_is_killed_owes_what_was_old_enough() {
    let later = |account: &mut Account| account.runs[0].ended_ms = 14_000;
    assert!(complaint(later).contains("1 made long enough before a kill"));
    for change in [
        |run: &mut RunAccount| run.suspended = vec![Span { from_ms: 11_000, to_ms: 12_000 }],
        |run: &mut RunAccount| run.spool_broken = vec![Span { from_ms: 13_000, to_ms: 20_000 }],
    ] {
        let mut account = sound();
        later(&mut account);
        change(&mut account.runs[0]);
        assert_eq!(judge(&account).complaints, [""; 0]);
    }
}

#[test]
fn a_hole_below_the_highest_is_missing_whoever_promised_it() {
    let mut account = sound();
    (account.spooled, account.acks) = Default::default();
    account.runs[0].spool_broken = vec![Span { from_ms: 0, to_ms: 20_000 }];
    without(&mut account, 7);
    let verdict = judge(&account);
    assert!(verdict.complaints[0].contains("1 below the highest"), "{:?}", verdict.complaints);
    assert_eq!((verdict.missing, verdict.never_promised), ([key(7)].into(), 2));
}

#[test]
fn a_row_twice_and_the_same_moment_twice_are_double() {
    let line = complaint(|account| account.rows.push(row(3)));
    assert!(line.contains("1 are in the store twice, such as summary 3"), "{line}");
    let mut account = sound();
    account.rows[7].monotonic_ms = 7_000;
    assert_eq!(judge(&account).twice, [key(8)].into());
}

#[test]
fn a_foreign_body_and_an_invented_summary_are_told() {
    assert!(complaint(|account| account.rows[2].body_agrees = false).contains("another summary's"));
    let invented = |account: &mut Account| {
        account.runs[0].made.remove(&10);
        account.seen.insert(key(10), 1);
    };
    assert!(complaint(invented).contains("the subscriber saw 1 that were never made"));
    let line = complaint(|account| {
        account.runs[0].made.remove(&5);
        account.seen.remove(&key(5));
    });
    assert!(line.contains("1 in the store were never made"), "{line}");
}

#[test]
fn a_ledger_that_differs_from_the_store_is_told() {
    let told = |account: &mut Account| account.ledger.get_mut(&source()).unwrap().received = 7;
    assert!(complaint(told).contains("the ledger has 7 of roof in run b up to 8, the store 8 up to 8"));
    let missing = |account: &mut Account| account.ledger.get_mut(&source()).unwrap().missing = 1;
    assert!(complaint(missing).contains("the ledger misses 1"));
    assert!(complaint(|account| account.ledger.clear()).contains("does not know roof in run b"));
    assert!(complaint(|account| account.incidents.push("the hub fell".into())).contains("the hub fell"));
}

#[test]
fn hours_that_count_a_summary_twice_are_told() {
    let line = complaint(|account| account.readings.values_mut().for_each(|(_, hours)| *hours += 5));
    assert_eq!(line, "the hours of roof have 45 readings, its summaries 40");
}
