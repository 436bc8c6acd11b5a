//! Stores of older hubs, opened by a hub that is killed meanwhile: brought up to date as a whole, or as they were.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::Signal;

use super::{WITHIN, hub, read};
use crate::faults::dice::Dice;
use crate::faults::{export, store};
use crate::process::Process;
use crate::{ports, project};

/// Copies of the one device of a fixture: long enough to be met in the middle.
const DEVICES: usize = 150;
/// Kills of one store.
const KILLS: usize = 3;
/// What a fixture has: minutes 1 to 90 without 7, and 100 to 110, each with its number as mean.
const MINUTES: u64 = 100;

#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) killed: u64,
    /// Of these before the store was of the present version.
    pub(super) old_yet: u64,
}

/// Plays one: an old store, some kills, a whole start. Returns what is wrong.
pub(super) fn round(
    dir: &Path,
    round: u64,
    dice: &mut Dice,
    tally: &mut Tally,
) -> anyhow::Result<Vec<String>> {
    let data = dir.join(format!("old-{round}"));
    let version = 1 + dice.below(2) as u64;
    grow(version, &data)?;
    let file = data.join(hub::STORE);
    let (http, mqtt) = (ports::free()?, ports::free()?);
    let start = |number: usize| {
        let log = dir.join(format!("old-{round}.{number}.log"));
        Process::log_to("hub", &mut hub::command(&data, http, mqtt), &log)
    };
    let mut present = version;
    for number in 0..KILLS {
        // It locks the store, then brings it up to date.
        let lock = data.join(format!("{}.lock", hub::STORE));
        let _ = fs::remove_file(&lock);
        let mut process = start(number)?;
        super::await_file(&lock);
        std::thread::sleep(dice.between_ms(0, 20));
        process.signal(Signal::KILL);
        process.wait()?;
        tally.killed += 1;
        present = store::version(&file)?;
        tally.old_yet += u64::from(present == version);
    }
    let mut process = start(KILLS)?;
    hub::await_ready(&mut process, http)
        .with_context(|| format!("an old store, left at version {present}"))?;
    let deadline = Instant::now() + WITHIN;
    while store::count(&file, "summaries")? > 0 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(100));
    }
    drop(process);
    let mut told: Vec<String> = export::complaint_of_the_doctor(&data, None)?.into_iter().collect();
    told.extend(complaints(&read::lines(&data, "cpu0_percent")?));
    let told =
        told.into_iter().map(|line| format!("old store {round} of version {version}: {line}")).collect();
    fs::remove_dir_all(&data)?;
    Ok(told)
}

/// Copies the device of a fixture.
fn grow(version: u64, data: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(data)?;
    let file = data.join(hub::STORE);
    let fixture = project::root().join(format!("hub/tests/fixtures/schema-{version}.db"));
    fs::copy(&fixture, &file).with_context(|| format!("cannot copy {}", fixture.display()))?;
    let numbers = format!(
        "CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {DEVICES}) SELECT i FROM n;"
    );
    let copy = |table: &str, columns: &str| {
        format!(
            "INSERT INTO {table} (device, {columns}) SELECT 'copy-' || i, {columns} FROM {table}, n WHERE device = 'roof';"
        )
    };
    // Of this year, so that nothing of it is forgotten; whole days later.
    let later = "CREATE TEMP TABLE later AS SELECT (CAST(strftime('%s', 'now') AS INTEGER) / 86400 - 2 - max(time_ms) / 86400000) * 86400000 AS ms FROM summaries;
        UPDATE summaries SET time_ms = time_ms + (SELECT ms FROM later);";
    let mut sql = format!("BEGIN; {numbers} {later}");
    sql += &copy("devices", "status, status_since_ms, last_heard_ms, birth, state, state_received_ms");
    sql += &copy("summaries", "boot, sequence, time_ms, by_device, received_ms, body");
    sql += &copy("receipts", "boot, first, last");
    if version > 1 {
        sql += &copy("runs", "boot, first_received_ms, last_received_ms, late, double");
    }
    store::change(&file, &(sql + " COMMIT;"))
}

/// What is wrong with the lines of an export.
fn complaints(lines: &[String]) -> Vec<String> {
    let mut devices: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        let [device, _, _, "summary", mean, ..] = fields[..] else {
            return vec![format!("not understood: {line}")];
        };
        devices.entry(device).or_default().push(mean.parse::<f64>().map_or(0, |mean| mean as u64));
    }
    let whole: Vec<u64> = (1..=90).filter(|minute| *minute != 7).chain(100..=110).collect();
    debug_assert_eq!(whole.len() as u64, MINUTES);
    let mut told = Vec::new();
    if devices.len() != DEVICES + 1 {
        told.push(format!("it has {} devices, should be {}", devices.len(), DEVICES + 1));
    }
    let odd: Vec<_> = devices.into_iter().filter(|(_, minutes)| *minutes != whole).collect();
    if let Some((device, minutes)) = odd.first() {
        told.push(format!(
            "{} devices are not whole, such as {device} with {} minutes",
            odd.len(),
            minutes.len()
        ));
    }
    told
}
