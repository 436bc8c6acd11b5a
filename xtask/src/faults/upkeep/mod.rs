//! What a hub does to its own store while it is broken: packing, forgetting, backups, migrations; by `kill -9` and
//! a full disk. Then everything that it acknowledged is there once, a backup is whole or none, and so is a
//! migration.

mod backup;
mod feed;
mod hub;
mod migration;
mod read;
mod record;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};

use super::dice::Dice;
use super::{export, store, witness};
use crate::process::Process;
use crate::project;
use crate::signals::EndRequested;
use hub::Hub;
use record::Record;

/// Devices that are fed.
const DEVICES: usize = 3;
/// Summaries that a device sends in a round.
const PER_ROUND: u64 = 600;
/// Of these one after the other: an ack names a hundred holes at most.
const BLOCK: u64 = 60;
const DAY_MS: i64 = 86_400_000;
/// How long before now the first window is, and how much time all windows cover.
const AGO_DAYS: i64 = 60;
const COVER_DAYS: i64 = 20;
/// How many days of them are forgotten by the last round.
const FORGET_DAYS: i64 = 15;
/// How long things may take that are sure to come.
const WITHIN: Duration = Duration::from_secs(60);
/// How often a check that fails is made anew: what is under way may arrive between two of its readings.
const CHECKS: usize = 8;

/// What is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// The hub is killed while it takes in and packs.
    Packing,
    /// It is killed while it forgets, which it does first after its start.
    Forgetting,
    /// A backup is killed.
    Backup,
    /// The hub is killed under a backup.
    UnderBackup,
    /// A store of an older hub is opened, and that is killed.
    Migration,
    /// The disk is full while it takes in and packs.
    DiskFull,
}

impl Kind {
    const ALL: [Self; 6] =
        [Self::Packing, Self::Forgetting, Self::Backup, Self::UnderBackup, Self::Migration, Self::DiskFull];
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Packing => "kill -9 the hub while it packs",
            Self::Forgetting => "kill -9 the hub while it forgets",
            Self::Backup => "kill -9 a backup",
            Self::UnderBackup => "kill -9 the hub under a backup",
            Self::Migration => "kill -9 a hub that opens an old store",
            Self::DiskFull => "fill the disk of the hub while it packs",
        })
    }
}

/// What was seen.
#[derive(Debug, Default)]
struct Tally {
    faults: BTreeMap<Kind, u64>,
    /// After how many kills there were both packed and waiting summaries.
    amid_packing: u64,
    backups_whole: u64,
    backups_none: u64,
    /// Unfinished copies that `restore` refused.
    parts_refused: u64,
    migrations: migration::Tally,
    checks: u64,
    complaints: Vec<String>,
}

struct Campaign<'a> {
    dir: &'a Path,
    hub: Hub,
    witness: Option<Process>,
    witnesses: usize,
    record: Record,
    rounds: u64,
    dice: Dice,
    tally: Tally,
    end: &'a EndRequested,
}

/// Plays `count` faults; true if all is as it should be.
pub(super) fn run(count: u16, seed: u64, can_mount: bool, end: &EndRequested) -> anyhow::Result<bool> {
    println!("\n== {count} faults while the hub keeps its store, seed {seed}");
    let dir = project::scratch().join("faults/store");
    if dir.exists() {
        std::fs::remove_dir_all(&dir).with_context(|| format!("cannot clear {}", dir.display()))?;
    }
    std::fs::create_dir_all(&dir)?;
    let mut campaign = Campaign::new(&dir, u64::from(count), seed, can_mount, end)?;
    let mut deck: Vec<Kind> = Vec::new();
    for round in 0..u64::from(count) {
        if deck.is_empty() {
            deck = Kind::ALL.into_iter().filter(|kind| can_mount || *kind != Kind::DiskFull).collect();
            campaign.dice.shuffle(&mut deck);
        }
        let kind = deck.pop().context("there is a kind")?;
        campaign.round(round, kind).with_context(|| format!("round {round}, {kind}"))?;
        *campaign.tally.faults.entry(kind).or_default() += 1;
    }
    campaign.finish()?;
    let tally = &campaign.tally;
    println!("\n{tally}");
    if !tally.complaints.is_empty() {
        println!("The logs are in {}", dir.display());
    }
    Ok(tally.complaints.is_empty())
}

impl<'a> Campaign<'a> {
    fn new(
        dir: &'a Path,
        rounds: u64,
        seed: u64,
        can_mount: bool,
        end: &'a EndRequested,
    ) -> anyhow::Result<Self> {
        let base_ms = (now_ms()? / DAY_MS - AGO_DAYS) * DAY_MS;
        let step_ms = (COVER_DAYS * DAY_MS / (rounds * PER_ROUND) as i64).max(1);
        let none = vec![BTreeSet::new(); DEVICES];
        let record = Record { base_ms, step_ms, sent: none.clone(), acked: none };
        let hub = Hub::new(dir, can_mount)?;
        let (dice, tally) = (Dice::new(seed), Tally::default());
        Ok(Self { dir, hub, witness: None, witnesses: 0, record, rounds, dice, tally, end })
    }

    fn round(&mut self, round: u64, kind: Kind) -> anyhow::Result<()> {
        if self.end.seen() {
            bail!("stopped before there was a result");
        }
        println!("round {:>3}: {kind}", round + 1);
        // Other summaries of the same days each time, so that chunks and hours are written anew, late ones too.
        let sequence = |n: u64| 1 + (n / BLOCK * self.rounds + round) * BLOCK + n % BLOCK;
        self.record.sent.iter_mut().for_each(|sent| sent.extend((0..PER_ROUND).map(sequence)));
        self.hub.start(self.days(round + 1))?;
        if kind == Kind::Forgetting {
            self.pause(700, 1_700);
            self.kill_hub()?;
        } else {
            self.hub.await_ready()?;
            self.look_after_witness()?;
        }
        match kind {
            Kind::Forgetting => {}
            Kind::Packing => {
                let feeding = self.feed()?;
                self.await_packing()?;
                self.pause(0, 60);
                self.kill_hub()?;
                drop(feeding);
            }
            Kind::DiskFull => {
                let feeding = self.feed()?;
                self.pause(0, 1_500);
                self.hub.disk.fill()?;
                self.pause(1_000, 3_000);
                self.hub.disk.empty()?;
                drop(feeding);
            }
            Kind::Backup | Kind::UnderBackup => {
                let feeding = self.feed()?;
                self.pause(100, 1_500);
                self.hear_acks()?;
                backup::round(self, round, kind == Kind::UnderBackup)?;
                drop(feeding);
            }
            Kind::Migration => {
                let told = migration::round(self.dir, round, &mut self.dice, &mut self.tally.migrations)?;
                self.tally.complaints.extend(told);
            }
        }
        self.hub.start(self.days(round + 1))?;
        self.hub.await_ready()?;
        self.look_after_witness()?;
        self.check(self.days(round + 1), false)
    }

    /// Sends all of the rest, waits until it is acknowledged and packed, and looks at everything.
    fn finish(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + WITHIN;
        while self.record.acked != self.record.sent {
            self.look_after_witness()?;
            let feeding = self.feed()?;
            let sent = Instant::now();
            while self.record.acked != self.record.sent && sent.elapsed() < WITHIN / 4 {
                self.pause(200, 200);
                self.hear_acks()?;
            }
            drop(feeding);
            if Instant::now() > deadline {
                self.tally.complaints.push("not everything was acknowledged in the end".to_owned());
                break;
            }
        }
        while self.hub.waiting()? > 0 && Instant::now() < deadline {
            self.pause(200, 200);
        }
        if self.hub.waiting()? > 0 {
            self.tally.complaints.push("not everything was packed in the end".to_owned());
        }
        self.check(self.days(self.rounds), true)?;
        self.hub.end();
        self.witness = None;
        let data = self.hub.disk.data();
        self.tally.complaints.extend(export::complaint_of_the_doctor(&data, None)?);
        let damage = store::damage(&data.join(hub::STORE))?;
        self.tally.complaints.extend(damage.map(|line| format!("the store is damaged: {}", line.trim())));
        self.tally.complaints.extend(self.hub.panics());
        Ok(())
    }

    /// How many days summaries are kept one by one in a round: fewer each time, so that some have to go.
    fn days(&self, round: u64) -> i64 {
        AGO_DAYS - FORGET_DAYS * round as i64 / self.rounds as i64
    }

    fn feed(&self) -> anyhow::Result<Vec<Process>> {
        let feeds = (0..DEVICES).map(|device| feed::start(self.dir, self.hub.mqtt, &self.record, device));
        feeds.filter_map(Result::transpose).collect()
    }

    fn pause(&mut self, least_ms: u64, most_ms: u64) {
        std::thread::sleep(self.dice.between_ms(least_ms, most_ms));
    }

    fn kill_hub(&mut self) -> anyhow::Result<()> {
        self.hub.kill()?;
        let (waiting, chunks) = self.hub.rows_and_chunks()?;
        self.tally.amid_packing += u64::from(waiting > 0 && chunks > 0);
        Ok(())
    }

    /// Waits until summaries become fewer, if they do.
    fn await_packing(&mut self) -> anyhow::Result<()> {
        let (start, mut most) = (Instant::now(), 0);
        while start.elapsed() < Duration::from_secs(4) {
            let waiting = self.hub.waiting()?;
            if waiting < most {
                break;
            }
            most = waiting;
        }
        Ok(())
    }

    /// Starts the subscriber if it has given up, as it does when its broker is away.
    fn look_after_witness(&mut self) -> anyhow::Result<()> {
        if let Some(witness) = &mut self.witness
            && witness.ended()?.is_none()
        {
            return Ok(());
        }
        self.witnesses += 1;
        let log = self.witness_log(self.witnesses);
        self.witness = Some(Process::log_to("witness", &mut witness::command(self.hub.mqtt), &log)?);
        Ok(())
    }

    fn witness_log(&self, number: usize) -> PathBuf {
        self.dir.join(format!("witness.{number}.log"))
    }

    /// Takes in what the subscriber has seen of acknowledgements.
    fn hear_acks(&mut self) -> anyhow::Result<()> {
        let seen = witness::read((1..=self.witnesses).map(|number| self.witness_log(number)))?;
        for (device, acked) in self.record.acked.iter_mut().enumerate() {
            let ours = |boot: &str, name: &str| boot == feed::boot(device) && name == feed::device(device);
            for ack in seen.acks.iter().filter(|ack| ours(&ack.source.boot, &ack.source.device)) {
                let left_out = |s: u64| ack.missing.iter().any(|(first, last)| (*first..=*last).contains(&s));
                acked.extend((1..=ack.sequence).filter(|s| !left_out(*s)));
            }
        }
        Ok(())
    }

    fn check(&mut self, days: i64, end: bool) -> anyhow::Result<()> {
        self.tally.checks += 1;
        let mut told = Vec::new();
        for _ in 0..CHECKS {
            self.hear_acks()?;
            told = self.look(days, end)?;
            if told.is_empty() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(500));
        }
        told.iter().take(3).for_each(|line| println!("           {line}"));
        self.tally.complaints.extend(told);
        Ok(())
    }

    fn look(&self, days: i64, end: bool) -> anyhow::Result<Vec<String>> {
        let kept_ms = now_ms()? - days * DAY_MS;
        let mut told = self.record.complaints(&read::exported(&self.hub.disk.data())?, kept_ms, end);
        let (from_ms, to_ms) = (self.record.base_ms, self.record.base_ms + (COVER_DAYS + 1) * DAY_MS);
        let mut hours = Vec::new();
        for device in 0..DEVICES {
            hours.extend(read::hours(self.hub.http, device, from_ms, to_ms)?);
        }
        told.extend(self.record.complaints(&hours, i64::MAX, end));
        Ok(told)
    }
}

/// Waits until a file is there, for a while.
fn await_file(path: &Path) {
    let start = Instant::now();
    while !path.exists() && start.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn now_ms() -> anyhow::Result<i64> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?)
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, number) in &self.faults {
            writeln!(out, "{:<56}{number:>9}", format!("faults: {kind}"))?;
        }
        for (name, number) in [
            ("kills with packed and with waiting summaries", self.amid_packing),
            ("backups that were whole and had what was acknowledged", self.backups_whole),
            ("backups that were not there", self.backups_none),
            ("unfinished backups that were refused", self.parts_refused),
            ("starts on an old store that were killed", self.migrations.killed),
            ("of these with the migration still to do", self.migrations.old_yet),
            ("checks of all that is there", self.checks),
        ] {
            writeln!(out, "{name:<56}{number:>9}")?;
        }
        for complaint in self.complaints.iter().take(20) {
            writeln!(out, "not as promised: {complaint}")?;
        }
        writeln!(out, "while it keeps its store: {} not as promised", self.complaints.len())
    }
}
