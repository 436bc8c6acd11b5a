//! What the hub is told: command line over environment over file over defaults.

use crate::{
    mqtt::Credentials,
    settings::outlives,
    store::postgresql::{Settings, StoreUrl},
};
use common::{
    broker_url::BrokerUrl,
    config_file::{self, Sources},
    secret::Secret,
    tls::TlsError,
};
use protocol::Prefix;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

/// Where the config file is looked for when none is named; it need not exist.
pub const DEFAULT_PATH: &str = "/etc/edgewise/hub.toml";

/// The hub's configuration.
#[derive(Debug, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct Config {
    /// Directory of everything that the hub keeps.
    #[config(env = "EDGEWISE_DATA", default = "data")]
    pub data: PathBuf,

    /// Panel and API.
    #[config(nested)]
    pub http: HttpConfig,

    /// The broker: the hub's own, or yours.
    #[config(nested)]
    pub mqtt: MqttConfig,

    /// Where it is kept: in a file, or in a database of yours.
    #[config(nested)]
    pub store: StoreConfig,

    /// What is kept of the past.
    #[config(nested)]
    pub history: HistoryConfig,

    /// What is kept of what happened.
    #[config(nested)]
    pub events: EventsConfig,

    /// Figures for Prometheus.
    #[config(nested)]
    pub metrics: MetricsConfig,
}

/// Panel and API.
#[derive(Debug, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct HttpConfig {
    /// Where they are served.
    #[config(env = "EDGEWISE_HTTP_LISTEN", default = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Password of panel and API. Better in `password_file` or the environment.
    #[config(env = "EDGEWISE_HTTP_PASSWORD")]
    pub password: Option<Secret>,

    /// File whose first line is the password.
    #[config(env = "EDGEWISE_HTTP_PASSWORD_FILE")]
    pub password_file: Option<PathBuf>,
}

/// The broker.
#[derive(Debug, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct MqttConfig {
    /// Where the hub's own broker listens.
    #[config(env = "EDGEWISE_MQTT_LISTEN", default = "127.0.0.1:1883")]
    pub listen: SocketAddr,

    /// A broker of yours to use instead: `mqtt://HOST[:PORT]`, or `mqtts://` for TLS.
    #[config(env = "EDGEWISE_MQTT_URL")]
    pub url: Option<BrokerUrl>,

    /// First levels of every topic.
    #[config(env = "EDGEWISE_MQTT_PREFIX", default = "edgewise")]
    pub prefix: Prefix,

    /// User name: demanded by the hub's own broker, or presented to yours.
    #[config(env = "EDGEWISE_MQTT_USERNAME")]
    pub username: Option<String>,

    /// Password to it. Better in `password_file` or the environment.
    #[config(env = "EDGEWISE_MQTT_PASSWORD")]
    pub password: Option<Secret>,

    /// File whose first line is the password.
    #[config(env = "EDGEWISE_MQTT_PASSWORD_FILE")]
    pub password_file: Option<PathBuf>,

    /// PEM file with the CA of your broker, to trust instead of the machine's.
    #[config(env = "EDGEWISE_MQTT_CA_FILE")]
    pub ca_file: Option<PathBuf>,

    /// Name of the hub's session at your broker; two hubs at one broker need two.
    #[config(env = "EDGEWISE_MQTT_CLIENT_ID", default = "edgewise.hub")]
    pub client_id: String,
}

/// Where summaries, devices and events are kept.
#[derive(Debug, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct StoreConfig {
    /// A PostgreSQL database to use instead of a file in `data`: `postgresql://USER@HOST[:PORT]/DATABASE`. With
    /// another machine the connection is encrypted, unless it ends in `?sslmode=disable`.
    #[config(env = "EDGEWISE_STORE_URL")]
    pub url: Option<StoreUrl>,

    /// Password to it. Better in `password_file` or the environment.
    #[config(env = "EDGEWISE_STORE_PASSWORD")]
    pub password: Option<Secret>,

    /// File whose first line is the password.
    #[config(env = "EDGEWISE_STORE_PASSWORD_FILE")]
    pub password_file: Option<PathBuf>,

    /// PEM file with the CA of your database, to trust instead of the machine's.
    #[config(env = "EDGEWISE_STORE_CA_FILE")]
    pub ca_file: Option<PathBuf>,
}

/// What is kept of the past.
#[derive(Debug, Clone, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct HistoryConfig {
    /// Days that summaries are kept one by one; 0 keeps them for ever.
    /// 30 when it is neither set nor chosen in the panel.
    #[config(env = "EDGEWISE_HISTORY_MINUTES_DAYS")]
    pub minutes_days: Option<u32>,

    /// Days that their hours are kept: mean, lowest, highest and number of readings; 0 keeps them for ever.
    /// 730 when it is neither set nor chosen in the panel.
    #[config(env = "EDGEWISE_HISTORY_HOURS_DAYS")]
    pub hours_days: Option<u32>,

    /// Minutes after the end of an hour until its summaries are packed. Packed ones take a fifteenth of the room.
    #[config(env = "EDGEWISE_HISTORY_SETTLE_MINUTES", default = 10)]
    pub settle_minutes: u32,

    /// Seconds between two looks for what is to be packed or forgotten, 1 at least.
    #[config(env = "EDGEWISE_HISTORY_UPKEEP_SECONDS", default = 300)]
    pub upkeep_seconds: u32,
}

/// What is kept of what happened to devices.
#[derive(Debug, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct EventsConfig {
    /// Days that events are kept, 10,000 of a device at most; 0 sets no time.
    #[config(env = "EDGEWISE_EVENTS_DAYS", default = 365)]
    pub days: u32,
}

/// Figures for Prometheus, at `/metrics` and `/metrics/devices`.
#[derive(Debug, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct MetricsConfig {
    /// Whether they are told to everybody who reaches the hub, without the password of panel and API.
    #[config(env = "EDGEWISE_METRICS_WITHOUT_PASSWORD", default = false)]
    pub without_password: bool,
}

/// What the command line says, over everything else.
#[derive(Debug, Default)]
pub struct Overrides {
    /// Directory of everything that the hub keeps.
    pub data: Option<PathBuf>,
    /// Where panel and API are served.
    pub http: Option<SocketAddr>,
    /// Where the hub's own broker listens.
    pub mqtt: Option<SocketAddr>,
    /// A broker to use instead.
    pub broker: Option<BrokerUrl>,
}

/// Why the hub cannot start as configured. One line each.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Everything that is wrong with the file and the environment, a line each.
    #[error(transparent)]
    File(#[from] config_file::Problems),
    /// A password file.
    #[error(transparent)]
    Secret(#[from] common::secret::SecretError),
    /// TLS towards the database.
    #[error("store.url asks for an encrypted connection: {0}")]
    StoreTls(#[from] TlsError),
    /// A panel that anybody could read.
    #[error(
        "http.listen = {0} can be reached from other machines: set a panel password first (http.password_file or EDGEWISE_HTTP_PASSWORD), or listen on 127.0.0.1"
    )]
    OpenPanel(SocketAddr),
    /// A broker that anybody could write to.
    #[error(
        "mqtt.listen = {0} can be reached from other machines: set mqtt.username and a password first (mqtt.password_file or EDGEWISE_MQTT_PASSWORD), or listen on 127.0.0.1"
    )]
    OpenBroker(SocketAddr),
    /// Hours that would be gone before their minutes.
    #[error(
        "history.hours_days = {hours} is less than history.minutes_days = {minutes}: hours are for the time after that, so set it to {minutes} or more, or to 0 for ever"
    )]
    ShortHours {
        /// Days of hours.
        hours: u32,
        /// Days of minutes, or 0.
        minutes: u32,
    },
}

/// Reads the configuration.
///
/// # Errors
/// What is wrong, with its place and remedy.
pub fn load(path: Option<&Path>, overrides: Overrides) -> Result<Config, ConfigError> {
    let mut sources = Sources::of_process(path, Path::new(DEFAULT_PATH));
    let layer: &mut <Config as confique::Config>::Layer = &mut sources.command_line;
    layer.data = overrides.data;
    layer.http.listen = overrides.http;
    layer.mqtt.listen = overrides.mqtt;
    layer.mqtt.url = overrides.broker;
    let config: Config = config_file::load(sources).sound()?;
    config.check()?;
    Ok(config)
}

impl Config {
    fn check(&self) -> Result<(), ConfigError> {
        if !self.http.listen.ip().is_loopback() && self.http.password()?.is_none() {
            return Err(ConfigError::OpenPanel(self.http.listen));
        }
        let own_broker = self.mqtt.url.is_none();
        if own_broker && !self.mqtt.listen.ip().is_loopback() && self.mqtt.credentials()?.is_none() {
            return Err(ConfigError::OpenBroker(self.mqtt.listen));
        }
        self.history.check()
    }
}

impl StoreConfig {
    /// The database, if there is one; else a file.
    ///
    /// # Errors
    /// When the password file cannot be read, or TLS not be set up.
    pub fn database(&self) -> Result<Option<Settings>, ConfigError> {
        let Some(url) = &self.url else { return Ok(None) };
        let password = Secret::either(self.password.as_ref(), self.password_file.as_deref())?;
        Ok(Some(Settings::new(url, password.as_ref(), self.ca_file.as_deref())?))
    }
}

impl HistoryConfig {
    /// Days of summaries when nobody says otherwise.
    pub const MINUTES_DAYS: u32 = 30;
    /// Days of hours when nobody says otherwise.
    pub const HOURS_DAYS: u32 = 730;

    fn check(&self) -> Result<(), ConfigError> {
        // Hours that are not set here give way to the minutes.
        let Some(hours) = self.hours_days else { return Ok(()) };
        let minutes = self.minutes_days.unwrap_or(Self::MINUTES_DAYS);
        if outlives(hours, minutes) { Ok(()) } else { Err(ConfigError::ShortHours { hours, minutes }) }
    }

    /// How long the keeper of the history rests when nothing is due.
    pub fn pause(&self) -> Duration {
        Duration::from_secs(u64::from(self.upkeep_seconds.max(1)))
    }
}

impl EventsConfig {
    /// How long events are kept; `None` is for ever.
    pub fn retention(&self) -> Option<Duration> {
        (self.days > 0).then(|| Duration::from_secs(u64::from(self.days) * 24 * 60 * 60))
    }
}

impl HttpConfig {
    /// The password of panel and API, if there is one.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn password(&self) -> Result<Option<Secret>, ConfigError> {
        Ok(Secret::either(self.password.as_ref(), self.password_file.as_deref())?)
    }
}

impl MqttConfig {
    /// User and password, if there are any.
    ///
    /// # Errors
    /// When only one is set, or the password file cannot be read.
    pub fn credentials(&self) -> Result<Option<Credentials>, ConfigError> {
        let login =
            Secret::login(self.username.as_deref(), self.password.as_ref(), self.password_file.as_deref())?;
        Ok(login.map(|(user, password)| Credentials::new(user, password.expose())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::secret::SecretError;

    fn check(text: &str) -> Result<(), ConfigError> {
        let sources =
            Sources { variable: &|_| None, ..Sources::of_process(None, Path::new("/no/such/file")) };
        let config: Config = config_file::compose(sources, Some("hub.toml"), text).sound()?;
        config.check()
    }

    #[test]
    fn the_defaults_are_sound() {
        check("").unwrap();
    }

    #[test]
    fn to_be_reached_from_elsewhere_takes_passwords() {
        let http = "[http]\nlisten = '0.0.0.0:8080'\n";
        let mqtt = "[mqtt]\nlisten = '0.0.0.0:1883'\n";
        assert!(matches!(check(http), Err(ConfigError::OpenPanel(_))));
        assert!(matches!(check(&format!("{http}password = ''")), Err(ConfigError::OpenPanel(_))));
        check(&format!("{http}password = 's3cret'")).unwrap();
        assert!(matches!(check(mqtt), Err(ConfigError::OpenBroker(_))));
        assert!(matches!(
            check(&format!("{mqtt}username = ''\npassword = ''")),
            Err(ConfigError::OpenBroker(_))
        ));
        assert!(matches!(
            check(&format!("{mqtt}username = 'fleet'")),
            Err(ConfigError::Secret(SecretError::HalfLogin))
        ));
        check(&format!("{mqtt}username = 'fleet'\npassword = 's3cret'")).unwrap();
        check(&format!("{mqtt}url = 'mqtt://broker'")).unwrap();
    }

    #[test]
    fn a_database_is_told_without_its_password() {
        let sources =
            Sources { variable: &|_| None, ..Sources::of_process(None, Path::new("/no/such/file")) };
        let text = "[store]\nurl = 'postgresql://me:hunter2@localhost/edge'\npassword = 'hunter2'\n";
        let config: Config = config_file::compose(sources, Some("hub.toml"), text).sound().unwrap();
        assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
        let database = config.store.database().unwrap().expect("a database");
        assert_eq!(database.shown(), "postgresql://localhost:5432/edge");
        for url in ["postgresql://me:hunter2@db", "postgresql://me:hunter2@db/x?sslmode=prefer"] {
            let told = check(&format!("[store]\nurl = '{url}'")).unwrap_err().to_string();
            assert!(told.contains("store.url") && !told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn hours_outlive_their_minutes() {
        let days = |minutes: u32, hours: u32| {
            check(&format!("[history]\nminutes_days = {minutes}\nhours_days = {hours}"))
        };
        for (minutes, hours) in [(30, 30), (1, 730), (30, 0), (0, 0)] {
            days(minutes, hours).unwrap();
        }
        for (minutes, hours) in [(31, 30), (0, 30)] {
            assert!(matches!(days(minutes, hours), Err(ConfigError::ShortHours { .. })), "{minutes} {hours}");
        }
    }
}
