//! What is broken, when and for how long: decided by a seed before anything runs.

use std::fmt;
use std::time::Duration;

use super::dice::Dice;

/// The ways to break something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// `kill -9`, and a start again.
    Kill,
    /// SIGTERM, and a start again.
    Terminate,
    /// A database that is shut down in order, and a start again.
    StopFast,
    /// A database that is shut down as by a crash, and a start again.
    StopAtOnce,
    /// SIGSTOP and SIGCONT, as a suspended machine.
    Suspend,
    /// Connections end, new ones are possible at once.
    Sever,
    /// Connections end, new ones are refused.
    Cut,
    /// A few bytes a second pass.
    Slow,
    /// Connections stay open and are made, but nothing arrives either way.
    HalfOpen,
    /// No byte fits on the disk.
    DiskFull,
    /// The disk cannot be written.
    ReadOnly,
    /// The wall clock jumps, and later back.
    ClockStep,
}

impl Kind {
    pub(super) const ALL: [Self; 12] = [
        Self::Kill,
        Self::Terminate,
        Self::StopFast,
        Self::StopAtOnce,
        Self::Suspend,
        Self::Sever,
        Self::Cut,
        Self::Slow,
        Self::HalfOpen,
        Self::DiskFull,
        Self::ReadOnly,
        Self::ClockStep,
    ];

    /// Whether only a database can be broken so.
    pub(super) fn is_of_databases(self) -> bool {
        matches!(self, Self::StopFast | Self::StopAtOnce)
    }

    /// What of a target it breaks; two faults on the same at once would undo each other.
    fn organ(self) -> Organ {
        match self {
            Self::Kill | Self::Terminate | Self::StopFast | Self::StopAtOnce | Self::Suspend => {
                Organ::Process
            }
            Self::Sever | Self::Cut | Self::Slow | Self::HalfOpen => Organ::Network,
            Self::DiskFull | Self::ReadOnly => Organ::Disk,
            Self::ClockStep => Organ::Clock,
        }
    }

    /// Shortest and longest time until it is healed, in milliseconds. Summaries wait two seconds in memory
    /// before they go to disk, so most are long enough for that and short enough for many.
    fn lasts_ms(self) -> (u64, u64) {
        match self {
            Self::Sever => (0, 0),
            Self::Kill | Self::Terminate | Self::StopFast | Self::StopAtOnce => (0, 4_000),
            Self::Suspend | Self::Cut | Self::ClockStep => (300, 7_000),
            Self::Slow | Self::HalfOpen | Self::DiskFull | Self::ReadOnly => (1_000, 9_000),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Kill => "kill -9",
            Self::Terminate => "stop",
            Self::StopFast => "stop (fast)",
            Self::StopAtOnce => "stop (immediate)",
            Self::Suspend => "suspend",
            Self::Sever => "sever",
            Self::Cut => "cut",
            Self::Slow => "slow",
            Self::HalfOpen => "half-open",
            Self::DiskFull => "disk full",
            Self::ReadOnly => "read-only",
            Self::ClockStep => "clock step",
        })
    }
}

#[derive(PartialEq, Eq)]
enum Organ {
    Process,
    Network,
    Disk,
    Clock,
}

/// Who is hit. Agents count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Agent(usize),
    Hub,
    Broker,
    /// The hub's database.
    Database,
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(number) => write!(out, "agent {}", number + 1),
            Self::Hub => out.write_str("hub"),
            Self::Broker => out.write_str("broker"),
            Self::Database => out.write_str("database"),
        }
    }
}

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: Kind,
    pub(super) target: Target,
    /// Bytes a second of a slow network, seconds of a clock's step; 0 otherwise.
    pub(super) dose: i64,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, target, dose } = self;
        match kind {
            Kind::Sever | Kind::Cut | Kind::HalfOpen => write!(out, "{kind} the network of {target}"),
            Kind::Slow => write!(out, "slow the network of {target} to {dose} bytes/s"),
            Kind::DiskFull => write!(out, "fill the disk of {target}"),
            Kind::ReadOnly => write!(out, "make the disk of {target} read-only"),
            Kind::ClockStep => write!(out, "step the clock of {target} by {dose:+} s"),
            Kind::Kill | Kind::Terminate | Kind::StopFast | Kind::StopAtOnce | Kind::Suspend => {
                write!(out, "{kind} {target}")
            }
        }
    }
}

/// A fault and its time, counted from the start of the faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) at: Duration,
    pub(super) until: Duration,
    pub(super) fault: Fault,
}

/// What there is to be broken.
pub(super) struct Scope {
    pub(super) agents: usize,
    /// A broker of its own, to which the hub has a connection that can be broken as well.
    pub(super) broker: bool,
    /// A database of its own, to which the hub has a connection that can be broken as well.
    pub(super) database: bool,
    /// What this machine allows.
    pub(super) kinds: Vec<Kind>,
}

impl Scope {
    fn targets(&self, kind: Kind) -> Vec<Target> {
        if kind.is_of_databases() {
            return if self.database { vec![Target::Database] } else { Vec::new() };
        }
        let mut targets: Vec<_> = (0..self.agents).map(Target::Agent).collect();
        // As likely as an agent, however many of these there are.
        let weight = self.agents.div_ceil(2);
        let hub = match kind.organ() {
            Organ::Process | Organ::Clock => true,
            Organ::Network => self.broker,
            // A hub whose store cannot be written stops in the same place whether it is full or read-only, and
            // SQLite keeps its files open, which a read-only mount over them would not touch.
            Organ::Disk => kind == Kind::DiskFull && !self.database,
        };
        if hub {
            targets.extend(std::iter::repeat_n(Target::Hub, weight));
        }
        if self.broker && matches!(kind.organ(), Organ::Process) {
            targets.extend(std::iter::repeat_n(Target::Broker, weight));
        }
        // SIGTERM has a database wait for its clients, which is no fault.
        let can_break = matches!(kind.organ(), Organ::Process | Organ::Network) && kind != Kind::Terminate;
        if self.database && can_break {
            // As likely as all others together: it is what the campaign is about.
            targets.extend(std::iter::repeat_n(Target::Database, targets.len()));
        }
        targets
    }
}

/// `count` faults, in the order of their times. At most two last at once, never on the same thing.
pub(super) fn plan(seed: u64, count: usize, scope: &Scope) -> Vec<Planned> {
    let mut dice = Dice::new(seed);
    let mut deck: Vec<Kind> = Vec::new();
    let mut planned: Vec<Planned> = Vec::new();
    let mut now = Duration::from_secs(2);
    while planned.len() < count {
        now += dice.between_ms(200, 4_500);
        let mut active: Vec<Planned> = planned.iter().filter(|other| other.until > now).copied().collect();
        if active.len() >= 2 {
            active.sort_by_key(|other| other.until);
            now = active.remove(active.len() - 2).until;
            active.retain(|other| other.until > now);
        }
        if deck.is_empty() {
            // All kinds before one comes again: few faults still show most.
            deck.clone_from(&scope.kinds);
            dice.shuffle(&mut deck);
        }
        let Some(kind) = deck.pop() else { break };
        let clashes = |target: &Target| {
            active
                .iter()
                .any(|other| other.fault.target == *target && other.fault.kind.organ() == kind.organ())
        };
        let targets: Vec<_> = scope.targets(kind).into_iter().filter(|target| !clashes(target)).collect();
        if targets.is_empty() {
            continue;
        }
        let target = targets[dice.below(targets.len())];
        let dose = match kind {
            Kind::Slow => 200 + dice.below(4_000) as i64,
            // Hours both ways, minutes more or less.
            Kind::ClockStep => dice.below(24 * 3600) as i64 - 12 * 3600,
            _ => 0,
        };
        let (least, most) = match (kind, target) {
            // Longer than a hub has patience.
            (Kind::Suspend, Target::Database) => (1_000, 12_000),
            _ => kind.lasts_ms(),
        };
        let until = now + dice.between_ms(least, most);
        planned.push(Planned { at: now, until, fault: Fault { kind, target, dose } });
    }
    planned
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        Scope { agents: 4, broker: true, database: true, kinds: Kind::ALL.to_vec() }
    }

    #[test]
    fn a_seed_repeats_the_plan() {
        assert_eq!(plan(3, 40, &scope()), plan(3, 40, &scope()));
        assert_ne!(plan(3, 40, &scope()), plan(4, 40, &scope()));
        assert_eq!(plan(3, 40, &scope())[..20], plan(3, 20, &scope()), "a longer plan begins as a short one");
    }

    #[test]
    fn at_most_two_last_at_once_and_never_on_the_same_thing() {
        for seed in 0..50 {
            let plan = plan(seed, 100, &scope());
            assert_eq!(plan.len(), 100);
            assert!(plan.is_sorted_by_key(|one| one.at));
            for one in &plan {
                let during: Vec<_> = plan.iter().filter(|o| o.at <= one.at && o.until > one.at).collect();
                assert!(during.len() <= 2, "seed {seed}: {during:?}");
                if let [a, b] = during[..] {
                    let same = a.fault.target == b.fault.target;
                    assert!(!same || a.fault.kind.organ() != b.fault.kind.organ(), "seed {seed}: {during:?}");
                }
            }
        }
    }

    #[test]
    fn every_kind_comes_up_and_hits_everybody_it_can() {
        let plan = plan(1, 2_000, &scope());
        for kind in Kind::ALL {
            let hit: Vec<_> = plan.iter().map(|p| p.fault).filter(|f| f.kind == kind).collect();
            assert!(hit.len() >= 30, "{kind}: {}", hit.len());
            for target in scope().targets(kind) {
                assert!(hit.iter().any(|fault| fault.target == target), "{kind} never hits {target}");
            }
        }
        let of_database = plan.iter().filter(|p| p.fault.target == Target::Database).count();
        assert!(of_database > 600, "{of_database}");
        let alone = Scope { broker: false, database: false, ..scope() };
        let others = [Target::Broker, Target::Database];
        assert!(super::plan(1, 400, &alone).iter().all(|p| !others.contains(&p.fault.target)));
    }
}
