//! What the agent is told: command line over environment over file over defaults.

mod check;
mod load;

pub use load::{Loader, Overrides, Purpose, Sound};

use crate::{
    command::CommandsConfig,
    discovery::HomeAssistantConfig,
    output::OutputConfig,
    publish::{Acknowledged, SpoolSettings},
    sensor::{HostConfig, SensorConfig},
};
use common::{broker_url::BrokerUrl, secret::Secret};
use protocol::{DeviceId, IdError, Prefix};
use std::{path::PathBuf, time::Duration};

/// Where the config file is looked for when none is named; it need not exist.
pub const DEFAULT_PATH: &str = "/etc/edgewise/agent.toml";

/// Host names of machines that were given none, Raspberry Pi OS's default among them.
const NO_NAMES: [&str; 3] = ["raspberrypi", "(none)", "localhost"];

/// The agent's configuration.
#[derive(Debug, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct Config {
    /// Id of this device in every topic. The host name unless set.
    #[config(env = "EDGEWISE_DEVICE")]
    pub device: Option<DeviceId>,

    /// Seconds between two samples, 0.1 to 60; fractions are allowed.
    #[config(env = "EDGEWISE_INTERVAL_SECONDS", default = 5.0)]
    pub interval_seconds: f64,

    /// Seconds of the rolling window, and between two summaries.
    #[config(default = 60.0)]
    pub window_seconds: f64,

    /// The broker.
    #[config(nested)]
    pub mqtt: MqttConfig,

    /// Where summaries wait on disk.
    #[config(nested)]
    pub spool: SpoolConfig,

    /// Where the running agent tells `edge-agent status` how it is.
    #[config(nested)]
    pub status: StatusConfig,

    /// Home Assistant.
    #[config(nested)]
    pub home_assistant: HomeAssistantConfig,

    /// Which figures of the machine itself are sampled.
    pub host: Option<HostConfig>,

    /// Sensors on buses.
    #[config(default = [])]
    pub sensor: Vec<SensorConfig>,

    /// What is switched: relays, and a status LED.
    #[config(default = [])]
    pub output: Vec<OutputConfig>,

    /// Which commands are obeyed. None, unless told otherwise.
    pub commands: Option<CommandsConfig>,
}

/// How to reach the broker.
#[derive(Debug, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct MqttConfig {
    /// `mqtt://HOST[:PORT]`, or `mqtts://` for TLS.
    #[config(env = "EDGEWISE_MQTT_URL")]
    pub url: Option<BrokerUrl>,

    /// First levels of every topic.
    #[config(env = "EDGEWISE_MQTT_PREFIX", default = "edgewise")]
    pub prefix: Prefix,

    /// Who has to acknowledge a summary before the agent forgets it: `hub`, once it is on the hub's disk; or
    /// `broker`, where no hub of ours listens.
    #[config(env = "EDGEWISE_MQTT_DELIVERY", default = "hub")]
    pub delivery: Acknowledged,

    /// User name, where the broker asks for one.
    #[config(env = "EDGEWISE_MQTT_USERNAME")]
    pub username: Option<String>,

    /// Password. Better in `password_file` or the environment than in a file that others may read.
    #[config(env = "EDGEWISE_MQTT_PASSWORD")]
    pub password: Option<Secret>,

    /// File whose first line is the password.
    #[config(env = "EDGEWISE_MQTT_PASSWORD_FILE")]
    pub password_file: Option<PathBuf>,

    /// PEM file with the CA to trust instead of the machine's.
    #[config(env = "EDGEWISE_MQTT_CA_FILE")]
    pub ca_file: Option<PathBuf>,
}

/// Where summaries wait that the hub does not acknowledge.
#[derive(Debug, Clone, PartialEq, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct SpoolConfig {
    /// Whether they may wait on disk. Without, what is not acknowledged when the agent ends is lost.
    #[config(env = "EDGEWISE_SPOOL_ENABLED", default = true)]
    pub enabled: bool,

    /// A directory of the agent's own; each device has one of its own in it.
    #[config(env = "EDGEWISE_SPOOL_DIRECTORY", default = "/var/lib/edgewise/spool")]
    pub directory: PathBuf,

    /// Seconds that a summary waits in memory for its acknowledgement before it is written, 0.1 to 86400. While
    /// the hub acknowledges, nothing is written.
    #[config(env = "EDGEWISE_SPOOL_AFTER_SECONDS", default = 300.0)]
    pub after_seconds: f64,

    /// Most megabytes (millions of bytes) on disk, 1 to 100000; then the oldest summaries are dropped and
    /// counted.
    #[config(env = "EDGEWISE_SPOOL_MEGABYTES", default = 64)]
    pub megabytes: u64,
}

impl SpoolConfig {
    /// What the last stage needs of it; `None` when it is turned off.
    pub fn settings(&self, device: &DeviceId) -> Option<SpoolSettings> {
        self.enabled.then(|| SpoolSettings {
            directory: self.directory.join(device.as_str()),
            cap_bytes: self.megabytes * 1_000_000,
            after: Duration::from_secs_f64(self.after_seconds),
        })
    }
}

/// The status socket.
#[derive(Debug, PartialEq, Eq, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct StatusConfig {
    /// Whether there is one.
    #[config(env = "EDGEWISE_STATUS_ENABLED", default = true)]
    pub enabled: bool,

    /// Its path. `/run/edgewise/agent.sock` where that directory exists, or else
    /// `edgewise-agent.sock` in the directory that `XDG_RUNTIME_DIR` names, unless set.
    #[config(env = "EDGEWISE_STATUS_SOCKET")]
    pub socket: Option<PathBuf>,
}

/// Why the agent cannot start as configured. One line each.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No broker.
    #[error(
        "no broker is set; start with --hub mqtt://HOST, or set mqtt.url in the config file or EDGEWISE_MQTT_URL"
    )]
    NoBroker,
    /// The password file.
    #[error(transparent)]
    Secret(#[from] common::secret::SecretError),
    /// A host name that many machines have.
    #[error(
        "the host name {0:?} tells no device from another; set device in the config file or start with --device ID"
    )]
    NoName(String),
    /// The host name makes no id.
    #[error(
        "the host name {0:?} makes no device id ({1}); set device in the config file or start with --device ID"
    )]
    Hostname(String, IdError),
}

impl Config {
    /// Id of this device: as configured, or by its host name. A host name that many have is told apart by
    /// the end of the machine's serial number: `raspberrypi-c0de`.
    ///
    /// # Errors
    /// When the host name cannot be an id.
    pub fn device(&self, hostname: &str, serial: Option<&str>) -> Result<DeviceId, ConfigError> {
        match &self.device {
            Some(device) => Ok(device.clone()),
            None if NO_NAMES.contains(&hostname) => {
                let end = serial.and_then(|serial| serial.get(serial.len().checked_sub(4)?..));
                let id = end.and_then(|end| format!("{}-{end}", NO_NAMES[0]).parse().ok());
                id.ok_or_else(|| ConfigError::NoName(hostname.to_owned()))
            }
            None => {
                DeviceId::from_hostname(hostname).map_err(|e| ConfigError::Hostname(hostname.to_owned(), e))
            }
        }
    }

    /// Milliseconds between two samples.
    pub fn interval_ms(&self) -> u64 {
        (self.interval_seconds * 1000.0) as u64
    }

    /// Milliseconds of the rolling window.
    pub fn window_ms(&self) -> u64 {
        (self.window_seconds * 1000.0) as u64
    }
}

impl MqttConfig {
    /// Address of the broker.
    ///
    /// # Errors
    /// When none is set.
    pub fn url(&self) -> Result<BrokerUrl, ConfigError> {
        self.url.clone().ok_or(ConfigError::NoBroker)
    }

    /// User and password, if the broker asks for them.
    ///
    /// # Errors
    /// When only one is set, or the password file cannot be read.
    pub fn credentials(&self) -> Result<Option<(String, Secret)>, ConfigError> {
        Ok(Secret::login(self.username.as_deref(), self.password.as_ref(), self.password_file.as_deref())?)
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod example_tests;

#[cfg(test)]
mod bad_tests;
