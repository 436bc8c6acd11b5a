//! A stage's life: faults at their times, then everything is healed, drained, ended and read.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::Context;

use super::account::{Account, LedgerRun, RunAccount, Source};
use super::database::Database;
use super::events::{self, Log};
use super::inject::{self, Active};
use super::plan::Planned;
use super::stage::{Agent, Stage};
use super::{export, journal, ledger, spool, store, witness};
use crate::signals::EndRequested;

/// How long everything may take to become quiet: agents that were refused for long wait up to two minutes
/// before they try again.
const QUIET_WITHIN: Duration = Duration::from_secs(150);
/// How long programs may take to end, longer than their own patience.
const END_WITHIN: Duration = Duration::from_secs(30);
/// How often the ledger is asked.
const ASK: Duration = Duration::from_millis(500);

/// Plays the plan.
pub(super) fn play(stage: &mut Stage, plan: &[Planned], end: &EndRequested) -> anyhow::Result<()> {
    let start = Instant::now();
    let mut waiting = plan.iter();
    let mut next = waiting.next();
    let mut active: Vec<(Duration, Active)> = Vec::new();
    while next.is_some() || !active.is_empty() {
        let now = start.elapsed();
        let due = active.iter().position(|(until, _)| *until <= now);
        if let Some(due) = due {
            let (_, over) = active.remove(due);
            inject::heal(stage, &over)?;
            println!("t={:7.2}    healed: {}", now.as_secs_f64(), over.fault);
        } else if let Some(planned) = next.filter(|planned| planned.at <= now) {
            let lasts = (planned.until - planned.at).as_secs_f64();
            println!("t={:7.2} {} for {lasts:.1} s", now.as_secs_f64(), planned.fault);
            active.push((planned.until, inject::inject(stage, planned.fault)?));
            next = waiting.next();
        } else {
            stage.pause(end)?;
        }
    }
    Ok(())
}

/// Lets everything arrive, ends it, and hears all witnesses.
pub(super) fn settle(stage: &mut Stage, end: &EndRequested) -> anyhow::Result<Account> {
    become_quiet(stage, end, "after the last fault")?;
    end_agents(stage, end)?;
    // A new start also begins its waits for the broker anew.
    stage.agents.iter_mut().for_each(|agent| agent.unit.want());
    become_quiet(stage, end, "after a new start of all agents")?;
    end_agents(stage, end)?;

    let mut account = Account::default();
    for agent in &stage.agents {
        account.still_spooled.extend(spool::read(&agent.spool(), &agent.device)?);
    }
    account.ledger = last_ledger(stage, end)?;
    let devices = || stage.agents.iter().map(|agent| agent.device.as_str());
    let hours = patiently(|| export::hours(stage.hub.http, devices())).context("the hours, at the end")?;
    end_rest(stage, end)?;
    read_traces(stage, &mut account, &hours)?;
    Ok(account)
}

/// Waits until the hub has all that was made and no spool holds anything. A stage that does not become so is
/// judged as it is.
fn become_quiet(stage: &mut Stage, end: &EndRequested, when: &str) -> anyhow::Result<()> {
    let start = Instant::now();
    let mut asked: Option<Instant> = None;
    loop {
        stage.pause(end)?;
        if asked.is_some_and(|at| at.elapsed() < ASK) {
            continue;
        }
        asked = Some(Instant::now());
        let unquiet = stage.agents.iter().find_map(|agent| unquiet(stage.hub.http, agent));
        let Some(why) = unquiet else {
            println!("          quiet {when}, within {:.1} s", start.elapsed().as_secs_f64());
            return Ok(());
        };
        if start.elapsed() > QUIET_WITHIN {
            let line = format!("not quiet {when}: {why}");
            println!("          {line}");
            stage.incidents.push(line);
            return Ok(());
        }
    }
}

/// Why an agent is not done yet; nothing if it is.
fn unquiet(http: u16, agent: &Agent) -> Option<String> {
    let device = &agent.device;
    let journal = journal::read(&agent.unit.log()).ok();
    let Some((boot, journal)) = journal.and_then(|journal| Some((journal.boot.clone()?, journal))) else {
        return Some(format!("{device} has made no summary yet"));
    };
    let ledger = match ledger::read(http, device) {
        Ok(ledger) => ledger,
        Err(error) => return Some(format!("{error:#}")),
    };
    let missing: u64 = ledger.values().map(|run| run.missing).sum();
    let highest_of = |source: &Source| ledger.get(source).map_or(0, |run| run.highest);
    let highest = highest_of(&Source { device: device.clone(), boot });
    // Files may outlive their delivery, where they could not be removed while the disk was read-only.
    let spooled = match spool::read(&agent.spool(), device) {
        Ok(keys) => keys.iter().filter(|(source, sequence)| *sequence > highest_of(source)).count(),
        Err(error) => return Some(format!("{error:#}")),
    };
    // The last one may be on its way.
    let behind = journal.highest().saturating_sub(highest) > 1;
    (missing > 0 || spooled > 0 || behind).then(|| {
        let made = journal.highest();
        format!("{device}: {missing} missing, {spooled} in the spool alone, {highest} of {made} received")
    })
}

fn end_agents(stage: &mut Stage, end: &EndRequested) -> anyhow::Result<()> {
    stage.agents.iter_mut().for_each(|agent| agent.unit.ask_to_end());
    wait_gone(stage, end, |stage| stage.agents.iter().all(|agent| !agent.unit.is_there()))
}

fn end_rest(stage: &mut Stage, end: &EndRequested) -> anyhow::Result<()> {
    stage.hub.unit.ask_to_end();
    stage.witness.ask_to_end();
    wait_gone(stage, end, |stage| !stage.hub.unit.is_there() && !stage.witness.is_there())?;
    if let Some(broker) = &mut stage.broker {
        broker.ask_to_end();
    }
    wait_gone(stage, end, |stage| stage.broker.as_ref().is_none_or(|broker| !broker.is_there()))
}

fn wait_gone(stage: &mut Stage, end: &EndRequested, gone: impl Fn(&Stage) -> bool) -> anyhow::Result<()> {
    let deadline = Instant::now() + END_WITHIN;
    while !gone(stage) {
        anyhow::ensure!(Instant::now() < deadline, "the programs do not end");
        stage.pause(end)?;
    }
    Ok(())
}

/// The ledger once it does not change any more: with the agents gone nothing comes that is not under way.
fn last_ledger(stage: &mut Stage, end: &EndRequested) -> anyhow::Result<BTreeMap<Source, LedgerRun>> {
    let mut before = None;
    loop {
        let deadline = Instant::now() + 2 * ASK;
        while Instant::now() < deadline {
            stage.pause(end)?;
        }
        let mut now = BTreeMap::new();
        for agent in &stage.agents {
            let told = patiently(|| ledger::read(stage.hub.http, &agent.device));
            now.extend(told.context("the ledger, at the end")?);
        }
        if before.as_ref() == Some(&now) {
            return Ok(now);
        }
        before = Some(now);
    }
}

/// Asks a hub that may be busy: it is given two seconds for each answer.
fn patiently<T>(ask: impl Fn() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let deadline = Instant::now() + END_WITHIN;
    loop {
        match ask() {
            Err(_) if Instant::now() < deadline => std::thread::sleep(ASK),
            told => return told,
        }
    }
}

/// Reads the tables themselves.
fn read_store(stage: &mut Stage, account: &mut Account) -> anyhow::Result<()> {
    account.devices = stage.agents.iter().map(|agent| agent.device.clone()).collect();
    let (events, marks) = if let Some(database) = &stage.database {
        account.rows = database.rows()?;
        let ask = |sql: &str| database.ask(&format!("SET search_path = edgewise; {sql}"));
        (ask(events::EVENTS)?, ask(events::MARKS)?)
    } else {
        let file = stage.hub.disk.data().join("edgewise.db");
        if let Some(damage) = store::damage(&file)? {
            stage.incidents.push(format!("the store is damaged: {}", damage.trim()));
        }
        account.rows = store::rows(&file)?;
        (store::lines(&file, events::EVENTS)?, store::lines(&file, events::MARKS)?)
    };
    account.events = Log::read(&events, &marks).context("events that are not understood")?;
    Ok(())
}

fn read_traces(
    stage: &mut Stage,
    account: &mut Account,
    hours: &BTreeMap<String, u64>,
) -> anyhow::Result<()> {
    let mut known = export::Known::default();
    for run in &stage.runs {
        let journal = journal::read(&run.log)?;
        // A run that made nothing owes nothing.
        let Some(boot) = journal.boot.clone() else { continue };
        let agent = &stage.agents[run.agent];
        let source = Source { device: agent.device.clone(), boot };
        known.note(&source, &journal);
        account.runs.push(RunAccount {
            source,
            made: journal.made,
            ending: run.ending,
            ended_ms: run.ended_ms,
            suspended: agent.suspended.clone(),
            spool_broken: agent.spool_broken.clone(),
        });
    }
    account.spooled = stage.spooled.drain(..).collect::<BTreeSet<_>>();
    let seen = witness::read(stage.witness.logs())?;
    if seen.unreadable > 0 {
        stage
            .incidents
            .push(format!("the subscriber saw {} messages that are not understood", seen.unreadable));
    }
    (account.seen, account.acks) = (seen.summaries, seen.acks);
    read_store(stage, account)?;
    let (data, url) = (stage.hub.disk.data(), stage.database.as_ref().map(Database::url));
    let points = export::points(&data, url.as_deref())?;
    for agent in &stage.agents {
        let of = |points: &[export::Exported]| -> u64 {
            points.iter().filter(|point| point.device == agent.device).map(|point| point.figures.count).sum()
        };
        let told = hours.get(&agent.device).copied().unwrap_or_default();
        account.readings.insert(agent.device.clone(), (of(&points), told));
    }
    let (packed, unread) = known.packed(points, &account.rows);
    account.rows.extend(packed);
    stage.incidents.extend(unread.map(|key| format!("the store has {key:?} and does not export it")));
    stage.incidents.extend(export::complaint_of_the_doctor(&data, url.as_deref())?);
    let units = stage.agents.iter().map(|agent| &agent.unit).chain([&stage.hub.unit]);
    for log in units.flat_map(super::unit::Unit::logs) {
        if let Some(line) = journal::panic(&log) {
            stage.incidents.push(format!("{}: {line}", log.display()));
        }
    }
    account.incidents.append(&mut stage.incidents);
    Ok(())
}
