//! What is asked for on the command line, and the plan that it makes.

use clap::Parser;
use common::{broker_url::BrokerUrl, secret::Secret};
use protocol::{Prefix, Topics};
use std::{path::PathBuf, time::Duration};

/// Play a fleet of agents against a hub or a broker
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Options {
    /// The broker
    #[arg(long, value_name = "URL", default_value = "mqtt://127.0.0.1:1883")]
    pub(crate) hub: BrokerUrl,

    /// How many devices there are
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    pub(crate) devices: u32,

    /// How many connect in a second
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) connect_rate: u32,

    /// Seconds between two states of a device
    #[arg(long, default_value_t = 5.0, value_parser = seconds)]
    interval: f64,

    /// Seconds between two summaries of a device
    #[arg(long, default_value_t = 60.0, value_parser = seconds)]
    window: f64,

    /// Hours of minutes that each device has to deliver when it connects
    #[arg(long, default_value_t = 0.0)]
    backlog_hours: f64,

    /// Deliver summaries as fast as they are acknowledged, and no states, with so many unacknowledged by each device
    #[arg(long, value_name = "WINDOW", conflicts_with = "backlog_hours")]
    flood: Option<u16>,

    /// Let the broker's PUBACK count instead of the hub's ack, for a broker without a hub
    #[arg(long, requires = "flood")]
    delivery_by_broker: bool,

    /// Mean seconds between two losses of the connection of a device; none unless given
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    outage_every: Option<f64>,

    /// How long a lost connection is away, in seconds
    #[arg(long, default_value_t = 30.0, value_parser = seconds)]
    outage_seconds: f64,

    /// End after so many seconds from when all have begun to connect; with --backlog-hours else when all is delivered
    #[arg(long)]
    pub(crate) seconds: Option<f64>,

    /// Ids are this and a number
    #[arg(long, default_value = "sim")]
    name: String,

    /// First levels of every topic
    #[arg(long, default_value = "edgewise")]
    prefix: Prefix,

    /// User name at the broker
    #[arg(long, requires = "password_file")]
    username: Option<String>,

    /// File whose first line is the password
    #[arg(long)]
    password_file: Option<PathBuf>,

    /// PEM file with the CA to trust instead of the machine's, for mqtts://
    #[arg(long)]
    ca_file: Option<PathBuf>,
}

/// What every device does.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) url: BrokerUrl,
    pub(crate) credentials: Option<(String, Secret)>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) topics: Topics,
    pub(crate) name: String,
    pub(crate) interval: Duration,
    pub(crate) window: Duration,
    pub(crate) pace: Pace,
    /// Whether the broker's word is enough.
    pub(crate) by_broker: bool,
    /// Mean time to the next loss of the connection, and how long it is away.
    pub(crate) outages: Option<(Duration, Duration)>,
    pub(crate) ends_when_drained: bool,
}

/// How summaries come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// One each window, after so many that waited before.
    Windows {
        /// How many.
        waiting: u64,
    },
    /// The next as soon as fewer than `window` are unacknowledged.
    Flood {
        /// Most that are under way.
        window: u16,
    },
}

impl Options {
    /// The plan, with the password read.
    ///
    /// # Errors
    /// When the password file cannot be read.
    pub(crate) fn plan(&self) -> anyhow::Result<Plan> {
        let credentials = Secret::login(self.username.as_deref(), None, self.password_file.as_deref())?;
        let minutes = (self.backlog_hours.max(0.0) * 60.0) as u64;
        let pace = match self.flood {
            Some(window) => Pace::Flood { window: window.max(1) },
            None => Pace::Windows { waiting: minutes },
        };
        Ok(Plan {
            url: self.hub.clone(),
            credentials,
            ca_file: self.ca_file.clone(),
            topics: Topics::new(self.prefix.clone()),
            name: self.name.clone(),
            interval: Duration::from_secs_f64(self.interval),
            window: Duration::from_secs_f64(self.window),
            pace,
            by_broker: self.delivery_by_broker,
            outages: self
                .outage_every
                .map(|every| (Duration::from_secs_f64(every), Duration::from_secs_f64(self.outage_seconds))),
            ends_when_drained: minutes > 0,
        })
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    if (0.01..=86_400.0).contains(&seconds) {
        Ok(seconds)
    } else {
        Err("from 0.01 to 86400 seconds".to_owned())
    }
}
