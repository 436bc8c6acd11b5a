//! Breaks things and makes them whole again.

use anyhow::Context;

use super::account::Span;
use super::clock::{self, WallClock};
use super::database::Database;
use super::disk::Disk;
use super::plan::{Fault, Kind, Target};
use super::proxy::{Mode, Proxy};
use super::stage::Stage;

/// How long what a program left behind may be in the way of the next.
const LEFT_BEHIND_MS: u64 = 15_000;

/// A fault that lasts.
pub(super) struct Active {
    pub(super) fault: Fault,
    since_ms: u64,
}

/// Breaks what the fault says.
pub(super) fn inject(stage: &mut Stage, fault: Fault) -> anyhow::Result<Active> {
    let Fault { kind, target, dose } = fault;
    let since_ms = clock::now_ms();
    match kind {
        Kind::Suspend if target == Target::Database => database(stage)?.hold(true),
        Kind::StopFast => database(stage)?.stop_fast(),
        Kind::StopAtOnce => database(stage)?.stop_at_once(),
        Kind::Kill => stage.unit(target).context("no such program")?.kill(),
        Kind::Terminate => stage.unit(target).context("no such program")?.ask_to_end(),
        Kind::Suspend => stage.unit(target).context("no such program")?.hold(true),
        Kind::Sever => network(stage, target)?.sever(),
        Kind::Cut => {
            let network = network(stage, target)?;
            network.set(Mode::Refuse);
            network.sever();
        }
        Kind::Slow => {
            network(stage, target)?.set(Mode::Slow(dose.unsigned_abs()));
            if target == Target::Database {
                stage.hub.may_fall_until_ms = u64::MAX;
            }
        }
        Kind::HalfOpen => network(stage, target)?.set(Mode::Swallow),
        Kind::DiskFull | Kind::ReadOnly => {
            // Until it is healed there is no end to it.
            if target == Target::Hub {
                stage.hub.may_fall_until_ms = u64::MAX;
            }
            let disk = disk(stage, target);
            if kind == Kind::DiskFull { disk.fill() } else { disk.forbid_writing() }?;
        }
        Kind::ClockStep => wall_clock(stage, target)?.step(dose)?,
    }
    Ok(Active { fault, since_ms })
}

/// Makes it whole again.
pub(super) fn heal(stage: &mut Stage, active: &Active) -> anyhow::Result<()> {
    let Fault { kind, target, .. } = active.fault;
    let span = Span { from_ms: active.since_ms, to_ms: clock::now_ms() };
    match kind {
        Kind::Suspend if target == Target::Database => database(stage)?.hold(false),
        Kind::Kill | Kind::StopFast | Kind::StopAtOnce if target == Target::Database => {
            let database = database(stage)?;
            database.may_fall_until_ms = clock::now_ms() + LEFT_BEHIND_MS;
            database.unit.want();
        }
        Kind::Kill | Kind::Terminate | Kind::StopFast | Kind::StopAtOnce => {
            stage.unit(target).context("no such program")?.want();
        }
        Kind::Suspend => {
            stage.unit(target).context("no such program")?.hold(false);
            if let Target::Agent(number) = target {
                stage.agents[number].suspended.push(span);
            }
        }
        Kind::Sever => {}
        Kind::Cut | Kind::Slow => {
            network(stage, target)?.set(Mode::Pass);
            if target == Target::Database {
                // One that was started meanwhile may have met what the one before had left on its slow way.
                stage.hub.may_fall_until_ms = clock::now_ms() + LEFT_BEHIND_MS;
            }
        }
        Kind::HalfOpen => {
            let network = network(stage, target)?;
            network.set(Mode::Pass);
            // With bytes missing in the middle a connection cannot go on; TCP would have ended it too.
            network.sever();
        }
        Kind::DiskFull | Kind::ReadOnly => {
            let disk = disk(stage, target);
            if kind == Kind::DiskFull { disk.empty() } else { disk.allow_writing() }?;
            stage.disk_was_broken(target, Span { to_ms: clock::now_ms(), ..span });
        }
        Kind::ClockStep => wall_clock(stage, target)?.step(0)?,
    }
    Ok(())
}

fn database(stage: &mut Stage) -> anyhow::Result<&mut Database> {
    stage.database.as_mut().context("there is no database")
}

fn network(stage: &Stage, target: Target) -> anyhow::Result<&Proxy> {
    match target {
        Target::Agent(number) => Some(&stage.agents[number].network),
        Target::Hub => stage.hub.network.as_ref(),
        Target::Database => stage.database.as_ref().map(|database| &database.network),
        Target::Broker => None,
    }
    .with_context(|| format!("{target} has no network of its own"))
}

fn disk(stage: &Stage, target: Target) -> &Disk {
    match target {
        Target::Agent(number) => &stage.agents[number].disk,
        Target::Hub | Target::Broker | Target::Database => &stage.hub.disk,
    }
}

fn wall_clock(stage: &Stage, target: Target) -> anyhow::Result<&WallClock> {
    match target {
        Target::Agent(number) => stage.agents[number].clock.as_ref(),
        Target::Hub | Target::Broker | Target::Database => stage.hub.clock.as_ref(),
    }
    .with_context(|| format!("{target} has no clock of its own"))
}
