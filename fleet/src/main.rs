//! Plays a fleet of agents, with real payloads over a real MQTT connection for each device, so that who runs a hub
//! can see what it bears before the devices are bought.

mod device;
mod link;
mod options;
mod outbox;
mod readings;
mod report;
mod tally;
mod template;

use anyhow::{Context, bail};
use clap::Parser;
use common::open_files;
use options::Options;
use std::{sync::Arc, time::Duration};
use tally::Tally;
use tokio::{sync::watch, task::JoinSet, time::Instant};

/// How long devices have at the end to say goodbye.
const GOODBYE: Duration = Duration::from_secs(5);

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    common::logs::init();
    allow_connections(options.devices)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(play(options))
}

/// Each device is an open file.
fn allow_connections(devices: u32) -> anyhow::Result<()> {
    const SPARE: u64 = 64;
    let limit = open_files::raise_limit().context("cannot raise the limit of open files")?;
    let wanted = u64::from(devices) + SPARE;
    if let Some(limit) = limit.filter(|limit| *limit < wanted) {
        bail!("{devices} devices take {wanted} open files, and the limit is {limit}: ulimit -Hn {wanted}");
    }
    Ok(())
}

async fn play(options: Options) -> anyhow::Result<()> {
    let stop = common::stop::requested()?;
    let tally = Arc::new(Tally::default());
    let plan = Arc::new(options.plan()?);
    let (ending, ended) = watch::channel(false);
    let start = Instant::now();

    let mut devices = JoinSet::new();
    let joined = async {
        let mut gate = tokio::time::interval(Duration::from_secs_f64(1.0 / f64::from(options.connect_rate)));
        for index in 0..options.devices {
            gate.tick().await;
            devices.spawn(device::run(index, Arc::clone(&plan), Arc::clone(&tally), ended.clone()));
        }
        match options.seconds {
            Some(seconds) => tokio::time::sleep(Duration::from_secs_f64(seconds)).await,
            None if plan.ends_when_drained => tally.all_drained(options.devices).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = joined => {}
        () = stop => {}
        never = report::every_second(&tally, options.devices, start) => match never {},
    }
    // Before the devices leave, which changes the figures.
    let last = report::summary(&tally, start.elapsed());
    let _ = ending.send(true);
    let _ = tokio::time::timeout(GOODBYE, async { while devices.join_next().await.is_some() {} }).await;
    println!("{last}");
    Ok(())
}
