//! Breaks everything at random while agents are at work, then proves from independent witnesses that nothing
//! was lost and nothing is there twice.

mod account;
mod campaign;
mod clock;
mod database;
mod dice;
mod disk;
mod events;
mod export;
mod inject;
mod journal;
mod ledger;
mod namespace;
mod plan;
mod programs;
mod proof;
mod proxy;
mod report;
mod spool;
mod stage;
mod store;
mod unit;
mod upkeep;
mod witness;

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::bail;

use crate::failure::usage;
use crate::signals::EndRequested;
use crate::{apt, project, run};
use plan::{Kind, Scope};
use report::Report;
use stage::{BrokerKind, Setup, Stage};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// What is broken: agents, brokers and hub while messages pass, or a hub while it keeps its store
    #[arg(long, value_enum, default_value_t = Subject::Messages)]
    of: Subject,
    /// How many faults
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=5000))]
    count: u16,
    /// Repeats a plan: the same faults at the same times [default: another each time]
    #[arg(long)]
    seed: Option<u64>,
    /// The hub's own broker, a mosquitto, or half of the faults with each
    #[arg(long, value_enum, default_value_t = Broker::Both)]
    broker: Broker,
    /// Where the hub keeps its history: in its own file, or in a PostgreSQL that is broken as well
    #[arg(long, value_enum, default_value_t = Keeping::File)]
    store: Keeping,
    /// How many agents
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=50))]
    devices: u16,
    /// The programs are built already
    #[arg(long, hide = true)]
    built: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Subject {
    Messages,
    Store,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Keeping {
    File,
    Postgresql,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Broker {
    Embedded,
    Mosquitto,
    Both,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let database = options.store == Keeping::Postgresql;
    if database && options.of == Subject::Store {
        return Err(usage(
            "`--of store` breaks a hub at its own file: leave out `--store postgresql`".to_owned(),
        ));
    }
    let mut programs = vec![
        ("mosquitto", "mosquitto"),
        ("mosquitto_sub", "mosquitto-clients"),
        ("sqlite3", "sqlite3"),
        ("faketime", "faketime"),
    ];
    if database {
        programs.extend([("postgres", "postgresql"), ("psql", "postgresql-client")]);
    }
    apt::ensure(&apt::lacking(&programs), &[])?;
    // Where a user is made root to mount there is none of the users that PostgreSQL accepts.
    let can_mount = (!database || rustix::process::geteuid().is_root()) && namespace::enter()?;
    // After the above, which may start this program again.
    let end = EndRequested::install()?;
    if !options.built {
        run::show(&mut run::command("cargo", ["build", "--locked", "-p", "hub", "-p", "edge-agent"]))?;
    }
    let seed = options.seed.unwrap_or_else(any_seed);
    if options.of == Subject::Store {
        if !can_mount {
            println!("left out: full disks, for which this user may not mount (try as root)");
        }
        if !upkeep::run(options.count, seed, can_mount, &end)? {
            bail!("not everything is as promised; `--of store --seed {seed}` plays the same plan again");
        }
        return Ok(());
    }
    let faketime = clock::library();
    let kinds = kinds(can_mount, faketime.is_some(), database);
    let count = usize::from(options.count);
    let shares = match options.broker {
        Broker::Embedded => vec![(BrokerKind::Embedded, count)],
        Broker::Mosquitto => vec![(BrokerKind::Mosquitto, count)],
        Broker::Both => vec![(BrokerKind::Embedded, count.div_ceil(2)), (BrokerKind::Mosquitto, count / 2)],
    };

    let mut reports = Vec::new();
    for (broker, count) in shares.into_iter().filter(|(_, count)| *count > 0) {
        let (mut title, folder) = match broker {
            BrokerKind::Embedded => ("with the hub's own broker".to_owned(), "embedded"),
            BrokerKind::Mosquitto => ("with a mosquitto".to_owned(), "mosquitto"),
        };
        if database {
            title += " and PostgreSQL";
        }
        println!("\n== {count} faults {title}, {} agents, seed {seed}", options.devices);
        let directory = project::scratch().join("faults").join(folder);
        let directory = if database { directory.with_extension("postgresql") } else { directory };
        let agents = usize::from(options.devices);
        let scope = Scope { agents, broker: broker == BrokerKind::Mosquitto, database, kinds: kinds.clone() };
        let plan = plan::plan(seed, count, &scope);
        let faketime = faketime.as_deref();
        let setup = Setup { directory: &directory, broker, database, devices: agents, can_mount, faketime };
        let mut stage = Stage::start(&setup, &end)?;
        campaign::play(&mut stage, &plan, &end)?;
        let account = campaign::settle(&mut stage, &end)?;
        let report = Report::new(title, &plan, proof::judge(&account));
        println!("\n{report}");
        if !report.is_sound() {
            println!("The logs are in {}", directory.display());
        }
        reports.push(report);
    }
    for report in &reports {
        println!("{}", report.sum());
    }
    if !reports.iter().all(Report::is_sound) {
        bail!("not everything is as promised; `--seed {seed}` plays the same plan again");
    }
    Ok(())
}

/// What this machine allows; says what is left out, and why.
fn kinds(can_mount: bool, has_faketime: bool, database: bool) -> Vec<Kind> {
    if !can_mount {
        println!("left out: full and read-only disks, for which this user may not mount (try as root)");
    }
    if !has_faketime {
        println!("left out: clock steps, and packing, for which libfaketime is not installed");
    }
    let possible = |kind: &Kind| match kind {
        Kind::DiskFull | Kind::ReadOnly => can_mount,
        Kind::ClockStep => has_faketime,
        kind if kind.is_of_databases() => database,
        _ => true,
    };
    Kind::ALL.into_iter().filter(possible).collect()
}

fn any_seed() -> u64 {
    // Short enough to be typed.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_millis() as u64 % 1_000_000)
}
