//! Work for a store.

use super::fleet::Fleet;
use hub::{
    receipts::Receipts,
    store::{
        Arrivals, Batch, Keep, Source, Store,
        fold::{DAY_MS, MINUTE_MS},
        writer::Record,
    },
};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// The start of the first day.
pub(crate) const START: i64 = 20_000 * DAY_MS;
const KEEP: Keep = Keep { minutes_ms: None, hours_ms: None, settle_ms: 10 * MINUTE_MS };
/// Summaries in one commit.
pub(crate) const BATCH: usize = 1000;

/// Commits records, many at once.
pub(crate) fn commit(store: &mut dyn Store, records: &[Record], receipts: &mut BTreeMap<String, Receipts>) {
    for records in records.chunks(BATCH) {
        let sources: Vec<Source> =
            records.iter().map(|r| Source { device: r.device.clone(), boot: r.boot.clone() }).collect();
        let mut changes = Vec::new();
        for (source, record) in sources.iter().zip(records) {
            let receipts = receipts.entry(source.device.to_string()).or_default();
            let before = receipts.clone();
            receipts.insert(record.sequence);
            changes.push((source, receipts.changes_since(&before)));
        }
        let arrivals: Vec<_> = sources.iter().map(|source| (source, Arrivals::default())).collect();
        let records: Vec<&Record> = records.iter().collect();
        let batch = Batch { records: &records, receipts: &changes, arrivals: &arrivals, devices: &[] };
        store.commit(&batch).expect("a commit");
    }
}

/// Fills a store as its hub would in some days, packing included.
pub(crate) fn fill(store: &mut dyn Store, devices: usize, days: i64) {
    let mut upkeep = store.upkeep();
    let (mut fleet, mut receipts) = (Fleet::new(devices, START), BTreeMap::new());
    let (mut packing, mut longest) = (Duration::ZERO, Duration::ZERO);
    for minute in 1..=days * 1440 {
        commit(store, &fleet.minute(), &mut receipts);
        let now_ms = START + minute * MINUTE_MS;
        // As a hub does on the last day; before that by whole days, to be done sooner.
        let every = if minute > (days - 1) * 1440 { 60 } else { 1440 };
        if minute % every == 15 {
            loop {
                let start = Instant::now();
                let more = upkeep.step(&KEEP, now_ms).expect("upkeep");
                packing += start.elapsed();
                longest = longest.max(start.elapsed());
                if !more {
                    break;
                }
            }
        }
    }
    let summaries = days * 1440 * devices as i64;
    println!(
        "packing {summaries} summaries: {:.1} us each, longest part {:.0} ms",
        packing.as_secs_f64() * 1e6 / summaries as f64,
        longest.as_secs_f64() * 1e3
    );
}
