//! What is broken: a hub, perhaps a broker of its own, some agents, and the networks and disks between them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::account::{Ending, Key, Span};
use super::clock::{self, WallClock};
use super::database::Database;
use super::disk::Disk;
use super::plan::Target;
use super::proof::AFTER_MS;
use super::proxy::Proxy;
use super::unit::{Gone, How, Unit};
use super::{journal, programs, spool, witness};
use crate::signals::EndRequested;
use crate::{http, ports};

/// Room for the hub's store.
const HUB_DISK: u64 = 256 << 20;
/// Room for an agent's spool: much more than an outage here fills.
const AGENT_DISK: u64 = 4 << 20;
/// After its disk is well again a spool tries anew within this.
const RETRY_MS: u64 = AFTER_MS + 2_000;
/// After its disk is well again a hub may still end on what it had started, within this.
const FALL_MS: u64 = 10_000;
/// How often an hour passes for the hub, which packs summaries of hours that are over.
const HOUR_EVERY: Duration = Duration::from_secs(5);
/// How often everything is looked at.
pub(super) const LOOK: Duration = Duration::from_millis(20);
/// How long the first start of a program may take.
const START: Duration = Duration::from_secs(60);

/// Where the hub's broker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BrokerKind {
    Embedded,
    Mosquitto,
}

/// What a stage is made of.
pub(super) struct Setup<'a> {
    pub(super) directory: &'a Path,
    pub(super) broker: BrokerKind,
    /// Whether the hub has a database instead of a file.
    pub(super) database: bool,
    pub(super) devices: usize,
    pub(super) can_mount: bool,
    pub(super) faketime: Option<&'a Path>,
}

/// A running stage. Dropping it ends everything. Programs stand before what they use.
pub(super) struct Stage {
    pub(super) witness: Unit,
    pub(super) agents: Vec<Agent>,
    pub(super) hub: Hub,
    pub(super) broker: Option<Unit>,
    pub(super) database: Option<Database>,
    pub(super) runs: Vec<Run>,
    /// What lay in spools when their agents were gone.
    pub(super) spooled: Vec<Key>,
    pub(super) incidents: Vec<String>,
    last_hour: Instant,
}

pub(super) struct Agent {
    pub(super) unit: Unit,
    pub(super) device: String,
    pub(super) network: Proxy,
    pub(super) disk: Disk,
    pub(super) clock: Option<WallClock>,
    pub(super) suspended: Vec<Span>,
    pub(super) spool_broken: Vec<Span>,
}

pub(super) struct Hub {
    pub(super) unit: Unit,
    pub(super) http: u16,
    /// Only where its broker is another program.
    pub(super) network: Option<Proxy>,
    pub(super) disk: Disk,
    pub(super) clock: Option<WallClock>,
    /// Until when, by the machine's own time, it may end by itself for want of a disk.
    pub(super) may_fall_until_ms: u64,
}

/// A run of an agent that has ended.
pub(super) struct Run {
    pub(super) agent: usize,
    pub(super) log: PathBuf,
    pub(super) ending: Ending,
    pub(super) ended_ms: u64,
}

impl Stage {
    /// Sets everything up and starts it, in the order in which an owner would.
    pub(super) fn start(setup: &Setup<'_>, end: &EndRequested) -> anyhow::Result<Self> {
        let dir = setup.directory;
        if dir.exists() {
            fs::remove_dir_all(dir).with_context(|| format!("cannot clear {}", dir.display()))?;
        }
        fs::create_dir_all(dir)?;
        let wall = |name: &str| {
            let new = |library| WallClock::new(library, dir.join(format!("{name}.clock")));
            setup.faketime.map(new).transpose()
        };
        let (mqtt, http) = (ports::free()?, ports::free()?);
        let own_broker = setup.broker == BrokerKind::Mosquitto;
        let mut broker = own_broker.then(|| programs::broker(dir, mqtt)).transpose()?;
        let network = own_broker.then(|| Proxy::start(mqtt)).transpose()?;
        let mut database = setup.database.then(|| Database::new(dir)).transpose()?;
        let disk = Disk::new(dir.join("hub.disk"), HUB_DISK, setup.can_mount)?;
        let clock = wall("hub")?;
        let address = network
            .as_ref()
            .map_or(programs::HubBroker::Own(mqtt), |network| programs::HubBroker::At(network.port()));
        let url = database.as_ref().map(Database::url);
        let unit = programs::hub(dir, &disk.data(), url, http, address, clock.as_ref());
        let hub = Hub { unit, http, network, disk, clock, may_fall_until_ms: 0 };
        let mut agents = Vec::new();
        for number in 1..=setup.devices {
            let device = format!("pi-{number}");
            let network = Proxy::start(mqtt)?;
            let disk = Disk::new(dir.join(format!("{device}.disk")), AGENT_DISK, setup.can_mount)?;
            let clock = wall(&device)?;
            let unit = programs::agent(dir, &device, network.port(), &disk.data(), clock.as_ref())?;
            let (suspended, spool_broken) = Default::default();
            agents.push(Agent { unit, device, network, disk, clock, suspended, spool_broken });
        }
        let witness = Unit::new("witness", dir.join("witness"), move || witness::command(mqtt));
        if let Some(broker) = &mut broker {
            broker.want();
        }
        if let Some(database) = &mut database {
            database.unit.want();
        }
        let (runs, spooled, incidents) = Default::default();
        let last_hour = Instant::now();
        let mut stage = Self { witness, agents, hub, broker, database, runs, spooled, incidents, last_hour };
        stage
            .wait_for("the database", end, |stage| stage.database.as_ref().is_none_or(Database::is_ready))?;
        // It must be there before the hub, or the subscriber would miss the first messages.
        stage.wait_for("the broker", end, |_| !own_broker || is_open(mqtt))?;
        stage.hub.unit.want();
        stage.wait_for("the hub", end, |_| http::status(http, "/readyz") == Some(200))?;
        stage.witness.want();
        stage.agents.iter_mut().for_each(|agent| agent.unit.want());
        stage.wait_for("the agents", end, |stage| stage.agents.iter().all(|agent| agent.highest() > 0))?;
        Ok(stage)
    }

    /// Goes on until something is so, or fails after a minute.
    fn wait_for(&mut self, what: &str, end: &EndRequested, so: impl Fn(&Self) -> bool) -> anyhow::Result<()> {
        let deadline = Instant::now() + START;
        while !so(self) {
            if Instant::now() > deadline || !self.incidents.is_empty() {
                let trouble = self.incidents.join("; ");
                bail!("{what} did not start; the logs lie beside the programs' data. {trouble}");
            }
            self.pause(end)?;
        }
        Ok(())
    }

    /// Looks after all programs once, then waits a little.
    pub(super) fn pause(&mut self, end: &EndRequested) -> anyhow::Result<()> {
        if end.seen() {
            bail!("stopped before there was a result");
        }
        self.look()?;
        if let Some(clock) = &self.hub.clock
            && self.last_hour.elapsed() > HOUR_EVERY
        {
            clock.let_an_hour_pass()?;
            self.last_hour = Instant::now();
        }
        std::thread::sleep(LOOK);
        Ok(())
    }

    /// Starts what should run and notes what has gone.
    fn look(&mut self) -> anyhow::Result<()> {
        for number in 0..self.agents.len() {
            if let Some(gone) = self.agents[number].unit.look()? {
                self.agent_gone(number, gone)?;
            }
        }
        if let Some(gone) = self.hub.unit.look()? {
            let excused = clock::now_ms() < self.hub.may_fall_until_ms;
            self.note(Target::Hub, &gone, excused);
        }
        if let Some(gone) = self.broker.as_mut().map(Unit::look).transpose()?.flatten() {
            self.note(Target::Broker, &gone, false);
        }
        if let Some(database) = &mut self.database
            && let Some(gone) = database.unit.look()?
        {
            let excused = clock::now_ms() < database.may_fall_until_ms;
            self.note(Target::Database, &gone, excused);
        }
        // It may give up when its broker is away; nobody relies on its seeing everything.
        self.witness.look().map(drop)
    }

    fn agent_gone(&mut self, number: usize, gone: Gone) -> anyhow::Result<()> {
        let agent = &self.agents[number];
        self.spooled.extend(spool::read(&agent.spool(), &agent.device)?);
        self.note(Target::Agent(number), &gone, false);
        let ending = if gone.how == How::Asked && !gone.overdue { Ending::Asked } else { Ending::Killed };
        self.runs.push(Run { agent: number, log: gone.log, ending, ended_ms: gone.at_ms });
        Ok(())
    }

    fn note(&mut self, target: Target, gone: &Gone, excused: bool) {
        let Gone { how, status, log, overdue, .. } = gone;
        let line = match how {
            How::Fell if excused => {
                println!(
                    "          {target} ended with {status} because of what was done, and is started again"
                );
                return;
            }
            How::Fell => format!("{target} ended by itself with {status}, see {}", log.display()),
            How::Asked if *overdue => format!("{target} did not end after SIGTERM, see {}", log.display()),
            How::Asked | How::Killed => return,
        };
        println!("          {line}");
        self.incidents.push(line);
    }

    /// A program by its role.
    pub(super) fn unit(&mut self, target: Target) -> Option<&mut Unit> {
        match target {
            Target::Agent(number) => self.agents.get_mut(number).map(|agent| &mut agent.unit),
            Target::Hub => Some(&mut self.hub.unit),
            Target::Broker => self.broker.as_mut(),
            Target::Database => self.database.as_mut().map(|database| &mut database.unit),
        }
    }

    /// Notes when a disk broke and was healed.
    pub(super) fn disk_was_broken(&mut self, target: Target, broken: Span) {
        match target {
            Target::Agent(number) => {
                let span = Span { to_ms: broken.to_ms + RETRY_MS, ..broken };
                self.agents[number].spool_broken.push(span);
            }
            Target::Hub | Target::Broker | Target::Database => {
                self.hub.may_fall_until_ms = broken.to_ms + FALL_MS;
            }
        }
    }
}

impl Agent {
    /// The directory of its spool.
    pub(super) fn spool(&self) -> PathBuf {
        self.disk.data().join(&self.device)
    }

    /// The highest sequence that its present run has made; 0 before the first.
    pub(super) fn highest(&self) -> u64 {
        journal::read(&self.unit.log()).map_or(0, |journal| journal.highest())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // All at once first, so that nobody waits for the patience of each.
        self.agents.iter_mut().for_each(|agent| agent.unit.ask_to_end());
        self.agents.iter().for_each(|agent| agent.unit.hold(false));
    }
}

fn is_open(port: u16) -> bool {
    std::net::TcpStream::connect((std::net::Ipv4Addr::LOCALHOST, port)).is_ok()
}
