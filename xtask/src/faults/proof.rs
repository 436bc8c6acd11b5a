//! Holds the witnesses against each other. Pure: no file, no clock.
//!
//! What is promised:
//! 1. What the hub acknowledged is in the store.
//! 2. What was in an agent's spool when its process was gone is in the store.
//! 3. Everything that an agent made is in the store if it was asked to end while its spool could be written.
//! 4. Of an agent that was killed, everything that was older than `after_seconds`, and a moment for writing
//!    it, is in the store, if its spool could be written since it was made.
//! 5. Of no run a summary is missing below the highest that the store has.
//! 6. No summary is in the store twice, as what it is not, or without anybody having made it.
//! 7. The ledger says what the store has.
//! 8. The hours of a device have as many readings as its summaries.
//! 9. Events of a device that exclude each other alternate, and the last is how it ended.
//!
//! What none of these covers, the last seconds of an agent that was killed, was never promised.

use std::collections::{BTreeMap, BTreeSet};

use super::account::{Account, Ending, Key, RunAccount, Source, Span};

/// How long a summary waits in memory, as the agents are configured, in milliseconds.
pub(super) const AFTER_MS: u64 = 2_000;
/// How long a busy machine may take to notice that and to write it.
const MOMENT_MS: u64 = 3_000;
/// How often a device says goodbye at least: after the last fault, and after a new start.
const GOODBYES: usize = 2;

/// The outcome.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) runs: u64,
    pub(super) made: u64,
    /// In the store, each once.
    pub(super) stored: u64,
    /// Of these in chunks.
    pub(super) packed: u64,
    /// Told by the ledger.
    pub(super) late: u64,
    /// Told by the ledger: came again and were not stored again.
    pub(super) double: u64,
    /// Seen by the subscriber.
    pub(super) witnessed: u64,
    pub(super) acks: u64,
    pub(super) never_promised: u64,
    pub(super) events: u64,
    /// Events that are doubled, lost, or that nobody made.
    pub(super) events_wrong: u64,
    /// Promised and not there.
    pub(super) missing: BTreeSet<Key>,
    /// There more than once, or twice by content.
    pub(super) twice: BTreeSet<Key>,
    /// Longest time between two summaries of a device in the store, its agent's absence included.
    pub(super) worst_gap_ms: u64,
    /// One line for everything that is not as promised.
    pub(super) complaints: Vec<String>,
}

/// Compares everything with everything.
pub(super) fn judge(account: &Account) -> Verdict {
    let mut verdict = Verdict { complaints: account.incidents.clone(), ..Verdict::default() };
    let stored = verdict.read_rows(account);
    verdict.stored = stored.len() as u64;
    verdict.packed = account.rows.iter().filter(|row| row.packed).count() as u64;
    verdict.compare_hours(account);
    verdict.witnessed = account.seen.len() as u64;
    verdict.acks = account.acks.len() as u64;
    let made = made(account);
    verdict.runs = account.runs.len() as u64;
    verdict.made = made.len() as u64;

    let there = |key: &Key| stored.contains(key);
    let in_hand = |key: &Key| there(key) || account.still_spooled.contains(key);
    let acknowledged = account.acks.iter().flat_map(|ack| {
        let left_out = |s: &u64| ack.missing.iter().any(|(first, last)| (first..=last).contains(&s));
        (1..=ack.sequence).filter(move |s| !left_out(s)).map(|s| (ack.source.clone(), s))
    });
    verdict.lacks("acknowledged by the hub", acknowledged.filter(|key| !there(key)).collect());
    let spooled = account.spooled.iter().filter(|key| !in_hand(key)).cloned();
    verdict.lacks("on the disk of an agent whose process was gone", spooled.collect());
    for (words, ending) in [
        ("made by an agent that was asked to end", Ending::Asked),
        ("made long enough before a kill", Ending::Killed),
    ] {
        let runs = account.runs.iter().filter(|run| run.ending == ending);
        verdict.lacks(words, runs.flat_map(promised).filter(|key| !in_hand(key)).collect());
    }
    verdict.lacks("below the highest of their run", holes(&stored));

    let unmade: Vec<_> = stored.difference(&made).collect();
    if let Some(first) = unmade.first() {
        verdict.complain(format!("{} in the store were never made, such as {}", unmade.len(), name(first)));
    }
    let unseen_origin: Vec<_> = account.seen.keys().filter(|key| !made.contains(key)).collect();
    if let Some(first) = unseen_origin.first() {
        let number = unseen_origin.len();
        verdict
            .complain(format!("the subscriber saw {number} that were never made, such as {}", name(first)));
    }
    verdict.compare_ledger(account, &stored);
    verdict.events = account.events.events.len() as u64;
    let of_events = account.events.complaints(&account.devices, GOODBYES);
    verdict.events_wrong = of_events.len() as u64;
    verdict.complaints.extend(of_events);
    let lost = made.iter().filter(|key| !in_hand(key) && !verdict.missing.contains(key));
    verdict.never_promised = lost.count() as u64;
    verdict
}

impl Verdict {
    fn read_rows(&mut self, account: &Account) -> BTreeSet<Key> {
        let mut stored = BTreeSet::new();
        let mut times: BTreeMap<&str, BTreeMap<u64, &Key>> = BTreeMap::new();
        for row in &account.rows {
            if !stored.insert(row.key.clone()) {
                self.twice.insert(row.key.clone());
            }
            if !row.body_agrees {
                self.complain(format!("the body of {} in the store is another summary's", name(&row.key)));
            }
            // One device makes one summary at a time: the same moment under another number is the same.
            let device = times.entry(&row.key.0.device).or_default();
            if device.insert(row.monotonic_ms, &row.key).is_some_and(|other| *other != row.key) {
                self.twice.insert(row.key.clone());
            }
        }
        if let Some(first) = self.twice.first() {
            let line = format!("{} are in the store twice, such as {}", self.twice.len(), name(first));
            self.complain(line);
        }
        for times in times.values() {
            let gaps = times.keys().zip(times.keys().skip(1)).map(|(earlier, later)| later - earlier);
            self.worst_gap_ms = self.worst_gap_ms.max(gaps.max().unwrap_or(0));
        }
        stored
    }

    fn compare_hours(&mut self, account: &Account) {
        for (device, (points, hours)) in &account.readings {
            if points != hours {
                self.complain(format!("the hours of {device} have {hours} readings, its summaries {points}"));
            }
        }
    }

    /// Notes what should be in the store and is not.
    fn lacks(&mut self, words: &str, missing: BTreeSet<Key>) {
        if let Some(first) = missing.first() {
            let number = missing.len();
            self.complain(format!("{number} {words} are not in the store, such as {}", name(first)));
        }
        self.missing.extend(missing);
    }

    fn compare_ledger(&mut self, account: &Account, stored: &BTreeSet<Key>) {
        let mut rows: BTreeMap<&Source, (u64, u64)> = BTreeMap::new();
        for (source, sequence) in stored {
            let (number, highest) = rows.entry(source).or_default();
            *number += 1;
            *highest = (*highest).max(*sequence);
        }
        for (source, told) in &account.ledger {
            self.late += told.late;
            self.double += told.double;
            if told.missing > 0 {
                self.complain(format!("the ledger misses {} of {}", told.missing, run_name(source)));
            }
            let (number, highest) = rows.remove(source).unwrap_or_default();
            // Those beyond the hundred runs that the API lists are one sum, without a run's name.
            if !source.boot.is_empty() && (told.received, told.highest) != (number, highest) {
                self.complain(format!(
                    "the ledger has {} of {} up to {}, the store {number} up to {highest}",
                    told.received,
                    run_name(source),
                    told.highest
                ));
            }
        }
        for (source, (number, _)) in rows {
            let unlisted = Source { device: source.device.clone(), boot: String::new() };
            if !account.ledger.contains_key(&unlisted) {
                self.complain(format!(
                    "the ledger does not know {}, the store has {number}",
                    run_name(source)
                ));
            }
        }
    }

    fn complain(&mut self, line: String) {
        self.complaints.push(line);
    }
}

fn made(account: &Account) -> BTreeSet<Key> {
    account.runs.iter().flat_map(|run| run.made.keys().map(|s| (run.source.clone(), *s))).collect()
}

/// What a run's end owes, by its own log and clock.
fn promised(run: &RunAccount) -> impl Iterator<Item = Key> {
    let kept = |(_, made_ms): &(&u64, &u64)| {
        let life = Span { from_ms: **made_ms, to_ms: run.ended_ms };
        let whole = match run.ending {
            // It writes when it ends.
            Ending::Asked => Span { from_ms: run.ended_ms, to_ms: run.ended_ms },
            Ending::Killed => life,
        };
        if run.spool_broken.iter().any(|broken| overlap_ms(*broken, whole).is_some()) {
            return false;
        }
        let still: u64 = run.suspended.iter().filter_map(|span| overlap_ms(*span, life)).sum();
        let awake_ms = (run.ended_ms.saturating_sub(**made_ms)).saturating_sub(still);
        run.ending == Ending::Asked || awake_ms >= AFTER_MS + MOMENT_MS
    };
    run.made.iter().filter(kept).map(|(sequence, _)| (run.source.clone(), *sequence))
}

/// How long two spans have in common; nothing if they do not touch.
fn overlap_ms(one: Span, other: Span) -> Option<u64> {
    one.to_ms.min(other.to_ms).checked_sub(one.from_ms.max(other.from_ms))
}

fn holes(stored: &BTreeSet<Key>) -> BTreeSet<Key> {
    let mut highest: BTreeMap<&Source, u64> = BTreeMap::new();
    for (source, sequence) in stored {
        let known = highest.entry(source).or_default();
        *known = (*known).max(*sequence);
    }
    let below = highest.into_iter().flat_map(|(source, highest)| (1..highest).map(|s| (source.clone(), s)));
    below.filter(|key| !stored.contains(key)).collect()
}

fn name((source, sequence): &Key) -> String {
    format!("summary {sequence} of {}", run_name(source))
}

fn run_name(source: &Source) -> String {
    // The beginning of a UUID is enough to find it in the logs.
    let boot: String = source.boot.chars().take(8).collect();
    format!("{} in run {boot}", source.device)
}

#[cfg(test)]
mod tests;
