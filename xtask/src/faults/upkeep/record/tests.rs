//! Everything that can be wrong, once: a check that cannot fail checks nothing.

use super::*;

/// Two devices with twenty windows of ten minutes, of which the hub has acknowledged fifteen.
fn record() -> Record {
    let all: BTreeSet<u64> = (1..=20).collect();
    let acked: BTreeSet<u64> = (1..=15).collect();
    Record { base_ms: 0, step_ms: 600_000, sent: vec![all.clone(), all], acked: vec![acked.clone(), acked] }
}

fn summary(device: usize, sequence: u64) -> Found {
    let time_ms = record().time_of(sequence);
    Found { device, time_ms, is_hour: false, figures: figures(device, sequence) }
}

fn summaries(sequences: std::ops::RangeInclusive<u64>) -> Vec<Found> {
    [0, 1].into_iter().flat_map(|device| sequences.clone().map(move |s| summary(device, s))).collect()
}

/// The first hour: summaries 1 to 6.
fn hour(device: usize) -> Found {
    let all: Vec<Figures> = (1..=6).map(|sequence| figures(device, sequence)).collect();
    let count = all.iter().map(|one| one.count).sum();
    let mean = all.iter().map(|one| one.mean * one.count as f64).sum::<f64>() / count as f64;
    let min = all.iter().map(|one| one.min).fold(f64::INFINITY, f64::min);
    let max = all.iter().map(|one| one.max).fold(f64::NEG_INFINITY, f64::max);
    Found { device, time_ms: HOUR_MS, is_hour: true, figures: Figures { mean, min, max, count } }
}

fn complaint(found: &[Found], kept_ms: i64, end: bool) -> String {
    let complaints = record().complaints(found, kept_ms, end);
    assert_eq!(complaints.len(), 1, "{complaints:?}");
    complaints.into_iter().next().unwrap()
}

#[test]
fn what_is_as_it_should_be_is_not_complained_about() {
    assert_eq!(record().complaints(&summaries(1..=15), 0, false), [""; 0]);
    assert_eq!(record().complaints(&summaries(1..=18), 0, false), [""; 0], "not acknowledged yet");
    assert_eq!(record().complaints(&summaries(1..=20), 0, true), [""; 0]);
    let folded = [summaries(7..=20), vec![hour(0), hour(1)]].concat();
    assert_eq!(record().complaints(&folded, HOUR_MS, true), [""; 0], "only the hour is left");
    let both = [summaries(1..=20), vec![hour(0), hour(1)]].concat();
    assert_eq!(record().complaints(&both, 0, true), [""; 0]);
}

#[test]
fn what_is_missing_is_told() {
    let without = |sequence| -> Vec<Found> {
        summaries(1..=20).into_iter().filter(|found| *found != summary(1, sequence)).collect()
    };
    assert_eq!(complaint(&without(9), 0, false), "device 1: 1 are missing, such as 9");
    assert_eq!(complaint(&without(20), 0, true), "device 1: 1 are missing, such as 20");
    assert_eq!(record().complaints(&without(20), 0, false), [""; 0], "never promised");
    let folded = [summaries(7..=20), vec![hour(1)]].concat();
    assert_eq!(complaint(&folded, HOUR_MS, true), "device 0: 1 hours are missing, such as 3600000");
}

#[test]
fn what_is_there_twice_is_told_and_so_is_what_is_another() {
    let with = |found: Found| [summaries(1..=20), vec![found]].concat();
    assert_eq!(complaint(&with(summary(0, 3)), 0, true), "device 0, summary 3: it is there twice");
    assert!(complaint(&with(summary(0, 21)), 0, true).contains("nobody sent it"));
    let mut other = summaries(1..=20);
    other[4].figures.max += 0.125;
    assert!(complaint(&other, 0, true).contains("device 0, summary 5: it has other figures"));
}

#[test]
fn an_hour_that_counts_twice_or_lacks_one_is_told() {
    for more in [1, -1] {
        let mut hour = hour(0);
        hour.figures.count = hour.figures.count.strict_add_signed(more);
        let found = [summaries(1..=20), vec![hour]].concat();
        assert!(complaint(&found, 0, true).contains("device 0: the hour 3600000 is"));
    }
    let mut odd = hour(0);
    odd.figures.mean += 0.001;
    let found = [summaries(1..=20), vec![odd]].concat();
    assert!(complaint(&found, 0, true).contains("the hour 3600000"));
    let twice = [summaries(1..=20), vec![hour(0), hour(0)]].concat();
    assert!(complaint(&twice, 0, true).contains("is there twice"));
}
