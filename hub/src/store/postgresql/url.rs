//! The address of a database.

use std::{fmt, net::IpAddr, str::FromStr};
use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};

/// Where a PostgreSQL database is, and whether the way there is encrypted. It may hold a password, and shows none.
#[derive(Clone, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct StoreUrl {
    pub(super) config: Config,
    pub(super) tls: bool,
    shown: String,
}

/// Why a text is no database's address. The text itself is not repeated: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreUrlError {
    /// Not of the form at all.
    #[error(
        "it is no database address: write postgresql://USER@HOST/DATABASE, or postgresql:///DATABASE?host=/var/run/postgresql for a socket"
    )]
    Malformed,
    /// A part of it that is not understood.
    #[error("the database address is not understood: {0}")]
    Unknown(String),
    /// Neither encrypted nor not.
    #[error(
        "sslmode={0} could send everything in plain text without a word: write sslmode=require, or sslmode=disable if nobody can listen"
    )]
    Perhaps(String),
    /// An unknown way to encrypt.
    #[error("sslmode={0} is unknown: there are disable, require, verify-ca and verify-full")]
    Mode(String),
}

impl FromStr for StoreUrl {
    type Err = StoreUrlError;

    fn from_str(text: &str) -> Result<Self, StoreUrlError> {
        if !["postgresql://", "postgres://"].iter().any(|scheme| text.starts_with(scheme)) {
            return Err(StoreUrlError::Malformed);
        }
        let (rest, query) = text.split_once('?').unwrap_or((text, ""));
        let (modes, others): (Vec<&str>, Vec<&str>) =
            query.split('&').filter(|pair| !pair.is_empty()).partition(|pair| pair.starts_with("sslmode="));
        let mut config: Config =
            format!("{rest}?{}", others.join("&")).parse().map_err(|error| unknown(&error))?;
        if config.get_hosts().is_empty() || config.get_dbname().is_none_or(str::is_empty) {
            return Err(StoreUrlError::Malformed);
        }
        let tls = match modes.last().and_then(|mode| mode.strip_prefix("sslmode=")) {
            None => !config.get_hosts().iter().all(is_here),
            Some("disable") => false,
            // Certificate and name are verified in any case.
            Some("require" | "verify-ca" | "verify-full") => true,
            Some(mode @ ("allow" | "prefer")) => return Err(StoreUrlError::Perhaps(mode.to_owned())),
            Some(mode) => return Err(StoreUrlError::Mode(mode.chars().take(20).collect())),
        };
        config.ssl_mode(if tls { SslMode::Require } else { SslMode::Disable });
        let shown = shown(&config);
        Ok(Self { config, tls, shown })
    }
}

impl TryFrom<String> for StoreUrl {
    type Error = StoreUrlError;
    fn try_from(text: String) -> Result<Self, StoreUrlError> {
        text.parse()
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// On this machine, where nobody else can listen.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()),
    }
}

fn shown(config: &Config) -> String {
    let ports = config.get_ports();
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .enumerate()
        .map(|(at, host)| {
            let port = ports.get(at).or(ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) if name.contains(':') => format!("[{name}]:{port}"),
                Host::Tcp(name) => format!("{name}:{port}"),
                Host::Unix(path) => path.display().to_string(),
            }
        })
        .collect();
    format!("postgresql://{}/{}", hosts.join(","), config.get_dbname().unwrap_or_default())
}

/// The library names keys and never repeats a value.
fn unknown(error: &tokio_postgres::Error) -> StoreUrlError {
    let reason = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    StoreUrlError::Unknown(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_shown_without_user_and_password() {
        for (text, shown, tls) in [
            ("postgresql://me:hunter2@db.example/edge", "postgresql://db.example:5432/edge", true),
            ("postgres://db:6432/edge?sslmode=disable", "postgresql://db:6432/edge", false),
            ("postgresql://localhost/edge", "postgresql://localhost:5432/edge", false),
            ("postgresql://[::1]:5433/edge", "postgresql://[::1]:5433/edge", false),
            ("postgresql://127.0.0.1/edge?sslmode=verify-full", "postgresql://127.0.0.1:5432/edge", true),
            ("postgresql:///edge?host=/run/pg&user=me&password=hunter2", "postgresql:///run/pg/edge", false),
            ("postgresql://a,b/edge", "postgresql://a:5432,b:5432/edge", true),
        ] {
            let url: StoreUrl = text.parse().expect(text);
            assert_eq!((url.to_string().as_str(), url.tls), (shown, tls), "{text}");
            assert!(!format!("{url:?}").contains("hunter2"));
        }
    }

    #[test]
    fn what_is_no_address_gets_the_remedy_and_no_password_is_repeated() {
        for (text, told) in [
            ("", "write postgresql://USER@HOST"),
            ("mysql://me:hunter2@db/edge", "write postgresql://USER@HOST"),
            ("postgresql://me:hunter2@db", "write postgresql://USER@HOST"),
            ("postgresql:///edge", "write postgresql://USER@HOST"),
            ("postgresql://me:hunter2@db:port/edge", "not understood"),
            ("postgresql://me:hunter2@db/edge?sslmode=prefer", "write sslmode=require"),
            ("postgresql://me:hunter2@db/edge?sslmode=yes", "sslmode=yes is unknown"),
            ("postgresql://me:hunter2@db/edge?colour=red", "not understood: unknown option `colour`"),
            ("postgresql://me:hunter2%ZZ@db/edge?connect_timeout=soon", "not understood"),
        ] {
            let error = text.parse::<StoreUrl>().expect_err(text).to_string();
            assert!(error.contains(told) && !error.contains("hunter2"), "{text}: {error}");
        }
    }
}
